-- COPY in every direction and format, whole, failing, empty, and between other statements of one message.
CREATE TABLE goods (id int, name text, price numeric);
COPY goods FROM stdin;
1	apple	1.50
2	\N	2.25
3	tab\tand\nnewline	3
\.
COPY goods (id, name) FROM stdin WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'none');
id;name
4;"quoted ; ""semicolon"""
5;none
\.
COPY goods FROM stdin;
not a number	x	1
\.
SELECT count(*) FROM goods;
COPY goods FROM stdin;
6	too few
\.
COPY goods FROM stdin;
\.
COPY nosuch FROM stdin;
SELECT 'still in step';
COPY goods TO stdout;
COPY goods TO stdout WITH (FORMAT csv, HEADER true, FORCE_QUOTE *);
COPY goods (name) TO stdout WITH (FORMAT text, DELIMITER '|');
COPY (SELECT id, price FROM goods ORDER BY id DESC) TO stdout;
COPY (VALUES (1, 'a'), (2, 'b')) TO stdout (FORMAT csv);
COPY (INSERT INTO goods VALUES (7, 'returned', 1) RETURNING *) TO stdout;
COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) AS n) TO stdout;
COPY (SELECT repeat('wide ', 20000)) TO stdout;
SELECT 'before' \; COPY goods (id) TO stdout \; SELECT 'after';
SELECT 'before' \; COPY goods (id) FROM stdin \; SELECT 'after';
101
102
\.
SELECT id FROM goods ORDER BY id;
\copy goods (id, name) from program 'printf "201\\tfrom a program\\n202\\tanother\\n"'
\copy (select id, name from goods where id > 200 order by id) to stdout
\copy goods to program 'sort | tail -3'
\copy goods from '/nonexistent/file'
BEGIN;
COPY goods FROM stdin WITH (FREEZE);
301	frozen	1
\.
ROLLBACK;
BEGIN;
CREATE TABLE frozen (a int);
COPY frozen FROM stdin WITH (FREEZE);
1
2
\.
COMMIT;
SELECT count(*) FROM frozen;
BEGIN;
COPY goods FROM stdin;
bad
\.
SELECT 'failed transaction';
ROLLBACK;
COPY goods TO '/nonexistent/directory/file';
COPY goods FROM '/nonexistent/file';
COPY goods TO PROGRAM 'cat >/dev/null';
COPY (SELECT n, repeat('filler ', 10) FROM generate_series(1, 20000) AS n) TO PROGRAM 'cat >/dev/null';
CREATE TABLE bulk (n int, filler text);
\copy (select n, repeat('filler ', 10) from generate_series(1, 20000) as n) to program 'cat > /tmp/schemaguard_copying.txt'
\copy bulk from '/tmp/schemaguard_copying.txt'
\! rm -f /tmp/schemaguard_copying.txt
SELECT count(*), sum(n), md5(string_agg(filler, '' ORDER BY n)) FROM bulk;
COPY goods TO stdout WITH (FORMAT binary);
COPY goods FROM stdin WHERE id > 400;
399	left out	1
401	taken	1
\.
SELECT id FROM goods WHERE id > 300 ORDER BY id;
COPY goods FROM stdin WITH (FORMAT csv, ENCODING 'LATIN1');
501,plain,1
\.
