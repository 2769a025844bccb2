// What the audit keeps of MySQL and MariaDB texts: secrets by place, literals by class, and nothing of what is not
// certain.
#include <gtest/gtest.h>

#include "parser/mysql/statement_reader.h"
#include "policies/audit/redaction.h"

namespace schemaguard::policies {
namespace {

namespace mysql = parser::mysql;

mysql::ReadingState mariadb() { return {.flavour = mysql::Flavour::kMariaDb, .version = 101119}; }
mysql::ReadingState mysql_server() { return {.flavour = mysql::Flavour::kMySql, .version = 80400}; }

// As a session does it: read, then redact with what was known before.
std::string kept(std::string_view statement, mysql::ReadingState state = mariadb()) {
  const mysql::ReadingState before = state;
  const parser::TextFacts facts = mysql::read_statements(statement, state);
  if (facts.statements.empty() || facts.unread) return describe_unread(statement);
  return redact_mysql_statement(statement, facts.statements.front(), before);
}

std::string clause(std::string_view text, std::string_view kind = "alter_options") {
  return redact_mysql_clause(text, kind, mariadb());
}

bool is_unread(std::string_view text) { return text.starts_with("<unread: "); }

TEST(MysqlRedaction, literals_in_schema_changes_are_kept) {
  for (const char* statement : {
           "CREATE TABLE `t` (a int DEFAULT 5, b varchar(10) DEFAULT 'x' CHECK (b <> 'bad'), e enum('a','b'))",
           "ALTER TABLE shop.users ADD COLUMN price decimal(4,2) NOT NULL DEFAULT 1.50 COMMENT 'it''s'",
           "CREATE TABLE users (id int, password varchar(255) NOT NULL)",
           "ALTER TABLE t PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (5), PARTITION q VALUES LESS THAN (9))",
           "CREATE VIEW v AS SELECT * FROM t WHERE kind = 'open'",
           "CREATE DEFINER=`a`@`%` PROCEDURE p() BEGIN SELECT 'x', 1; END",
           "ALTER TABLE t AUTO_INCREMENT=17, ENCRYPTION='Y', COMMENT='what the shop sells'",
           "RENAME TABLE t TO t_old, t_new TO t",
           "CREATE SEQUENCE s START WITH 5 INCREMENT BY 2",
           "PURGE BINARY LOGS TO 'mysql-bin.010'",
           "SET sql_mode = 'ANSI_QUOTES', NAMES 'utf8mb4' COLLATE 'utf8mb4_bin', autocommit = 0",
           "SET GLOBAL event_scheduler = 1",
           "LOAD DATA LOCAL INFILE '/tmp/x.csv' INTO TABLE t",
           "XA START 'gid-7'",
           "KILL QUERY 42",
       }) {
    EXPECT_EQ(kept(statement), statement);
  }
}

TEST(MysqlRedaction, literals_in_data_statements_are_taken_out) {
  EXPECT_EQ(kept("INSERT INTO t VALUES (1, 'it''s', \"a\\\"b\", x'4142', 0x41, b'01', N'n', 2.5e3, NULL, true)"),
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, true)");
  EXPECT_EQ(kept("select *\n  from t # 4111 1111\n where a = ? and b='x' -- y"), "select * from t where a = ? and b=?");
  EXPECT_EQ(kept("CREATE TABLE t AS SELECT 'data' AS a, 5 AS b"), "CREATE TABLE t AS SELECT ? AS a, ? AS b");
  EXPECT_EQ(kept("CREATE TABLE t (a int DEFAULT 5) SELECT 'data' AS b"),
            "CREATE TABLE t (a int DEFAULT 5) SELECT ? AS b");
  EXPECT_EQ(kept("EXECUTE IMMEDIATE 'drop table t'"), "EXECUTE IMMEDIATE ?");
  EXPECT_EQ(kept("SET @a = 'data', @b := 5"), "SET @a = ?, @b := ?");
  EXPECT_EQ(kept("SET STATEMENT max_statement_time=5 FOR SELECT 'x'"),
            "SET STATEMENT max_statement_time=5 FOR SELECT ?");
  EXPECT_EQ(kept("CALL p('x', 5)"), "CALL p(?, ?)");
  EXPECT_EQ(kept("SELECT 'x' INTO OUTFILE '/tmp/y'"), "SELECT ? INTO OUTFILE '/tmp/y'");
}

TEST(MysqlRedaction, secrets_are_known_by_place) {
  const struct {
    const char* statement;
    const char* kept;
  } cases[] = {
      {"CREATE USER 'app'@'10.%' IDENTIFIED BY 'hunter2' REQUIRE SUBJECT '/CN=x'",
       "CREATE USER 'app'@'10.%' IDENTIFIED BY '***' REQUIRE SUBJECT '/CN=x'"},
      {"create or replace user app identified via ed25519 using PASSWORD('hunter2') or unix_socket",
       "create or replace user app identified via ed25519 using PASSWORD('***') or unix_socket"},
      {"CREATE USER 'a', 'b'@h IDENTIFIED BY PASSWORD '*hunter2'",
       "CREATE USER 'a', 'b'@h IDENTIFIED BY PASSWORD '***'"},
      {"ALTER USER USER() IDENTIFIED BY 'hunter2' REPLACE 'hunter2' RETAIN CURRENT PASSWORD",
       "ALTER USER USER() IDENTIFIED BY '***' REPLACE '***' RETAIN CURRENT PASSWORD"},
      {"ALTER USER a IDENTIFIED WITH caching_sha2_password AS 'hunter2' PASSWORD HISTORY 5",
       "ALTER USER a IDENTIFIED WITH caching_sha2_password AS '***' PASSWORD HISTORY 5"},
      {"GRANT ALL ON shop.* TO 'a'@'%' IDENTIFIED BY 'hunter2' WITH GRANT OPTION",
       "GRANT ALL ON shop.* TO 'a'@'%' IDENTIFIED BY '***' WITH GRANT OPTION"},
      {"GRANT SELECT (password) ON shop.password TO a", "GRANT SELECT (password) ON shop.password TO a"},
      {"SET PASSWORD FOR 'a'@'%' = PASSWORD('hunter2')", "SET PASSWORD FOR 'a'@'%' = PASSWORD('***')"},
      {"SET PASSWORD = 'hunter2'", "SET PASSWORD = '***'"},
      {"CHANGE MASTER TO MASTER_HOST='db1', MASTER_PASSWORD='hunter2', MASTER_PORT=3306",
       "CHANGE MASTER TO MASTER_HOST='db1', MASTER_PASSWORD='***', MASTER_PORT=3306"},
      {"CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = 'hunter2'",
       "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = '***'"},
      {"START SLAVE USER='u' PASSWORD='hunter2'", "START SLAVE USER='u' PASSWORD='***'"},
      {"CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h', PASSWORD 'hunter2', PORT 3306)",
       "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST '***', PASSWORD '***', PORT 3306)"},
      {"CREATE TABLE t (a int) ENGINE=FEDERATED CONNECTION='mysql://u:hunter2@h/d/t'",
       "CREATE TABLE t (a int) ENGINE=FEDERATED CONNECTION='***'"},
      {"CREATE TABLE t (a int) ENGINE=CONNECT OPTION_LIST='user=u,hunter2' PASSWORD='hunter2'",
       "CREATE TABLE t (a int) ENGINE=CONNECT OPTION_LIST='***' PASSWORD='***'"},
      {"CREATE TABLE t (a int) ENGINE=SPIDER COMMENT='user \"u\", password \"hunter2\"'",
       "CREATE TABLE t (a int) ENGINE=SPIDER COMMENT='***'"},
      {"ALTER TABLE users ADD COLUMN api_token varchar(64) DEFAULT 'hunter2'",
       "ALTER TABLE users ADD COLUMN api_token varchar(64) DEFAULT '***'"},
      {"SET GLOBAL wsrep_sst_auth = 'root:hunter2'", "SET GLOBAL wsrep_sst_auth = ?"},
      {"CREATE PROCEDURE p() INSERT INTO users (password) VALUES ('hunter2')",
       "CREATE PROCEDURE p() INSERT INTO users (password) VALUES ('***')"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(kept(one.statement), one.kept);
    EXPECT_EQ(kept(one.statement).find("hunter2"), std::string::npos) << one.statement;
  }
}

TEST(MysqlRedaction, what_no_rule_covers_does_not_come_out_whole) {
  for (const char* statement : {
           "CREATE USER a IDENTIFIED BY hunter2",
           "CREATE USER a IDENTIFIED BY `hunter2`",
           "SET PASSWORD = hunter2",
           "CHANGE MASTER TO MASTER_PASSWORD=hunter2",
           "CREATE USER a IDENTIFIED BY 'x'hunter2",
           "CREATE USER a IDENTIFIED BY 'hunter2",
       }) {
    EXPECT_TRUE(is_unread(kept(statement))) << kept(statement);
    EXPECT_EQ(kept(statement).find("hunter2"), std::string::npos) << statement;
  }
}

TEST(MysqlRedaction, an_uncertain_cut_is_described_only) {
  mysql::ReadingState unknown = mariadb();
  unknown.forget_settings();
  const parser::StatementFacts facts = [] {
    parser::StatementFacts made;
    made.classes.add(parser::StatementClass::kSchema);
    return made;
  }();
  EXPECT_TRUE(is_unread(redact_mysql_statement("ALTER TABLE t COMMENT 'a\\'b'", facts, unknown)));
  EXPECT_TRUE(is_unread(redact_mysql_statement("ALTER TABLE t COMMENT \"a\"", facts, unknown)));
  EXPECT_TRUE(is_unread(redact_mysql_statement("ALTER TABLE t COMMENT '\xC3\xA9'", facts, unknown)));
  EXPECT_EQ(redact_mysql_statement("ALTER TABLE t COMMENT 'a'", facts, unknown), "ALTER TABLE t COMMENT 'a'");
  // What one version runs and another skips.
  mysql::ReadingState any_version = mysql_server();
  any_version.version.reset();
  EXPECT_TRUE(is_unread(redact_mysql_statement("ALTER TABLE t /*!80000 FORCE */", facts, any_version)));
  EXPECT_EQ(redact_mysql_statement("ALTER TABLE t /*!80000 FORCE */", facts, mysql_server()), "ALTER TABLE t FORCE");
  EXPECT_EQ(redact_mysql_statement("ALTER TABLE t /*!90000 FORCE */", facts, mysql_server()), "ALTER TABLE t");
}

TEST(MysqlRedaction, clauses_of_changes) {
  EXPECT_EQ(clause("'a,b'", "add_column"), "'a,b'");
  EXPECT_EQ(clause("engine=innodb comment='x' as select 'data'", "create_table"),
            "engine=innodb comment='x' as select ?");
  EXPECT_EQ(clause("v as select 'open'", "create_view"), "v as select 'open'");
  EXPECT_EQ(clause("connection='mysql://u:p@h'"), "connection='***'");
  EXPECT_EQ(clause("something 'hunter2'", "create_other"), "something '***'");
  EXPECT_EQ(clause("comment='not closed"), "'***'");
}

TEST(MysqlRedaction, long_texts_are_cut) {
  const std::string text = "INSERT INTO t VALUES ('" + std::string(300'000, 'x') + "')";
  const std::string out = redact_mysql_statement(text, {}, mariadb(), 64);
  EXPECT_LE(out.size(), 64U);
  EXPECT_NE(out.find("bytes in all]"), std::string::npos);
}

TEST(MysqlFingerprint, folds_what_is_data) {
  const std::string one = fingerprint_mysql("SELECT * FROM t WHERE a IN (1, 2, 3) AND b = 'x'", mariadb());
  EXPECT_EQ(one, fingerprint_mysql("select *  from t where a in (4) and b = \"y\" # why", mariadb()));
  EXPECT_EQ(one, fingerprint_mysql("select * from t where a in (?) and b = ?;", mariadb()));
  EXPECT_NE(one, fingerprint_mysql("select * from u where a in (4) and b = 'y'", mariadb()));
  EXPECT_EQ(fingerprint_mysql("insert into t values (1, 'a')", mariadb()),
            fingerprint_mysql("insert into t values (2, 'b'), (3, 'c')", mariadb()));
}

}  // namespace
}  // namespace schemaguard::policies
