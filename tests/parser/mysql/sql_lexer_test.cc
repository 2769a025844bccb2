// Tokens of MySQL and MariaDB. The cases are those of mysql-wire section 3; those marked "asked" were put to MariaDB
// 10.11, the others follow MySQL's own lexer.
#include "parser/mysql/sql_lexer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace schemaguard::parser::mysql {
namespace {

constexpr Reading kMariaDb = {.flavour = Flavour::kMariaDb, .version = 101119};
constexpr Reading kMySql = {.flavour = Flavour::kMySql, .version = 80036};
constexpr Reading kMySql9 = {.flavour = Flavour::kMySql, .version = 90100};

std::string_view kind_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEnd:
      return "end";
    case TokenKind::kWord:
      return "word";
    case TokenKind::kQuotedIdentifier:
      return "quoted";
    case TokenKind::kString:
      return "string";
    case TokenKind::kNationalString:
      return "national";
    case TokenKind::kBitString:
      return "bits";
    case TokenKind::kDollarString:
      return "dollar";
    case TokenKind::kNumber:
      return "number";
    case TokenKind::kUserVariable:
      return "variable";
    case TokenKind::kSystemVariable:
      return "system";
    case TokenKind::kParameter:
      return "parameter";
    case TokenKind::kNull:
      return "null";
    case TokenKind::kOperator:
      return "operator";
    case TokenKind::kPunctuation:
      return "punctuation";
    case TokenKind::kSemicolon:
      return "semicolon";
    case TokenKind::kComment:
      return "comment";
    case TokenKind::kAbort:
      return "abort";
    case TokenKind::kUncertain:
      return "uncertain";
  }
  return "";
}

std::string kinds(std::string_view text, const Reading& reading = kMariaDb) {
  std::string result;
  SqlLexer lexer(text, reading);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (!result.empty()) result += ' ';
    result += kind_name(token.kind);
  }
  return result;
}

// The tokens' texts, parted by '|'.
std::string texts(std::string_view text, const Reading& reading = kMariaDb) {
  std::string result;
  SqlLexer lexer(text, reading);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (!result.empty()) result += '|';
    result += token.kind == TokenKind::kAbort ? "ABORT" : std::string(token.text(text));
  }
  return result;
}

TEST(SqlLexerTest, CutsWordsAndNumbers) {  // asked
  EXPECT_EQ(texts("select 1e1abc"), "select|1e1|abc");
  EXPECT_EQ(kinds("1abc"), "word");
  EXPECT_EQ(texts("x.1a"), "x|.|1a");
  EXPECT_EQ(texts("`x`.1a"), "`x`|.1|a");
  EXPECT_EQ(texts("x.`1a`"), "x|.|`1a`");
  EXPECT_EQ(texts("x .1"), "x|.1");
  EXPECT_EQ(kinds("0xag 0b12 0X41 0x41 0b01"), "word word word bits bits");
  EXPECT_EQ(texts("1.5e+3 1.5.2 1..10 .5"), "1.5e+3|1.5|.2|1|..|10|.5");
  EXPECT_EQ(texts("1..10", kMySql), "1.|.10");
  EXPECT_EQ(kinds("$a _a a$"), "word word word");
  EXPECT_EQ(kinds("\\N"), "null");
  EXPECT_EQ(kinds("\\N", kMySql), "operator word");
  EXPECT_EQ(texts("1--1"), "1|-|-|1");
}

TEST(SqlLexerTest, MarksWordsBehindADot) {
  SqlLexer lexer("t.table", kMariaDb);
  EXPECT_FALSE(lexer.next().after_dot);
  lexer.next();
  EXPECT_TRUE(lexer.next().after_dot);
}

TEST(SqlLexerTest, CutsStrings) {
  EXPECT_EQ(kinds("'a''b' \"c\"\"d\" N'e' _utf8mb4'f' x'4f' b'01'"), "string string national word string bits bits");
  EXPECT_EQ(texts(R"('a\'b' 'c')"), R"('a\'b'|'c')");
  Reading plain = kMariaDb;
  plain.no_backslash_escapes = true;
  EXPECT_EQ(texts(R"('\'; drop)", plain), R"('\'|;|drop)");  // M4
  EXPECT_EQ(texts(R"('\'; drop)"), "ABORT");
  EXPECT_EQ(kinds("x'4'"), "abort");  // asked
  EXPECT_EQ(kinds("x'4g'"), "abort");
  EXPECT_EQ(kinds("b'2'"), "abort");
  EXPECT_EQ(kinds("`a``b`"), "quoted");
  EXPECT_EQ(texts(R"(`a\`b)"), R"(`a\`|b)");
  EXPECT_EQ(kinds("`a"), "abort");
}

TEST(SqlLexerTest, TakesDoubleQuotesAsTheModeSays) {  // 3.3
  Reading ansi = kMySql;
  ansi.ansi_quotes = true;
  EXPECT_EQ(kinds("\"a\"\"b\"", ansi), "quoted");
  EXPECT_EQ(texts(R"("\" drop)", ansi), R"("\"|drop)");
  EXPECT_EQ(kinds("\"a\""), "string");
}

TEST(SqlLexerTest, CutsVariables) {  // asked
  EXPECT_EQ(texts("@a.b:=5"), "@a.b|:=|5");
  EXPECT_EQ(texts("@'a b' @`c` @ a"), "@|'a b'|@|`c`|@|a");
  EXPECT_EQ(texts("@@global.sql_mode @@`sql_mode`"), "@@|global|.|sql_mode|@@|`sql_mode`");
  EXPECT_EQ(texts("@@ sql_mode"), "@@|ABORT");
  EXPECT_EQ(texts("u@host"), "u|@host");
}

TEST(SqlLexerTest, EndsLineCommentsAtLineFeedsOnly) {  // 3.2
  EXPECT_EQ(texts("-- x\rdrop\ntable"), "table");
  EXPECT_EQ(texts("# x\rdrop\ntable"), "table");
  EXPECT_EQ(texts("--\x01 x\ntable"), "table");  // asked
  EXPECT_EQ(texts("--x"), "-|-|x");
  EXPECT_EQ(texts("drop table t --"), "drop|table|t");
  EXPECT_EQ(kinds(std::string_view("# a\0b", 5)), "uncertain word");
  EXPECT_EQ(texts("drop\v\f\r\ttable"), "drop|table");
}

TEST(SqlLexerTest, DoesNotNestPlainComments) {
  EXPECT_EQ(texts("/* /* */ drop table t"), "drop|table|t");
  EXPECT_EQ(texts("dr/**/op"), "dr|op");
  EXPECT_EQ(texts("/* a"), "ABORT");
  EXPECT_EQ(texts("/*/ a */b"), "b");
}

TEST(SqlLexerTest, RunsExecutableCommentsAsMariaDbDoes) {  // 3.1, each asked
  for (const std::string_view head :
       {"/*! ", "/*!50000", "/*!50699", "/*!100100", "/*!101119", "/*!010000", "/*M!", "/*M!50701", "/*M!100100"}) {
    EXPECT_EQ(texts(std::string(head) + " drop*/ t"), "drop|t") << head;
  }
  for (const std::string_view head : {"/*!50700", "/*!99999", "/*!050701", "/*!101120", "/*m!", "/*!999999\\-"}) {
    EXPECT_EQ(texts(std::string(head) + " drop*/ t"), "t") << head;
  }
  EXPECT_EQ(texts("/*!100100drop table t*/"), "drop|table|t");
  EXPECT_EQ(texts("drop/*!*/table/*! g*/./*!50000t*/"), "drop|table|g|.|t");
  EXPECT_EQ(texts("/*! drop /* x */ table t */"), "drop|table|t");
  EXPECT_EQ(texts("/*!50700 /* a */ b */ drop"), "drop");
  EXPECT_EQ(texts("/*!50700 /*! drop */ */"), "");
  EXPECT_EQ(texts("/*!50700 /* a */ drop table t */"), "");
  EXPECT_EQ(texts("/*!1234 drop */"), "1234|drop");
  EXPECT_EQ(texts("/*!M100100 drop*/"), "M100100|drop");
  EXPECT_EQ(texts("/*! a /*! b */ c */"), "a|b|c|*|/");
  EXPECT_EQ(texts("/*! a"), "a|ABORT");
  EXPECT_EQ(texts("/*!99999 a"), "ABORT");
}

TEST(SqlLexerTest, RunsExecutableCommentsAsMySqlDoes) {
  EXPECT_EQ(texts("/*!80000 drop*/", kMySql), "drop");
  EXPECT_EQ(texts("/*!80037 drop*/", kMySql), "");
  EXPECT_EQ(texts("/*M!100100 drop*/", kMySql), "");
  EXPECT_EQ(texts("/*!100100 drop*/", kMySql), "");
  EXPECT_EQ(texts("/*!080036 drop*/", kMySql), "drop");
  // Without white space behind it the sixth digit is text.
  EXPECT_EQ(texts("/*!080036drop*/", kMySql), "6drop");
  EXPECT_EQ(texts("/*!800361*/", kMySql), "1");
}

TEST(SqlLexerTest, ForgetsAnOpenCommentWithTheStatement) {
  const std::string_view text = "/*! drop table t; */ x";
  SqlLexer lexer(text, kMariaDb);
  Token token = lexer.next();
  EXPECT_TRUE(token.executable);
  while (token.kind != TokenKind::kSemicolon) token = lexer.next();
  lexer.begin_statement(token.end());
  EXPECT_EQ(lexer.next().text(text), "*");
}

TEST(SqlLexerTest, TakesHintsForCommentsOnlyWhereTheirEndIsCertain) {
  EXPECT_EQ(texts("select /*+ QB_NAME(`q`) */ 1", kMySql), "select|1");
  EXPECT_EQ(texts("select /*+ QB_NAME(`*/ x`) */ 1", kMySql), "select|ABORT");
  EXPECT_EQ(texts("select /*+ it's */ 1"), "select|1");
}

TEST(SqlLexerTest, CutsDollarQuotesSinceTheyExist) {
  EXPECT_EQ(kinds("$$; drop $$", kMySql), "word semicolon word word");
  EXPECT_EQ(kinds("$$; drop $$", kMySql9), "dollar");
  EXPECT_EQ(kinds("$a$ $$ $a$ b", kMySql9), "dollar word");
  EXPECT_EQ(kinds("$a$ b", kMySql9), "abort");
  EXPECT_EQ(kinds("$a b", kMySql9), "word word");
}

TEST(SqlLexerTest, KnowsBytesAbove7f) {
  Reading latin1 = kMariaDb;
  latin1.character_set = CharacterSet::kLatin1;
  Reading safe = kMariaDb;
  safe.character_set = CharacterSet::kSafe;
  EXPECT_EQ(kinds("a\xC3\xA9 b"), "word word");
  EXPECT_EQ(kinds("a\xC2\xA0"
                  "b"),
            "word");
  EXPECT_EQ(kinds("drop\xA0table", latin1), "word word");  // asked
  EXPECT_EQ(kinds("\xE9", latin1), "word");
  EXPECT_EQ(kinds("\xD7", latin1), "uncertain");
  EXPECT_EQ(kinds("a\xE9", safe), "word uncertain");
  EXPECT_EQ(kinds("'\xE9' `\xE9` /* \xE9 */", safe), "string quoted");
}

// Whatever the bytes: tokens lie in order inside the text, and the end is reached.
TEST(SqlLexerTest, TilesEveryText) {
  std::mt19937 random(7);
  const std::string_view alphabet = "'\"`\\;*/!M5016$@#-.x0abN( \n\0\xE9\xA0";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t length = random() % 40;
    for (size_t i = 0; i < length; ++i) text += alphabet[random() % alphabet.size()];
    for (const Reading& reading : {kMariaDb, kMySql, kMySql9}) {
      SqlLexer lexer(text, reading);
      size_t end = 0;
      for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
        ASSERT_GE(token.offset, end) << text;
        ASSERT_LE(token.end(), text.size()) << text;
        ASSERT_TRUE(token.length > 0 || token.kind == TokenKind::kAbort) << text;
        end = token.end();
      }
    }
  }
}

}  // namespace
}  // namespace schemaguard::parser::mysql
