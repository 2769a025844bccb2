-- What clients and drivers send by themselves. One paragraph is one COM_QUERY of an application login, without the ';'.
-- Directives above a paragraph: `-- fails`: a MariaDB server itself rejects it; `-- mysql`, `-- mariadb`: only that
-- flavour understands it; `-- migrator`: a migrator sends it. On a live server many of them meet tables that are not
-- there: any answer will do that is not the guard's.

-- The mysql and mariadb clients.
select @@version_comment limit 1

SELECT DATABASE()

SELECT USER()

show databases

show tables

select 'xyz' as `a;b`; select 2

-- fails
HELP 'contents'

-- mariadb
SELECT CURRENT_USER(), @@hostname, @@port, @@character_set_client, @@sql_mode

-- Connector/J.
/* mysql-connector-java-8.0.33 (Revision: 7d6b0800528b6b25c68b52dc10d6c1c8429c100c) */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results, @@character_set_server AS character_set_server, @@collation_server AS collation_server, @@collation_connection AS collation_connection, @@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@performance_schema AS performance_schema, @@sql_mode AS sql_mode, @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@tx_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout

SET NAMES utf8mb4

SET character_set_results = NULL

SET autocommit=1

SET sql_mode='STRICT_TRANS_TABLES'

SET SESSION TRANSACTION READ WRITE

set session transaction read only

SELECT @@session.tx_read_only

SELECT @@session.tx_isolation

SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED

SET SQL_SELECT_LIMIT=DEFAULT

SET SESSION max_statement_time=5

SHOW WARNINGS

SHOW VARIABLES WHERE Variable_name ='language' OR Variable_name = 'net_write_timeout' OR Variable_name = 'interactive_timeout'

SHOW FULL TABLES FROM `shop` LIKE 'customers'

SHOW FULL COLUMNS FROM `customers` FROM `shop` LIKE '%'

SHOW KEYS FROM `customers` FROM `shop`

/* ping */ SELECT 1

SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, CASE WHEN TABLE_TYPE='BASE TABLE' THEN CASE WHEN TABLE_SCHEMA = 'mysql' OR TABLE_SCHEMA = 'performance_schema' THEN 'SYSTEM TABLE' ELSE 'TABLE' END WHEN TABLE_TYPE='TEMPORARY' THEN 'LOCAL_TEMPORARY' ELSE TABLE_TYPE END AS TABLE_TYPE, TABLE_COMMENT AS REMARKS FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'shop' ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME

SELECT name, type, comment FROM mysql.proc WHERE name like '%' and db <=> 'shop' ORDER BY name

-- The MariaDB drivers for Java, Node and C.
set autocommit=1, sql_mode=concat(@@sql_mode,',STRICT_TRANS_TABLES'), session_track_schema=1, tx_isolation='REPEATABLE-READ'

-- mariadb
set session_track_system_variables='autocommit,character_set_client,transaction_isolation', names UTF8MB4

SELECT @@max_allowed_packet, @@system_time_zone, @@time_zone, @@auto_increment_increment

-- mariadb
SELECT @@max_allowed_packet,@@wait_timeout,@@session.tx_isolation,@@in_transaction

-- fails
SET SESSION group_concat_max_len = 1000000, wsrep_sync_wait = 1

-- mysql2 and mysql for Node, with their dollar signs and backslashes.
SELECT 1 + 1 AS solution, 'it\'s; DROP TABLE x' AS text, "a \"quoted\" word" AS other

SET time_zone = '+00:00'

SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci

SELECT `id`, `price$usd` FROM (SELECT 1 AS id, 2 AS `price$usd`) t

-- PyMySQL, mysqlclient, mysql-connector-python.
SET AUTOCOMMIT = 0

SET @@session.autocommit = OFF

SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci'

SHOW VARIABLES LIKE 'sql_mode'

SET sql_mode = 'TRADITIONAL'

SET @@session.sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'

SET FOREIGN_KEY_CHECKS=0

SET UNIQUE_CHECKS=1

SELECT CONCAT('100%%', '%s')

-- PDO, mysqli.
SET NAMES utf8

SET CHARACTER SET utf8

set character set latin1

SET SESSION sql_mode=''

SET SESSION sql_mode=REPLACE(REPLACE(REPLACE(@@sql_mode, 'STRICT_TRANS_TABLES', ''), 'NO_ZERO_DATE', ''), ',,', ',')

SELECT CAST('2026-01-01' AS DATE), _utf8mb4'abc' COLLATE utf8mb4_bin, x'4D7953514C', 0x41, b'101', N'text'

DO SLEEP(0)

DO GET_LOCK('x', 0), RELEASE_LOCK('x')

-- Perl DBI, R, ODBC.
SELECT LAST_INSERT_ID()

SET SQL_AUTO_IS_NULL = 0

SET SQL_BIG_SELECTS=1, SQL_SAFE_UPDATES=0, profiling=0

SHOW COUNT(*) WARNINGS

SHOW ENGINES

-- Connection pools: HikariCP, c3p0, DBCP, SQLAlchemy's pre-ping.
/* ping */

select 1

SELECT 1 FROM DUAL

ROLLBACK

COMMIT

SET TRANSACTION ISOLATION LEVEL SERIALIZABLE

START TRANSACTION WITH CONSISTENT SNAPSHOT

COMMIT WORK AND NO CHAIN NO RELEASE

BEGIN WORK

ROLLBACK WORK

USE shop

RESET QUERY CACHE
