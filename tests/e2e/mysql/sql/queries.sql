-- Reads and writes of every shape.
SELECT 1, 'text', NULL, 1.5, 1e10, x'00ff', DATE '2024-02-29', TRUE;
SELECT * FROM (SELECT 1 AS a UNION SELECT 2 UNION ALL SELECT 3) AS u ORDER BY a DESC;
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(20), UNIQUE (name));
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, amount DECIMAL(8,2), placed DATE, note TEXT);
INSERT INTO customers (name, city) VALUES ('Ada', 'London'), ('Grace', 'New York'), ('Édouard', NULL);
INSERT INTO customers (name) VALUES ('Ada');
INSERT IGNORE INTO customers (name) VALUES ('Ada');
INSERT INTO customers (name, city) VALUES ('Ada', 'Paris') ON DUPLICATE KEY UPDATE city = VALUES(city);
REPLACE INTO orders VALUES (1, 1, 9.99, '2024-01-01', 'first'), (2, 1, 20, '2024-02-01', NULL), (3, 2, 5, '2024-03-01', 'it''s; ok');
INSERT INTO orders SELECT id + 10, customer, amount * 2, placed, note FROM orders;
UPDATE orders SET note = 'x' WHERE id > 10 ORDER BY id LIMIT 1;
UPDATE customers c JOIN orders o ON o.customer = c.id SET c.city = 'Berlin' WHERE o.amount > 15;
DELETE FROM orders WHERE id = 13;
SELECT c.name, COUNT(o.id), SUM(o.amount) FROM customers c LEFT JOIN orders o ON o.customer = c.id GROUP BY c.name WITH ROLLUP;
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT SUM(i), GROUP_CONCAT(i) FROM n;
SELECT name, ROW_NUMBER() OVER (ORDER BY name) AS r FROM customers;
SELECT JSON_EXTRACT('{"a": [1, 2]}', '$.a[1]'), JSON_OBJECT('k', 1);
SELECT nosuch FROM customers;
SELECT * FROM nosuch;
SELEC 1;
SHOW TABLES;
SHOW CREATE TABLE orders;
DESCRIBE customers;
EXPLAIN SELECT * FROM orders WHERE id = 1;
SHOW WARNINGS;
SELECT FOUND_ROWS(), ROW_COUNT(), LAST_INSERT_ID();
SELECT 'a;b' AS `semi;colon`, "double ""quoted""", 'back\\slash', 'new\nline';
SELECT /* comment ; */ 1; -- another ; one
SELECT 2 # and ; a third
;
DO SLEEP(0);
SELECT @@autocommit, @@character_set_client, DATABASE(), CURRENT_USER();
TRUNCATE orders;
DROP TABLE orders, customers;
