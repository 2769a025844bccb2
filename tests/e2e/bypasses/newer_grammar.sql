-- Evasion section 3: statements of newer servers. The server of these tests rejects them, a newer one would not; the
-- guard must not pass on what its grammar cannot read.

-- case: 64 set expression (17)
-- direct: fails
ALTER TABLE existing ALTER COLUMN a SET EXPRESSION AS (1)
-- case: 64 virtual generated column (18)
-- direct: fails
ALTER TABLE existing ADD COLUMN c int GENERATED ALWAYS AS (a + 1) VIRTUAL
-- case: 64 not enforced (18)
-- direct: fails
ALTER TABLE existing ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED
-- case: 64 named not null (18)
-- direct: fails
ALTER TABLE existing ADD CONSTRAINT n NOT NULL a
-- case: 64 without overlaps (18)
-- direct: fails
CREATE TABLE sneaked (a int, during tsrange, PRIMARY KEY (a, during WITHOUT OVERLAPS))
-- case: 64 column storage (16)
-- direct: fails
CREATE TABLE sneaked (a text STORAGE external)
-- case: 64 unnamed statistics (16)
-- direct: fails
CREATE STATISTICS ON a, b FROM existing
-- case: 64 grant with inherit (16)
-- direct: fails
GRANT pg_read_all_data TO reader WITH INHERIT TRUE
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
-- direct: fails
DROP TABLE existing; SELECT 0x1F; SELECT * FROM (SELECT 1)
-- case: 66 an odd head hides the statement behind
-- direct: fails
SELECT * FROM (SELECT 1); DROP TABLE existing
-- case: 66 into behind words that the grammar does not know
-- direct: fails
SELECT 1 IS JSON AS a INTO sneaked
-- case: 66 a function that runs text, behind words that the grammar does not know
-- direct: fails
SELECT 1 IS JSON, dblink_exec('dbname=shop', 'DROP TABLE existing')
-- case: bison stack
-- direct: fails
DROP TABLE existing; SELECT {REPEAT 11000 NOT }true
