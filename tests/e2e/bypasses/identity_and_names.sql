-- Evasion section 6 (and 4 where SQL text shows it): who acts, and what a name means at that moment.

-- case: 82 SQL EXECUTE of a statement prepared earlier
PREPARE p AS SELECT 1 AS a INTO sneaked
-- next
SELECT 1
-- next
EXECUTE p
-- case: 86 plain explain of a text that runs SQL
-- setup: CREATE EXTENSION dblink
EXPLAIN ANALYZE SELECT dblink_exec('host=127.0.0.1 port={PORT} dbname={DATABASE} user=boss password=boss', 'CREATE TABLE sneaked (a int)')
-- case: 123 as another role
SET ROLE app
-- next
CREATE TABLE sneaked (a int)
-- case: 123 as the migrator's role
SET ROLE deploy
-- next
CREATE TABLE sneaked (a int)
-- case: 123 by set_config
SELECT set_config('role', 'deploy', false)
-- next
CREATE TABLE sneaked (a int)
-- case: 124 session authorization
SET SESSION AUTHORIZATION deploy
-- next
CREATE TABLE sneaked (a int)
-- case: 126 an application name is no identity
SET application_name = 'flyway'
-- next
CREATE TABLE sneaked (a int)
-- case: 127 a comment is no permit
/* migration:42 approved */ DROP TABLE existing
-- case: 131 the real table behind a dropped temporary one
CREATE TEMP TABLE existing (a int)
-- next
ALTER TABLE existing ADD COLUMN c int
-- next
DROP TABLE existing
-- next
ALTER TABLE existing ADD COLUMN c int
-- case: 131 in one message
CREATE TEMP TABLE existing (a int); DROP TABLE existing; DROP TABLE existing
-- case: 131 the temporary one rolled back
BEGIN
-- next
CREATE TEMP TABLE existing (a int)
-- next
ROLLBACK
-- next
DROP TABLE existing
-- case: 131 the temporary one dropped at commit
BEGIN
-- next
CREATE TEMP TABLE existing (a int) ON COMMIT DROP
-- next
COMMIT
-- next
ALTER TABLE existing ADD COLUMN c int
-- case: 131 the temporary one rolled back to a savepoint
BEGIN; SAVEPOINT s
-- next
CREATE TEMP TABLE existing (a int)
-- next
ROLLBACK TO s
-- next
DROP TABLE existing
-- next
COMMIT
-- case: 131 discarded
CREATE TEMP TABLE existing (a int)
-- next
DISCARD TEMP
-- next
DROP TABLE existing
-- case: 131 discarded with everything
CREATE TEMP TABLE existing (a int)
-- next
DISCARD ALL
-- next
DROP TABLE existing
-- case: 131 the temporary one renamed away
CREATE TEMP TABLE existing (a int)
-- next
ALTER TABLE existing RENAME TO elsewhere
-- next
DROP TABLE existing
-- case: 131 qualified past the temporary one
CREATE TEMP TABLE existing (a int)
-- next
DROP TABLE public.existing
-- case: 131 temporary and persistent in one statement
CREATE TEMP TABLE passing (a int)
-- next
DROP TABLE passing, existing
-- case: 131 search path puts the temporary schema last
CREATE TEMP TABLE existing (a int)
-- next
SET search_path = public, pg_temp
-- next
DROP TABLE existing
-- case: 131 the creation of the temporary one failed
-- setup: CREATE TABLE other.x (a int)
-- direct: fails
CREATE TEMP TABLE existing (a nosuchtype)
-- next
ALTER TABLE existing ADD COLUMN c int
-- case: 132 search path
SET search_path = other
-- next
CREATE TABLE sneaked (a int)
-- case: 132 search path by set_config
SELECT set_config('search_path', 'other', false)
-- next
CREATE TABLE sneaked (a int)
-- case: 133 a schema named like the user
CREATE SCHEMA boss
-- case: permanent view over nothing temporary
CREATE TEMP TABLE passing (a int)
-- next
CREATE VIEW sneaked AS SELECT a FROM existing
-- case: index on a persistent table while a temporary one has the index's name
CREATE TEMP TABLE sneaked (a int)
-- next
CREATE INDEX sneaked_a ON existing (a)
-- case: trigger on a temporary table stays in the persistent schema of its function
CREATE FUNCTION sneaked() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
-- case: 131 temporary table then drop owned by self
CREATE TEMP TABLE existing(a int)
-- next
DROP OWNED BY boss
-- next
DROP TABLE existing
-- case: 131 temporary via do execute constant
DO $$BEGIN EXECUTE 'CREATE TEMP TABLE existing(a int)'; END$$
-- next
DROP TABLE existing CASCADE
-- case: 131 type drop
-- direct: fails
CREATE TEMP TABLE existing(a int)
-- next
DROP TYPE existing
-- next
DROP TABLE existing
-- case: 131 temporary sequence serial
CREATE TEMP TABLE existing(a serial)
-- next
DROP SEQUENCE existing_a_seq CASCADE
-- next
DROP TABLE existing
-- next
DROP TABLE existing
-- case: 131 prepare drop twice differently
CREATE TEMP TABLE existing(a int)
-- next
PREPARE p AS SELECT 1
-- next
BEGIN
-- next
DROP TABLE existing
-- next
SAVEPOINT s
-- next
ROLLBACK TO s
-- next
DROP TABLE existing
-- next
COMMIT
-- case: 131 cursor hold
BEGIN; CREATE TEMP TABLE existing(a int) ON COMMIT DROP; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM existing; COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 on commit drop in chain
BEGIN; CREATE TEMP TABLE existing ON COMMIT DROP AS SELECT 1 a; COMMIT AND CHAIN; DROP TABLE existing CASCADE; COMMIT
-- case: 131 on commit drop U&
BEGIN
-- next
CREATE TEMP TABLE existing(a int) ON/**/COMMIT/**/DROP
-- next
COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 on commit case
BEGIN
-- next
CREATE TEMP TABLE existing(a int) oN cOMMIT dROP
-- next
COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 select into temporary then
BEGIN
-- next
SELECT 1 a INTO TEMP existing
-- next
ROLLBACK
-- next
DROP TABLE existing CASCADE
-- case: 131 create table as execute on commit drop
PREPARE p AS SELECT 1 a
-- next
BEGIN
-- next
CREATE TEMP TABLE existing ON COMMIT DROP AS EXECUTE p
-- next
COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 explain create table as temporary
EXPLAIN CREATE TEMP TABLE existing AS SELECT 1 a
-- next
DROP TABLE existing CASCADE
-- case: 131 explain analyze off
EXPLAIN (ANALYZE off) CREATE TEMP TABLE existing AS SELECT 1 a
-- next
DROP TABLE existing CASCADE
-- case: 131 create table as if not exists
CREATE TEMP TABLE IF NOT EXISTS existing AS SELECT 1 a
-- next
DROP TABLE existing
-- next
DROP TABLE existing CASCADE
-- case: 131 declare temporary by create in failed subtransaction
-- direct: fails
BEGIN
-- next
SAVEPOINT a
-- next
CREATE TEMP TABLE existing(a int)
-- next
SELECT 1/0
-- next
ROLLBACK TO a
-- next
DROP TABLE existing CASCADE
-- next
COMMIT
-- case: 131 rename temporary column to
CREATE TEMP TABLE t(a int)
-- next
ALTER TABLE t RENAME TO existing
-- next
ALTER TABLE existing RENAME TO t
-- next
DROP TABLE existing CASCADE
-- case: 131 rename swap
CREATE TEMP TABLE t(a int)
-- next
ALTER TABLE IF EXISTS t RENAME TO existing
-- next
ALTER TABLE IF EXISTS existing RENAME TO t
-- next
ALTER TABLE existing ADD x int
-- case: 131 rename as view command
CREATE TEMP VIEW existing AS SELECT 1 a
-- next
ALTER TABLE existing RENAME TO t
-- next
DROP TABLE existing CASCADE
-- case: 131 rename index via table
CREATE TEMP TABLE t(a int primary key)
-- next
ALTER INDEX t_pkey RENAME TO parent_pkey
-- next
DROP TABLE t
-- next
ALTER INDEX parent_pkey RENAME TO sneaked
-- case: 131 type rename
-- direct: fails
CREATE TEMP TABLE existing(a int)
-- next
ALTER TYPE existing RENAME TO other
-- next
DROP TABLE existing
-- case: 131 alter type attribute on temporary
-- direct: fails
CREATE TEMP TABLE existing(a int)
-- next
ALTER TYPE public.existing ADD ATTRIBUTE z int
-- case: 131 materialized view as temporary
-- direct: fails
CREATE TEMP TABLE t(a int)
-- next
CREATE MATERIALIZED VIEW sneaked AS SELECT * FROM t
-- case: 131 fold name
CREATE TEMP TABLE "Existing"(a int)
-- next
DROP TABLE Existing CASCADE
-- case: 131 long name clip in a character
CREATE TEMP TABLE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaé"(a int)
-- next
CREATE TABLE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"(a int)
-- case: 131 long name clip drop
CREATE TEMP TABLE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaé"(a int)
-- next
DROP TABLE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
-- next
DROP TABLE IF EXISTS "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
-- case: 131 U& temporary
CREATE TEMP TABLE U&"\0065xisting"(a int)
-- next
DROP TABLE existing
-- next
DROP TABLE U&"\0065xisting" CASCADE
-- case: 131 catalog prefix
CREATE TEMP TABLE existing(a int)
-- next
DROP TABLE {DATABASE}.public.existing CASCADE
-- case: 131 temporary + public via path public first
CREATE TEMP TABLE existing(a int)
-- next
SET search_path='public','pg_temp'
-- next
DROP TABLE existing CASCADE
-- case: 131 path set local end of transaction implicit
CREATE TEMP TABLE existing(a int)
-- next
BEGIN; SET LOCAL search_path=pg_temp,public; COMMIT
-- next
DROP TABLE existing
-- next
DROP TABLE existing CASCADE
-- case: 131 path to func configuration
CREATE TEMP TABLE existing(a int)
-- next
SET search_path TO pg_catalog, public, pg_temp
-- next
DROP TABLE existing CASCADE
-- case: 131 the same bytes in another encoding
-- setup: CREATE TABLE "Ã©"(a int)
CREATE TEMP TABLE "é"(a int)
-- next
SET client_encoding = LATIN1
-- next
DROP TABLE "é"
-- case: 131 the same bytes in another encoding, back again
-- setup: CREATE TABLE "é"(a int)
SET client_encoding = LATIN1
-- next
CREATE TEMP TABLE "é"(a int)
-- next
SET client_encoding = UTF8
-- next
DROP TABLE "é"
-- case: 131 name of a constraint's index, taken again by IF NOT EXISTS
CREATE TEMP TABLE t(a int CONSTRAINT existing UNIQUE)
-- next
CREATE TEMP TABLE IF NOT EXISTS existing(a int)
-- next
DROP TABLE t
-- next
DROP TABLE existing CASCADE
-- case: 131 name of an index, taken again by IF NOT EXISTS
CREATE TEMP TABLE t(a int)
-- next
CREATE INDEX existing ON t(a)
-- next
CREATE TEMP TABLE IF NOT EXISTS existing AS SELECT 1 a
-- next
DROP TABLE t
-- next
DROP TABLE existing CASCADE
-- case: 131 index of another table by IF NOT EXISTS
CREATE TEMP TABLE t(a int)
-- next
CREATE TEMP TABLE u(a int)
-- next
CREATE INDEX parent_pkey ON u(a)
-- next
CREATE INDEX IF NOT EXISTS parent_pkey ON t(a)
-- next
DROP TABLE u
-- next
ALTER INDEX parent_pkey RENAME TO sneaked
-- case: 131 sequence by IF NOT EXISTS
-- setup: CREATE SEQUENCE counter
CREATE TEMP TABLE t(a int CONSTRAINT counter UNIQUE)
-- next
CREATE TEMP SEQUENCE IF NOT EXISTS counter
-- next
DROP TABLE t
-- next
DROP SEQUENCE counter
-- case: 131 constraint's index renamed away from under IF NOT EXISTS
CREATE TEMP TABLE t(a int CONSTRAINT existing UNIQUE)
-- next
CREATE TEMP TABLE IF NOT EXISTS existing(a int)
-- next
ALTER TABLE t RENAME CONSTRAINT existing TO other_one
-- next
DROP TABLE existing CASCADE
-- case: 131 constraint's index goes at the commit
BEGIN
-- next
CREATE TEMP TABLE t(a int CONSTRAINT existing UNIQUE) ON COMMIT DROP
-- next
CREATE TEMP TABLE IF NOT EXISTS existing(a int)
-- next
COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 serial column's sequence by IF NOT EXISTS
-- setup: CREATE TABLE t_a_seq(a int)
CREATE TEMP TABLE t(a serial)
-- next
CREATE TEMP TABLE IF NOT EXISTS t_a_seq(a int)
-- next
ALTER TABLE t DROP COLUMN a
-- next
DROP TABLE t_a_seq
-- case: 131 view goes with its table at the commit
BEGIN
-- next
CREATE TEMP TABLE t(a int) ON COMMIT DROP
-- next
CREATE TEMP VIEW existing AS SELECT * FROM t
-- next
COMMIT
-- next
ALTER TABLE existing RENAME TO sneaked
-- case: 131 child goes with its parent at the commit
BEGIN
-- next
CREATE TEMP TABLE t(a int) ON COMMIT DROP
-- next
CREATE TEMP TABLE existing() INHERITS (t)
-- next
COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 partition goes with its table at the commit
BEGIN
-- next
CREATE TEMP TABLE t(a int) PARTITION BY RANGE (a) ON COMMIT DROP
-- next
CREATE TEMP TABLE existing PARTITION OF t DEFAULT
-- next
COMMIT
-- next
DROP TABLE existing CASCADE
-- case: 131 owned sequence goes with its table at the commit
-- setup: CREATE SEQUENCE counter
BEGIN
-- next
CREATE TEMP TABLE t(a int) ON COMMIT DROP
-- next
CREATE TEMP SEQUENCE counter OWNED BY t.a
-- next
COMMIT
-- next
DROP SEQUENCE counter
-- case: 131 index taken over by a constraint
CREATE TEMP TABLE t(a int)
-- next
CREATE UNIQUE INDEX existing ON t(a)
-- next
ALTER TABLE t ADD UNIQUE USING INDEX existing
-- next
CREATE TEMP TABLE IF NOT EXISTS existing(a int)
-- next
DROP TABLE t
-- next
DROP TABLE existing CASCADE
-- case: 131 index of another column than the dropped one
CREATE TEMP TABLE t(a int, b int)
-- next
CREATE INDEX existing ON t(a)
-- next
ALTER TABLE t DROP COLUMN b
-- next
CREATE TEMP TABLE IF NOT EXISTS existing(a int)
-- next
DROP TABLE t
-- next
DROP TABLE existing CASCADE
-- case: 131 temporary child by its qualified name
CREATE TEMP TABLE t(a int, b text)
-- next
ALTER TABLE pg_temp.t INHERIT existing
-- case: 131 temporary child by both qualified names
CREATE TEMP TABLE t(a int, b text)
-- next
ALTER TABLE pg_temp.t INHERIT public.existing
