-- What passes when a migrator sends it: restored dumps, migration tools, online schema changes. See
-- clients_and_drivers.sql for the format; every paragraph here is sent by the migrator, whether marked or not.

-- The head and tail of a mysqldump file.
/*!999999\- enable the sandbox mode */

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */

/*!50503 SET NAMES utf8mb4 */

/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */

/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */

/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */

/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */

/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */

-- mariadb
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */

SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN

SET @@SESSION.SQL_LOG_BIN= 0

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */ /*!80016 DEFAULT ENCRYPTION='N' */

USE `shop`

DROP TABLE IF EXISTS `customers`

/*!40101 SET @saved_cs_client     = @@character_set_client */

/*!50503 SET character_set_client = utf8mb4 */

CREATE TABLE `customers` (`id` bigint unsigned NOT NULL AUTO_INCREMENT, `name` varchar(255) COLLATE utf8mb4_unicode_ci DEFAULT NULL, `kind` enum('a','b') NOT NULL DEFAULT 'a', `email` varchar(255) DEFAULT NULL, PRIMARY KEY (`id`), UNIQUE KEY `u` (`name`), KEY `k` (`kind`,`name`(10))) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC

/*!40101 SET character_set_client = @saved_cs_client */

LOCK TABLES `customers` WRITE

/*!40000 ALTER TABLE `customers` DISABLE KEYS */

INSERT INTO `customers` VALUES (1,'it\'s','a',NULL),(2,'drop table','b',NULL)

/*!40000 ALTER TABLE `customers` ENABLE KEYS */

UNLOCK TABLES

/*!50001 DROP VIEW IF EXISTS `v`*/

/*!50001 CREATE ALGORITHM=UNDEFINED */ /*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */ /*!50001 VIEW `v` AS SELECT 1 AS `id` */

/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `trg` BEFORE INSERT ON `customers` FOR EACH ROW SET NEW.name = TRIM(NEW.name) */

/*!50106 CREATE*/ /*!50117 DEFINER=`root`@`localhost`*/ /*!50106 EVENT `ev` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO DELETE FROM customers WHERE 1 = 0 */

CREATE DEFINER=`root`@`localhost` PROCEDURE `place_order`(IN a int, IN b varchar(10)) BEGIN INSERT INTO orders (id) VALUES (a); SELECT a; END

/*!50003 SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION' */

/*!50003 SET @saved_col_connection = @@collation_connection */

/*!50003 DROP FUNCTION IF EXISTS `discount` */

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */

/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */

/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */

ALTER DATABASE `shop` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci

-- Migration tools: Flyway, Liquibase, Rails, Laravel, Django, Alembic, golang-migrate, Prisma.
CREATE TABLE `flyway_schema_history` (`installed_rank` INT NOT NULL, `version` VARCHAR(50), `description` VARCHAR(200) NOT NULL, `success` BOOL NOT NULL, CONSTRAINT `flyway_schema_history_pk` PRIMARY KEY (`installed_rank`)) ENGINE=InnoDB AS SELECT 1 as `installed_rank`, '1' as `version`, 'x' as `description`, TRUE as `success`

CREATE INDEX `flyway_schema_history_s_idx` ON `shop`.`flyway_schema_history` (`success`)

CREATE TABLE DATABASECHANGELOGLOCK (ID INT NOT NULL, LOCKED TINYINT NOT NULL, LOCKGRANTED datetime NULL, LOCKEDBY VARCHAR(255) NULL, CONSTRAINT PK_DATABASECHANGELOGLOCK PRIMARY KEY (ID))

CREATE TABLE `schema_migrations` (`version` varchar(255) NOT NULL PRIMARY KEY)

create table `users` (`id` bigint unsigned not null auto_increment primary key, `name` varchar(255) not null) default character set utf8mb4 collate 'utf8mb4_unicode_ci'

alter table `users` add `email` varchar(255) null after `name`

alter table `users` add unique `users_email_unique`(`email`)

ALTER TABLE `customers` ADD COLUMN `state` varchar(10) DEFAULT 'new' NOT NULL

ALTER TABLE `customers` ALTER COLUMN `state` DROP DEFAULT

ALTER TABLE `customers` MODIFY `state` varchar(20) NULL

ALTER TABLE `customers` ADD CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `users` (`id`)

RENAME TABLE `customers` TO `clients`

DROP INDEX `k` ON `customers`

CREATE USER 'reporting'@'10.%' IDENTIFIED BY 'x'

GRANT SELECT ON `shop`.* TO 'reporting'@'10.%'

-- pt-online-schema-change and gh-ost, writing.
CREATE TABLE `shop`.`_customers_new` LIKE `shop`.`customers`

ALTER TABLE `shop`.`_customers_new` ADD COLUMN c int

CREATE TRIGGER `pt_osc_shop_customers_del` AFTER DELETE ON `shop`.`customers` FOR EACH ROW BEGIN DECLARE CONTINUE HANDLER FOR 1146 begin end; DELETE IGNORE FROM `shop`.`_customers_new` WHERE `shop`.`_customers_new`.`id` <=> OLD.`id`; END

INSERT LOW_PRIORITY IGNORE INTO `shop`.`_customers_new` (`id`, `name`) SELECT `id`, `name` FROM `shop`.`customers` FORCE INDEX(`PRIMARY`) WHERE ((`id` >= 1)) AND ((`id` <= 2)) LOCK IN SHARE MODE /*pt-online-schema-change 1 copy nibble*/

ANALYZE TABLE `shop`.`_customers_new` /* pt-online-schema-change */

RENAME TABLE `shop`.`customers` TO `shop`.`_customers_old`, `shop`.`_customers_new` TO `shop`.`customers`

DROP TABLE IF EXISTS `shop`.`_customers_old`

DROP TRIGGER IF EXISTS `shop`.`pt_osc_shop_customers_del`

create /* gh-ost */ table `shop`.`_customers_ghc` ( id bigint unsigned auto_increment, last_update timestamp not null DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, hint varchar(64) charset ascii not null, value varchar(4096) charset ascii not null, primary key(id), unique key hint_uidx(hint) ) auto_increment=256 comment='gh-ost'

insert /* gh-ost */ into `shop`.`_customers_ghc` (id, hint, value) values (NULLIF(1, 0), 'heartbeat', '2026') on duplicate key update last_update=NOW(), value=VALUES(value)

lock /* gh-ost */ tables `shop`.`customers` write, `shop`.`_customers_del` write

rename /* gh-ost */ table `shop`.`customers` to `shop`.`_customers_del`, `shop`.`_customers_gho` to `shop`.`customers`

SET SESSION innodb_lock_wait_timeout=1

SET @@binlog_format := 'STATEMENT'
