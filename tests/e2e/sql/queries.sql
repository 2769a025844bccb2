-- Reads and writes of every shape: results, tags and errors have to come through untouched.
SELECT 1;
SELECT 1 AS "Mixed Case", 'text' AS t, NULL AS nothing, '' AS empty, true AS yes;
VALUES (1, 'one'), (2, 'two');
TABLE pg_catalog.pg_am ORDER BY 1 LIMIT 0;
CREATE TABLE shelf (id int PRIMARY KEY, title text NOT NULL, price numeric(8, 2) DEFAULT 1.50, tags text[]);
INSERT INTO shelf SELECT n, 'book ' || n, n * 1.25, ARRAY['a', 'b' || n] FROM generate_series(1, 500) AS n;
INSERT INTO shelf VALUES (501, 'single', 3, NULL) RETURNING *;
INSERT INTO shelf VALUES (501, 'again', 3, NULL) ON CONFLICT (id) DO UPDATE SET title = excluded.title RETURNING id, title;
INSERT INTO shelf VALUES (501, 'again', 3, NULL) ON CONFLICT DO NOTHING;
INSERT INTO shelf VALUES (1, 'duplicate', 3, NULL);
INSERT INTO shelf (id) VALUES (900);
UPDATE shelf SET price = price + 1 WHERE id % 7 = 0;
UPDATE shelf SET price = 0 WHERE id = 3 RETURNING id, price;
DELETE FROM shelf WHERE id > 490 RETURNING id;
MERGE INTO shelf AS target USING (VALUES (1, 'merged'), (700, 'new')) AS source (id, title) ON target.id = source.id
  WHEN MATCHED THEN UPDATE SET title = source.title WHEN NOT MATCHED THEN INSERT VALUES (source.id, source.title);
SELECT count(*), sum(price), min(title), max(title) FROM shelf;
SELECT id, title FROM shelf ORDER BY id LIMIT 5 OFFSET 2;
SELECT tags[2], count(*) OVER (PARTITION BY id % 2) FROM shelf WHERE id < 6 ORDER BY id;
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20) SELECT sum(n) FROM numbers;
WITH moved AS (DELETE FROM shelf WHERE id < 4 RETURNING *) INSERT INTO shelf SELECT id + 1000, title, price, tags FROM moved RETURNING id;
SELECT id FROM shelf WHERE id < 8 UNION SELECT 3 EXCEPT SELECT 5 INTERSECT SELECT 5 ORDER BY 1;
SELECT * FROM shelf WHERE id BETWEEN 10 AND 12 FOR UPDATE;
SELECT * FROM generate_series(1, 3) WITH ORDINALITY;
SELECT id, r.* FROM shelf, LATERAL (SELECT price * 2 AS twice) AS r WHERE id = 20;
SELECT GROUPING(id % 2), id % 2, count(*) FROM shelf GROUP BY ROLLUP (id % 2) ORDER BY 1, 2;
SELECT n, repeat('x', n * 1000) FROM generate_series(1, 40, 13) AS n;
SELECT n, md5(n::text) FROM generate_series(1, 3000) AS n;
SELECT;
SELECT FROM shelf LIMIT 2;
-- Errors of all kinds: syntax, missing things, values, with position, detail, hint and context.
SELEC 1;
SELECT nosuch FROM shelf;
SELECT titel FROM shelf;
SELECT * FROM nosuch;
SELECT 1 / 0;
SELECT 'abc'::int;
SELECT nosuch(1);
SELECT 1 + 'a'::text;
SELECT * FROM shelf WHERE id = ANY (1);
\set VERBOSITY verbose
SELECT 1 / 0;
SELECT * FROM shelf WHERE;
\set VERBOSITY default
\set SHOW_CONTEXT always
SELECT 'unterminated;
';
SELECT 1 \; SELECT 2 \; SELECT 3;
SELECT 1 \; SELECT 1 / 0 \; SELECT 3;
INSERT INTO shelf VALUES (2001, 'kept?', 1) \; SELECT 1 / 0;
SELECT count(*) FROM shelf WHERE id = 2001;
SELECT pg_sleep(0);
SELECT current_user, session_user, current_database(), current_schema;
SELECT '2024-02-29'::date + 1, interval '1 day' * 3, timestamptz '2024-01-01 00:00+00';
SELECT n FROM generate_series(1, 100000) AS n WHERE n % 1000 = 0;
