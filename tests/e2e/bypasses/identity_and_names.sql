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
