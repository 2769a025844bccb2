-- What administration tools, exporters, backups and change capture send. See clients_and_drivers.sql for the format.

-- phpMyAdmin, Adminer.
SET collation_connection = 'utf8mb4_unicode_ci'

SET lc_messages = 'en_US'

SELECT CURRENT_USER()

SHOW GLOBAL STATUS

SHOW SESSION VARIABLES LIKE 'character_set%'

SELECT `SCHEMA_NAME` FROM `INFORMATION_SCHEMA`.`SCHEMATA`

SHOW GRANTS

-- fails
SELECT COUNT(*) FROM `phpmyadmin`.`pma__userconfig`

SELECT *, `TABLE_SCHEMA` AS `Db`, `TABLE_NAME` AS `Name` FROM `information_schema`.`TABLES` t WHERE `TABLE_SCHEMA` COLLATE utf8_bin IN ('shop') ORDER BY Name ASC LIMIT 250 OFFSET 0

SHOW TABLE STATUS FROM `shop`

SHOW PROCEDURE STATUS

SHOW CREATE DATABASE `shop`

SHOW TRIGGERS LIKE 'customers'

SHOW EVENTS

SHOW PLUGINS

SHOW COLLATION

SHOW CHARACTER SET

-- DBeaver, DataGrip, HeidiSQL, MySQL Workbench.
/* mysql-connector-java-8.0.29 */SELECT DATABASE()

/* ApplicationName=DBeaver 24.1.0 - Main */ SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ

/* ApplicationName=DBeaver 24.1.0 - Metadata */ SELECT * FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = 'information_schema' AND t.TABLE_NAME = 'CHECK_CONSTRAINTS'

/* ApplicationName=DataGrip 2024.1 */ select table_name from information_schema.tables where table_schema collate utf8_general_ci = 'information_schema' and table_name collate utf8_general_ci = 'parameters'

/* ApplicationName=DataGrip 2024.1 */ SET net_write_timeout = 600000

/* ApplicationName=DataGrip 2024.1 */ SET SQL_SELECT_LIMIT=501

/*!40101 SET NAMES utf8mb4 */

SHOW VARIABLES LIKE 'lower_case_%'

SET CHARACTER SET utf8mb4

SHOW SESSION STATUS LIKE 'Ssl_cipher'

SELECT `COLUMN_NAME` FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA='shop' AND TABLE_NAME='customers'

SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED

SELECT st.* FROM performance_schema.events_statements_current st JOIN performance_schema.threads thr ON thr.thread_id = st.thread_id WHERE thr.processlist_id = 1

SELECT CONNECTION_ID()

SET SQL_SAFE_UPDATES=1

-- fails
SHOW FULL PROCESSLIST FOR 1

SHOW FULL PROCESSLIST

-- Exporters and agents: mysqld_exporter, Datadog, New Relic, Zabbix, PMM, Telegraf, MySQLTuner.
SHOW GLOBAL VARIABLES

SHOW ENGINE INNODB STATUS

SHOW SLAVE STATUS

-- mariadb
SHOW ALL SLAVES STATUS

-- mysql
SHOW REPLICA STATUS

SHOW MASTER STATUS

SHOW BINARY LOGS

SHOW OPEN TABLES WHERE In_use > 0

SELECT COUNT(*) FROM information_schema.processlist WHERE command != 'Sleep'

SELECT @@global.read_only, @@GLOBAL.max_connections, @@global.innodb_buffer_pool_size

SELECT table_schema, table_name, data_length FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'performance_schema', 'information_schema', 'sys')

SELECT IFNULL(schema_name, 'NONE') AS schema_name, digest, LEFT(digest_text, 120) AS digest_text, count_star FROM performance_schema.events_statements_summary_by_digest WHERE last_seen > DATE_SUB(NOW(), INTERVAL 86400 SECOND) ORDER BY sum_timer_wait DESC LIMIT 250

SET SESSION lock_wait_timeout=2

-- mysql
SET SESSION max_execution_time = 1000

/*!80000 SET SESSION information_schema_stats_expiry=0 */

SELECT CONCAT(user, '@', host) FROM mysql.user WHERE 1 = 0

SELECT 1 /* health check */

-- mysqldump, mariadb-dump, mydumper: reading.
/*!40100 SET @@SQL_MODE='' */

/*!40103 SET TIME_ZONE='+00:00' */

/*!80000 SET SESSION information_schema_stats_expiry=0 */

SET SESSION NET_READ_TIMEOUT= 86400, SESSION NET_WRITE_TIMEOUT= 86400

FLUSH /*!40101 LOCAL */ TABLES

FLUSH TABLES WITH READ LOCK

SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ

START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */

UNLOCK TABLES

SHOW VARIABLES LIKE 'gtid\_mode'

SELECT LOGFILE_GROUP_NAME, FILE_NAME, TOTAL_EXTENTS, INITIAL_SIZE, ENGINE, EXTRA FROM INFORMATION_SCHEMA.FILES WHERE FILE_TYPE = 'UNDO LOG' AND FILE_NAME IS NOT NULL AND LOGFILE_GROUP_NAME IS NOT NULL GROUP BY LOGFILE_GROUP_NAME, FILE_NAME, ENGINE, TOTAL_EXTENTS, INITIAL_SIZE ORDER BY LOGFILE_GROUP_NAME

SHOW CREATE DATABASE IF NOT EXISTS `shop`

SAVEPOINT sp

SET SQL_QUOTE_SHOW_CREATE=1

SET SESSION character_set_results = 'binary'

SELECT @@collation_database

SET SESSION character_set_results = 'utf8mb4'

SELECT /*!40001 SQL_NO_CACHE */ * FROM `customers`

SELECT /*!40001 SQL_NO_CACHE */ `id`, `name` FROM `customers` WHERE 1 LIMIT 1

LOCK TABLES `customers` READ /*!32311 LOCAL */,`orders` READ /*!32311 LOCAL */

ROLLBACK TO SAVEPOINT sp

RELEASE SAVEPOINT sp

SELECT IF(COUNT(*) > 0, 1, 0) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'x'

/*!50003 SELECT TRIGGER_NAME FROM INFORMATION_SCHEMA.TRIGGERS WHERE EVENT_OBJECT_TABLE = 'customers' */

-- mariadb
/*M!100100 SELECT 1 */

SHOW FUNCTION STATUS WHERE Db = 'shop'

SHOW FIELDS FROM `customers`

-- Percona Toolkit, reading: pt-query-digest, pt-duplicate-key-checker, pt-stalk, pt-archiver.
SET SESSION wait_timeout=10000

SET SESSION lock_wait_timeout=60

SHOW VARIABLES LIKE 'innodb\_lock_wait_timeout'

/*!40101 SET @OLD_SQL_MODE := @@SQL_MODE, @@SQL_MODE := '', @OLD_QUOTE := @@SQL_QUOTE_SHOW_CREATE, @@SQL_QUOTE_SHOW_CREATE := 1 */

/*!40101 SET @@SQL_MODE := @OLD_SQL_MODE, @@SQL_QUOTE_SHOW_CREATE := @OLD_QUOTE */

SELECT /*!40001 SQL_NO_CACHE */ `id` FROM `shop`.`customers` FORCE INDEX(`PRIMARY`) WHERE 1 = 1 ORDER BY `id` LIMIT 1

SELECT CONCAT(@@hostname, @@port)

/*!50108 SET @@binlog_row_image := @@binlog_row_image */

EXPLAIN SELECT * FROM `shop`.`customers` WHERE 1=1

-- gh-ost and Debezium, reading.
select @@global.log_bin, @@global.binlog_format

select /* gh-ost */ @@global.version, @@global.time_zone

show /* gh-ost */ grants for current_user()

show /* gh-ost */ table status from `shop` like 'customers'

explain select /* gh-ost */ * from `shop`.`customers` where 1=1

select get_lock('gh-ost.1.lock', 0)

SHOW VARIABLES WHERE Variable_name IN ('character_set_server','collation_server')

SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME FROM INFORMATION_SCHEMA.SCHEMATA

SHOW FULL TABLES IN `shop` where Table_Type = 'BASE TABLE'

SELECT COUNT(1) AS isAurora FROM INFORMATION_SCHEMA.GLOBAL_VARIABLES WHERE 1 = 0

-- sysbench, mysqlslap.
SELECT c FROM sbtest1 WHERE id BETWEEN 1 AND 100 ORDER BY c

SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 1 AND 100 ORDER BY c

INSERT INTO sbtest1 (id, k, c, pad) VALUES (0, 1, '1-2', '3-4')

UPDATE sbtest1 SET k=k+1 WHERE id=1
