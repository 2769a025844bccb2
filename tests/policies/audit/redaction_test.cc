#include "policies/audit/redaction.h"

#include <gtest/gtest.h>

namespace schemaguard::policies {
namespace {

using parser::StatementClass;
using parser::StatementFacts;

StatementFacts facts_of(StatementClass one) {
  StatementFacts facts;
  facts.classes.add(one);
  return facts;
}

std::string schema_text(std::string_view statement) {
  return redact_postgres_statement(statement, facts_of(StatementClass::kSchema));
}
std::string query_text(std::string_view statement) {
  return redact_postgres_statement(statement, facts_of(StatementClass::kQuery));
}
std::string setting_text(std::string_view statement) {
  return redact_postgres_statement(statement, facts_of(StatementClass::kSetting));
}

TEST(Redaction, literals_in_schema_changes_are_kept) {
  for (const char* statement : {
           "CREATE TABLE t (a int DEFAULT 5, b text DEFAULT 'x' CHECK (b <> 'bad'))",
           "ALTER TABLE public.services ADD COLUMN price numeric(4,2) DEFAULT 1.50",
           "CREATE TYPE mood AS ENUM ('sad', 'ok')",
           "COMMENT ON TABLE t IS 'what the shop sells'",
           "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 42 -- why\n $$",
           "CREATE FUNCTION f() RETURNS TABLE (a int) AS 'SELECT 1' LANGUAGE sql",
           "CREATE VIEW v AS SELECT * FROM t WHERE kind = 'open'",
           "ALTER TABLE users ADD COLUMN password varchar(255) NOT NULL",
           "CREATE TABLE users (id int, password text, kind text CHECK (kind IN ('password', 'token')))",
           "ALTER TABLE token_service RENAME TO tokens",
           "CREATE TABLE t (options jsonb DEFAULT '{}')",
           "COMMENT ON COLUMN users.name IS 'never the password of anybody'",
       }) {
    EXPECT_EQ(schema_text(statement), statement);
  }
}

TEST(Redaction, literals_in_data_statements_are_taken_out) {
  EXPECT_EQ(query_text("INSERT INTO t VALUES (1, 'it''s', E'a\\'b', $$x$$, B'01', 2.5e3, U&'d', NULL, true)"),
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, NULL, true)");
  EXPECT_EQ(query_text("select *\n  from t -- 4111 1111\n where a = $1 and b='x'"),
            "select * from t where a = $1 and b=?");
  EXPECT_EQ(schema_text("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 'data'"),
            "EXPLAIN ANALYZE CREATE TABLE t AS SELECT ?");
  EXPECT_EQ(schema_text("SELECT 'data' AS a INTO t"), "SELECT ? AS a INTO t");
  EXPECT_EQ(schema_text("CREATE TEMP TABLE t AS SELECT 'data', 5"), "CREATE TEMP TABLE t AS SELECT ?, ?");
  EXPECT_EQ(schema_text("DO $$ BEGIN EXECUTE 'DROP TABLE t'; INSERT INTO a VALUES ('data'); END $$"),
            "DO $$ BEGIN EXECUTE ?; INSERT INTO a VALUES (?); END $$");
  EXPECT_EQ(query_text("COPY t FROM '/data/in.csv' WITH (DELIMITER ';')"),
            "COPY t FROM '/data/in.csv' WITH (DELIMITER ?)");
  EXPECT_EQ(query_text("COPY t FROM PROGRAM 'curl -u me:hunter2 http://x'"), "COPY t FROM PROGRAM 'curl ***'");
  EXPECT_EQ(query_text("PREPARE TRANSACTION 'gid-7'"), "PREPARE TRANSACTION 'gid-7'");
  EXPECT_EQ(setting_text("SET session_replication_role = 'replica'"), "SET session_replication_role = 'replica'");
  EXPECT_EQ(setting_text("SET SESSION AUTHORIZATION 'alice'"), "SET SESSION AUTHORIZATION 'alice'");
}

// Every placement of a secret known by place: the marker must not come out, and the statement must stay recognisable.
TEST(Redaction, secrets_are_taken_out_by_place) {
  for (const char* statement : {
           "CREATE ROLE a LOGIN PASSWORD 'Marker7'",
           "CREATE USER a WITH ENCRYPTED PASSWORD 'Marker7' VALID UNTIL '2030-01-01'",
           "ALTER USER a PASSWORD E'Marker7'",
           "ALTER ROLE a PASSWORD $$Marker7$$",
           "ALTER ROLE a PASSWORD $x$Marker7$x$ CONNECTION LIMIT 5",
           "ALTER ROLE a PASSWORD U&'Marker7'",
           "ALTER ROLE a PASSWORD /* 'no' */ 'Marker7'",
           "ALTER ROLE a PASSWORD -- Marker7\n 'Marker7'",
           "ALTER ROLE a UNENCRYPTED PASSWORD 'Marker7'",
           "alter role a password 'x'\n'Marker7'",
           "CREATE GROUP a PASSWORD 'Marker7'",
           "ALTER ROLE a PASSWORD 'with '' quote Marker7'",
           "ALTER ROLE a SET app.token = 'Marker7'",
           "ALTER ROLE a SET app.token TO 'Marker7', 'Marker7'",
           "CREATE SUBSCRIPTION s CONNECTION 'host=h user=u password=Marker7' PUBLICATION p",
           "ALTER SUBSCRIPTION s CONNECTION 'Marker7'",
           "CREATE SUBSCRIPTION s CONNECTION 'Marker7' PUBLICATION p WITH (slot_name = 'x')",
           "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'Marker7', dbname 'Marker7')",
           "ALTER SERVER s OPTIONS (SET password 'Marker7')",
           "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password 'Marker7')",
           "ALTER USER MAPPING FOR a SERVER s OPTIONS (ADD password 'Marker7', DROP \"user\")",
           "CREATE FOREIGN TABLE t (a int OPTIONS (x 'Marker7')) SERVER s OPTIONS (key 'Marker7')",
           "ALTER FOREIGN TABLE t OPTIONS (SET secret $$Marker7$$)",
           "CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'Marker7')",
           "IMPORT FOREIGN SCHEMA x FROM SERVER s INTO y OPTIONS (k 'Marker7')",
           "ALTER SYSTEM SET primary_conninfo = 'host=h Marker7'",
           "ALTER SYSTEM SET ssl_passphrase_command TO 'echo Marker7'",
           "ALTER DATABASE d SET myapp.anything = 'Marker7'",
           "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM dblink('password=Marker7'); END $$",
           "CREATE FUNCTION f() RETURNS void AS $$ BEGIN EXECUTE format('ALTER ROLE a PASSWORD %L', 'Marker7'); END $$",
           "CREATE FUNCTION f() RETURNS void AS $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ' || 'Marker7'; END $$",
           "CREATE FUNCTION f() RETURNS void AS $$ ALTER ROLE a PASSWORD 'Marker7' $$ LANGUAGE sql",
           "CREATE FUNCTION f() RETURNS void AS 'ALTER ROLE a PASSWORD ''Marker7''' LANGUAGE sql",
           "CREATE FUNCTION f() RETURNS text AS $a$ SELECT $b$ postgresql://u:Marker7@h/d $b$ $a$ LANGUAGE sql",
           "CREATE VIEW v AS SELECT * FROM dblink('host=h password=Marker7', 'SELECT 1') AS t(a int)",
           "CREATE VIEW v AS SELECT * FROM dblink('postgres://u:Marker7@h/d', 'SELECT 1') AS t(a int)",
           "COMMENT ON TABLE t IS 'login postgresql://u:Mar/ker7@h Marker7@x'",
           "COMMENT ON TABLE t IS 'Password: Marker7'",
           "ALTER TABLE t ALTER COLUMN api_token SET DEFAULT 'Marker7'",
           "CREATE TABLE t (a int, password text DEFAULT 'Marker7', b int)",
           "CREATE FUNCTION f() RETURNS void LANGUAGE sql SET my.secret = 'Marker7' AS $$ SELECT 1 $$",
       }) {
    const std::string redacted = schema_text(statement);
    EXPECT_EQ(redacted.find("Marker7"), std::string::npos) << statement << "\n" << redacted;
    EXPECT_EQ(redacted.find("<unread"), std::string::npos) << statement << "\n" << redacted;
    const std::string as_data = query_text(statement);
    EXPECT_EQ(as_data.find("Marker7"), std::string::npos) << statement << "\n" << as_data;
  }
}

TEST(Redaction, what_is_no_secret_next_to_one_stays) {
  EXPECT_EQ(schema_text("CREATE ROLE a LOGIN PASSWORD 'x' VALID UNTIL '2030-01-01' CONNECTION LIMIT 5"),
            "CREATE ROLE a LOGIN PASSWORD '***' VALID UNTIL '2030-01-01' CONNECTION LIMIT 5");
  EXPECT_EQ(schema_text("ALTER ROLE token_reader LOGIN"), "ALTER ROLE token_reader LOGIN");
  EXPECT_EQ(schema_text("ALTER ROLE a PASSWORD NULL"), "ALTER ROLE a PASSWORD NULL");
  EXPECT_EQ(schema_text("ALTER ROLE a SET search_path = 'x'"), "ALTER ROLE a SET search_path = 'x'");
  EXPECT_EQ(schema_text("CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password 'c')"),
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user '***', password '***')");
  EXPECT_EQ(schema_text("ALTER SYSTEM SET wal_level = 'logical'"), "ALTER SYSTEM SET wal_level = 'logical'");
}

TEST(Redaction, malformed_statements_never_come_out_whole) {
  for (const char* statement : {
           "ALTER ROLE a PASSWORD Marker7",
           "ALTER ROLE a PASSWORD \"Marker7\"",
           "ALTER ROLE a PASSWORD = Marker7",
           "ALTER ROLE a PASSWORD 'Marker7",
           "ALTER ROLE a PASSWORD $$Marker7",
           "ALTER ROLE a PASSWORD 'x'Marker7",
           "ALTER ROLE a PASSWORD 'x\\'Marker7'",
           "COMMENT ON TABLE t IS ' PASSWORD 'Marker7' y'",
           "COMMENT ON TABLE t IS ' PASSWORD ' Marker7 ' y'",
           "CREATE USER MAPPING FOR a SERVER s OPTIONS (user b, password Marker7)",
           "SET my.password = Marker7",
           "SET my.password = 12Marker7",
           "SET my.password TO 'x', Marker7",
       }) {
    EXPECT_EQ(schema_text(statement).find("Marker7"), std::string::npos) << schema_text(statement);
    EXPECT_EQ(setting_text(statement).find("Marker7"), std::string::npos) << setting_text(statement);
  }
}

TEST(Redaction, unread_text_is_described_only) {
  StatementFacts unread = facts_of(StatementClass::kUnread);
  // The digest is that of `printf "SELECT 'x'" | sha256sum`.
  EXPECT_EQ(
      redact_postgres_statement("SELECT 'x'", unread),
      "<unread: 10 bytes, sha256 b254ae3d04bb988291941d5b8b770a3fb7b90ce1f9742e2624d00c7ce3a140b9, first word SELECT>");
  EXPECT_EQ(describe_unread("hunter2").find("hunter2"), std::string::npos);
  EXPECT_NE(describe_unread("hunter2").find("first word OTHER"), std::string::npos);
  EXPECT_NE(describe_unread("").find("first word none"), std::string::npos);
  EXPECT_NE(describe_unread("/* x */ drop table t").find("first word DROP"), std::string::npos);
}

TEST(Redaction, long_statements_are_cut_and_say_so) {
  std::string statement = "INSERT INTO t VALUES ";
  for (int row = 0; row < 100'000; ++row) statement += "(1, 'abc'), ";
  const std::string redacted = redact_postgres_statement(statement, facts_of(StatementClass::kQuery), 200);
  EXPECT_LE(redacted.size(), 200U);
  EXPECT_NE(redacted.find("[cut, " + std::to_string(statement.size()) + " bytes in all]"), std::string::npos);
  // The cut may fall into a literal: nothing of it comes out.
  const std::string literal = "INSERT INTO t VALUES ('" + std::string(500'000, 'S') + "')";
  EXPECT_EQ(redact_postgres_statement(literal, facts_of(StatementClass::kQuery)).find('S', 30), std::string::npos);
}

TEST(Redaction, clauses_keep_literals_and_lose_secrets) {
  EXPECT_EQ(redact_postgres_clause("CHECK (kind IN ('a', 'b'))"), "CHECK (kind IN ('a', 'b'))");
  EXPECT_EQ(redact_postgres_clause("dblink('password=x')"), "dblink('***')");
  EXPECT_EQ(redact_postgres_clause("'open"), "'***'");
  EXPECT_EQ(redact_postgres_clause("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 'data'"),
            "EXPLAIN ANALYZE CREATE TABLE t AS SELECT ?");
}

TEST(Fingerprint, shapes_are_equal_whatever_the_literals_case_and_blanks) {
  const std::string shape = fingerprint_postgres("SELECT a FROM t WHERE b = 1 AND c IN (1, 2, 3)");
  EXPECT_EQ(shape.size(), 32U);
  EXPECT_EQ(fingerprint_postgres("select  a from T where B='x' and c in ($1) -- note"), shape);
  EXPECT_NE(fingerprint_postgres("SELECT a FROM \"T\" WHERE b = 1 AND c IN (1)"), shape);
  EXPECT_NE(fingerprint_postgres("SELECT a FROM t WHERE b = 1 OR c IN (1)"), shape);
  EXPECT_EQ(fingerprint_postgres("INSERT INTO t VALUES (1,2),(3,4),(5,6);"),
            fingerprint_postgres("INSERT INTO t VALUES ($1)"));
  EXPECT_NE(fingerprint_postgres("SELECT 1; SELECT 2"), fingerprint_postgres("SELECT 1 SELECT 2"));
}

}  // namespace
}  // namespace schemaguard::policies
