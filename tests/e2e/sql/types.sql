-- Values of every family of types, as text and as psql prints them.
SELECT 1::smallint, 2147483647, 9223372036854775807, 1.5::real, 1e300::float8, 'NaN'::numeric, '-Infinity'::float8, 12345.678::money;
SELECT true, false, NULL::bool, 'a'::char(5) || '|', 'b'::varchar(2), 'c'::text, 'd'::"char", 'e'::name;
SELECT date 'infinity', time '12:34:56.789', timetz '12:34+02', timestamp '2024-01-02 03:04:05.678901', interval '1 year 2 days 03:04:05';
SELECT '\xdeadbeef'::bytea, B'1010'::bit(4), B'11'::varbit(8), 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid;
SELECT '192.168.0.1/24'::inet, '10.0.0.0/8'::cidr, '08:00:2b:01:02:03'::macaddr, point(1, 2), '(0,0),(1,1)'::box, '<(0,0),5>'::circle;
SELECT '{"b": 1, "a": [true, null]}'::json, '{"b": 1, "a": [true, null]}'::jsonb, '$.a[*]'::jsonpath, '<a>b</a>'::xml;
SELECT int4range(1, 10), '[2024-01-01,2024-02-01)'::daterange, '{[1,3),[5,7)}'::int4multirange;
SELECT ARRAY[1, NULL, 3], '{{a,b},{c,"d,e"}}'::text[], ARRAY[]::int[], ROW(1, NULL, 'x y', ROW(2));
SELECT 'a fat cat'::tsvector, 'fat & cat'::tsquery, to_tsvector('english', 'The running dogs') @@ to_tsquery('english', 'run');
SELECT 'pg_class'::regclass, 'now'::regproc, 'int4'::regtype, '0/16B3748'::pg_lsn, 'public'::regnamespace;
CREATE TYPE shade AS ENUM ('light', 'dark');
CREATE TYPE spot AS (x int, s shade);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 4);
SELECT 'dark'::shade, ROW(1, 'light')::spot, (ROW(1, 'light')::spot).s, 'abc'::short, enum_range(NULL::shade);
SELECT 'abcd'::short;
SELECT 'purple'::shade;
\pset null '(null)'
\pset format unaligned
SELECT NULL, repeat('|', 3), E'line\nbreak';
\pset format csv
SELECT NULL, 'quoted "text"', E'line\nbreak';
\pset format html
SELECT 1 AS "<a>", '&' AS b;
\pset format aligned
\pset expanded on
SELECT 1 AS a, 'two' AS b UNION SELECT 3, 'four' ORDER BY 1;
\pset expanded off
SELECT n, chr(n) FROM generate_series(32, 126) AS n;
SELECT string_agg(chr(n), '') FROM generate_series(161, 2000) AS n;
