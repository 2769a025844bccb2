-- Evasion section 7: code that the wire does not show, as far as the text gives it away.

-- case: 136 DO with a dynamic text
DO $$BEGIN EXECUTE 'cre' || 'ate table sneaked (a int)'; END$$
-- case: 136 DO with static DDL
DO $$BEGIN CREATE TABLE sneaked (a int); END$$
-- case: 136 DO with static DDL in a branch
DO $$DECLARE n int; BEGIN FOR n IN 1..2 LOOP IF n = 2 THEN ALTER TABLE existing ADD COLUMN c int; END IF; END LOOP; END$$
-- case: 136 DO with static DDL in an exception handler
DO $$BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN DROP TABLE existing; END$$
-- case: 136 DO that executes a constant
DO $$BEGIN EXECUTE 'DROP TABLE existing'; END$$
-- case: 136 DO with the language in front
DO LANGUAGE plpgsql $$BEGIN DROP TABLE existing; END$$
-- case: 136 DO as a plain string
DO 'BEGIN DROP TABLE existing; END'
-- case: 136 DO as an escape string
DO E'BEGIN DR\x4FP TABLE existing; END'
-- case: 136 DO with a nested block
DO $outer$BEGIN DECLARE x int; BEGIN x := 1; CREATE INDEX ON existing (a); END; END$outer$
-- case: 136 DO opens a cursor for a built text
DO $$DECLARE r refcursor; BEGIN OPEN r FOR EXECUTE 'SELECT 1 FROM ' || 'existing'; CLOSE r; EXECUTE format('DROP TABLE %I', 'existing'); END$$
-- case: 136 DO with SELECT INTO a table, by dynamic text
-- direct: fails
DO $$BEGIN EXECUTE 'SELECT 1 AS a INTO sneaked'; END$$
-- case: 136 DO with CREATE TABLE AS
DO $$BEGIN CREATE TABLE sneaked AS SELECT 1 AS a; END$$
-- case: 136 DO returning rows of a built text
DO $$DECLARE r record; BEGIN FOR r IN EXECUTE 'WITH x AS (SELECT 1) SELECT * FROM x' LOOP NULL; END LOOP; EXECUTE 'COMMENT ON TABLE existing IS ''x'''; END$$
-- case: 136 DO with a grant
DO $$BEGIN GRANT SELECT ON existing TO PUBLIC; END$$
-- case: 144 query_to_xml
-- direct: fails
SELECT query_to_xml('CREATE TABLE sneaked (a int)', true, false, '')
-- case: 144 query_to_xml around a function
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
SELECT query_to_xml('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '')
-- case: 144 the same under a schema-qualified name
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
SELECT pg_catalog.query_to_xml_and_xmlschema('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '')
-- case: 144 quoted name
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
SELECT "query_to_xml"('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '')
-- case: 144 in a FROM clause
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
SELECT * FROM query_to_xml('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '') AS x
-- case: 144 in a WHERE clause of an update
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'; INSERT INTO existing VALUES (1)
UPDATE existing SET a = 2 WHERE query_to_xml('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '') IS NOT NULL
-- case: 144 inside COPY (query)
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
COPY (SELECT query_to_xml('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '')) TO STDOUT
-- case: 144 inside DECLARE
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
BEGIN; DECLARE c CURSOR FOR SELECT query_to_xml('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, ''); FETCH c; COMMIT
-- case: 145 ts_stat
-- setup: CREATE FUNCTION run(t text) RETURNS tsvector LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN NULL; END'
SELECT * FROM ts_stat('SELECT run(''CREATE TABLE sneaked (a int)'')')
-- case: 145 crosstab
-- setup: CREATE EXTENSION tablefunc; CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
SELECT * FROM crosstab('SELECT ''a''::text, ''b''::text, run(''CREATE TABLE sneaked (a int)'')::text') AS ct (a text, b text)
-- case: 146 xpath_table
-- setup: CREATE EXTENSION xml2; CREATE TABLE doc (id int, x text); INSERT INTO doc VALUES (1, '<a/>')
-- direct: fails
SELECT * FROM xpath_table('id', 'x', 'doc', '/a', 'true; create table sneaked (a int); select 1') AS t (id int, x text)
-- case: 147 dblink
-- setup: CREATE EXTENSION dblink
SELECT * FROM dblink('host=127.0.0.1 port={PORT} dbname={DATABASE} user=boss password=boss', 'CREATE TABLE sneaked (a int)') AS t (a text)
-- case: 147 dblink_exec
-- setup: CREATE EXTENSION dblink
SELECT dblink_exec('host=127.0.0.1 port={PORT} dbname={DATABASE} user=boss password=boss', 'CREATE TABLE sneaked (a int)')
-- case: 148 collations by function
-- setup: CREATE SCHEMA collations
SELECT pg_import_system_collations('collations')
-- case: 149 read a server file
SELECT pg_read_file('PG_VERSION')
-- case: 149 write a server file
-- server: before 17
-- setup: CREATE EXTENSION adminpack
SELECT pg_file_write('sneaked_file', 'text', false)
-- case: 149 large object to a server file
-- setup: SELECT lo_from_bytea(424243, 'x')
SELECT lo_export(424243, '/tmp/schemaguard_sneaked')
-- case: 149 copy to a server file
COPY existing TO '/tmp/schemaguard_sneaked'
-- case: 149 copy from a server file
COPY existing (b) FROM '/etc/hostname'
-- case: 100 copy to a program
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'
-- case: 100 copy from a program
COPY existing (b) FROM PROGRAM 'echo x'
-- case: 151 replication role
SET session_replication_role = replica
-- case: 151 replication role by set_config
SELECT set_config('session_replication_role', 'replica', false)
-- case: 152 load
LOAD 'plpgsql'
-- case: 152 function in C
CREATE FUNCTION sneaked() RETURNS int LANGUAGE c AS 'plpgsql', 'plpgsql_call_handler'
-- case: 154 system table mods
SET allow_system_table_mods = on
-- next
CREATE TABLE pg_catalog.sneaked (a int)
-- case: 155 reload by function
SELECT pg_reload_conf()
-- case: catalog write by update
UPDATE pg_class SET relname = 'sneaked' WHERE relname = 'existing'
-- case: catalog write, qualified
UPDATE pg_catalog.pg_attribute SET attname = 'sneaked' WHERE attrelid = 'existing'::regclass AND attname = 'a'
-- case: catalog write by insert
INSERT INTO pg_description SELECT 'existing'::regclass, 'pg_class'::regclass, 0, 'sneaked'
-- case: catalog write by delete
DELETE FROM pg_catalog.pg_attrdef
-- case: catalog write in a WITH
WITH changed AS (UPDATE pg_proc SET proisstrict = proisstrict WHERE proname = 'abs' RETURNING 1) SELECT count(*) FROM changed
-- case: catalog write by COPY
-- setup: DELETE FROM pg_description WHERE objoid = 'existing'::regclass
COPY pg_description FROM STDIN
-- case: replication slot by function
SELECT pg_create_physical_replication_slot('sneaked_slot')
-- case: a catalog by a temporary view's name
CREATE TEMP VIEW catalog AS SELECT oid, relname FROM pg_class
-- next
UPDATE catalog SET relname = 'sneaked' WHERE relname = 'existing'
-- case: a catalog by the name of a view in pg_temp
CREATE VIEW pg_temp.catalog (name) AS SELECT relname FROM ONLY pg_catalog.pg_class AS c WHERE relkind = 'r' ORDER BY 1
-- next
UPDATE pg_temp.catalog SET name = 'sneaked' WHERE name = 'existing'
-- case: a catalog by a view over a view
CREATE TEMP VIEW catalog AS TABLE pg_class
-- next
CREATE TEMP VIEW names AS SELECT relname FROM catalog
-- next
UPDATE names SET relname = 'sneaked' WHERE relname = 'existing'
-- case: a catalog by a view that was another one before
CREATE TEMP VIEW catalog AS SELECT 1::oid AS oid, 'x'::name AS relname
-- next
CREATE OR REPLACE TEMP VIEW catalog AS SELECT oid, relname FROM pg_class
-- next
UPDATE catalog SET relname = 'sneaked' WHERE relname = 'existing'
-- case: a catalog by a view that a DO block makes
DO $$BEGIN CREATE TEMP VIEW catalog AS SELECT * FROM pg_class; UPDATE catalog SET relname = 'sneaked' WHERE relname = 'existing'; END$$
-- case: a setting by a view of pg_settings
CREATE TEMP VIEW settings AS SELECT name, setting FROM pg_settings
-- next
UPDATE settings SET setting = 'replica' WHERE name = 'session_replication_role'
-- case: a path by a view of pg_settings
SET search_path = pg_temp
-- next
CREATE TEMP VIEW settings AS SELECT name, setting FROM pg_catalog.pg_settings
-- next
UPDATE settings SET setting = 'public' WHERE name = 'search_path'
-- next
CREATE TABLE sneaked (a int)
-- case: a catalog behind ONLY in brackets
UPDATE ONLY (pg_class) SET relname = 'sneaked' WHERE relname = 'existing'
-- case: a catalog behind ONLY in brackets, in a long text
UPDATE ONLY (pg_class) SET relname = 'sneaked' WHERE relname = 'existing' AND length('{REPEAT 300000 x}') > 1
-- case: a catalog with the database's name in front
UPDATE {DATABASE}.pg_catalog.pg_class SET relname = 'sneaked' WHERE relname = 'existing'
-- case: 149 in the default of a temporary table
CREATE TEMP TABLE reading (a text DEFAULT pg_read_file('PG_VERSION'), b int)
-- next
INSERT INTO reading (b) VALUES (1)
-- case: 149 in a check of a temporary table
CREATE TEMP TABLE reading (b int CHECK (pg_read_file('PG_VERSION') IS NOT NULL))
-- next
INSERT INTO reading VALUES (1)
-- case: 149 in a table constraint of a temporary table
CREATE TEMP TABLE reading (b int, CONSTRAINT c CHECK (pg_read_file('PG_VERSION') IS NOT NULL))
-- case: 149 in the bound of a temporary partition
CREATE TEMP TABLE reading (a text) PARTITION BY LIST (a)
-- next
CREATE TEMP TABLE part PARTITION OF reading FOR VALUES IN (pg_read_file('PG_VERSION'))
-- case: 149 in a temporary view
CREATE TEMP VIEW reading AS SELECT pg_read_file('PG_VERSION')
-- next
SELECT * FROM reading
-- case: 149 in a default added later
CREATE TEMP TABLE reading (a text, b int)
-- next
ALTER TABLE reading ALTER a SET DEFAULT pg_read_file('PG_VERSION')
-- case: 149 for the rows of a temporary table
CREATE TEMP TABLE reading AS SELECT pg_read_file('PG_VERSION')
-- case: 149 for the rows of a prepared statement
PREPARE p AS SELECT pg_read_file('PG_VERSION')
-- next
CREATE TEMP TABLE reading AS EXECUTE p
-- case: 144 in a temporary view
-- setup: CREATE FUNCTION run(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN 1; END'
CREATE TEMP VIEW running AS SELECT query_to_xml('SELECT run(''CREATE TABLE sneaked (a int)'')', true, false, '')
-- next
SELECT * FROM running
-- case: 151 in the default of a temporary table
CREATE TEMP TABLE setting (a text DEFAULT set_config('session_replication_role', 'replica', false), b int)
-- next
INSERT INTO setting (b) VALUES (1)
-- case: 132 in a temporary view
SET search_path = pg_temp
-- next
CREATE TEMP VIEW setting AS SELECT set_config('search_path', 'public', false)
-- next
SELECT * FROM setting
-- next
CREATE TABLE sneaked (a int)
-- case: 151 by a name from a list
SELECT set_config(name, 'replica', false) FROM (VALUES ('session_replication_role')) AS names (name)
-- case: 151 by a computed name
SELECT set_config(lower('SESSION_REPLICATION_ROLE'), 'replica', false)
-- case: 151 by a computed name and value
SELECT set_config(lower('SESSION_REPLICATION_ROLE'), lower('REPLICA'), false)
-- case: 151 by a computed name in a DO block
DO $$BEGIN PERFORM set_config(lower('SESSION_REPLICATION_ROLE'), 'replica', false); END$$
-- case: 151 by parameters
PREPARE p (text, text) AS SELECT set_config($1, $2, false)
-- next
EXECUTE p ('session_replication_role', 'replica')
-- case: 151 by a catalog's rows
SELECT set_config(name, 'replica', false) FROM pg_settings WHERE name LIKE 'session_replication%'
-- case: 151 in a long text
SELECT set_config('session_replication_role', 'replica', false), length('{REPEAT 300000 x}')
-- case: 154 by a computed name
SELECT set_config(lower('ALLOW_SYSTEM_TABLE_MODS'), 'on', false)
