-- Texts that are hard to cut into statements: what the server reads is what has to arrive.
;;
;;/* only a comment */;
-- only a comment
SELECT 1 /* a /* nested */ comment; DROP TABLE nothing; */ + 1;
SELECT/**/1/**/AS/**/one;
SELECT 1 -- to the end of the line; DROP TABLE nothing;
  + 2;
SELECT 'it''s; not the end', "q;uoted" FROM (SELECT 1 AS "q;uoted") AS s;
SELECT $$ ; $$ || $a$ ; $$ ; $a$ || $_1$;$_1$;
SELECT 'joined '
  'string', E'joined\n'
  'escape \' string';
SELECT 1 */ 2;
SELECT 1 @-- y
  ;
SELECT 5 - -3, - -1, 2 ^ 3, 10 % 4, |/ 16, @ -5, 5 # 3, ~1, 1 << 3;
SELECT U&"d\0061t" FROM (SELECT 1 AS dat) AS s;
CREATE FUNCTION semi() RETURNS text LANGUAGE sql AS 'SELECT ''a;b''; SELECT ''c;d''';
SELECT semi();
CREATE FUNCTION semi_atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
SELECT semi_atomic();
SELECT 1 NOT /**/ BETWEEN 0 AND 2 AS odd_comment;
SELECT CASE WHEN true THEN 'case' END, NULLIF(1, 2), COALESCE(NULL, 3), GREATEST(1, 2), CAST('1' AS int), '1'::int, int '1';
SELECT ARRAY[[1, 2], [3, 4]][2][1], ROW(1, 'a'), (ROW(1, 2)).f1, ARRAY(SELECT 1);
SELECT 1 AS drop, 2 AS "create", 3 AS alter;
SELECT 'DROP TABLE x; ALTER TABLE y' AS words, 'CREATE' || ' TABLE' AS built;
CREATE TABLE "DROP TABLE" ("ALTER" int, "sélect" text);
INSERT INTO "DROP TABLE" VALUES (1, 'é');
SELECT * FROM "DROP TABLE";
CREATE TABLE ÉCOLE (a int);
\d
CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (a int);
SELECT a FROM aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;
DROP TABLE nothing;
SELECT 1 \; \; SELECT 2 \; -- comment
  SELECT 3;
\set long `printf 'x%.0s' $(seq 1 70000)`
SELECT length(:'long'), length('some text before ' || :'long' || ' and after');
\set list `seq -s, 1 20000`
SELECT count(*) FROM unnest(ARRAY[:list]) AS n;
SELECT ((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))));
SELECT '\', '/*', '--', '$$', '"';
SELECT 0x1F, 1_000;
SELECT * FROM (SELECT 1);
SELECT 1 IS JSON;
drop	table nothing;
