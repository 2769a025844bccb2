-- Definitions, pipelines and copies in the syntax of PostgreSQL 16, 17 and 18.
CREATE TABLE computed (id int GENERATED ALWAYS AS IDENTITY, a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS (a + 1));
ALTER TABLE computed ALTER COLUMN b SET EXPRESSION AS (a * 3);
ALTER TABLE computed ALTER COLUMN c SET EXPRESSION AS (a * 3);
INSERT INTO computed (a) VALUES (1), (2) RETURNING WITH (NEW AS n) n.b, n.c;
UPDATE computed SET a = a + 1 RETURNING old.a, new.a, old.c, new.c;
ALTER TABLE computed ADD CONSTRAINT positive CHECK (a > 0) NOT ENFORCED;
ALTER TABLE computed ADD CONSTRAINT named NOT NULL a NOT VALID;
ALTER TABLE computed VALIDATE CONSTRAINT named;
ALTER TABLE computed ALTER CONSTRAINT named NO INHERIT;
ALTER TABLE computed ALTER COLUMN a SET STATISTICS DEFAULT, SET ACCESS METHOD DEFAULT;
CREATE STATISTICS ON a, id FROM computed;
CREATE TABLE packed (a text STORAGE external COMPRESSION pglz);
ALTER TABLE packed ALTER COLUMN a SET STORAGE DEFAULT;
CREATE TABLE calendar (room int4range, during tsrange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
ALTER TABLE calendar ADD FOREIGN KEY (room, PERIOD during) REFERENCES calendar (room, PERIOD during);
CREATE TABLE pieces (a int) PARTITION BY RANGE (a);
CREATE TABLE low PARTITION OF pieces FOR VALUES FROM (0) TO (10);
ALTER TABLE pieces SPLIT PARTITION low INTO (PARTITION l1 FOR VALUES FROM (0) TO (5), PARTITION l2 FOR VALUES FROM (5) TO (10));
\d computed
\d calendar
CREATE ROLE keeper;
GRANT pg_maintain TO keeper WITH INHERIT FALSE, SET TRUE;
GRANT MAINTAIN ON computed TO keeper;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO keeper;
\drg keeper
\dp computed
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON LARGE OBJECTS FROM keeper;
DROP OWNED BY keeper;
DROP ROLE keeper;
CREATE VIEW plain AS SELECT * FROM (SELECT a, b IS JSON AS j FROM (VALUES (0x1F, '1')) AS v (a, b));
TABLE plain;
CREATE FUNCTION pages() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT JSON_VALUE('{"n": 1_0}', '$.n' RETURNING bigint ERROR ON ERROR); END;
CREATE FUNCTION pages() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT JSON_VALUE('{"n": 10}', '$.n' RETURNING bigint ERROR ON ERROR); END;
SELECT pages();
SELECT * FROM JSON_TABLE('[{"a": 1}, {"a": 2}]', '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a')) AS t;
CREATE TABLE merged AS SELECT * FROM JSON_TABLE('[1, 2]', '$[*]' COLUMNS (a int PATH '$'));
MERGE INTO merged AS m USING (VALUES (2), (3)) AS v (a) ON m.a = v.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.a) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET a = -m.a RETURNING merge_action(), m.a, v.a;
COPY merged FROM STDIN WITH (ON_ERROR ignore, REJECT_LIMIT 2, LOG_VERBOSITY verbose);
4
none
5
\.
COPY merged FROM STDIN WITH (ON_ERROR ignore, REJECT_LIMIT 1);
none
neither
6
\.
COPY merged FROM STDIN WITH (FORMAT csv, FORCE_NULL *);
7
\.
TABLE merged ORDER BY a;
COPY (SELECT JSON_OBJECT('a': a) FROM merged ORDER BY a LIMIT 1) TO STDOUT;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off, SERIALIZE, MEMORY off) CREATE TABLE explained AS SELECT * FROM (SELECT 1 AS a);
TABLE explained;
PREPARE newer AS SELECT * FROM (SELECT $1::int IS NULL);
EXECUTE newer (1);
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM (SELECT 1_0);
FETCH c;
COMMIT;
SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'merged', 'relpages', 17::int);
SET transaction_timeout = '10s';
SET event_triggers = off;
SET restrict_nonsystem_relation_kind = 'view';
TABLE plain;
RESET restrict_nonsystem_relation_kind;
VACUUM (BUFFER_USAGE_LIMIT '512kB') ONLY merged;
ANALYZE ONLY merged;
\startpipeline
CREATE TABLE piped (a int) \bind \sendpipeline
INSERT INTO piped VALUES ($1) \bind 1 \sendpipeline
\syncpipeline
ALTER TABLE piped ADD b int \bind \sendpipeline
SELECT 1 / $1::int \bind 0 \sendpipeline
DROP TABLE piped \bind \sendpipeline
\syncpipeline
TABLE piped;
COPY piped FROM STDIN \bind \sendpipeline
\endpipeline
TABLE piped;
CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false, slot_name = NONE, failover = true);
ALTER SUBSCRIPTION sub SET (run_as_owner = true);
DROP SUBSCRIPTION sub;
\dconfig transaction_timeout
\dX
\di+ calendar_pkey
