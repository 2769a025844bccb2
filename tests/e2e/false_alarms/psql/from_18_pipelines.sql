-- The extended protocol and pipelines by psql's own commands, first in its version 18.
SELECT $1::int + $2 AS sum \bind 1 2 \g
SELECT $1 || 'b' AS joined \bind a \gx
SELECT name FROM customers WHERE id = $1 \parse by_id
\bind_named by_id 1 \g
\bind_named by_id 2 \g
\bind_named by_id 3 \gset found_
SELECT name FROM pg_prepared_statements;
\close_prepared by_id
\bind_named by_id 1 \g
\close_prepared nosuch
SELECT 1 \bind 1 \g
SELECT $1::int / 0 \bind 1 \g
SELECT FROM WHERE \parse wrong

\startpipeline
SELECT 1 \sendpipeline
SELECT $1::int \bind 2 \sendpipeline
UPDATE customers SET points = points + 1 WHERE id = $1 RETURNING old.points, new.points \bind 1 \sendpipeline
MERGE INTO stock AS s USING (VALUES ($1, $2::int)) AS v (sku, n) ON s.sku = v.sku WHEN NOT MATCHED THEN INSERT VALUES (v.sku, v.n) RETURNING s.* \bind p 1 \sendpipeline
\endpipeline

\startpipeline
SELECT 'plain text in a pipeline';
INSERT INTO notes (body) VALUES ('one'), ('two') RETURNING body;
\flushrequest
\getresults 1
SELECT $1 AS later \bind x \sendpipeline
\syncpipeline
SELECT 1 / $1::int \bind 0 \sendpipeline
SELECT 'skipped' \bind \sendpipeline
\syncpipeline
SELECT 'goes on' \bind \sendpipeline
\flush
\getresults
\echo :PIPELINE_COMMAND_COUNT :PIPELINE_RESULT_COUNT :PIPELINE_SYNC_COUNT
\endpipeline

\startpipeline
BEGIN \bind \sendpipeline
SELECT count(*) FROM notes \bind \sendpipeline
SAVEPOINT s \bind \sendpipeline
SELECT nosuch \bind \sendpipeline
\syncpipeline
ROLLBACK TO s \bind \sendpipeline
INSERT INTO notes (body) VALUES ($1) \bind three \sendpipeline
COMMIT \bind \sendpipeline
\endpipeline
SELECT body FROM notes ORDER BY id;

\startpipeline
SELECT body FROM notes WHERE body = $1 \parse by_body
\bind_named by_body one \sendpipeline
\close_prepared by_body
\bind_named by_body one \sendpipeline
\endpipeline

SET application_name = 'pipes';
\startpipeline
SET LOCAL work_mem = '8MB' \bind \sendpipeline
SHOW work_mem \bind \sendpipeline
SELECT set_config('application_name', 'other', false) \bind \sendpipeline
SHOW application_name \bind \sendpipeline
\endpipeline
SHOW work_mem;
\conninfo
