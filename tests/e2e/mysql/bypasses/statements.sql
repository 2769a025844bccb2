-- Ways to change something past a guard, by evasion number. `-- case: NAME` begins one; what follows is one COM_QUERY
-- (with multi-statements) of an application login, `-- next` begins the next on the same connection. `-- expect: log`,
-- `-- expect: allow`: recorded or let through as the design says, instead of refused. `-- setup: SQL` is run before by
-- an administrator, directly; `-- direct: fails`: the server itself rejects something of it; `-- server: mysql` or
-- `-- server: mariadb`: only there; `-- version: 80036` or `-- version: 5.5.5-10.11.19-MariaDB` in the greeting. In the
-- text {0C} is the byte with that hexadecimal number.

-- case: M1 multi-statements
SELECT 1; CREATE TABLE m1 (a int)

-- case: M3 charset change inside the packet
SET NAMES gbk; SELECT '{AA}\'; DROP TABLE customers; -- '

-- case: M3 charset change that is no constant
SET @c = 'gbk'; SET character_set_client = @c; SELECT '{AA}\'; DROP TABLE customers; -- '

-- case: M4 sql_mode change inside the packet
SET sql_mode='NO_BACKSLASH_ESCAPES'; SELECT '\'; DROP TABLE customers; -- '

-- case: M4 sql_mode by expression
SET @@sql_mode=concat('NO_BACKSLASH','_ESCAPES')
-- next
SELECT '\'; DROP TABLE customers; -- '

-- case: M4 sql_mode as a number
SET @@sql_mode=1048576; SELECT '\'; DROP TABLE customers; -- '

-- case: M4 ansi quotes
SET sql_mode=ANSI_QUOTES; DROP TABLE "customers"

-- case: M4 names in brackets
-- server: mariadb
SET sql_mode=MSSQL; SELECT 1 AS [a'] ; DROP TABLE customers; -- '

-- case: M4 names in brackets, among literals
-- server: mariadb
SET sql_mode=MSSQL
-- next
SELECT 1 FROM (VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)) [']; DROP TABLE customers; -- '

-- case: M5 error midway
CREATE TABLE m5 (a int); SELECT * FROM no_such_table; CREATE TABLE m5b (a int)
-- direct: fails

-- case: M6 implicit commit
START TRANSACTION; INSERT INTO customers (name) VALUES ('x'); CREATE TABLE m6 (a int); ROLLBACK

-- case: M9 prepare of constant text
PREPARE p FROM 'create table m9 (a int)'; EXECUTE p

-- case: M9 prepare of a variable
SET @q=concat('cre','ate table m9b(a int)'); PREPARE p FROM @q; EXECUTE p

-- case: M9 execute immediate
-- server: mariadb
EXECUTE IMMEDIATE concat('cre', 'ate table m9c(a int)')

-- case: M9 execute immediate of hexadecimal text
-- server: mariadb
EXECUTE IMMEDIATE 0x63726561746520747461626c65206d39642861206920696e7429
-- direct: fails

-- case: M9 constant text inside constant text
-- server: mariadb
EXECUTE IMMEDIATE 'execute immediate ''drop table if exists m9e'''

-- case: M29 text edges
-- direct: fails
SELECT 1{00}; DROP TABLE customers

-- case: M29 semicolons
;;;DROP TABLE customers
-- direct: fails

-- case: M30 temporary shadow: the second drop hits the real table
CREATE TEMPORARY TABLE customers (a int); DROP TABLE customers; DROP TABLE customers

-- case: M30 temporary shadow that is only prepared
PREPARE p FROM 'create temporary table customers (a int)'; ALTER TABLE customers ADD m30 int

-- case: M30 temporary shadow under a condition
-- server: mariadb
IF 0 THEN CREATE TEMPORARY TABLE customers (a int); END IF; ALTER TABLE customers ADD m30b int

-- case: M30 temporary table that is renamed into the default database
-- setup: CREATE DATABASE IF NOT EXISTS m30; CREATE TABLE m30.moved (a int)
CREATE TEMPORARY TABLE m30.t (a int); ALTER TABLE m30.t RENAME TO moved; ALTER TABLE m30.moved ADD m30 int

-- case: M46 use that is only prepared
PREPARE p FROM 'use information_schema'; CREATE TABLE m46c (a int)

-- case: M31 rename swap
-- setup: CREATE TABLE m31 (a int)
RENAME TABLE customers TO m31_old, m31 TO customers

-- case: M31 exchange partition
-- setup: CREATE TABLE m31p (a int) PARTITION BY HASH (a) PARTITIONS 2
-- setup: CREATE TABLE m31q (a int)
ALTER TABLE m31p EXCHANGE PARTITION p0 WITH TABLE m31q

-- case: M31 import tablespace
ALTER TABLE customers IMPORT TABLESPACE
-- direct: fails

-- case: M32 event
CREATE EVENT m32 ON SCHEDULE AT CURRENT_TIMESTAMP DO CREATE TABLE m32 (a int)

-- case: M32 event scheduler
SET GLOBAL event_scheduler = ON

-- case: M34 block that stands alone
-- server: mariadb
BEGIN NOT ATOMIC CREATE TABLE m34 (a int); END

-- case: M34 if
-- server: mariadb
IF 1 THEN CREATE TABLE m34b (a int); END IF

-- case: M34 for
-- server: mariadb
FOR i IN 1..1 DO CREATE TABLE m34c (a int); END FOR

-- case: M34 handler
-- server: mariadb
BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR SQLEXCEPTION CREATE TABLE m34d (a int); SELECT * FROM no_such; END

-- case: M34 oracle block
-- server: mariadb
SET sql_mode=ORACLE
-- next
BEGIN EXECUTE IMMEDIATE 'create table m34e (a int)'; END;

-- case: M36 procedure that runs text
-- server: mysql
CALL sys.execute_prepared_stmt('create table m36 (a int)')

-- case: M36 procedure that makes a database
CALL sys.create_synonym_db('shop', 'm36')

-- case: M37 federated
CREATE TABLE m37 (a int) ENGINE=FEDERATED CONNECTION='mysql://u:p@127.0.0.1/d/t'
-- direct: fails

-- case: M37 loadable function
CREATE FUNCTION m37 RETURNS STRING SONAME 'x.so'
-- direct: fails

-- case: M37 function of spider
SELECT SPIDER_DIRECT_SQL('create table x (a int)', 'a', 'b')
-- direct: fails

-- case: M38 outfile
SELECT 1 INTO OUTFILE '/tmp/m38'

-- case: M38 dumpfile
SELECT 1 INTO DUMPFILE '/tmp/m38b'

-- case: M38 load_file
SELECT LOAD_FILE('/etc/passwd')

-- case: M38 load data
LOAD DATA INFILE '/tmp/m38' INTO TABLE customers
-- direct: fails

-- case: M38 local infile
LOAD DATA LOCAL INFILE '/tmp/m38' INTO TABLE customers

-- case: M38 local infile behind words
LOAD DATA CONCURRENT LOCAL INFILE '/tmp/m38' INTO TABLE customers

-- case: M38 local infile behind a comment
/* x */ LOAD /*!50000 DATA LOCAL */ INFILE '/tmp/m38' INTO TABLE customers

-- case: M40 executable comment
/*!50000 DROP TABLE IF EXISTS m40 */

-- case: M40 executable comment without version
/*! DROP TABLE IF EXISTS m40 */

-- case: M40 comment of MariaDB
-- server: mariadb
/*M!100100 DROP TABLE IF EXISTS m40 */

-- case: M40 comment of MySQL
-- server: mysql
/*!80000 DROP TABLE IF EXISTS m40 */

-- case: M40 key words parted by comments
drop/**/table/*!*/if/* */exists m40

-- case: M40 half of it in a comment
DROP /*!50000 TABLE IF EXISTS */ m40

-- case: M40 line comment with a carriage return
-- expect: allow
SELECT 1 -- x{0D}drop table customers

-- case: M40 two minus signs
SELECT 1--1; DROP TABLE IF EXISTS m40

-- case: M42 set default role
SET DEFAULT ROLE NONE

-- case: M44 definition between XA statements
XA RECOVER; CREATE TABLE m44 (a int)

-- case: M45 kill
-- expect: log
KILL QUERY 4294967295
-- direct: fails

-- case: M46 another database by name
CREATE TABLE mysql.m46 (a int)

-- case: M46 use
USE information_schema; CREATE TABLE shop.m46b (a int)

-- case: M47 binlog
BINLOG 'AAAA'
-- direct: fails

-- case: M49 create or replace
-- server: mariadb
CREATE OR REPLACE TABLE m49 (a int)

-- case: M50 sequence
-- server: mariadb
CREATE SEQUENCE m50

-- case: M50 server
CREATE SERVER m50 FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1')

-- case: M50 plugin
INSTALL PLUGIN m50 SONAME 'x.so'
-- direct: fails

-- case: set statement for
-- server: mariadb
SET STATEMENT max_statement_time=5 FOR CREATE TABLE ss (a int)

-- case: create table as select
CREATE TABLE cs AS SELECT 1 AS a

-- case: create table like
CREATE TABLE cl LIKE customers

-- case: create schema
CREATE SCHEMA cs

-- case: drop database
DROP DATABASE IF EXISTS no_such_database

-- case: alter database without a name
ALTER DATABASE CHARACTER SET utf8mb4

-- case: alter ignore
-- server: mariadb
ALTER IGNORE TABLE customers ADD COLUMN ai int

-- case: drop tables
DROP TABLES IF EXISTS dt

-- case: drop index
-- setup: CREATE INDEX di ON customers (name(5))
DROP INDEX di ON customers

-- case: procedure
CREATE PROCEDURE pr() SELECT 1

-- case: view
CREATE VIEW vi AS SELECT 1 AS a

-- case: trigger
CREATE TRIGGER tr BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = 'x'

-- case: grant
GRANT SELECT ON shop.* TO 'app'@'%'

-- case: create user
CREATE USER bypass IDENTIFIED BY 'x'

-- case: set password
SET PASSWORD = ''

-- case: rename user
-- direct: fails
RENAME USER no_such_user TO another

-- case: write into system tables
INSERT INTO mysql.proc SELECT * FROM mysql.proc WHERE 1 = 0

-- case: write into system tables through a join
UPDATE mysql.global_priv g JOIN customers c ON 1 = 0 SET g.host = 'x'

-- case: write into system tables under an alias
DELETE g FROM mysql.global_priv g WHERE 1 = 0

-- case: write into system tables after use
USE mysql; DELETE FROM global_priv WHERE 1 = 0

-- case: not in the binary log
SET sql_log_bin = 0

-- case: not in the binary log, among others
SET autocommit = 1, @@session.sql_log_bin = 0

-- case: global settings
SET GLOBAL general_log = 0

-- case: global settings in the other spelling
SET @@GLOBAL.local_infile = 1

-- case: persisted settings
-- server: mysql
SET PERSIST max_connections = 1

-- case: replication
CHANGE MASTER TO MASTER_HOST='x'
-- direct: fails

-- case: purge
PURGE BINARY LOGS BEFORE '2000-01-01'

-- case: shutdown
SHUTDOWN WAIT FOR ALL SLAVES
-- server: mariadb
-- direct: fails

-- case: flush
-- expect: log
FLUSH TABLES

-- case: truncate
-- expect: log
TRUNCATE TABLE no_such_table
-- direct: fails

-- case: optimize
-- expect: log
OPTIMIZE TABLE customers

-- case: procedure call
-- expect: allow
CALL no_such_procedure()
-- direct: fails

-- case: unknown word
FROBNICATE TABLE customers
-- direct: fails

-- case: explain of a definition
EXPLAIN CREATE TABLE e (a int)
-- direct: fails

-- case: analyze of a definition
-- server: mariadb
ANALYZE CREATE TABLE e (a int)
-- direct: fails

-- case: definition behind a delimiter command
DELIMITER ;; CREATE TABLE d (a int);;
-- direct: fails
