-- What applications send all day. One paragraph is one message. `-- fails` above a paragraph: the server rejects it.

SELECT 1

;

SELECT id, name, email FROM customers WHERE id = $1

SELECT c.name, count(*) AS orders, sum(o.total) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.name HAVING count(*) > 0 ORDER BY 2 DESC LIMIT 10

INSERT INTO customers (name, email) VALUES ('Ada; DROP TABLE customers; --', 'ada@example.com') RETURNING id

INSERT INTO customers (name, email) VALUES (coalesce($1, 'Ada'), $2) ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id, xmax = 0 AS inserted

UPDATE orders SET state = 'paid', paid_at = now() WHERE id = 1 AND state <> 'paid' RETURNING *

DELETE FROM orders WHERE created_at < now() - interval '10 years'

WITH gone AS (DELETE FROM sessions WHERE expires < now() RETURNING id) SELECT count(*) FROM gone

MERGE INTO stock s USING (VALUES ('a', 1)) AS v (sku, n) ON s.sku = v.sku WHEN MATCHED THEN UPDATE SET n = s.n + v.n WHEN NOT MATCHED THEN INSERT VALUES (v.sku, v.n)

BEGIN; SELECT * FROM stock WHERE sku = 'a' FOR UPDATE; UPDATE stock SET n = n - 1 WHERE sku = 'a'; COMMIT

SELECT * FROM jobs WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED

START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

SAVEPOINT sp_1

RELEASE SAVEPOINT sp_1

COMMIT

BEGIN; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout TO 1000; SELECT 1; COMMIT

SET application_name = 'worker; DROP TABLE x'

SET statement_timeout = 30000

SET TIME ZONE 'UTC'

SET search_path TO public, "$user"

SET client_encoding TO 'UTF8'

SET NAMES 'utf8'

SET standard_conforming_strings = on

SET client_min_messages TO warning

SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED

SELECT set_config('app.current_user_id', '42', true)

SELECT set_config('search_path', 'public', false)

SELECT current_setting('app.current_user_id', true)

SHOW transaction_isolation

RESET statement_timeout

RESET ALL

CREATE TEMPORARY TABLE import_batch (id int, payload jsonb) ON COMMIT PRESERVE ROWS

CREATE INDEX import_batch_id ON import_batch (id)

INSERT INTO import_batch SELECT n, '{}' FROM generate_series(1, 100) AS n

ANALYZE import_batch

ALTER TABLE import_batch ADD COLUMN done boolean DEFAULT false

CREATE TEMP TABLE import_totals AS SELECT count(*) FROM import_batch

CREATE TEMP VIEW import_view AS SELECT * FROM import_batch

CREATE TEMP SEQUENCE import_numbers

SELECT nextval('import_numbers')

TRUNCATE import_batch

DROP TABLE IF EXISTS import_totals

DROP VIEW import_view

DROP TABLE pg_temp.import_batch

CREATE TEMP TABLE readings (sensor int, value int) PARTITION BY LIST (sensor)

CREATE TEMP TABLE readings_first PARTITION OF readings FOR VALUES IN (1)

CREATE TEMP TABLE passing_by (id int)

DROP TABLE passing_by

DROP TABLE readings

CREATE TEMP TABLE IF NOT EXISTS lookup_cache (id int PRIMARY KEY, label text UNIQUE)

CREATE TEMP TABLE IF NOT EXISTS lookup_cache (id int PRIMARY KEY, label text UNIQUE)

CREATE TEMP TABLE IF NOT EXISTS price_cache AS SELECT 1 AS id, 2 AS price

CREATE INDEX IF NOT EXISTS price_cache_by_price ON price_cache (price)

BEGIN; CREATE TEMP TABLE once (a int) ON COMMIT DROP; INSERT INTO once VALUES (1); SELECT * FROM once; COMMIT

ALTER TABLE lookup_cache ADD COLUMN IF NOT EXISTS seen timestamptz

DROP TABLE lookup_cache

DROP TABLE price_cache

SELECT 1 AS a INTO TEMP TABLE import_select

DROP TABLE import_select

COPY customers (name, email) TO STDOUT WITH (FORMAT csv, HEADER)

COPY (SELECT id, name FROM customers ORDER BY id) TO STDOUT

COPY stock FROM STDIN

DECLARE c CURSOR WITH HOLD FOR SELECT * FROM customers

FETCH FORWARD 10 FROM c

CLOSE c

PREPARE find (int) AS SELECT * FROM customers WHERE id = $1

EXECUTE find(1)

DEALLOCATE find

EXPLAIN SELECT * FROM customers

EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM customers WHERE id = 1

LISTEN jobs

NOTIFY jobs, '{"id": 1}'

SELECT pg_notify('jobs', 'DROP TABLE x')

UNLISTEN *

SELECT pg_advisory_xact_lock(42), pg_try_advisory_lock(1, 2)

SELECT pg_advisory_unlock_all()

BEGIN; LOCK TABLE stock IN SHARE ROW EXCLUSIVE MODE NOWAIT; ROLLBACK

TRUNCATE sessions

TRUNCATE TABLE sessions RESTART IDENTITY

VACUUM (ANALYZE) stock

ANALYZE

REINDEX TABLE stock

REFRESH MATERIALIZED VIEW daily_totals

REFRESH MATERIALIZED VIEW CONCURRENTLY daily_totals

SELECT nextval('customers_id_seq'), setval('customers_id_seq', 1000, true)

SELECT add_points(1, 5)

SELECT * FROM recent_customers(3)

CALL close_day('2024-01-01')

DO $$ BEGIN PERFORM 1; RAISE NOTICE 'harmless'; END $$

DO $$ DECLARE n int := 0; BEGIN FOR n IN SELECT id FROM customers LOOP UPDATE customers SET name = name WHERE id = n; END LOOP; END $$

SELECT json_agg(row_to_json(c)) FROM (SELECT id, name FROM customers LIMIT 3) AS c

SELECT to_tsvector('english', name) @@ plainto_tsquery('english', 'drop table') FROM customers

SELECT name FROM customers WHERE email ILIKE '%create table%' OR name ~* '\malter\M'

SELECT 'it''s', E'tab\there \'quoted\'', $$dollar 'quoted'; DROP TABLE x$$, U&'d\0061ta'

SELECT /* DROP TABLE customers; */ 1 -- ALTER TABLE customers ADD x int

SELECT "drop", "create", "table" FROM reserved WHERE "alter" = 1

INSERT INTO notes (body) VALUES ('CREATE TABLE t (a int); ALTER TABLE t ADD b int; DROP TABLE t;')

SELECT * FROM create_log WHERE drop_date IS NULL ORDER BY alter_count

SELECT n, sum(n) OVER w FROM generate_series(1, 5) AS n WINDOW w AS (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)

SELECT CASE WHEN EXISTS (SELECT FROM customers) THEN 'some' ELSE 'none' END

SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a', 'b'])) AS r (n, t)

SELECT * FROM json_to_recordset('[{"a":1}]') AS x (a int)

SELECT 1 NOT /* comment */ BETWEEN 0 AND 2

SELECT version(), current_database(), current_user, pg_backend_pid() > 0, inet_server_port() > 0

SELECT pg_is_in_recovery(), pg_postmaster_start_time() < now(), txid_current() > 0

SELECT pg_size_pretty(pg_total_relation_size('customers')), pg_relation_size('customers')

SELECT pg_cancel_backend(0)

SELECT pg_terminate_backend(0)

SELECT * FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'

SELECT * FROM pg_locks WHERE NOT granted

SELECT relname, n_live_tup, n_dead_tup FROM pg_stat_user_tables

SELECT lo_from_bytea(0, 'x') > 0

SELECT uuid_in(md5('x')::cstring), gen_random_uuid() IS NOT NULL, encode(sha256('x'), 'hex')

SELECT array_agg(x ORDER BY x), string_agg(x::text, ',') FILTER (WHERE x > 1), percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest(ARRAY[3, 1, 2]) AS x

SELECT xmlagg(xmlelement(name c, name)) FROM customers

SELECT regexp_replace(name, '(a)', '\1\1', 'g') FROM customers

SELECT pg_sleep(0)

SELECT * FROM customers TABLESAMPLE SYSTEM (100) REPEATABLE (1)

SELECT CURRENT_TIMESTAMP, LOCALTIME, EXTRACT(epoch FROM now()) > 0, now() AT TIME ZONE 'Europe/Berlin' IS NOT NULL

VALUES (1), (2)

TABLE customers

SET ROLE NONE

BEGIN

INSERT INTO stock VALUES ('two-phase', 1)

PREPARE TRANSACTION 'daily_xa'

COMMIT PREPARED 'daily_xa'

-- fails
SELECT * FROM no_such_table

-- fails
SELECT * FORM customers

-- fails
INSERT INTO customers (id, name) VALUES (1, NULL)

-- fails
SELECT * FROM (SELECT 1)

-- fails
SELECT 0x1F, 1_000

-- fails
SELECT payload IS JSON FROM notes

-- fails
UPDATE stock SET n = 1 RETURNING WITH (OLD AS o) o.n

ROLLBACK

DISCARD PLANS

DISCARD ALL

CREATE TEMP TABLE measured (id uuid DEFAULT gen_random_uuid(), points int DEFAULT add_points(1, 1) CHECK (points >= 0))

CREATE TEMP TABLE measured_daily () INHERITS (measured)

ALTER TABLE measured_daily NO INHERIT measured

ALTER TABLE measured_daily INHERIT measured

CREATE TEMP VIEW measuring AS SELECT * FROM measured WHERE points > 0

CREATE TEMP VIEW watching AS SELECT pid, state FROM pg_stat_activity

CREATE TEMP VIEW relations AS SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace

DROP VIEW measuring, watching, relations

REINDEX TABLE stock

DROP TABLE measured_daily, measured

SELECT 1 AS insert, 2 AS merge

SELECT set_config(el->>0, el->>1, true) FROM json_array_elements('[["app.tenant", "7"], ["search_path", "public"]]'::json) AS el

SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'

SELECT set_config($1, 'one of $1', true) FROM (SELECT 1) AS nobody WHERE false

INSERT INTO "pg_search_documents" ("content", "searchable_type", "searchable_id") VALUES ('blue bicycle', 'Product', 7) RETURNING "id"

UPDATE "pg_search_documents" SET "content" = 'red bicycle' WHERE "pg_search_documents"."searchable_id" = 7

DELETE FROM pg_search_documents WHERE searchable_type = 'Product'
