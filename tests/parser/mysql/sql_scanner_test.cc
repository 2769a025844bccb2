// What the MySQL scanner promises, and that everyday traffic gets the promise.
#include "parser/mysql/sql_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mysql/sql_lexer.h"
#include "tests/parser/mysql/scan_oracle.h"

namespace schemaguard::parser::mysql {
namespace {

ReadingState mariadb() { return {.flavour = Flavour::kMariaDb, .version = 101119}; }
ReadingState mysql() { return {.flavour = Flavour::kMySql, .version = 80036}; }

ScanResult scan(std::string_view text, const ReadingState& state = mariadb()) { return scan_sql(text, state); }
ScanVerdict verdict(std::string_view text, const ReadingState& state = mariadb()) {
  return scan_sql(text, state).verdict;
}

TEST(MySqlScannerTest, LetsEverydayTrafficPass) {
  for (const std::string_view text : {
           "SELECT c FROM sbtest1 WHERE id=?",
           "SELECT c FROM sbtest1 WHERE id=5016",
           "SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 1 AND 100 ORDER BY c",
           "SELECT SUM(k) FROM sbtest1 WHERE id BETWEEN ? AND ?",
           "UPDATE sbtest1 SET k=k+1 WHERE id=?",
           "DELETE FROM sbtest1 WHERE id=?",
           "INSERT INTO sbtest1 (id, k, c, pad) VALUES (?, ?, ?, ?)",
           "select `users`.*, `posts`.`title` from `users` inner join `posts` on `posts`.`user_id` = `users`.`id` "
           "where "
           "`users`.`email` = 'a@example.com' and `users`.`deleted_at` is null limit 1",
           "insert into `app`.`users` (`name`, `email`) values ('it''s', \"x\\\"y\") on duplicate key update `name` = "
           "values(`name`), `n` = `n` + 1",
           "INSERT IGNORE t (a) SELECT COUNT(*) FROM u GROUP BY b HAVING MAX(c) > 1.5e3",
           "REPLACE INTO t SET a = REPLACE(b, 'x', 'y'), c = NOW(6)",
           "INSERT INTO t VALUES (1, x'4f', 0xFF, N'a', _utf8mb4'b', NULL, -1.5, DEFAULT(a)) AS new(a, b)",
           "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT * FROM c",
           "(SELECT 1) UNION (SELECT 2) ORDER BY 1",
           "SELECT @@session.sql_mode, @x := @x + 1, CAST(a AS DATETIME(6)), a->>'$.b' FROM t -- end",
           "SELECT * FROM information_schema.tables WHERE table_schema = DATABASE()",
           "SHOW VARIABLES LIKE 'sql_mode'",
           "/* app: x */ SELECT 1 # done\n;",
           "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) FROM t FOR UPDATE SKIP LOCKED",
           "SELECT 1 FROM t USE INDEX (i) WHERE a IN (1, 2) AND EXISTS (SELECT 1)",
           "SELECT caf\xC3\xA9 FROM t",
           "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
           "BEGIN WORK",
           "ROLLBACK TO SAVEPOINT a",
           "RELEASE SAVEPOINT a",
       }) {
    EXPECT_EQ(verdict(text), ScanVerdict::kHarmless) << text;
    EXPECT_EQ(scan_oracle::find_disagreement(text, mariadb()), "") << text;
    EXPECT_EQ(verdict(text, mysql()), ScanVerdict::kHarmless) << text;
  }
}

TEST(MySqlScannerTest, LeavesTheRestToTheReader) {
  for (const std::string_view text : {
           "CREATE TABLE t (a int)",
           "drop table t",
           "SET sql_mode = ''",
           "USE d",
           "CALL p()",
           "SELECT 1; DROP TABLE t",  // M1
           "SELECT 1 AS [a']; DROP TABLE t; -- '",
           "SELECT 1 INTO OUTFILE '/x'",  // M38
           "SELECT 1 INTO @a",            // what a PREPARE may run
           "SELECT LOAD_FILE('/x')",
           "SELECT `load_file`('/x')",
           "SELECT f(1)",
           "SELECT d.f(1)",
           "SELECT SETVAL(s, 1)",
           "SELECT GET_LOCK('a', 1)",
           "INSERT INTO mysql.proc VALUES (1)",
           "update t join `mySQL`.`user` u set u.a = 1",
           "DELETE t FROM mysql .event t",
           "WITH x AS (SELECT 1) DELETE FROM sys.sys_config",
           "/*!50000 SELECT 1 */",  // M40
           "SELECT /*M!100100 1 INTO OUTFILE 'x' */",
           "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1",
           "BEGIN NOT ATOMIC DROP TABLE t; END",  // M34
           "START SLAVE",
           "START",
           "BEGIN SELECT 1; END",
           "label: BEGIN END",
           "SELECT \\N",
           "SELECT $$a$$",
           "SELECT 1into FROM t",
           "SELECT x.1(2)",
           "SELECT @@f(1)",
           "SELECT 1 /*!*/",
           "LOCK TABLES t WRITE",
           "EXPLAIN SELECT 1",
           "XA START 'a'",
           "KILL 1",
       }) {
    EXPECT_EQ(verdict(text), ScanVerdict::kNeedsGrammar) << text;
  }
  EXPECT_EQ(verdict(std::string_view("SELECT 1\0", 9)), ScanVerdict::kNeedsGrammar);  // M29
  EXPECT_EQ(verdict(std::string_view("SELECT '\0'", 10)), ScanVerdict::kHarmless);
  EXPECT_EQ(verdict(std::string_view("SELECT 1 -- \0 DROP TABLE t", 26)), ScanVerdict::kNeedsGrammar);
}

TEST(MySqlScannerTest, CountsStatements) {
  EXPECT_EQ(scan("").statement_count, 0U);
  EXPECT_EQ(scan(" -- nothing").statement_count, 0U);
  EXPECT_EQ(scan("SELECT ';'; SELECT `;`; /* ; */ SELECT 3 # ;\n;;").statement_count, 3U);
  EXPECT_FALSE(scan("SELECT 1; UPDATE t SET a = 1").has_transaction_control);
  EXPECT_TRUE(scan("BEGIN; UPDATE t SET a = 1; COMMIT").has_transaction_control);
  EXPECT_EQ(scan("BEGIN; UPDATE t SET a = 1; COMMIT").statement_count, 3U);
}

TEST(MySqlScannerTest, ReadsQuotesAsTheStateSays) {  // M4
  const std::string_view text = R"(SELECT '\'; DROP TABLE t; -- ')";
  EXPECT_EQ(verdict(text), ScanVerdict::kHarmless);
  ReadingState plain = mariadb();
  plain.no_backslash_escapes = Certainty::kYes;
  EXPECT_EQ(verdict(text, plain), ScanVerdict::kNeedsGrammar);
  plain.no_backslash_escapes = Certainty::kUnknown;
  EXPECT_EQ(verdict(text, plain), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT 'a' FROM t", plain), ScanVerdict::kHarmless);
  ReadingState ansi = mariadb();
  ansi.ansi_quotes = Certainty::kYes;
  EXPECT_EQ(verdict(R"(SELECT "load_file"('/x'))", ansi), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict(R"(SELECT "a""b" FROM "t")", ansi), ScanVerdict::kHarmless);
  ansi.ansi_quotes = Certainty::kUnknown;
  EXPECT_EQ(verdict(R"(SELECT "a" FROM t)", ansi), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT 'a"), ScanVerdict::kUnreadable);
  EXPECT_EQ(verdict("SELECT /* a"), ScanVerdict::kUnreadable);
  EXPECT_STREQ(scan("SELECT `a").reason, "unterminated");
}

TEST(MySqlScannerTest, ReadsHighBytesAsTheCharacterSetSays) {  // M27
  ReadingState state = mariadb();
  state.character_set = CharacterSet::kUnsafe;
  EXPECT_EQ(verdict("SELECT '\xAA\x5C' FROM t", state), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT 'a' FROM t", state), ScanVerdict::kHarmless);
  state.character_set = CharacterSet::kLatin1;
  EXPECT_EQ(verdict("SELECT '\xE9', `\xE9` FROM t", state), ScanVerdict::kHarmless);
  EXPECT_EQ(verdict("SELECT a\xA0 FROM t", state), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT 1 --\xA0x", state), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT a.b\xE9 FROM t", state), ScanVerdict::kNeedsGrammar);
}

TEST(MySqlScannerTest, SkipsLongRunsOfLiterals) {
  std::string rows;
  for (int i = 0; i < 200; ++i) {
    rows += "(" + std::to_string(i) + ", 'some ''text'' of (it); DROP', NULL, -1.25, DEFAULT, 'a\\'b', \"q\", x'4F'),";
  }
  rows.back() = ' ';
  const std::string insert = "INSERT INTO t VALUES " + rows;
  EXPECT_EQ(verdict(insert), ScanVerdict::kHarmless);
  EXPECT_EQ(scan_oracle::find_disagreement(insert, mariadb()), "");
  EXPECT_EQ(verdict(insert + "; SELECT 2"), ScanVerdict::kHarmless);
  EXPECT_EQ(scan(insert + "; SELECT 2").statement_count, 2U);
  for (const std::string_view tail :
       {"; DROP TABLE t", "/*! */", "INTO OUTFILE 'x'", ", load_file(1)", ",(\\N)", ", (1) [']; DROP TABLE t; -- '"}) {
    EXPECT_EQ(verdict(insert + std::string(tail)), ScanVerdict::kNeedsGrammar) << tail;
  }
}

// --- the promise, for texts made by chance ---------------------------------------------------------------------------

constexpr std::string_view kSeeds[] = {
    "SELECT a, b.c, `d`.`e`, count(*) FROM t AS b JOIN `d` USING (a) WHERE a = 'x' AND b IN (1, 2.5, 0x1F) LIMIT 1",
    "SELECT @a := @a + 1, @@sql_mode, @@global.x, a->'$.b', `f`(1), f(2), d.g(3), now(), LEFT(a, 1) FROM t",
    "SELECT load_file('/x'), setval(s, 1), get_lock('a', 1), sleep(1) INTO OUTFILE '/x'",
    "SELECT * FROM mysql.user, information_schema.tables WHERE (a, b) = (SELECT 1, 2 FROM dual)",
    "INSERT INTO t (a, b) VALUES (1, 'a'), (2, \"b\") ON DUPLICATE KEY UPDATE a = VALUES(a)",
    "INSERT LOW_PRIORITY IGNORE d.t (a) SELECT f(1) FROM u",
    "REPLACE DELAYED INTO `mysql`.`proc` (a) VALUES (DEFAULT, NULL, x'4f', b'01', N'a', _utf8'b')",
    "UPDATE LOW_PRIORITY t, mysql.user u SET t.a = u.a, b = f(1) WHERE t.id = u.id",
    "DELETE QUICK t, sys.u FROM t JOIN sys.u ON a = b WHERE c = 1 RETURNING a",
    "WITH RECURSIVE c (n) AS (SELECT 1), d (m, o) AS (SELECT 2, 3) UPDATE t SET a = 1",
    "(SELECT 1) UNION ((SELECT 2) EXCEPT (VALUES ROW(3)))",
    "VALUES (1, 'a'), (2, 'b')",
    "SHOW CREATE TABLE t",
    "BEGIN",
    "BEGIN WORK",
    "BEGIN NOT ATOMIC DROP TABLE t; END",
    "START TRANSACTION READ ONLY",
    "START SLAVE",
    "COMMIT AND CHAIN NO RELEASE",
    "ROLLBACK WORK TO SAVEPOINT a",
    "SAVEPOINT a",
    "RELEASE SAVEPOINT a",
    "SET sql_mode = 'ANSI_QUOTES'",
    "CREATE TABLE t (a int)",
    "IF 1 THEN DROP TABLE t; END IF",
    "x: LOOP SELECT 1; END LOOP",
    "CALL p(1)",
    "PREPARE s FROM 'drop table t'",
    "LOAD DATA LOCAL INFILE 'x' INTO TABLE t (a)",
    "EXPLAIN SELECT 1",
    "DO f(1)",
    "HANDLER t READ FIRST",
};

constexpr std::string_view kPieces[] = {" ",
                                        "\n",
                                        "/**/",
                                        "/* ; */",
                                        "-- x\n",
                                        "--",
                                        "# x\n",
                                        ";",
                                        "; ",
                                        ",",
                                        ".",
                                        "(",
                                        ")",
                                        "()",
                                        "(1)",
                                        "'",
                                        "''",
                                        "'a'",
                                        "'\\'",
                                        "\\",
                                        "\\N",
                                        "\"",
                                        "\"a\"",
                                        "`",
                                        "`a`",
                                        "``",
                                        "x'4f'",
                                        "X'4'",
                                        "b'01'",
                                        "n'a'",
                                        "_utf8'a'",
                                        "@",
                                        "@a",
                                        "@@a",
                                        "@@",
                                        "@`a`",
                                        ":=",
                                        ":",
                                        "?",
                                        "1",
                                        "1.",
                                        ".5",
                                        "1e5",
                                        "1e+5",
                                        "0x1F",
                                        "0b1",
                                        "1..2",
                                        "1a",
                                        "x.1",
                                        "-",
                                        "->",
                                        "/",
                                        "*/",
                                        "/*",
                                        "/*!",
                                        "/*!50000 ",
                                        "/*!99999 ",
                                        "/*M!",
                                        "/*+",
                                        "$",
                                        "$$",
                                        "a$b",
                                        "{",
                                        "}",
                                        "|",
                                        "<<",
                                        "INTO",
                                        "OUTFILE",
                                        "INTO OUTFILE 'x'",
                                        "INSERT",
                                        "REPLACE",
                                        "REPLACE INTO",
                                        "UPDATE",
                                        "DELETE FROM",
                                        "SELECT",
                                        "VALUES",
                                        "WITH",
                                        "AS",
                                        "AS x (a)",
                                        "FROM",
                                        "JOIN",
                                        "ON",
                                        "SET",
                                        "BEGIN",
                                        "WORK",
                                        "START",
                                        "TRANSACTION",
                                        "RELEASE",
                                        "SAVEPOINT",
                                        "COMMIT",
                                        "IGNORE",
                                        "HIGH_PRIORITY",
                                        "TABLE",
                                        "PARTITION (p)",
                                        "NULL",
                                        "true,",
                                        "default)",
                                        "load_file",
                                        "load_file(",
                                        "`load_file`(",
                                        "setval(",
                                        "now",
                                        "now(",
                                        "count (",
                                        "f",
                                        "f(",
                                        "f (",
                                        "d.f(",
                                        "mysql",
                                        "mysql.",
                                        "sys.",
                                        "`mysql`.",
                                        "information_schema.",
                                        "t",
                                        "a",
                                        "in(",
                                        "left(",
                                        "\xC3\xA9",
                                        "\xA0",
                                        "\xE9",
                                        "\v",
                                        "\x01",
                                        "\x7F",
                                        "=",
                                        "*",
                                        "drop table t",
                                        "create",
                                        "if",
                                        "end"};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string text() {
    std::string result(pick(kSeeds));
    while (below(3) == 0) result += "; " + std::string(pick(kSeeds));
    // Long enough for the runs of literals, now and then.
    if (below(6) == 0) {
      result += below(2) == 0 ? ", " : " IN (";
      for (size_t i = 0; i < 12; ++i) result += "(12, 'ab''c', NULL, -1.5, 'd'), ";
    }
    const size_t changes = below(6);
    for (size_t i = 0; i < changes; ++i) change(result);
    return result;
  }

  ReadingState state() {
    ReadingState state;
    if (below(8) != 0) {
      state.flavour = below(2) == 0 ? Flavour::kMySql : Flavour::kMariaDb;
      if (below(8) != 0) state.version = *state.flavour == Flavour::kMySql ? 80036 + 10000 * below(2) : 101119;
    }
    constexpr Certainty kCertainties[] = {Certainty::kNo, Certainty::kNo, Certainty::kYes, Certainty::kUnknown};
    constexpr CharacterSet kSets[] = {CharacterSet::kUtf8, CharacterSet::kUtf8,   CharacterSet::kLatin1,
                                      CharacterSet::kSafe, CharacterSet::kUnsafe, CharacterSet::kUnknown};
    state.ansi_quotes = kCertainties[below(4)];
    state.no_backslash_escapes = kCertainties[below(4)];
    if (state.flavour == Flavour::kMariaDb) state.oracle = kCertainties[below(4)];
    state.character_set = kSets[below(6)];
    return state;
  }

 private:
  uint32_t below(size_t limit) {
    return static_cast<uint32_t>(std::uniform_int_distribution<size_t>(0, limit - 1)(random_));
  }
  std::string_view pick(std::span<const std::string_view> list) { return list[below(list.size())]; }

  Token token_of(std::string_view text) {
    std::vector<Token> tokens;
    SqlLexer lexer(text, {.flavour = Flavour::kMariaDb, .version = 101119}, true);
    for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) tokens.push_back(token);
    return tokens.empty() ? Token{} : tokens[below(tokens.size())];
  }

  void change(std::string& text) {
    const Token token = token_of(text);
    const std::string_view other = pick(kSeeds);
    const Token piece = token_of(other);
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
      case 4:
        text.replace(token.offset, token.length, piece.text(other));
        break;
      case 5:
        // From the token on, go on like another text.
        text = text.substr(0, token.offset) + std::string(other.substr(piece.offset));
        break;
      case 6:
        if (token.kind == TokenKind::kWord) text.replace(token.offset, token.length, "`" + own + "`");
        break;
      case 7:
        if (!text.empty()) text[below(text.size())] = static_cast<char>(below(256));
        break;
      default:
        for (char& byte : text) {
          if (below(4) == 0 && byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte & ~0x20);
        }
        break;
    }
  }

  std::mt19937_64 random_;
};

class MySqlScanProperty : public testing::TestWithParam<uint64_t> {};

TEST_P(MySqlScanProperty, ScannerAndReaderAgree) {
  Generator generator(GetParam());
  size_t harmless = 0;
  for (int i = 0; i < 5000 && !HasFailure(); ++i) {
    const std::string text = generator.text();
    const ReadingState state = generator.state();
    EXPECT_EQ(scan_oracle::find_disagreement(text, state), "") << text;
    harmless += verdict(text, state) == ScanVerdict::kHarmless ? 1 : 0;
  }
  // A property test is worth what it reaches.
  EXPECT_TRUE(HasFailure() || harmless > 250U) << harmless;
}
INSTANTIATE_TEST_SUITE_P(Seeds, MySqlScanProperty, testing::Range<uint64_t>(1, 9));

TEST(MySqlScanOracle, FindsWhatMatters) {
  const auto objection_to = [](std::string_view text) {
    ReadingState state = mariadb();
    return scan_oracle::objection(read_statements(text, state).statements.front());
  };
  for (const std::string_view text : {"select f(1)", "select load_file(1)", "set a = 1", "drop table t", "use d",
                                      "insert into mysql.proc values (1)", "prepare s from 'select 1'"}) {
    EXPECT_NE(objection_to(text), "") << text;
  }
  EXPECT_EQ(objection_to("select now()"), "");
}

}  // namespace
}  // namespace schemaguard::parser::mysql
