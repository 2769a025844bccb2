-- Evasion section 1: schema changes in shapes that are easy to overlook.
-- The application's login is a superuser here (the strongest attacker); tables `existing` (a int, b text) and
-- `parent` with a child `referencing` are there at the start. See test_bypasses.py for the directives.

-- case: 1 second statement of a message
SELECT 1; CREATE TABLE sneaked (a int)
-- case: 2 empty statements and comments in front
;;/* hi */;CREATE TABLE sneaked (a int)
-- case: 3 before an error
-- direct: fails
CREATE TABLE sneaked (a int); SELECT 1/0
-- case: 4 commit inside the message
-- direct: fails
CREATE TABLE sneaked (a int); COMMIT; SELECT 1/0
-- case: 5 after an embedded COPY
COPY existing FROM STDIN; CREATE TABLE sneaked (a int)
-- case: 6 schema with elements
CREATE SCHEMA sneaked CREATE TABLE t (a int) CREATE INDEX i ON t (a)
-- case: 7 select into
SELECT 1 AS a INTO sneaked
-- case: 7 select into, quoted and qualified
SELECT * INTO TABLE "public"."sneaked" FROM existing
-- case: 8 into under a union
SELECT 1 AS a INTO sneaked UNION SELECT 2
-- case: 8 into deep under set operations
((SELECT 1 AS a INTO sneaked UNION SELECT 2) INTERSECT SELECT 2) EXCEPT SELECT 7
-- case: 8 into behind a WITH
WITH one AS (SELECT 1 AS a) SELECT a INTO sneaked FROM one
-- case: 10 create table as
CREATE TABLE sneaked AS SELECT 1 AS a
-- case: 10 create table as without data
CREATE TABLE sneaked (x) AS SELECT 1 AS a WITH NO DATA
-- case: 10 create table as a table
CREATE TABLE sneaked AS TABLE existing
-- case: 10 materialized view
CREATE MATERIALIZED VIEW sneaked AS SELECT 1 AS a
-- case: 11 explain analyze of create table as
EXPLAIN ANALYZE CREATE TABLE sneaked AS SELECT 1 AS a
-- case: 11 explain analyze with options, of select into
EXPLAIN (ANALYZE, COSTS off, FORMAT json) SELECT 1 AS a INTO sneaked
-- case: 11 explain analyze of a materialized view
EXPLAIN (ANALYZE true) CREATE MATERIALIZED VIEW sneaked AS SELECT 1 AS a
-- case: 13 prepare with into
PREPARE p AS SELECT 1 AS a INTO sneaked
-- next
EXECUTE p
-- case: 13 prepare and execute in one message
PREPARE p AS SELECT 1 AS a INTO sneaked; EXECUTE p
-- case: 13 explain analyze execute
PREPARE p AS SELECT 1 AS a INTO sneaked
-- next
EXPLAIN ANALYZE EXECUTE p
-- case: 13 create table as execute
PREPARE p AS SELECT 1 AS a
-- next
CREATE TABLE sneaked AS EXECUTE p
-- case: 15 rule
CREATE RULE r AS ON INSERT TO existing DO ALSO (SELECT 1; SELECT 2)
-- case: 15 return rule
-- direct: fails from 16
CREATE RULE "_RETURN" AS ON SELECT TO empty_table DO INSTEAD SELECT 1 AS a
-- case: 16 function with an SQL body
CREATE FUNCTION sneaked() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END
-- case: 16 function with a semicolon in its body
CREATE FUNCTION sneaked() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'
-- case: 18 function in pg_temp
CREATE FUNCTION pg_temp.sneaked() RETURNS int LANGUAGE sql AS 'SELECT 1'
-- case: 19 like
CREATE TABLE sneaked (LIKE existing INCLUDING ALL)
-- case: 19 of type
-- setup: CREATE TYPE row_type AS (a int)
CREATE TABLE sneaked OF row_type
-- case: 19 partition of
CREATE TABLE sneaked PARTITION OF partitioned FOR VALUES FROM (1) TO (2)
-- case: 19 inherits
CREATE TABLE sneaked () INHERITS (existing)
-- case: 20 many subcommands
ALTER TABLE existing ADD c int, DROP b, ALTER a TYPE bigint
-- case: 20 rename
ALTER TABLE existing RENAME TO sneaked
-- case: 20 rename column
ALTER TABLE existing RENAME a TO sneaked
-- case: 20 rename constraint
ALTER TABLE parent RENAME CONSTRAINT parent_pkey TO sneaked
-- case: 20 set schema
ALTER TABLE existing SET SCHEMA other
-- case: 20 owner
ALTER TABLE existing OWNER TO deploy
-- case: 20 move all
ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default
-- case: 20 depends
CREATE EXTENSION citext
-- next
ALTER INDEX parent_pkey DEPENDS ON EXTENSION citext
-- case: 22 drop cascade
DROP TABLE parent CASCADE
-- case: 22 drop several
DROP TABLE IF EXISTS nothing_here, empty_table
-- case: 24 recursion to children
ALTER TABLE partitioned ADD COLUMN z int
-- case: 25 grant
GRANT SELECT ON existing TO PUBLIC
-- case: 25 create role
CREATE ROLE sneaked_role
-- case: 25 create user with an inline secret
CREATE USER sneaked_role PASSWORD 'secret'
-- case: 25 grant a role
GRANT pg_read_all_data TO reader
-- case: 25 alter role
ALTER ROLE reader CREATEDB
-- case: 25 default privileges
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC
-- case: 25 row policy
CREATE POLICY sneaked ON existing USING (true)
-- case: 25 row level security
ALTER TABLE existing ENABLE ROW LEVEL SECURITY
-- case: 26 extension
CREATE EXTENSION citext
-- case: 26 extension if not exists cascade
CREATE EXTENSION IF NOT EXISTS earthdistance CASCADE
-- case: 27 import foreign schema
-- direct: fails
IMPORT FOREIGN SCHEMA far FROM SERVER nothing_here INTO public
-- case: 29 comment
COMMENT ON TABLE existing IS 'sneaked'
-- case: 29 security label
-- direct: fails
SECURITY LABEL ON TABLE existing IS 'sneaked'
-- case: 30 trigger
CREATE TRIGGER sneaked BEFORE UPDATE ON existing FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
-- case: 30 replace a trigger
CREATE OR REPLACE TRIGGER sneaked BEFORE UPDATE ON existing FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
-- case: 30 disable triggers
ALTER TABLE existing DISABLE TRIGGER ALL
-- case: 30 event trigger
CREATE EVENT TRIGGER sneaked ON ddl_command_end EXECUTE FUNCTION event_function()
-- case: 30 publication
CREATE PUBLICATION sneaked FOR ALL TABLES
-- case: 30 subscription
CREATE SUBSCRIPTION sneaked CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false, slot_name = NONE)
-- case: 30 statistics
CREATE STATISTICS sneaked ON a, b FROM existing
-- case: 30 cast
CREATE CAST (text AS point) WITH INOUT
-- case: 30 operator
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)
-- case: 30 operator class
CREATE OPERATOR CLASS sneaked FOR TYPE int USING hash AS OPERATOR 1 =
-- case: 30 operator family
CREATE OPERATOR FAMILY sneaked USING btree
-- case: 30 aggregate
CREATE AGGREGATE sneaked (int) (SFUNC = int4pl, STYPE = int)
-- case: 30 conversion
CREATE CONVERSION sneaked FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8
-- case: 30 collation
CREATE COLLATION sneaked (provider = icu, locale = 'de-DE')
-- case: 30 access method
CREATE ACCESS METHOD sneaked TYPE TABLE HANDLER heap_tableam_handler
-- case: 30 language
CREATE LANGUAGE sneaked HANDLER plpgsql_call_handler
-- case: 30 foreign data wrapper
CREATE FOREIGN DATA WRAPPER sneaked
-- case: 30 server and user mapping
CREATE FOREIGN DATA WRAPPER sneaked
-- next
CREATE SERVER sneaked FOREIGN DATA WRAPPER sneaked
-- next
CREATE USER MAPPING FOR PUBLIC SERVER sneaked OPTIONS (password 'secret')
-- case: 30 foreign table
-- setup: CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER far FOREIGN DATA WRAPPER wrapper
CREATE FOREIGN TABLE sneaked (a int) SERVER far
-- case: 30 text search dictionary
CREATE TEXT SEARCH DICTIONARY sneaked (TEMPLATE = simple)
-- case: 30 text search configuration
CREATE TEXT SEARCH CONFIGURATION sneaked (COPY = simple)
-- case: 30 enum
CREATE TYPE sneaked AS ENUM ('a')
-- case: 30 enum value
-- setup: CREATE TYPE mood AS ENUM ('a')
ALTER TYPE mood ADD VALUE 'b'
-- case: 30 domain
CREATE DOMAIN sneaked AS int
-- case: 30 range
CREATE TYPE sneaked AS RANGE (subtype = float8)
-- case: 30 sequence
CREATE SEQUENCE sneaked
-- case: 30 view
CREATE OR REPLACE VIEW sneaked AS SELECT 1 AS a
-- case: 30 recursive view
CREATE RECURSIVE VIEW sneaked (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM sneaked WHERE n < 5
-- case: 30 index
CREATE INDEX ON existing (a)
-- case: 30 index concurrently
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS sneaked ON existing (a)
-- case: 30 drop index concurrently
-- setup: CREATE INDEX there ON existing (a)
DROP INDEX CONCURRENTLY there
-- case: 30 procedure
CREATE PROCEDURE sneaked() LANGUAGE sql AS 'SELECT 1'
-- case: 30 unlogged table
CREATE UNLOGGED TABLE sneaked (a int)
-- case: 30 drop owned
DROP OWNED BY reader
-- case: 30 reassign owned
-- setup: CREATE TABLE owned_by_reader (a int); ALTER TABLE owned_by_reader OWNER TO reader
REASSIGN OWNED BY reader TO app
-- case: 31 alter sequence
-- setup: CREATE SEQUENCE numbers
ALTER SEQUENCE numbers INCREMENT BY 7
-- case: 34 create if not exists of what exists
CREATE TABLE IF NOT EXISTS existing (other int)
-- case: 36 create database
CREATE DATABASE sneaked_database TEMPLATE template0
-- case: 36 alter database set
ALTER DATABASE template1 SET work_mem = '5MB'
-- case: 36 tablespace
-- direct: fails
CREATE TABLESPACE sneaked LOCATION '/nonexistent/place'
-- case: 36 alter system
ALTER SYSTEM SET log_min_messages = 'warning'
-- case: begin, then change
BEGIN
-- next
CREATE TABLE sneaked (a int)
-- next
COMMIT
-- case: begin and commit in one message
BEGIN; CREATE TABLE sneaked (a int); COMMIT
-- case: behind a savepoint
BEGIN; SAVEPOINT s
-- next
ALTER TABLE existing ADD COLUMN c int
-- next
RELEASE SAVEPOINT s; COMMIT
-- case: after a rollback in the message
BEGIN; SELECT 1; ROLLBACK; CREATE TABLE sneaked (a int)
-- case: set constraints aside, validate
-- setup: ALTER TABLE existing ADD CONSTRAINT positive CHECK (a > 0) NOT VALID
ALTER TABLE existing VALIDATE CONSTRAINT positive
-- case: options only
ALTER TABLE existing SET (fillfactor = 50)
-- case: replica identity
ALTER TABLE existing REPLICA IDENTITY FULL
-- case: statistics target
ALTER TABLE existing ALTER COLUMN a SET STATISTICS 500
-- case: logged to unlogged
ALTER TABLE existing SET UNLOGGED
-- case: 7 into behind a column called insert
SELECT 1 insert INTO sneaked
-- case: 7 into behind a column called merge
SELECT 1 AS merge INTO sneaked
-- case: 7 into behind a column called insert, in a long text
SELECT length('{REPEAT 300000 x}') insert INTO sneaked
-- case: 7 into behind a column called merge, in a long text
SELECT length('{REPEAT 300000 x}') AS merge INTO sneaked
-- case: 8 into behind a WITH and a column called insert, in a long text
WITH one AS (SELECT length('{REPEAT 300000 x}')) SELECT (2) insert INTO sneaked
-- case: 8 into behind a WITH with columns and one called insert, in a long text
WITH one (a) AS (SELECT length('{REPEAT 300000 x}')) SELECT (a) insert INTO sneaked FROM one
-- case: 8 into in brackets behind a column called insert, in a long text
(SELECT length('{REPEAT 300000 x}') insert INTO sneaked)
-- case: 7 into behind a column called insert, in deep brackets
SELECT {REPEAT 600 (}1{REPEAT 600 )} insert INTO sneaked
-- case: 8 into behind a WITH and a column called insert
WITH one AS (SELECT 1) SELECT (2) insert INTO sneaked
-- case: 8 into behind a recursive WITH and a column called insert
WITH RECURSIVE a (b) AS (SELECT 1 UNION ALL SELECT b + 1 FROM a WHERE b < 2) SEARCH DEPTH FIRST BY b SET o SELECT (b) insert INTO sneaked FROM a
-- case: 19 a temporary child of a persistent table
CREATE TEMP TABLE child () INHERITS (existing)
-- case: 19 a temporary child of a temporary and a persistent table
CREATE TEMP TABLE base (c int)
-- next
CREATE TEMP TABLE child () INHERITS (base, existing)
-- case: 19 a temporary table becomes a child
CREATE TEMP TABLE child (a int, b text)
-- next
ALTER TABLE child INHERIT existing
-- case: 19 a child of the table behind a temporary one
CREATE TEMP TABLE existing (a int, b text)
-- next
CREATE TEMP TABLE child (a int, b text)
-- next
ALTER TABLE child INHERIT public.existing
-- case: 32 an index moved by its maintenance
REINDEX (TABLESPACE pg_default) TABLE parent
-- case: 18 a view that hides the temporary table it names
CREATE TEMP TABLE passing (a int)
-- next
CREATE VIEW sneaked AS WITH passing AS (SELECT 1 AS a) SELECT * FROM passing
-- case: 18 a view like a temporary one
CREATE TEMP VIEW sneaked AS SELECT 1 AS a
-- next
CREATE OR REPLACE VIEW sneaked AS SELECT 2 AS a
-- case: 30 a rule on a temporary table
CREATE TEMP TABLE passing (a int)
-- next
CREATE RULE sneaked AS ON INSERT TO passing DO ALSO UPDATE pg_class SET relname = 'sneaked' WHERE relname = 'existing'
-- next
INSERT INTO passing VALUES (1)
-- case: 30 a rule on a temporary view
CREATE TEMP VIEW passing AS SELECT 1 AS a
-- next
CREATE RULE sneaked AS ON UPDATE TO passing DO INSTEAD UPDATE pg_class SET relname = 'sneaked' WHERE relname = 'existing'
-- case: 30 statistics of a temporary table
CREATE TEMP TABLE passing (a int, b int)
-- next
CREATE STATISTICS sneaked ON a, b FROM passing
-- case: 25 a row policy of a temporary table
CREATE TEMP TABLE passing (a int)
-- next
CREATE POLICY sneaked ON passing USING (true)
-- case: rule on temporary set_config
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE RULE r AS ON INSERT TO t DO ALSO SELECT set_config('session_replication_role','replica',false)
-- next
INSERT INTO t VALUES(1)
-- case: rule on temporary file
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE RULE r AS ON INSERT TO t DO ALSO SELECT pg_read_file('PG_VERSION')
-- next
INSERT INTO t VALUES(1)
-- case: trigger on temporary
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
-- case: statistics on temporary
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE STATISTICS sneaked ON a,b FROM t
-- case: policy on temporary
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE POLICY p ON t USING (pg_read_file('PG_VERSION')>'')
-- case: temporary view rule
CREATE TEMP VIEW v AS SELECT 1 a
-- next
CREATE RULE r AS ON UPDATE TO v DO INSTEAD UPDATE pg_class SET relname='sneaked' WHERE relname='existing'
-- next
UPDATE v SET a=1
-- case: type of temporary
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
-- case: domain in path pg_temp
SET search_path=pg_temp
-- next
CREATE DOMAIN d AS int
-- case: function in path pg_temp
SET search_path=pg_temp
-- next
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
-- case: temporary alter inherit persistent via temporary parent
-- direct: fails
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE TEMP TABLE existing(a int,b int)
-- next
ALTER TABLE t INHERIT existing
-- next
ALTER TABLE t NO INHERIT existing
-- next
ALTER TABLE t INHERIT public.existing
-- case: create table like temporary
CREATE TEMP TABLE t(a int)
-- next
CREATE TABLE sneaked (LIKE t)
-- case: create table of temporary
-- direct: fails
CREATE TEMP TABLE t(a int)
-- next
CREATE TABLE sneaked OF t
-- case: index on temporary in persistent
CREATE TEMP TABLE existing(a int)
-- next
CREATE INDEX x ON public.existing(a)
-- case: drop index temp/pers
CREATE TEMP TABLE parent_pkey(a int)
-- next
ALTER TABLE parent DROP CONSTRAINT parent_pkey CASCADE
-- case: drop constraint via temporary
CREATE TEMP TABLE parent(id int)
-- next
DROP TABLE parent
-- next
ALTER TABLE parent ADD x int
-- case: alter view temporary default
CREATE TEMP VIEW v AS SELECT a,b FROM existing
-- next
ALTER VIEW v ALTER b SET DEFAULT pg_read_file('PG_VERSION')
-- next
INSERT INTO v(a) VALUES (1)
-- case: set role + create table as
SET ROLE reader; RESET ROLE; CREATE TABLE sneaked(a int)
-- case: copy pg_temp view from stdin
-- direct: fails
CREATE TEMP VIEW v AS SELECT relname FROM pg_class
-- next
COPY v FROM STDIN
-- case: fdw server alter via import
-- direct: fails
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO public
-- case: listen in do
DO $$BEGIN LOAD 'plpgsql'; END$$
-- case: merge alias
SELECT 1 merge INTO sneaked
-- case: with insert alias
WITH x AS (SELECT 1) SELECT 1 insert INTO sneaked
-- case: with brackets insert
-- direct: fails
WITH x AS (SELECT 1) (SELECT 1 a insert INTO sneaked)
-- case: with insert as with alias
SELECT x.insert INTO sneaked FROM (SELECT 1 AS insert) x
-- case: values union into
-- direct: fails
VALUES (1) UNION SELECT 1 insert INTO sneaked
-- case: brackets select into
(SELECT 1 insert INTO sneaked)
-- case: select as materialized ( insert
SELECT 1 AS materialized, (insert) INTO sneaked FROM (SELECT 2 insert) x
-- case: as ( insert into
WITH a AS (SELECT 1 AS insert) SELECT insert INTO sneaked FROM a
-- case: as ( insert into 2
SELECT CAST(insert AS int) INTO sneaked FROM (SELECT 1 insert) x
-- case: with ) insert into
WITH a AS (SELECT 1) SELECT (2) insert INTO sneaked
-- case: with ) insert into 2
WITH a AS (SELECT 1) SELECT (SELECT 2) insert INTO sneaked
-- case: with ) merge
WITH a AS (SELECT 1 b) SELECT count(*) merge INTO sneaked FROM a
-- case: with columns
WITH a(b) AS (SELECT 1) SELECT (b) insert INTO sneaked FROM a
-- case: with search
WITH RECURSIVE a(b) AS (SELECT 1 UNION ALL SELECT b+1 FROM a WHERE b<2) SEARCH DEPTH FIRST BY b SET o SELECT (b) insert INTO sneaked FROM a
-- case: with cycle
WITH RECURSIVE a(b) AS (SELECT 1 UNION ALL SELECT b+1 FROM a WHERE b<2) CYCLE b SET c USING p SELECT (b) insert INTO sneaked FROM a
