-- Cursors, SQL-level prepared statements, and psql's own use of the extended protocol.
CREATE TABLE series AS SELECT n, n * n AS square FROM generate_series(1, 100) AS n;
BEGIN;
DECLARE walker SCROLL CURSOR FOR SELECT * FROM series ORDER BY n;
FETCH 3 FROM walker;
FETCH BACKWARD 2 FROM walker;
FETCH ABSOLUTE 50 FROM walker;
FETCH RELATIVE -5 FROM walker;
MOVE FORWARD 10 IN walker;
FETCH NEXT FROM walker;
FETCH LAST FROM walker;
FETCH ALL FROM walker;
FETCH 0 FROM walker;
CLOSE walker;
CLOSE walker;
ROLLBACK;
BEGIN;
DECLARE keeper CURSOR WITH HOLD FOR SELECT n FROM series ORDER BY n;
COMMIT;
FETCH 2 FROM keeper;
CLOSE ALL;
DECLARE outside CURSOR FOR SELECT 1;
BEGIN;
DECLARE changer CURSOR FOR SELECT * FROM series WHERE n < 5 FOR UPDATE;
FETCH changer;
UPDATE series SET square = 0 WHERE CURRENT OF changer;
DELETE FROM series WHERE CURRENT OF changer;
DECLARE bytes BINARY CURSOR FOR SELECT 1::int4;
FETCH bytes;
COMMIT;
PREPARE lookup (int) AS SELECT * FROM series WHERE n = $1;
EXECUTE lookup(10);
EXECUTE lookup('x');
EXECUTE lookup;
EXPLAIN (COSTS off) EXECUTE lookup(10);
PREPARE adder AS INSERT INTO series VALUES ($1, $2) RETURNING *;
EXECUTE adder(1000, 1);
PREPARE maker AS SELECT 1 AS a INTO made_by_prepare;
EXECUTE maker;
SELECT * FROM made_by_prepare;
CREATE TABLE executed AS EXECUTE lookup(20);
SELECT * FROM executed;
SELECT name, statement, parameter_types FROM pg_prepared_statements ORDER BY name;
DEALLOCATE lookup;
EXECUTE lookup(10);
DEALLOCATE PREPARE ALL;
BEGIN;
PREPARE survivor AS SELECT 'survived';
ROLLBACK;
EXECUTE survivor;
DISCARD PLANS;
DISCARD SEQUENCES;
DISCARD TEMP;
DISCARD ALL;
EXECUTE survivor;
SELECT n, square, n::text || 'x' AS label, NULL::numeric(7,2) AS amount FROM series \gdesc
SELECT nosuch \gdesc
SELECT 42 AS answer, 'text' AS word \gset
\echo :answer :word
SELECT format('SELECT %s AS generated', n) FROM generate_series(1, 3) AS n \gexec
SELECT n, square FROM series WHERE n < 3 ORDER BY n \gx
\set FETCH_COUNT 7
SELECT n FROM series WHERE n BETWEEN 20 AND 40 ORDER BY n;
SELECT 1 / (30 - n) FROM series WHERE n BETWEEN 20 AND 40 ORDER BY n;
\unset FETCH_COUNT
SELECT n % 3 AS down, n % 2 AS across, count(*) FROM series GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview
