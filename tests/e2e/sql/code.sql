-- Functions, procedures, DO, triggers, notices at every level, errors with context.
DO $$ BEGIN RAISE NOTICE 'a notice'; RAISE WARNING 'a warning' USING DETAIL = 'detail', HINT = 'hint'; END $$;
DO $outer$ BEGIN EXECUTE 'CREATE TABLE made_by_do (a int)'; EXECUTE $inner$ INSERT INTO made_by_do VALUES (1) $inner$; END $outer$;
SELECT * FROM made_by_do;
DO $$ BEGIN RAISE EXCEPTION 'own error %', 7 USING ERRCODE = 'AB123', HINT = 'none'; END $$;
DO LANGUAGE sql 'SELECT 1';
SET client_min_messages = debug1;
DO $$ BEGIN RAISE DEBUG 'debug'; RAISE LOG 'log'; RAISE INFO 'info'; RAISE NOTICE 'notice'; END $$;
CREATE TABLE keyed (id int PRIMARY KEY);
RESET client_min_messages;
SET client_min_messages = error;
DO $$ BEGIN RAISE WARNING 'unheard'; END $$;
RESET client_min_messages;
CREATE FUNCTION divide(a int, b int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a / b; END $$;
CREATE FUNCTION outer_divide(b int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN divide(10, b); END $$;
SELECT outer_divide(2);
SELECT outer_divide(0);
\set VERBOSITY verbose
SELECT outer_divide(0);
\errverbose
\set VERBOSITY default
CREATE FUNCTION rows_of(n int) RETURNS TABLE (a int, b text) LANGUAGE sql AS $$ SELECT g, 'row ' || g FROM generate_series(1, n) AS g $$;
SELECT * FROM rows_of(3);
SELECT rows_of(2);
CREATE FUNCTION caught() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    PERFORM 1 / 0;
  EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE 'caught %', SQLSTATE;
  END;
  RETURN 'fine; really';
END $$;
SELECT caught();
CREATE PROCEDURE steps(INOUT n int) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO made_by_do VALUES (n);
  COMMIT;
  INSERT INTO made_by_do VALUES (n + 1);
  ROLLBACK;
  n := n * 10;
END $$;
CALL steps(5);
SELECT * FROM made_by_do ORDER BY 1;
BEGIN;
CALL steps(6);
ROLLBACK;
ALTER PROCEDURE steps(int) RENAME TO stairs;
ALTER ROUTINE stairs(int) RENAME TO steps;
DROP PROCEDURE steps(int);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := NEW.id * 2; RAISE NOTICE 'doubled to %', NEW.id; RETURN NEW; END $$;
CREATE TRIGGER doubler BEFORE INSERT ON keyed FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO keyed VALUES (1), (2), (3);
COPY keyed FROM stdin;
10
11
\.
SELECT * FROM keyed ORDER BY 1;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON keyed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
BEGIN;
INSERT INTO keyed VALUES (50);
SELECT 'so far so good';
COMMIT;
LOAD 'plpgsql';
SELECT query_to_xml('SELECT 1 AS a', false, false, '');
SELECT xmlelement(name a, 'b'), '{"a": [1, 2]}'::jsonb -> 'a', jsonb_path_query('[1,2,3]', '$[*] ? (@ > 1)');
EXPLAIN (COSTS off) SELECT * FROM keyed WHERE id = 1;
EXPLAIN (COSTS off, ANALYZE, TIMING off, SUMMARY off) INSERT INTO made_by_do SELECT n FROM generate_series(1, 3) AS n;
EXPLAIN (COSTS off, ANALYZE, TIMING off, SUMMARY off) CREATE TABLE explained AS SELECT 1 AS a;
SELECT * FROM explained;
EXPLAIN (COSTS off, FORMAT json) SELECT 1;
DROP FUNCTION outer_divide(int);
\sf divide
\df rows_of
