"""MariaDB's grammar of definitions as templates, for definition_generator.py.

In a template {rule} stands for one alternative of that rule or for a name that the generator draws, [a|b] for one of
them or nothing, <a|b> for one of them; everything else stands for itself, a string in quotes as one token. A weight may
stand in front: "5: …".
"""

RULES = {
    "definition": [
        "25: {alter_table}", "9: {create_table}", "4: {drop_table}", "4: {rename_table}", "1: TRUNCATE [TABLE] {table}",
        "4: {create_index}", "3: DROP INDEX [IF EXISTS] {any_index}", "6: {partitions}", "7: {view}", "7: {routine}",
        "5: {trigger}", "5: {event}", "4: {sequence}", "2: {database}", "5: {account}", "3: {privilege}", "2: {server}"],

    # Tables.
    "create_table": [
        "12: CREATE [OR REPLACE] TABLE [IF NOT EXISTS] {new_table} ( {elements} ) [{options}]",
        "1: CREATE TEMPORARY TABLE {new_table} ( {elements} ) [{options}]",
        "1: CREATE [TEMPORARY] TABLE {new_table} LIKE {table}", "1: CREATE TABLE [IF NOT EXISTS] {new_table} ( LIKE {table} )",
        "2: CREATE [OR REPLACE] TABLE {new_table} [ENGINE=InnoDB] [AS] {query}",
        "1: CREATE TABLE {new_table} ( z INT ) [IGNORE|REPLACE] SELECT 1 AS z",
        "1: CREATE TABLE {new_table} ( {elements} ) WITH SYSTEM VERSIONING",
        "1: CREATE TABLE {new_table} ( id INT , rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START , re TIMESTAMP(6) GENERATED ALWAYS AS ROW"
        " END , PERIOD FOR SYSTEM_TIME ( rs , re ) ) WITH SYSTEM VERSIONING",
        "1: CREATE TABLE {new_table} ( id INT , s DATE NOT NULL , e DATE NOT NULL , PERIOD FOR {p} ( s , e )"
        " [, UNIQUE ( id , {p} WITHOUT OVERLAPS )] )"],
    "elements": [
        "id INT [PRIMARY KEY]", "id INT , {c1} {column_definition}", "id INT , {c1} {column_definition} , {c2} {column_definition}",
        "id INT NOT NULL , {c1} {indexed_type} , {c3} {column_definition} , <KEY|INDEX|UNIQUE|UNIQUE KEY> [{new_index}] ( {c1} [DESC] )",
        "id INT , {c1} {indexed_type} , {c2} {column_definition} , [CONSTRAINT [{ck9}]] CHECK ( {c1} IS NOT NULL )",
        "id INT , {c1} INT , CONSTRAINT {fk9} FOREIGN KEY [{fi}] ( id ) REFERENCES {parent} ( id ) [{actions}] , PRIMARY KEY ( {c1} )",
        "id INT , {new_column} {column_definition} , {c4} INT REFERENCES {parent} ( id )",
        "id INT , {c1} TEXT , FULLTEXT [KEY|INDEX] {new_index} ( {c1} ) [COMMENT 'on c1, c2']"],
    "query": ["SELECT 1 AS {a b} , 2 AS z", "SELECT * FROM {parent}", "WITH w AS ( SELECT 1 AS q ) SELECT * FROM w", "VALUES (1)", "( SELECT 1 AS y )"],
    "options": ["{option}", "{option} {option}", "{option} , {option}"],
    "option": [
        "ENGINE <=|> <InnoDB|MyISAM|Aria|MEMORY>", "AUTO_INCREMENT=5", "COMMENT <=|> <'a, b'|'x;y'|'rename to z'>",
        "[DEFAULT] <CHARSET|CHARACTER SET> <=|> <latin1|utf8mb4>", "[DEFAULT] COLLATE <=|> <latin1_bin|utf8mb4_bin>",
        "ROW_FORMAT=<COMPACT|DYNAMIC|DEFAULT>", "MAX_ROWS 10", "MIN_ROWS=1", "AVG_ROW_LENGTH=100", "CHECKSUM=1", "DELAY_KEY_WRITE=1",
        "PACK_KEYS=DEFAULT", "STATS_PERSISTENT=0", "STATS_AUTO_RECALC=DEFAULT", "STATS_SAMPLE_PAGES=8", "KEY_BLOCK_SIZE=8",
        "PAGE_CHECKSUM=1", "TRANSACTIONAL=0", "INSERT_METHOD=NO", "ENCRYPTED=NO", "IETF_QUOTES=NO", "UNION=()"],
    "type": [
        "INT", "INT(11) UNSIGNED ZEROFILL", "BIGINT SIGNED", "TINYINT(1)", "MIDDLEINT", "INT4", "INT1", "BOOL", "DECIMAL(10,2)", "DEC(5)",
        "FIXED(6,3)", "NUMERIC", "DOUBLE PRECISION", "FLOAT(7,4)", "FLOAT8", "REAL", "BIT(8)", "DATE", "TIME(3)", "YEAR", "YEAR(4)",
        "DATETIME(6)", "TIMESTAMP NULL", "CHAR(10)", "VARCHAR(30)", "VARCHAR ( 20 ) CHARACTER SET latin1", "CHAR VARYING(9)", "VARCHARACTER(3)",
        "NATIONAL CHAR VARYING(10)", "NATIONAL CHARACTER(3)", "NCHAR(4)", "NVARCHAR(7)", "CHAR(5) BINARY", "CHAR(5) ASCII", "CHAR(3) UNICODE",
        "CHAR BYTE", "BINARY(16)", "VARBINARY(20)", "LONG VARCHAR", "LONG", "LONG VARBINARY", "TEXT", "TINYTEXT", "MEDIUMTEXT", "BLOB(10)", "JSON",
        "UUID", "INET6", "INET4", "ENUM ( 'a' , 'b,c)' )", "SET ( 'x' , 'y''z' )", "POINT", "GEOMETRY", "VARCHAR(50) COMPRESSED", "SERIAL"],
    "indexed_type": ["INT", "BIGINT UNSIGNED", "VARCHAR(30)", "DATE", "CHAR(10)"],
    "column_definition": [
        "9: {type}", "6: {type} {attribute}", "4: {type} {attribute} {attribute}",
        "1: INT [GENERATED ALWAYS] AS ( 1 + 1 ) [VIRTUAL|STORED|PERSISTENT]", "1: TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP [()]",
        "1: INT [NOT NULL] UNIQUE [KEY]", "1: INT DEFAULT {expression} COMMENT 'default, not null'", "1: INT REFERENCES {parent} ( id )",
        "1: VARCHAR(10) COLLATE utf8mb4_bin [CONSTRAINT {ck8}] CHECK ( CHAR_LENGTH('a,b') > 0 )"],
    "attribute": ["NOT NULL", "NULL", "DEFAULT NULL", "COMMENT 'it''s, (a) comment'", "INVISIBLE", "CHECK (1 = 1)", "DEFAULT (1 + 1)",
                  "COMMENT 'first'", "NOT NULL DEFAULT '1'", "WITHOUT SYSTEM VERSIONING", "PRIMARY KEY", "KEY", "AUTO_INCREMENT KEY"],
    "expression": ["1", "'x'", "CURRENT_TIMESTAMP", "(1 + 2)", "UUID()", "NULL", "-5", "0x41", "1.5e3"],
    "place": ["FIRST", "AFTER {column}"],
    "actions": ["ON DELETE CASCADE", "ON UPDATE SET NULL", "ON DELETE NO ACTION ON UPDATE RESTRICT", "MATCH FULL ON DELETE SET DEFAULT"],
    "drop_table": [
        "DROP <TABLE|TABLES> [IF EXISTS] {table} [RESTRICT|CASCADE|WAIT 3|NOWAIT]", "DROP TABLE [IF EXISTS] {table} , {table} [, {table}]",
        "DROP TEMPORARY TABLE IF EXISTS {table}"],
    "rename_table": [
        "RENAME <TABLE|TABLES> [IF EXISTS] {table} [WAIT 2|NOWAIT] TO {new_table}", "RENAME TABLE {table} TO {new_table} , {table} TO {new_table}",
        "RENAME TABLE {view_name} TO {new_view}"],

    # ALTER TABLE.
    "alter_table": [
        "5: ALTER [ONLINE|IGNORE] TABLE [IF EXISTS] {table} [WAIT 2|NOWAIT] {clause}", "5: ALTER TABLE {table} {clause}",
        "6: ALTER TABLE {table} {clause} , {clause}", "3: ALTER TABLE {table} {clause} , {clause} , {clause} [, {clause}]"],
    "clause": [
        "6: ADD [COLUMN] [IF NOT EXISTS] {new_column} {column_definition} [{place}]",
        "2: ADD [COLUMN] ( {new_column} {column_definition} , {new_column} {column_definition} )",
        "1: ADD ( {new_column} {column_definition} , {key} )", "6: ADD {key}", "4: DROP [COLUMN] [IF EXISTS] {column} [RESTRICT|CASCADE]",
        "2: MODIFY [COLUMN] [IF EXISTS] {column} {column_definition} [{place}]",
        "2: CHANGE [COLUMN] [IF EXISTS] {column} {new_column} {column_definition} [{place}]",
        "1: CHANGE [COLUMN] {column} {column} {column_definition}", "2: RENAME COLUMN [IF EXISTS] {column} TO {new_column}",
        "1: ALTER [COLUMN] [IF EXISTS] {column} SET DEFAULT {expression}", "1: ALTER [COLUMN] {column} DROP DEFAULT",
        "2: DROP <INDEX|KEY> [IF EXISTS] {index}", "2: RENAME <INDEX|KEY> [IF EXISTS] {index} TO {new_index}",
        "1: ALTER <INDEX|KEY> [IF EXISTS] {index} <IGNORED|NOT IGNORED>", "1: DROP PRIMARY KEY", "2: DROP CONSTRAINT [IF EXISTS] {constraint}",
        "1: DROP FOREIGN KEY [IF EXISTS] {constraint}", "2: RENAME [TO|AS|=] {new_table}", "2: {options}",
        "1: CONVERT TO <CHARACTER SET|CHARSET> <latin1|utf8mb4|utf8mb4 COLLATE utf8mb4_bin|DEFAULT>", "1: ORDER BY {column} [DESC]",
        "1: <DISABLE|ENABLE> KEYS", "1: FORCE", "1: ALGORITHM <=|> <DEFAULT|COPY|INPLACE|INSTANT|NOCOPY>",
        "1: LOCK <=|> <NONE|SHARED|EXCLUSIVE|DEFAULT>", "1: <ADD|DROP> SYSTEM VERSIONING", "1: ADD PERIOD FOR {p} ( s , e )", "1: DROP PERIOD FOR {p}"],
    "key": [
        "3: <INDEX|KEY> [IF NOT EXISTS] [{new_index}] [USING BTREE] {key_parts} [{index_option}]",
        "1: [CONSTRAINT {u1}] UNIQUE [KEY|INDEX] [{new_index}] {key_parts}", "1: [CONSTRAINT [{pk}]] PRIMARY KEY {key_parts}",
        "1: <FULLTEXT|SPATIAL> [KEY|INDEX] {new_index} {key_parts}",
        "1: [CONSTRAINT [{fk1}]] FOREIGN KEY [IF NOT EXISTS] [{fi}] ( {column} ) REFERENCES {parent} ( id ) [{actions}]",
        "1: [CONSTRAINT [IF NOT EXISTS] [{ck1}]] CHECK ( {column} <IS NOT NULL|= 'drop, (table'> )"],
    "key_parts": ["( {column} )", "( {column} [ASC|DESC] , {column} )", "( {column} (3) )"],
    "index_option": ["USING <BTREE|HASH>", "COMMENT 'on x (a, b)'", "KEY_BLOCK_SIZE=4", "IGNORED", "NOT IGNORED"],
    "create_index": [
        "CREATE [OR REPLACE] [UNIQUE|FULLTEXT] INDEX [IF NOT EXISTS] {new_index} [USING BTREE] ON {table} {key_parts} [{index_option}]"
        " [ALGORITHM=COPY|LOCK=SHARED]", "CREATE INDEX {new_index} ON {table} {key_parts}"],

    # Partitions.
    "partitions": [
        "2: CREATE TABLE {new_part} ( id INT , v VARCHAR(5) ) [ENGINE=MyISAM] {scheme}", "1: ALTER TABLE {table} [COMMENT 'before'] {scheme}",
        "4: ALTER TABLE {partitioned} {partition_clause}"],
    "scheme": [
        "PARTITION BY RANGE (id) ( PARTITION p0 VALUES LESS THAN (10) , PARTITION p1 VALUES LESS THAN (20) )",
        "PARTITION BY LIST (id) ( PARTITION p0 VALUES IN (1, 2) , PARTITION p1 VALUES IN (3) )", "PARTITION BY HASH (id) PARTITIONS 3",
        "PARTITION BY KEY (id) PARTITIONS 2", "PARTITION BY LINEAR HASH (id)",
        "PARTITION BY RANGE COLUMNS (id, v) ( PARTITION p0 VALUES LESS THAN (1, 'a') , PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE) )",
        "PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 ( PARTITION p0 VALUES LESS THAN (10) , PARTITION p1 VALUES LESS THAN (20) )"],
    "partition_clause": [
        "ADD PARTITION ( PARTITION p2 VALUES LESS THAN (30) )", "ADD PARTITION PARTITIONS 1", "DROP PARTITION [IF EXISTS] p1", "COALESCE PARTITION 1",
        "<TRUNCATE|REBUILD|ANALYZE|CHECK|OPTIMIZE|REPAIR> PARTITION <p0|ALL>", "REMOVE PARTITIONING", "CONVERT PARTITION p1 TO TABLE {new_table}",
        "REORGANIZE PARTITION p1 INTO ( PARTITION q1 VALUES LESS THAN (15) , PARTITION q2 VALUES LESS THAN (20) )",
        "EXCHANGE PARTITION p0 WITH TABLE {swap} [WITH VALIDATION|WITHOUT VALIDATION]", "CONVERT TABLE {swap} TO PARTITION p9 VALUES LESS THAN (90)",
        "PARTITION BY HASH (id) PARTITIONS 2"],

    # Views and code.
    "definer": ["DEFINER=CURRENT_USER", "DEFINER = `root`@`localhost`", "DEFINER='root'@'127.0.0.1'", "DEFINER = root @ localhost", "DEFINER=CURRENT_USER()"],
    "view": [
        "5: CREATE [OR REPLACE] [ALGORITHM <=|> <MERGE|TEMPTABLE|UNDEFINED>] [{definer}] [SQL SECURITY <INVOKER|DEFINER>] VIEW [IF NOT EXISTS] {new_view}"
        " [( {a b} )] AS {view_query}", "2: ALTER [ALGORITHM=MERGE] [{definer}] [SQL SECURITY INVOKER] VIEW {view_name} AS {view_query}",
        "2: DROP VIEW [IF EXISTS] {view_name} [, {view_name}] [CASCADE]"],
    "view_query": ["SELECT 1 AS a", "SELECT id FROM {table}", "SELECT id FROM {table} WHERE 1 WITH [LOCAL|CASCADED] CHECK OPTION",
                   "( SELECT 1 AS a ) UNION SELECT 2", "WITH w AS ( SELECT 1 AS a ) SELECT * FROM w"],
    "routine": [
        "2: CREATE [OR REPLACE] [{definer}] [AGGREGATE] FUNCTION [IF NOT EXISTS] {new_routine} ( [a INT] ) RETURNS <INT|SET('a','b')> [{characteristic}]"
        " {function_body}",
        "3: CREATE [OR REPLACE] [{definer}] PROCEDURE [IF NOT EXISTS] {new_routine} ( [<IN|OUT|INOUT> a INT] ) [{characteristic}] {procedure_body}",
        "1: ALTER <PROCEDURE|FUNCTION> {routine_name} {characteristic} [COMMENT 'y']", "2: DROP <PROCEDURE|FUNCTION> [IF EXISTS] {routine_name}"],
    "characteristic": ["DETERMINISTIC", "COMMENT 'begin; end'", "SQL SECURITY <INVOKER|DEFINER>", "NO SQL", "READS SQL DATA", "MODIFIES SQL DATA"],
    "function_body": ["RETURN 1", "BEGIN DECLARE x INT DEFAULT 1; IF x THEN RETURN 2; END IF; RETURN x; END", "RETURN IF(1, 2, 3)"],
    "procedure_body": [
        "SELECT 1", "DROP TABLE t1", "BEGIN END", "BEGIN SELECT ';' ; l: LOOP LEAVE l; END LOOP; END", "SHOW TABLES", "COMMIT",
        "BEGIN IF 1 THEN CREATE TABLE zz (a INT); END IF; CASE 1 WHEN 1 THEN SELECT 1; END CASE; END"],
    "trigger": [
        "4: CREATE [OR REPLACE] [{definer}] TRIGGER [IF NOT EXISTS] {new_trigger} <BEFORE|AFTER> <INSERT|UPDATE|DELETE> ON {triggered} FOR EACH ROW"
        " [FOLLOWS g1|PRECEDES g1] {trigger_body}", "1: DROP TRIGGER [IF EXISTS] {trigger_name}"],
    "trigger_body": ["SET @a = 1", "BEGIN SET @a = 1; INSERT INTO parent VALUES (NULL); END", "INSERT INTO parent VALUES (NULL)"],
    "event": [
        "3: CREATE [OR REPLACE] [{definer}] EVENT [IF NOT EXISTS] {new_event} ON SCHEDULE {schedule} [ON COMPLETION [NOT] PRESERVE]"
        " [ENABLE|DISABLE|DISABLE ON SLAVE] [COMMENT 'do drop'] DO {event_body}",
        "2: ALTER [{definer}] EVENT {event_name} {event_change}", "1: DROP EVENT [IF EXISTS] {event_name}"],
    "schedule": ["EVERY 1 DAY", "AT CURRENT_TIMESTAMP + INTERVAL 1 YEAR", "EVERY '1:30' HOUR_MINUTE STARTS '2040-01-01' ENDS '2050-01-01'"],
    "event_body": ["SET @a = 1", "BEGIN SELECT 1; SET @a = 2; END", "DELETE FROM parent WHERE id = 9", "DROP TABLE t1"],
    "event_change": ["ON SCHEDULE {schedule}", "[ON COMPLETION PRESERVE] RENAME TO {new_event}", "<ENABLE|DISABLE>", "COMMENT 'rename to x'", "DO SET @z = 1"],
    "sequence": [
        "CREATE [OR REPLACE] [TEMPORARY] SEQUENCE [IF NOT EXISTS] {new_sequence} [START WITH 5 INCREMENT BY 2|MINVALUE 1 MAXVALUE 100 CYCLE|NOCACHE]",
        "ALTER SEQUENCE [IF EXISTS] {sequence_name} <RESTART 3|INCREMENT 5|NO MAXVALUE>", "DROP [TEMPORARY] SEQUENCE [IF EXISTS] {sequence_name}",
        "DROP TABLE {sequence_name}", "RENAME TABLE {sequence_name} TO {new_sequence}", "ALTER TABLE {sequence_name} RENAME {new_sequence}"],

    # What stands beside databases.
    "database": [
        "CREATE [OR REPLACE] <DATABASE|SCHEMA> [IF NOT EXISTS] {other_database} [{database_option}]", "ALTER <DATABASE|SCHEMA> {other_database} {database_option}",
        "ALTER DATABASE {database_option} [{database_option}]", "DROP <DATABASE|SCHEMA> [IF EXISTS] {other_database}"],
    "database_option": ["[DEFAULT] CHARACTER SET <=|> <latin1|utf8mb4>", "[DEFAULT] COLLATE = utf8mb4_bin", "COMMENT <=|> 'c'"],
    "account": [
        "2: CREATE [OR REPLACE] USER [IF NOT EXISTS] {user} [IDENTIFIED BY 'secret, \"x\"'] [, {user}] [REQUIRE SSL|ACCOUNT LOCK|WITH MAX_USER_CONNECTIONS 5]",
        "1: ALTER USER [IF EXISTS] {user} <IDENTIFIED BY 'z'|PASSWORD EXPIRE> [, {user}]", "1: DROP USER [IF EXISTS] {user} [, {user}]",
        "1: RENAME USER {user} TO {user} [, {user} TO {user}]", "1: CREATE [OR REPLACE] ROLE [IF NOT EXISTS] {role} [WITH ADMIN {user}]",
        "1: DROP ROLE [IF EXISTS] {role}", "1: SET PASSWORD FOR {user} = PASSWORD('x')", "1: SET DEFAULT ROLE <{role}|NONE> FOR {user}"],
    "privilege": [
        "3: GRANT {rights} ON {level} TO {user} [, {user}] [WITH GRANT OPTION]", "1: REVOKE {rights} ON {level} FROM {user} [, {user}]",
        "1: GRANT {role} TO {user} [, {user}] [WITH ADMIN OPTION]", "1: REVOKE {role} FROM {user}", "1: REVOKE ALL PRIVILEGES , GRANT OPTION FROM {user}",
        "1: GRANT EXECUTE ON <PROCEDURE|FUNCTION> {routine_name} TO {user}"],
    "rights": ["SELECT , INSERT", "ALL", "ALL PRIVILEGES", "DROP", "SELECT ( id )", "UPDATE ( id ) , SELECT"],
    "level": ["* . *", "{d1} . *", "*", "[TABLE] {table}", "{d2} . {parent}"],
    "server": [
        "CREATE [OR REPLACE] SERVER [IF NOT EXISTS] {server_name} FOREIGN DATA WRAPPER mysql OPTIONS ( HOST '10.0.0.1' , DATABASE 'x' )",
        "ALTER SERVER {server_name} OPTIONS ( HOST '10.0.0.2' )", "DROP SERVER [IF EXISTS] {server_name}"],
}

# Names that stand for themselves, and others that are drawn from a few.
FIXED_NAMES = ("c1", "c2", "c3", "c4", "a b", "p", "fi", "fk1", "fk9", "ck1", "ck8", "ck9", "u1", "pk", "d1", "d2", "parent")
DRAWN_NAMES = {
    "new_column": ("c1", "c2", "c3", "c4", "c5", "name", "status", "value", "type", "a b", "key", "ß", "comment", "first", "x`y", "date",
                   "period", "role", "check", "partition", "system", "order"),
    "new_index": ("i1", "i2", "i3", "i 4", "index", "Idx", "primary1", "using"),
    "other_database": ("d4", "d-5", "d 6", "comment"),
    "role": ("r1", "r2"),
}
