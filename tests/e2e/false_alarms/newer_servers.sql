-- Ordinary reading and writing in the syntax of newer servers. Where the guard's grammar is older than the server, the
-- fallback must let it through; a server that does not know it may reject it itself.

-- fails before 16
SELECT * FROM (SELECT 1)

-- fails before 16
SELECT count(*) FROM (SELECT id FROM customers UNION SELECT id FROM orders)

-- fails before 16
SELECT 0x1F + 0o17 + 0b101 AS n

-- fails before 16
SELECT 1_000_000 AS n

-- fails before 16
SELECT name FROM customers WHERE points < 10_000 ORDER BY id LIMIT 0x10

-- fails before 16
SELECT '{"a": 1}' IS JSON OBJECT, '[1]' IS JSON ARRAY WITH UNIQUE KEYS

-- fails before 16
INSERT INTO notes (body, payload) SELECT 'x', JSON_OBJECT('name': name, 'points': points ABSENT ON NULL) FROM customers

-- fails before 16
SELECT JSON_ARRAY(1, 2, NULL NULL ON NULL), JSON_ARRAYAGG(name ORDER BY id) FROM customers

-- fails before 16
SELECT system_user IS NOT NULL

-- fails before 16
UPDATE customers SET points = points + 1_0 WHERE id = $1

-- fails before 16
DELETE FROM jobs WHERE state IN (SELECT s FROM (SELECT 'done' AS s))

-- fails before 16
WITH recent AS (SELECT * FROM (SELECT id FROM orders)) SELECT count(*) FROM recent

-- fails before 16
BEGIN; UPDATE customers SET points = 0x0A WHERE id = 1; COMMIT

-- fails before 17
MERGE INTO stock AS s USING (VALUES ('a', 1)) AS v (sku, n) ON s.sku = v.sku WHEN MATCHED THEN UPDATE SET n = s.n + v.n WHEN NOT MATCHED THEN INSERT VALUES (v.sku, v.n) RETURNING merge_action(), s.sku, s.n

-- fails before 17
MERGE INTO stock AS s USING (VALUES ('b', 2)) AS v (sku, n) ON s.sku = v.sku WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED BY TARGET THEN INSERT VALUES (v.sku, v.n)

-- fails before 17
WITH merged AS (MERGE INTO stock AS s USING (VALUES ('c', 3)) AS v (sku, n) ON s.sku = v.sku WHEN NOT MATCHED THEN INSERT VALUES (v.sku, v.n) RETURNING s.sku) SELECT sku FROM merged

-- fails before 17
SELECT t.* FROM JSON_TABLE('[{"a": 1, "b": [2, 3]}]', '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a', b text FORMAT JSON PATH '$.b', NESTED PATH '$.b[*]' COLUMNS (c int PATH '$'))) AS t

-- fails before 17
SELECT JSON_EXISTS('{"a": 1}', '$.a'), JSON_VALUE('{"a": 1}', '$.a' RETURNING int DEFAULT 0 ON EMPTY), JSON_QUERY('{"a": [1]}', '$.a' WITH WRAPPER)

-- fails before 17
SELECT JSON('{"a": 1}'), JSON_SCALAR(1), JSON_SERIALIZE('{}' RETURNING text)

-- fails before 17
SELECT now() AT LOCAL IS NOT NULL

-- fails before 18
UPDATE customers SET points = points + 1 WHERE id = 1 RETURNING old.points, new.points

-- fails before 18
UPDATE customers SET points = points + 1 WHERE id = 1 RETURNING WITH (OLD AS o, NEW AS n) o.points, n.points

-- fails before 18
INSERT INTO stock VALUES ('d', 4) ON CONFLICT (sku) DO UPDATE SET n = 5 RETURNING WITH (OLD AS before) before.n, n

-- fails before 18
DELETE FROM stock WHERE sku = 'd' RETURNING old.*, new.*

-- fails before 18
SELECT uuid_extract_version(uuidv7()), casefold('ABC'), array_sort(ARRAY[2, 1]), array_reverse(ARRAY[1, 2]), crc32('a'), gamma(5)

-- fails before 17
SELECT to_bin(5), to_oct(8), random(1, 1), uuid_extract_version('018f4e6e-0000-7000-8000-000000000000')

-- fails before 16
SELECT any_value(name) FROM customers WHERE id = 1

-- fails before 16
SELECT pg_input_is_valid('1', 'int'), array_sample(ARRAY[1], 1), erf(0)

-- fails before 17
SET transaction_timeout = '30s'

-- fails before 17
SET LOCAL transaction_timeout = 0

SET restrict_nonsystem_relation_kind = ''

-- fails before 16
SET vacuum_buffer_usage_limit = '2MB'

-- fails before 18
SET file_copy_method = copy

-- fails before 16
SET createrole_self_grant = ''

-- fails before 16
EXPLAIN (COSTS off, GENERIC_PLAN) SELECT name FROM customers WHERE id = $1

-- fails before 17
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off, SERIALIZE, MEMORY off) SELECT 1

-- fails before 16
EXPLAIN (COSTS off) SELECT * FROM (SELECT name FROM customers)

-- fails before 17
EXPLAIN (COSTS off) MERGE INTO stock AS s USING (VALUES ('x', 1)) AS v (sku, n) ON s.sku = v.sku WHEN NOT MATCHED BY SOURCE THEN DELETE

-- fails before 16
BEGIN; DECLARE newer NO SCROLL CURSOR WITHOUT HOLD FOR SELECT JSON_OBJECT('name': name) FROM customers; FETCH ALL newer; COMMIT

-- fails before 16
COPY (SELECT JSON_OBJECT('name': name ABSENT ON NULL) FROM customers ORDER BY id) TO STDOUT WITH (FORMAT csv)

-- fails before 17
COPY (MERGE INTO stock AS s USING (VALUES ('y', 1)) AS v (sku, n) ON s.sku = v.sku WHEN NOT MATCHED THEN INSERT VALUES (v.sku, v.n) RETURNING s.sku) TO STDOUT

