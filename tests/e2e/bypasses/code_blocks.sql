-- Code blocks: a call, a change or a setting in every place of PL/pgSQL where an expression or a statement may stand, and
-- every way to write the block itself down.

-- case: declared default
DO $x$DECLARE x text := pg_read_file('PG_VERSION'); BEGIN END$x$
-- case: assign
DO $x$DECLARE x text; BEGIN x := pg_read_file('PG_VERSION'); END$x$
-- case: perform
DO $x$BEGIN PERFORM pg_read_file('PG_VERSION'); END$x$
-- case: if
DO $x$BEGIN IF pg_read_file('PG_VERSION') > '' THEN END IF; END$x$
-- case: elsif
DO $x$BEGIN IF false THEN ELSIF pg_read_file('PG_VERSION') > '' THEN END IF; END$x$
-- case: case
DO $x$BEGIN CASE pg_read_file('PG_VERSION') WHEN 'x' THEN NULL; ELSE NULL; END CASE; END$x$
-- case: case when
DO $x$BEGIN CASE WHEN pg_read_file('PG_VERSION')>'' THEN NULL; ELSE NULL; END CASE; END$x$
-- case: while
DO $x$BEGIN WHILE pg_read_file('PG_VERSION')='x' LOOP END LOOP; END$x$
-- case: for int
DO $x$BEGIN FOR i IN 1..length(pg_read_file('PG_VERSION')) LOOP END LOOP; END$x$
-- case: for by
DO $x$BEGIN FOR i IN 1..2 BY length(pg_read_file('PG_VERSION')) LOOP END LOOP; END$x$
-- case: for query
DO $x$DECLARE r record; BEGIN FOR r IN SELECT pg_read_file('PG_VERSION') LOOP END LOOP; END$x$
-- case: foreach
DO $x$DECLARE r text; BEGIN FOREACH r IN ARRAY ARRAY[pg_read_file('PG_VERSION')] LOOP END LOOP; END$x$
-- case: exit when
DO $x$BEGIN LOOP EXIT WHEN pg_read_file('PG_VERSION')>''; END LOOP; END$x$
-- case: raise
DO $x$BEGIN RAISE NOTICE '%', pg_read_file('PG_VERSION'); END$x$
-- case: raise using
DO $x$BEGIN RAISE NOTICE USING MESSAGE = pg_read_file('PG_VERSION'); END$x$
-- case: assert
DO $x$BEGIN ASSERT pg_read_file('PG_VERSION')>''; END$x$
-- case: cursor declared
DO $x$DECLARE c CURSOR FOR SELECT pg_read_file('PG_VERSION'); BEGIN OPEN c; END$x$
-- case: cursor args
DO $x$DECLARE c CURSOR (x text) FOR SELECT x; BEGIN OPEN c(pg_read_file('PG_VERSION')); END$x$
-- case: open for
DO $x$DECLARE c refcursor; BEGIN OPEN c FOR SELECT pg_read_file('PG_VERSION'); FETCH c INTO c; END$x$
-- case: for cursor
DO $x$DECLARE c CURSOR (x text) FOR SELECT x; BEGIN FOR r IN c(pg_read_file('PG_VERSION')) LOOP END LOOP; END$x$
-- case: fetch a number
DO $x$DECLARE c CURSOR FOR SELECT 1; r int; BEGIN OPEN c; FETCH ABSOLUTE length(pg_read_file('PG_VERSION')) FROM c INTO r; END$x$
-- case: move a number
DO $x$DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; MOVE FORWARD length(pg_read_file('PG_VERSION')) FROM c; END$x$
-- case: sub index
DO $x$DECLARE x int[]; BEGIN x[length(pg_read_file('PG_VERSION'))] := 1; END$x$
-- case: call
-- direct: fails
DO $x$BEGIN CALL p(pg_read_file('PG_VERSION')); END$x$
-- case: execute using
DO $x$BEGIN EXECUTE 'SELECT $1' USING pg_read_file('PG_VERSION'); END$x$
-- case: select into
DO $x$DECLARE x text; BEGIN SELECT pg_read_file('PG_VERSION') INTO x; END$x$
-- case: insert
DO $x$BEGIN INSERT INTO existing(b) VALUES (pg_read_file('PG_VERSION')); END$x$
-- case: set role
DO $x$BEGIN SET session_replication_role=replica; END$x$
-- case: set local
DO $x$BEGIN SET LOCAL session_replication_role=replica; END$x$
-- case: set_config
DO $x$BEGIN PERFORM set_config('session_replication_role','replica',false); END$x$
-- case: set_config lower
DO $x$BEGIN PERFORM set_config(lower('SESSION_REPLICATION_ROLE'),'replica',false); END$x$
-- case: catalog
DO $x$BEGIN UPDATE pg_class SET relname='sneaked' WHERE relname='existing'; END$x$
-- case: catalog only
DO $x$BEGIN UPDATE ONLY (pg_class) SET relname='sneaked' WHERE relname='existing'; END$x$
-- case: copy program
DO $x$BEGIN COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'; END$x$
-- case: drop and swallow the error
DO $x$BEGIN DROP TABLE existing; EXCEPTION WHEN others THEN NULL; END$x$
-- case: temporary then persist
DO $x$BEGIN CREATE TEMP TABLE existing(a int); DROP TABLE existing; DROP TABLE existing; END$x$
-- case: temporary condition
DO $x$BEGIN IF false THEN CREATE TEMP TABLE existing(a int); END IF; DROP TABLE existing CASCADE; END$x$
-- case: temporary exception
DO $x$BEGIN BEGIN CREATE TEMP TABLE existing(a int); RAISE EXCEPTION 'x'; EXCEPTION WHEN others THEN NULL; END; DROP TABLE existing CASCADE; END$x$
-- case: temporary rollback
DO $x$BEGIN CREATE TEMP TABLE existing(a int); ROLLBACK; DROP TABLE existing CASCADE; END$x$
-- case: comment tricks
DO $x$BEGIN /* */ PERFORM 1; --
 DROP TABLE existing; END$x$
-- case: label
DO $x$<<l>> BEGIN <<m>> LOOP DROP TABLE existing; EXIT m; END LOOP; END l$x$
-- case: get diagnostics
DO $x$DECLARE x int; BEGIN GET DIAGNOSTICS x = ROW_COUNT; DROP TABLE existing; END$x$
-- case: option
DO $x$#variable_conflict use_column
BEGIN DROP TABLE existing; END$x$
-- case: print option
DO $x$#print_strict_params on
BEGIN DROP TABLE existing; END$x$
-- case: return query
DO $x$BEGIN EXECUTE 'DR'||'OP TABLE existing'; END$x$
-- case: constant execute drop
DO $x$BEGIN EXECUTE $q$DROP TABLE existing$q$; END$x$
-- case: constant execute insert alias
-- direct: fails
DO $x$BEGIN EXECUTE $q$SELECT 1 insert INTO sneaked$q$; END$x$
-- case: execute nested do
DO $x$BEGIN EXECUTE $q$DO 'BEGIN DROP TABLE existing; END'$q$; END$x$
-- case: alter role
DO $x$BEGIN ALTER ROLE reader CREATEDB; END$x$
-- case: create table as
DO $x$BEGIN CREATE TABLE sneaked AS SELECT 1 a; END$x$
-- case: import
-- direct: fails
DO $x$BEGIN PERFORM dblink_exec('x','y'); END$x$
-- case: view temporary
DO $x$BEGIN CREATE TEMP VIEW v AS SELECT * FROM pg_class; UPDATE v SET relname='sneaked' WHERE relname='existing'; END$x$
-- case: long fallback in do
DO $x$BEGIN PERFORM length('{REPEAT 300000 x}'); DROP TABLE existing; END$x$
-- case: long select
DO $x$DECLARE x int; BEGIN SELECT length('{REPEAT 300000 x}') INTO x; END$x$
-- case: do concat strings
DO 'BEGIN DR'
'OP TABLE existing; END'
-- case: do U&
DO U&'BEGIN DR\004FP TABLE existing; END'
-- case: do U& uescape
DO U&'BEGIN DR!004FP TABLE existing; END' UESCAPE '!'
-- case: do E continued
DO E'BEGIN DR'
'\x4FP TABLE existing; END'
-- case: do language quoted
DO LANGUAGE "plpgsql" 'BEGIN DROP TABLE existing; END'
-- case: do language string
DO LANGUAGE 'plpgsql' 'BEGIN DROP TABLE existing; END'
-- case: do twice
-- direct: fails
DO 'BEGIN END' 'BEGIN DROP TABLE existing; END'
-- case: create schema elements temporary
-- direct: fails
CREATE SCHEMA s CREATE TEMP TABLE x(a int)
-- case: large object owner
-- setup: SELECT lo_create(1)
ALTER LARGE OBJECT 1 OWNER TO app
-- case: alter default for temporary
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC
