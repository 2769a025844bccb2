-- Evasion section 2: texts that a naive reader cuts or folds in another way than the server.

-- case: 37 nested comment that ends early for a naive reader
SELECT 1 /* a /* b */ */; DROP TABLE existing; /* */
-- case: 38 comments as white space
DROP/**/TABLE/**/existing
-- case: 38 line comment as white space
DROP--x
TABLE existing
-- case: 38 form feed and carriage return as white space
DROP{0C}TABLE{0D}existing
-- case: 38 tabs
	DROP	TABLE existing
-- case: letter case
dRoP tAbLe existing
-- case: 39 comment between look-ahead words, type
ALTER TABLE existing ADD c TIME WITH /**/ TIME ZONE
-- case: 39 comment between look-ahead words, index
CREATE INDEX ON existing (a NULLS /**/ FIRST)
-- case: 39 comment between look-ahead words, check
ALTER TABLE existing ADD CHECK (b NOT /**/ LIKE 'z')
-- case: 39 drop before a text that a stricter parser rejects
DROP TABLE existing; SELECT 1 NOT /**/ BETWEEN 0 AND 2
-- case: 39 drop after such a text
SELECT 1 NOT /*;*/ BETWEEN 0 AND 2; DROP TABLE existing
-- case: 40 comment between string pieces
ALTER TABLE existing ALTER b SET DEFAULT 'x' --c
'y'
-- case: 40 E string continued behind a comment
SELECT E'a' --c
'\' -- x'; DROP TABLE existing;
SELECT $$'--$$
-- case: 41 comment before UESCAPE
CREATE TABLE U&"k!0032" /**/ UESCAPE '!' (a int)
-- case: unicode-escaped identifier
DROP TABLE U&"\0065xisting"
-- case: 45 backslashes switched on first
SET standard_conforming_strings = off
-- next
SELECT '\''; DROP TABLE existing; --'
-- case: 45 in one message
SET standard_conforming_strings = off; SELECT 1; DROP TABLE existing; SELECT '\''; --'
-- case: 46 by set_config with a built name
SELECT set_config('standard' || '_conforming_strings', 'off', false)
-- next
SELECT '\''; DROP TABLE existing; --'
-- case: 46 by an update of pg_settings
UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'
-- next
SELECT '\''; DROP TABLE existing; --'
-- case: 46 by insert select
INSERT INTO existing SELECT 1, set_config('standard_conforming_strings', 'off', false)
-- next
SELECT '\''; DROP TABLE existing; --'
-- case: 46 by a cursor
BEGIN
-- next
DECLARE c CURSOR FOR SELECT set_config(lower('STANDARD_CONFORMING_STRINGS'), 'off', false)
-- next
FETCH c
-- next
SELECT '\''; DROP TABLE existing; COMMIT; --'
-- case: 48 stored with the role
ALTER ROLE reader SET standard_conforming_strings = off
-- case: 48 stored with the database
ALTER DATABASE template1 SET standard_conforming_strings = off
-- case: 52 client encoding with a backslash as second byte
SET client_encoding = 'SJIS'
-- next
SELECT E'{95}\'; DROP TABLE existing; --'
-- case: 53 by SET NAMES
SET NAMES 'GBK'
-- next
SELECT E'{95}\'; DROP TABLE existing; --'
-- case: 53 by set_config
SELECT set_config('client_' || 'encoding', 'BIG5', false)
-- next
SELECT E'{A5}\'; DROP TABLE existing; --'
-- case: 60 name clipped to 63 bytes
CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (a int)
-- case: 61 look-alike name
CREATE TABLE еxisting (a int)
-- case: 62 operators with comment marks
CREATE OPERATOR */ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4mul)
-- case: 63 what MySQL would take for a comment
SELECT 1 # 2; DROP TABLE existing
-- case: dollar quotes that are none
SELECT 1 AS a$b$c; DROP TABLE existing; SELECT 1 AS a$b$c
-- case: nested dollar quotes
SELECT $a$ $b$ $a$; DROP TABLE existing; SELECT $b$ $a$ $b$
-- case: quoted identifier that holds quotes
SELECT 1 AS "a""b'"; DROP TABLE existing; SELECT 1 AS "'"
-- case: a string that ends in a backslash
SELECT 'a\'; DROP TABLE existing; SELECT 'b'
-- case: an E string with an escaped quote
SELECT E'a\\'; DROP TABLE existing; --'
-- case: very many statements in front
{REPEAT 5000 SELECT 1;} DROP TABLE existing
-- case: a very long comment in front
/*{REPEAT 300000 x}*/ DROP TABLE existing
-- case: a very long string in front
SELECT length('{REPEAT 300000 x}'); DROP TABLE existing
-- case: a very long list in front
SELECT 1 IN (1{REPEAT 200000 ,1}); DROP TABLE existing
-- case: a change inside a very long text
-- direct: fails
SELECT length('{REPEAT 2000000 x}'); DROP TABLE existing; SELECT 1 NOT /**/ BETWEEN 0 AND nosuch
-- case: deep nesting in front
-- direct: fails
SELECT {REPEAT 20000 (}1{REPEAT 20000 )}; DROP TABLE existing
