-- What object-relational mappers, frameworks and applications send all day. See clients_and_drivers.sql for the format.

-- Rails (mysql2, trilogy).
SET  @@SESSION.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'),  @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483

SET NAMES utf8mb4,  @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'),  @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483

SELECT DATABASE() as db

SHOW FULL FIELDS FROM `customers`

SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = database() AND table_name = 'customers' ORDER BY seq_in_index

SELECT GET_LOCK('4711', 0)

SELECT RELEASE_LOCK('4711')

/*application:Shop,controller:orders,action:index*/ SELECT `orders`.* FROM `orders` WHERE `orders`.`id` = 1 LIMIT 1

SELECT `customers`.* FROM `customers` WHERE `customers`.`name` = 'Ada; DROP TABLE customers; --' ORDER BY `customers`.`id` ASC LIMIT 1 FOR UPDATE

INSERT INTO `customers` (`name`, `email`) VALUES ('it''s', 'a\'b@example.com')

INSERT INTO `customers` (`id`, `name`) VALUES (1, 'x') ON DUPLICATE KEY UPDATE `name`=VALUES(`name`)

-- mysql
INSERT INTO `customers` (`id`, `name`) VALUES (1, 'x') AS new ON DUPLICATE KEY UPDATE `name`=new.`name`

SELECT COUNT(*) FROM (SELECT DISTINCT `name` FROM `customers`) subquery_for_count

SAVEPOINT active_record_1

RELEASE SAVEPOINT active_record_1

ROLLBACK TO SAVEPOINT active_record_1

-- mysql
SELECT 1 AS one FROM `customers` /*+ MAX_EXECUTION_TIME(1000) */ LIMIT 1

-- Django.
SET SQL_AUTO_IS_NULL = 0

SELECT VERSION(), @@sql_mode, @@default_storage_engine, @@sql_auto_is_null, @@lower_case_table_names, CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL

SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED

SELECT `django_migrations`.`id`, `django_migrations`.`app`, `django_migrations`.`name` FROM `django_migrations`

INSERT INTO `django_session` (`session_key`, `session_data`, `expire_date`) VALUES ('k', 'ZHJvcCB0YWJsZQ', '2026-01-01 00:00:00')

UPDATE `customers` SET `name` = CASE WHEN (`id` = 1) THEN 'a' ELSE `name` END WHERE `id` IN (1, 2)

DELETE FROM `customers` WHERE `customers`.`id` IN (1, 2, 3)

SET foreign_key_checks = 0

SET foreign_key_checks = 1

SELECT `name` FROM `customers` WHERE `name` REGEXP BINARY '^drop' AND JSON_EXTRACT(`email`, '$.a') IS NULL

-- Laravel.
set names 'utf8mb4' collate 'utf8mb4_unicode_ci'

set session sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

set names 'utf8mb4' collate 'utf8mb4_unicode_ci', session sql_mode='STRICT_TRANS_TABLES'

use `shop`

select * from `jobs` where `queue` = 'default' and ((`reserved_at` is null and `available_at` <= 1700000000) or (`reserved_at` <= 1699999910)) order by `id` asc limit 1 FOR UPDATE SKIP LOCKED

insert ignore into `cache` (`key`, `value`, `expiration`) values ('a', 's:5:"value";', 1700000000)

delete from `sessions` where `last_activity` <= 1700000000

select exists (select 1 from information_schema.tables where table_schema = schema() and table_name = 'migrations' and table_type in ('BASE TABLE', 'SYSTEM VERSIONED')) as `exists`

select table_name as `name`, (data_length + index_length) as `size`, table_comment as `comment`, engine as `engine`, table_collation as `collation` from information_schema.tables where table_schema = 'shop' and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by table_name

-- Sequelize, TypeORM, Knex, Prisma, Drizzle.
SELECT 1+1 AS result

SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ

START TRANSACTION

SHOW INDEX FROM `customers`

SHOW CREATE TABLE `customers`

SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME = 'SequelizeMeta' AND TABLE_SCHEMA = 'shop'

SELECT VERSION() AS `version`

SELECT * FROM `INFORMATION_SCHEMA`.`COLUMNS` WHERE `TABLE_SCHEMA` = 'shop' AND `TABLE_NAME` = 'typeorm_metadata'

SELECT `shop`.`customers`.`id`, `shop`.`customers`.`name` FROM `shop`.`customers` WHERE `shop`.`customers`.`id` = 1 LIMIT 1 OFFSET 0

INSERT INTO `shop`.`customers` (`name`) VALUES ('x')

SELECT @@version, @@version_comment

SELECT GET_LOCK('prisma_migrate', 10)

select `id`, json_array(`name`, `email`) from `customers` where (`customers`.`id` in (1, 2) and not `customers`.`name` like '%alter table%')

-- Hibernate, jOOQ, Doctrine, Entity Framework, GORM, SQLx, Diesel.
select next_val as id_val from hibernate_sequence for update

update hibernate_sequence set next_val= 2 where next_val=1

select c1_0.id,c1_0.name from customers c1_0 where c1_0.name=? /* criteria query */

SELECT c0_.id AS id_0, c0_.name AS name_1 FROM customers c0_ WHERE c0_.id = ? LIMIT 1

INSERT INTO `customers` (`name`) VALUES ('x'); SELECT LAST_INSERT_ID()

SELECT * FROM `customers` WHERE `customers`.`deleted_at` IS NULL ORDER BY `customers`.`id` LIMIT 1

SET sql_mode=(SELECT CONCAT(@@sql_mode, ',PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION')),time_zone='+00:00',NAMES utf8mb4 COLLATE utf8mb4_unicode_ci

SET time_zone='+00:00',NAMES utf8mb4

SET @OLD_TIME_ZONE=@@TIME_ZONE, TIME_ZONE='+00:00'

-- mariadb
INSERT INTO customers (name) VALUES ('x') RETURNING id

-- mariadb
SELECT NEXT VALUE FOR no_such_sequence, NEXTVAL(no_such_sequence), LASTVAL(no_such_sequence)

-- WordPress, phpBB, Drupal, Magento.
SELECT option_name, option_value FROM wp_options WHERE autoload IN ( 'yes', 'on', 'auto-on', 'auto' )

SELECT SQL_CALC_FOUND_ROWS  wp_posts.ID FROM wp_posts  WHERE 1=1  AND wp_posts.post_type = 'post' ORDER BY wp_posts.post_date DESC LIMIT 0, 10

SELECT FOUND_ROWS()

SHOW FULL COLUMNS FROM `wp_options`

SHOW TABLES LIKE 'wp\\_options'

DESCRIBE wp_options

UPDATE `wp_options` SET `option_value` = 'a:1:{s:4:\"drop\";s:5:\"table\";}' WHERE `option_name` = 'cron'

INSERT INTO `wp_postmeta` (`post_id`, `meta_key`, `meta_value`) VALUES (1, '_edit_lock', '1:1') ON DUPLICATE KEY UPDATE meta_value = '1:1'

SET SESSION sql_mode = 'ANSI,TRADITIONAL'

SELECT "name" FROM "users_field_data"

SELECT 1 FROM "semaphore" WHERE "name" = 'a' AND "value" = 'b'

SET SQL_MODE='', NAMES utf8

CHECK TABLE `customers`

-- Temporary tables of reports.
CREATE TEMPORARY TABLE report (id int primary key, total decimal(10,2)) SELECT id, 0 AS total FROM customers

CREATE TEMPORARY TABLE IF NOT EXISTS tmp_ids ENGINE=MEMORY AS SELECT id FROM customers

CREATE TEMPORARY TABLE tmp_like LIKE customers

DROP TEMPORARY TABLE IF EXISTS tmp_ids

-- mariadb
CREATE OR REPLACE TEMPORARY TABLE tmp_again (id int)

-- What applications do with their data.
INSERT INTO orders SELECT * FROM customers WHERE 1 = 0

REPLACE INTO customers (id, name) VALUES (1, 'drop table x')

UPDATE customers c JOIN orders o ON o.id = c.id SET c.name = o.state WHERE o.state = 'new'

DELETE c FROM customers c LEFT JOIN orders o ON o.id = c.id WHERE o.id IS NULL

DELETE FROM c USING customers c JOIN orders o ON o.id = c.id

WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n

SELECT name, ROW_NUMBER() OVER (PARTITION BY name ORDER BY id) FROM customers

SELECT GROUP_CONCAT(DISTINCT name ORDER BY name SEPARATOR ';') FROM customers

(SELECT 1) UNION (SELECT 2) ORDER BY 1 LIMIT 1

-- mysql
VALUES ROW(1, 2), ROW(3, 4)

-- mysql
TABLE customers

SELECT * FROM customers WHERE MATCH (name) AGAINST ('+alter +table' IN BOOLEAN MODE)

SELECT id FROM customers LOCK IN SHARE MODE

SELECT id INTO @id FROM customers LIMIT 1

SET @row = 0, @name := 'create table'

PREPARE s FROM 'SELECT id FROM customers WHERE id = ?'

EXECUTE s USING @id

DEALLOCATE PREPARE s

EXPLAIN SELECT * FROM customers

EXPLAIN FORMAT=JSON UPDATE customers SET name = 'x' WHERE id = 1

-- mysql
EXPLAIN ANALYZE SELECT * FROM customers

-- mariadb
ANALYZE FORMAT=JSON SELECT * FROM customers

LOCK TABLES customers WRITE, orders READ

UNLOCK TABLES

TRUNCATE TABLE tmp_report

TRUNCATE tmp_report

XA START 'order-1'

XA END 'order-1'

XA PREPARE 'order-1'

XA COMMIT 'order-1'

XA RECOVER

CALL place_order(1, 'x')

HANDLER customers OPEN

HANDLER customers CLOSE

-- mariadb
SET STATEMENT max_statement_time=5 FOR SELECT * FROM customers

SELECT shop.discount(1), `shop`.`discount`(2)

SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'drop table'

GET DIAGNOSTICS @n = NUMBER

KILL QUERY 4711
