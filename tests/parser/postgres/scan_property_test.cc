// Generated and mutated SQL: scanner and grammar must agree on every text that the grammar accepts.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/parser/postgres/scan_oracle.h"

namespace schemaguard::parser::postgres {
namespace {

// One or more per statement that matters, written so that pieces of them make new sense together.
constexpr std::string_view kSeeds[] = {
    "SELECT a, b.c, count(*) FROM t b WHERE a = 1 AND c IN (1, 2) ORDER BY a LIMIT 3",
    "SELECT 1 AS a INTO t UNION SELECT 2",
    "SELECT 1 insert INTO t",
    "SELECT DISTINCT ON (a) over(1), filter(b) FROM t",
    "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT f(a), public.lower(b), pg_catalog.upper(c), \"lower\"(d), pg_catalog.set_config('a', 'b', true)",
    "SELECT t.pg_read_file, ('x'::text).ts_stat, $1.lo_unlink FROM lower('x') t",
    "SELECT TREAT (a AS pg_read_file), CAST(a AS numeric(10,2)), b::varchar(3), c::bit varying(3), d::mine(3)",
    "SELECT a FROM t JOIN u USING (id) LEFT JOIN (SELECT 1) v ON conflict(1) CROSS JOIN LATERAL f(a) AS x(b)",
    "SELECT a LIKE b ESCAPE join(1), NOT materialized(2), set(3), by(4), varying(5), update(6), begin(7)",
    "SELECT * FROM XMLTABLE('x' PASSING y COLUMNS a int PATH join(1), b int path set(2)) z",
    "SELECT EXTRACT(year FROM a), substring(a FROM 1 FOR 2), overlay(a placing b from 1), trim(both from a)",
    "SELECT COALESCE(a, b), GREATEST(a, b), NULLIF(a, b), ROW(1, 2), ARRAY[1, 2], ARRAY(SELECT 1), EXISTS (SELECT 1)",
    "SELECT a NOT BETWEEN 1 AND 2, b IS NOT DISTINCT FROM c, d COLLATE \"C\", e AT TIME ZONE f(1), g[1:2]",
    "SELECT 'a' 'b', E'a\\'b', 'a\\', U&'d\\0061', U&'d!0061' UESCAPE '!', B'01', X'AF', N'a', $$a;b$$, $x$ $$ $x$",
    "SELECT 'it''s'\n'more', E'a'\n'\\'; b', \"a\"\"b\", U&\"d\\0061\", u&\"f\"(1)",
    "SELECT 1.5, .5, 1e5, 1.e-5, 1..2, $1, a.b.c, -1, - -1, 1 @- 2, 1 */ 2, a ## b, 1 OPERATOR(pg_catalog.+) over(1)",
    // One trap each: the longer ones above seldom lose all but one.
    "SELECT TREAT (a AS pg_read_file)",
    "SELECT over(1)",
    "SELECT DISTINCT ON (a) over(1)",
    "SELECT DISTINCT ON (a) join(1)",
    "SELECT a LIKE b ESCAPE join(1)",
    "SELECT NOT materialized(1)",
    "SELECT DISTINCT ON (a) set(1)",
    "SELECT 1 FROM a JOIN b ON conflict(1)",
    "INSERT INTO t SELECT 1 FROM a JOIN b ON conflict(1)",
    "MERGE INTO t USING u ON conflict(1) WHEN MATCHED THEN DO NOTHING",
    "SELECT * FROM XMLTABLE('x' PASSING y COLUMNS a int foo set(1)) z",
    "SELECT ('x'::text).ts_stat",
    "SELECT t.pg_read_file FROM t",
    "UPDATE ONLY pg_class SET a = 1",
    "DELETE FROM pg_class",
    "SELECT (1) insert INTO t",
    "WITH x AS (SELECT 1) SELECT (1) insert INTO t",
    "WITH x AS (SELECT 1), y (a) AS (SELECT 2) SELECT f(1)",
    "SELECT 1 AS f (1)",
    "SELECT public.lower(a)",
    "SELECT \"Lower\"(a)",
    "WITH RECURSIVE x(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x), y AS MATERIALIZED (VALUES (1)) SELECT * FROM x",
    "WITH x AS (INSERT INTO t (a) VALUES (1) RETURNING a), y(b) AS (UPDATE pg_class SET a = 1) SELECT * FROM x",
    "WITH x AS (SELECT 1) INSERT INTO t (a) SELECT * FROM x ON CONFLICT (a) DO UPDATE SET (a, b) = (1, 2) WHERE (1 = "
    "1)",
    "WITH insert AS (SELECT 1) SELECT (1) insert INTO t FROM insert",
    "INSERT INTO t AS x (a, b) VALUES (1, DEFAULT), (f(2), 'b') ON CONFLICT ON CONSTRAINT c DO NOTHING RETURNING *",
    "INSERT INTO pg_catalog.pg_class DEFAULT VALUES",
    "INSERT INTO groups (a) SELECT insert FROM t",
    "UPDATE ONLY t * SET a = 1, (b, c) = (SELECT 1, 2) FROM u WHERE CURRENT OF d",
    "UPDATE ONLY (pg_settings) SET setting = 'off'",
    "DELETE FROM ONLY pg_class c USING t WHERE a = 1 RETURNING 1",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
    "VALUES (1, 'a'), (2, 'b')",
    "TABLE t",
    "(SELECT 1) UNION ((SELECT 2 INTO t) EXCEPT (VALUES (3)))",
    "FETCH FORWARD 10 FROM c",
    "MOVE ALL IN c",
    "CLOSE ALL",
    "LISTEN a",
    "UNLISTEN *",
    "NOTIFY a, 'b'",
    "SHOW ALL",
    "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY",
    "START TRANSACTION READ WRITE",
    "COMMIT AND CHAIN",
    "COMMIT PREPARED 'g'",
    "ROLLBACK PREPARED 'g'",
    "ROLLBACK TO SAVEPOINT s",
    "PREPARE TRANSACTION 'g'",
    "SAVEPOINT s",
    "RELEASE s",
    "END",
    "ABORT",
    "CREATE TABLE t (a int DEFAULT f(1), CHECK (a > 0))",
    "CREATE TABLE t AS SELECT 1",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$",
    "ALTER TABLE t ADD c int, DROP d",
    "DROP TABLE t CASCADE",
    "TRUNCATE t",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE p AS SELECT 1 INTO t",
    "EXECUTE p (1)",
    "DO $$BEGIN NULL; END$$",
    "CALL p(1)",
    "COPY t FROM STDIN",
    "COPY (SELECT 1) TO STDOUT",
    "SET search_path = x",
    "RESET ALL",
    "DECLARE c CURSOR FOR SELECT 1",
    "GRANT SELECT ON t TO u",
    "LOCK TABLE t",
    "VACUUM t",
    "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y",
    "SECURITY LABEL ON TABLE t IS 'x'",
};

// Pieces that change what stands around them.
constexpr std::string_view kPieces[] = {" ",           "\n",
                                        "\t",          "/**/",
                                        "/* ; */",     "/*/**/*/",
                                        "-- x\n",      "--\n",
                                        ";",           "; ",
                                        ",",           ".",
                                        "(",           ")",
                                        "(1)",         "()",
                                        "'",           "''",
                                        "'a'",         "'\\'",
                                        "\\",          "\"",
                                        "\"a\"",       "\"\"",
                                        "E",           "e'",
                                        "E'\\''",      "U&",
                                        "U&'",         "u&\"",
                                        "UESCAPE '!'", "B'",
                                        "x'",          "N'",
                                        "$$",          "$a$",
                                        "$1",          "$",
                                        "1",           "1.",
                                        ".5",          "1e5",
                                        "0x1F",        "1_0",
                                        "::",          ":=",
                                        "..",          "-",
                                        "--",          "/",
                                        "/*",          "*/",
                                        "*",           "+",
                                        "@",           "=",
                                        "INTO",        "into t",
                                        "INSERT",      "INSERT INTO t",
                                        "UPDATE",      "DELETE FROM",
                                        "MERGE INTO",  "SELECT",
                                        "VALUES",      "WITH",
                                        "AS",          "AS (",
                                        "FROM",        "ONLY",
                                        "JOIN",        "ON",
                                        "USING",       "SET",
                                        "NOT",         "MATERIALIZED",
                                        "OVER",        "FILTER",
                                        "BY",          "CONFLICT",
                                        "DO",          "DISTINCT ON (a)",
                                        "NULL",        "true,",
                                        "default)",    "falsex",
                                        "TREAT",       "PREPARED",
                                        "ATOMIC",      "f",
                                        "f(",          "lower",
                                        "lower(",      "pg_",
                                        "pg_class",    "pg_catalog.",
                                        "public.",     "pg_read_file",
                                        "ts_stat(",    "left(",
                                        "over(",       "set(",
                                        "t",           "a",
                                        "x(b)",        "\xC3\xA9",
                                        "\xDD",        "\v",
                                        "[",           "]"};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string text() {
    std::string result(pick(kSeeds));
    while (chance(3)) result += (chance(2) ? ";" : "; ") + std::string(pick(kSeeds));
    const size_t changes = below(5);
    for (size_t i = 0; i < changes; ++i) change(result);
    return result;
  }

 private:
  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }
  bool chance(size_t one_in) { return below(one_in) == 0; }
  std::string_view pick(std::span<const std::string_view> list) { return list[below(list.size())]; }

  // A random token of the text, or an empty range where it has none.
  Token token_of(const std::string& text) {
    std::vector<Token> tokens;
    SqlLexer lexer(text, {.comments = true});
    for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) tokens.push_back(token);
    return tokens.empty() ? Token{} : tokens[below(tokens.size())];
  }

  void change(std::string& text) {
    const Token token = token_of(text);
    const std::string own(token.text(text));
    switch (below(9)) {
      case 0:
        text.insert(token.offset, pick(kPieces));
        break;
      case 1:
        text.insert(token.end(), " " + std::string(pick(kPieces)) + " ");
        break;
      case 2:
        text.replace(token.offset, token.length, pick(kPieces));
        break;
      case 3:
        text.erase(token.offset, token.length);
        break;
      case 4: {
        const std::string other(pick(kSeeds));
        const Token piece = token_of(other);
        text.replace(token.offset, token.length, piece.text(other));
        break;
      }
      case 5: {
        // From the token on, go on like another text.
        const std::string other(pick(kSeeds));
        const Token piece = token_of(other);
        text = text.substr(0, token.offset) + other.substr(piece.offset);
        break;
      }
      case 6:
        if (token.kind == TokenKind::kWord) text.replace(token.offset, token.length, "\"" + own + "\"");
        break;
      case 7:
        if (!text.empty()) text[below(text.size())] = static_cast<char>(1 + below(255));
        break;
      default:
        for (char& byte : text) {
          if (chance(4) && byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte & ~0x20);
        }
        break;
    }
  }

  std::mt19937_64 random_;
};

class ScanProperty : public testing::TestWithParam<uint64_t> {};

TEST_P(ScanProperty, ScannerAndGrammarAgree) {
  Generator generator(GetParam());
  for (int i = 0; i < 4000; ++i) {
    const std::string text = generator.text();
    if (text.find('\0') != std::string::npos) continue;
    for (const bool conforming : {true, false}) {
      EXPECT_EQ(scan_oracle::find_disagreement(text, conforming), "") << text;
    }
    if (HasFailure()) break;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, ScanProperty, testing::Range<uint64_t>(1, 9));

TEST(ScanOracle, TheOracleFindsWhatMatters) {
  // A property test is worth what its oracle sees.
  EXPECT_NE(scan_oracle::parse("SELECT 1 AS a INTO t UNION SELECT 2", true).objection, "");
  EXPECT_NE(scan_oracle::parse("SELECT f()", true).objection, "");
  EXPECT_NE(scan_oracle::parse("SELECT treat('x' AS pg_read_file)", true).objection, "");
  EXPECT_NE(scan_oracle::parse("SELECT t.ts_stat FROM t", true).objection, "");
  EXPECT_NE(scan_oracle::parse("SELECT ('x'::text).ts_stat", true).objection, "");
  EXPECT_NE(scan_oracle::parse("UPDATE pg_settings SET a = 1", true).objection, "");
  EXPECT_NE(scan_oracle::parse("COMMIT PREPARED 'g'", true).objection, "");
  EXPECT_NE(scan_oracle::parse("CREATE TABLE t (a int)", true).objection, "");
  EXPECT_EQ(scan_oracle::parse("SELECT count(*), pg_catalog.lower(a) FROM t; BEGIN; SHOW ALL", true).objection, "");
  EXPECT_EQ(scan_oracle::parse("SELECT 1; SELECT 2", true).statements, 2U);
  EXPECT_FALSE(scan_oracle::parse("SELECT FROM WHERE", true).accepted);
}

// Every seed itself, so that all of them are known to be read by the grammar.
TEST(ScanOracle, SeedsAreSql) {
  size_t rejected = 0;
  for (const std::string_view seed : kSeeds) rejected += scan_oracle::parse(std::string(seed), true).accepted ? 0 : 1;
  EXPECT_LT(rejected, std::size(kSeeds) / 5);
}

}  // namespace
}  // namespace schemaguard::parser::postgres
