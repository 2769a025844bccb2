-- Evasion section 3: statements of newer servers. An older server rejects them, and the guard's grammar may be as old;
-- what it cannot read must not pass, whatever the server makes of it.

-- case: 64 set expression (17)
-- setup: CREATE TABLE computed (a int, b int GENERATED ALWAYS AS (a) STORED)
-- direct: fails before 17
ALTER TABLE computed ALTER COLUMN b SET EXPRESSION AS (a + 1)
-- case: 64 virtual generated column (18)
-- direct: fails before 18
ALTER TABLE existing ADD COLUMN c int GENERATED ALWAYS AS (a + 1) VIRTUAL
-- case: 64 generated column without a word for its kind (18)
-- direct: fails before 18
CREATE TABLE sneaked (a int, b int GENERATED ALWAYS AS (a + 1))
-- case: 64 not enforced (18)
-- direct: fails before 18
ALTER TABLE existing ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED
-- case: 64 enforced again (18)
-- setup: CREATE TABLE lax (id int CONSTRAINT lax_parent REFERENCES parent NOT ENFORCED)
-- server: from 18
ALTER TABLE lax ALTER CONSTRAINT lax_parent ENFORCED
-- case: 64 named not null (18)
-- direct: fails before 18
ALTER TABLE existing ADD CONSTRAINT n NOT NULL a
-- case: 64 not null that is not validated (18)
-- direct: fails before 18
ALTER TABLE existing ADD CONSTRAINT n NOT NULL a NOT VALID
-- case: 64 constraint without inheritance (18)
-- setup: CREATE TABLE strict (a int CONSTRAINT strict_a NOT NULL)
-- direct: fails before 18
ALTER TABLE strict ALTER CONSTRAINT strict_a NO INHERIT
-- case: 64 without overlaps (18)
-- direct: fails before 18
CREATE TABLE sneaked (room int4range, during tsrange, PRIMARY KEY (room, during WITHOUT OVERLAPS))
-- case: 64 foreign key over periods (18)
-- setup: CREATE TABLE calendar (room int4range, during tsrange, UNIQUE (room, during WITHOUT OVERLAPS))
-- server: from 18
ALTER TABLE calendar ADD FOREIGN KEY (room, PERIOD during) REFERENCES calendar (room, PERIOD during)
-- case: 64 column storage (16)
-- direct: fails before 16
CREATE TABLE sneaked (a text STORAGE external)
-- case: 64 storage by default (16)
-- direct: fails before 16
ALTER TABLE existing ALTER COLUMN b SET STORAGE DEFAULT
-- case: 64 access method by default (17)
-- direct: fails before 17
ALTER TABLE existing SET ACCESS METHOD DEFAULT
-- case: 64 statistics by default (17)
-- direct: fails before 17
ALTER TABLE existing ALTER COLUMN a SET STATISTICS DEFAULT
-- case: 64 unnamed statistics (16)
-- direct: fails before 16
CREATE STATISTICS ON a, b FROM existing
-- case: 64 grant with inherit (16)
-- direct: fails before 16
GRANT pg_read_all_data TO reader WITH INHERIT TRUE
-- case: 64 grant of maintenance (17)
-- direct: fails before 17
GRANT MAINTAIN ON existing TO reader
-- case: 64 role that inherits (16)
-- direct: fails before 16
CREATE ROLE sneaked_role; GRANT reader TO sneaked_role WITH ADMIN FALSE, SET TRUE
-- case: 64 default privileges of large objects (18)
-- direct: fails before 18
ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO reader
-- case: 64 subscription that fails over (17)
-- server: from 17
CREATE SUBSCRIPTION sneaked CONNECTION 'dbname=nosuch' PUBLICATION p WITH (connect = false, slot_name = NONE, failover = true)
-- case: 64 publication of generated columns (18)
-- server: from 18
CREATE PUBLICATION sneaked FOR ALL TABLES WITH (publish_generated_columns = stored)
-- case: 64 domain checked by new syntax (16)
-- direct: fails before 16
CREATE DOMAIN sneaked AS int CONSTRAINT n NOT NULL; ALTER DOMAIN sneaked ADD CONSTRAINT m CHECK (VALUE::text IS JSON)
-- case: 64 default with new syntax (16)
-- direct: fails before 16
ALTER TABLE existing ALTER COLUMN a SET DEFAULT 0x1F + 1_000
-- case: 64 view with new syntax (16)
-- direct: fails before 16
CREATE VIEW sneaked AS SELECT * FROM (SELECT 1 AS a)
-- case: 64 table from new syntax (17)
-- direct: fails before 17
CREATE TABLE sneaked AS SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$'))
-- case: 64 explained table from new syntax (17)
-- direct: fails before 17
EXPLAIN ANALYZE CREATE TABLE sneaked AS SELECT JSON_VALUE('{"a": 1}', '$.a')
-- case: 64 index on new syntax (16)
-- direct: fails before 16
CREATE INDEX sneaked ON existing ((b IS JSON))
-- case: 64 copy limited by its errors, from a program (17)
-- server: from 17
COPY existing FROM PROGRAM 'true' WITH (ON_ERROR ignore)
-- case: 64 copy from a program, limited by its rejects (18)
-- server: from 18
COPY existing FROM PROGRAM 'true' WITH (ON_ERROR ignore, REJECT_LIMIT 1)
-- case: 64 split partition
-- direct: fails
ALTER TABLE partitioned SPLIT PARTITION p INTO (PARTITION a FOR VALUES FROM (1) TO (2))
-- case: 64 property graph
-- direct: fails
CREATE PROPERTY GRAPH sneaked VERTEX TABLES (existing)
-- case: 64 an unknown verb
-- direct: fails
REPACK existing
-- case: 66 an odd tail hides the statement in front
-- direct: fails before 16
DROP TABLE existing; SELECT 0x1F; SELECT * FROM (SELECT 1)
-- case: 66 an odd head hides the statement behind
-- direct: fails before 16
SELECT * FROM (SELECT 1); DROP TABLE existing
-- case: 66 into behind words that the grammar does not know
-- direct: fails before 16
SELECT '1' IS JSON AS a INTO sneaked
-- case: 66 into behind a table that the grammar does not know (17)
-- direct: fails before 17
SELECT a INTO sneaked FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$'))
-- case: 66 into in an explained query
-- direct: fails before 16
EXPLAIN (ANALYZE) SELECT '1' IS JSON AS a INTO sneaked
-- case: 66 a file behind a query
-- direct: fails before 16
COPY (SELECT '1' IS JSON) TO '/tmp/schemaguard_sneaked'
-- case: 66 a program behind a query
-- direct: fails before 16
COPY (SELECT '1' IS JSON) TO PROGRAM 'cat > /tmp/schemaguard_sneaked'
-- case: 66 a catalog written by an explained statement
-- direct: fails before 16
EXPLAIN ANALYZE UPDATE pg_class SET relhasindex = relhasindex WHERE relname = 'existing' AND '1' IS JSON
-- case: 66 a cursor over a function that reads files
-- direct: fails before 16
BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT '1' IS JSON, pg_read_file('PG_VERSION'); COMMIT
-- case: 66 a function that runs text, behind words that the grammar does not know
-- setup: CREATE EXTENSION dblink
-- direct: fails before 16
SELECT '1' IS JSON, dblink_exec('host=127.0.0.1 port={PORT} user=boss password=boss dbname={DATABASE}', 'DROP TABLE existing')
-- case: 66 a catalog written behind words that the grammar does not know
-- direct: fails before 16
UPDATE pg_class SET relhasindex = relhasindex WHERE relname = 'existing' AND '1' IS JSON
-- case: 66 a catalog merged into, returning (17)
-- direct: fails before 17
MERGE INTO pg_class AS c USING (SELECT 'existing' AS name) AS s ON c.relname = s.name WHEN MATCHED THEN UPDATE SET relhasindex = relhasindex RETURNING merge_action()
-- case: 66 a catalog written, returning what it was (18)
-- direct: fails before 18
UPDATE pg_class SET relhasindex = relhasindex WHERE relname = 'existing' RETURNING WITH (OLD AS o) o.relname
-- case: 66 a setting changed through its view, behind new words
-- direct: fails before 16
UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings' AND '1' IS JSON
-- case: 66 event triggers switched off (17)
-- server: from 17
SET event_triggers = off
-- case: 66 plug-ins allowed
-- server: from 17
SET output_plugin_libraries = 'pgoutput, sneaked'
-- case: 66 libraries looked for elsewhere (18)
-- server: from 18
SET extension_control_path = '/tmp'
-- case: 66 a predefined role (17)
-- server: from 17
GRANT pg_maintain TO reader
-- case: 66 a slot that survives a failover (17)
-- server: from 17
SELECT pg_create_logical_replication_slot('sneaked_slot', 'test_decoding', failover => true)
-- case: bison stack
-- direct: fails
DROP TABLE existing; SELECT {REPEAT 11000 NOT }true
