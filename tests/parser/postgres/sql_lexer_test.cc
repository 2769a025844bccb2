#include "parser/postgres/sql_lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser::postgres {
namespace {

std::string_view kind_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEnd:
      return "end";
    case TokenKind::kWord:
      return "word";
    case TokenKind::kQuotedIdentifier:
      return "quoted";
    case TokenKind::kUnicodeIdentifier:
      return "unicode-identifier";
    case TokenKind::kString:
      return "string";
    case TokenKind::kEscapeString:
      return "escape";
    case TokenKind::kUnicodeString:
      return "unicode";
    case TokenKind::kBitString:
      return "bits";
    case TokenKind::kDollarString:
      return "dollar";
    case TokenKind::kNumber:
      return "number";
    case TokenKind::kParameter:
      return "parameter";
    case TokenKind::kOperator:
      return "operator";
    case TokenKind::kPunctuation:
      return "punctuation";
    case TokenKind::kSemicolon:
      return "semicolon";
    case TokenKind::kComment:
      return "comment";
    case TokenKind::kUnterminated:
      return "unterminated";
    case TokenKind::kOther:
      return "other";
  }
  return "";
}

// "kind|text" for each token, with a line of its own.
std::string tokens_of(std::string_view text, LexerOptions options = {}) {
  std::string result;
  SqlLexer lexer(text, options);
  size_t end = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    EXPECT_GE(token.offset, end);
    EXPECT_GT(token.length, 0U);
    end = token.end();
    EXPECT_LE(end, text.size());
    if (!result.empty()) result += "\n";
    result += std::string(kind_name(token.kind)) + "|" + std::string(token.text(text));
  }
  EXPECT_EQ(lexer.next().kind, TokenKind::kEnd);
  return result;
}

struct LexCase {
  const char* text;
  const char* tokens;
};

class LexerCases : public testing::TestWithParam<LexCase> {};
TEST_P(LexerCases, CutsLikeTheServer) {
  EXPECT_EQ(tokens_of(GetParam().text), GetParam().tokens) << GetParam().text;
  // Far from either end of the text the block-wise paths are taken, and must see the same.
  const std::string wide = std::string(40, ' ') + GetParam().text;
  EXPECT_EQ(tokens_of(wide), GetParam().tokens) << wide;
  const bool open = std::string_view(GetParam().tokens).find("unterminated") != std::string_view::npos;
  if (!open) {
    EXPECT_EQ(tokens_of(wide + std::string(40, '\n')), GetParam().tokens) << wide;
  }
}

constexpr LexCase kCases[] = {
    {"", ""},
    {" \t\r\n\f\v", ""},
    {"select 1", "word|select\nnumber|1"},
    // evasion 37: comments nest.
    {"a /* x /* y */ ; */ b", "word|a\nword|b"},
    {"a /*/ b */ c", "word|a\nword|c"},
    {"a /*/*/**/*/*/ c", "word|a\nword|c"},
    {"a /* **/ c", "word|a\nword|c"},
    {"a /* /* */ c", "word|a\nunterminated|/* /* */ c"},
    // evasion 38
    {"DROP/**/TABLE/**/t", "word|DROP\nword|TABLE\nword|t"},
    {"a--b\rc", "word|a\nword|c"},
    {"a--b", "word|a"},
    // evasion 40, 44: continued constants keep the quoting of their first piece.
    {"'a'\n'b'", "string|'a'\n'b'"},
    {"'a' 'b'", "string|'a'\nstring|'b'"},
    {"'a' --c\n'b'", "string|'a' --c\n'b'"},
    {"'a'\n --c\n -- d\n 'b'", "string|'a'\n --c\n -- d\n 'b'"},
    {"'a' /*c*/\n'b'", "string|'a'\nstring|'b'"},
    {"'a'\n- 'b'", "string|'a'\noperator|-\nstring|'b'"},
    {"E'a'\n'\\'; x --'", "escape|E'a'\n'\\'; x --'"},
    {"E'a' --c\n'\\' -- x'; y", "escape|E'a' --c\n'\\' -- x'\nsemicolon|;\nword|y"},
    {"e'\\'' x", "escape|e'\\''\nword|x"},
    {"E'\\\\' x", "escape|E'\\\\'\nword|x"},
    {"E'a''b' x", "escape|E'a''b'\nword|x"},
    {"E'\\", "unterminated|E'\\"},
    {"E'\\'", "unterminated|E'\\'"},
    {"'\\'; x --'", "string|'\\'\nsemicolon|;\nword|x"},
    {"'it''s' x", "string|'it''s'\nword|x"},
    {"'", "unterminated|'"},
    {"''", "string|''"},
    {"'''", "unterminated|'''"},
    // Prefixes count only as a whole word.
    {"fooE'a\\' x", "word|fooE\nstring|'a\\'\nword|x"},
    {"n'a\\' x", "word|n\nstring|'a\\'\nword|x"},
    {"B'01''10'", "bits|B'01'\nstring|'10'"},
    {"x'AF'\n'01' y", "bits|x'AF'\n'01'\nword|y"},
    {"U&'d\\0061' x", "unicode|U&'d\\0061'\nword|x"},
    {"U&'\\' x", "unicode|U&'\\'\nword|x"},
    {"u&\"d!0061\" UESCAPE '!'", "unicode-identifier|u&\"d!0061\"\nword|UESCAPE\nstring|'!'"},
    {"u & 'x'", "word|u\noperator|&\nstring|'x'"},
    {"U&x", "word|U\noperator|&\nword|x"},
    {"\"a\"\"b\" x", "quoted|\"a\"\"b\"\nword|x"},
    {"\"a\"\n\"b\"", "quoted|\"a\"\nquoted|\"b\""},
    {"\"a", "unterminated|\"a"},
    {"\"a'b\" 'c\"d'", "quoted|\"a'b\"\nstring|'c\"d'"},
    // Dollar quotes.
    {"$$a;b$$c", "dollar|$$a;b$$\nword|c"},
    {"$x$ $$ $y$ $x$;", "dollar|$x$ $$ $y$ $x$\nsemicolon|;"},
    {"$a$ $b$a$ c", "dollar|$a$ $b$a$\nword|c"},
    {"$$ $a$$ c", "dollar|$$ $a$$\nword|c"},
    {"$a$ $A$", "unterminated|$a$ $A$"},
    {"a$b$ c", "word|a$b$\nword|c"},
    {"$1$$x$$", "parameter|$1\ndollar|$$x$$"},
    {"$a b", "other|$\nword|a\nword|b"},
    {"$", "other|$"},
    {"$1a", "parameter|$1\nword|a"},
    {"$\xC3\xA9$x$\xC3\xA9$", "dollar|$\xC3\xA9$x$\xC3\xA9$"},
    // Numbers.
    {"1.5e+10", "number|1.5e+10"},
    {"1..10", "number|1\npunctuation|..\nnumber|10"},
    {".5.5", "number|.5\nnumber|.5"},
    {"1.into", "number|1.\nword|into"},
    {"1into", "number|1\nword|into"},
    {"1e5into", "number|1e5\nword|into"},
    {"1einto", "number|1\nword|einto"},
    {"1e'a\\' x'", "number|1\nescape|e'a\\' x'"},
    {"0x1F 0b1e'a\\' x", "number|0x1F\nnumber|0b1e\nstring|'a\\'\nword|x"},
    {"1_000e'a\\' x", "number|1_000e\nstring|'a\\'\nword|x"},
    {"1_000.5", "number|1_000.5"},
    {"1-1", "number|1\noperator|-\nnumber|1"},
    {"a.b", "word|a\npunctuation|.\nword|b"},
    // evasion 58: Unicode spaces are identifier bytes.
    {"drop\xC2\xA0table t", "word|drop\xC2\xA0table\nword|t"},
    // evasion 62: operators and comment marks.
    {"1 */ 2", "number|1\noperator|*/\nnumber|2"},
    {"1 @-- y\n2", "number|1\noperator|@\nnumber|2"},
    {"1 +/* c */2", "number|1\noperator|+\nnumber|2"},
    {"1 @-2", "number|1\noperator|@-\nnumber|2"},
    {"1 *-2", "number|1\noperator|*\noperator|-\nnumber|2"},
    {"a::b := c => d", "word|a\npunctuation|::\nword|b\npunctuation|:=\nword|c\noperator|=>\nword|d"},
    // evasion 63: a conditional comment of MySQL is a comment, # is an operator.
    {"/*!50000 DROP TABLE t */ a # b", "word|a\noperator|#\nword|b"},
    {"\\ {", "other|\\\nother|{"},
};
INSTANTIATE_TEST_SUITE_P(Server, LexerCases, testing::ValuesIn(kCases));

TEST(SqlLexer, BackslashesEscapeEverywhereWhenStringsDoNotConform) {
  const LexerOptions off{.standard_conforming_strings = false};
  EXPECT_EQ(tokens_of("'\\''; x --'", off), "string|'\\''\nsemicolon|;\nword|x");
  EXPECT_EQ(tokens_of("n'\\' x'", off), "word|n\nstring|'\\' x'");
  EXPECT_EQ(tokens_of("'a'\n'\\' x'", off), "string|'a'\n'\\' x'");
  EXPECT_EQ(tokens_of("b'1\\' x", off), "bits|b'1\\'\nword|x");
  EXPECT_EQ(tokens_of("B'0''\\' x'", off), "bits|B'0'\nstring|'\\' x'");
  EXPECT_EQ(tokens_of("\"\\\" x", off), "quoted|\"\\\"\nword|x");
  EXPECT_EQ(tokens_of("$$\\$$ x", off), "dollar|$$\\$$\nword|x");
}

TEST(SqlLexer, ReportsCommentsWhenAsked) {
  EXPECT_EQ(tokens_of("a -- b\n/* c */ 'd' --e\n'f'", {.comments = true}),
            "word|a\ncomment|-- b\ncomment|/* c */\nstring|'d' --e\n'f'");
}

TEST(SqlLexer, FlagsWhatOtherLexersMisread) {
  const std::string_view text = "'a' -- c\n'b' /* d */ x E'\\''";
  SqlLexer lexer(text);
  const Token joined = lexer.next();
  EXPECT_TRUE(joined.joined_over_comment);
  EXPECT_FALSE(joined.after_comment);
  EXPECT_FALSE(joined.backslash_escapes);
  EXPECT_TRUE(lexer.next().after_comment);
  const Token escape = lexer.next();
  EXPECT_TRUE(escape.backslash_escapes);
  EXPECT_FALSE(escape.after_comment);
  EXPECT_TRUE(escape.is_quoted_constant());
}

TEST(SqlLexer, EveryPrefixOfATextIsTiledTheSameWay) {
  // Cutting a text anywhere must never make the lexer look behind the cut: run under AddressSanitizer.
  std::string text;
  for (const LexCase& one : kCases) text += std::string(one.text) + " \n";
  for (size_t length = 0; length <= 700; ++length) {
    const std::vector<char> prefix(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
    tokens_of(std::string_view(prefix.data(), prefix.size()));
    tokens_of(std::string_view(prefix.data(), prefix.size()), {.standard_conforming_strings = false});
  }
}

std::vector<std::string> statements_of(std::string_view text, bool standard_conforming_strings = true) {
  std::vector<std::string> result;
  StatementSplitter splitter(text, standard_conforming_strings);
  for (StatementSpan span; splitter.next(span);) {
    EXPECT_EQ(span.first.offset, span.offset);
    result.emplace_back(text.substr(span.offset, span.length));
  }
  return result;
}

TEST(StatementSplitter, PartsTextAtSemicolonsOnly) {
  using List = std::vector<std::string>;
  EXPECT_EQ(statements_of(""), List{});
  EXPECT_EQ(statements_of(";; /* x; */ -- ;\n ;"), List{});
  EXPECT_EQ(statements_of(";;/* hi */;CREATE TABLE t(a int) -- x\n;"), List{"CREATE TABLE t(a int)"});
  EXPECT_EQ(statements_of("SELECT ';' ; SELECT $$;$$, \";\""), (List{"SELECT ';'", "SELECT $$;$$, \";\""}));
  EXPECT_EQ(statements_of("SELECT '\\''; DROP TABLE t; --'"), (List{"SELECT '\\''; DROP TABLE t; --'"}));
  EXPECT_EQ(statements_of("SELECT '\\''; DROP TABLE t; --'", false), (List{"SELECT '\\''", "DROP TABLE t"}));
}

TEST(StatementSplitter, TellsWhatCannotBeTrusted) {
  StatementSplitter open("SELECT 1; SELECT 'a");
  StatementSpan span;
  EXPECT_TRUE(open.next(span));
  EXPECT_FALSE(open.unterminated());
  EXPECT_TRUE(open.next(span));
  EXPECT_TRUE(open.unterminated());
  EXPECT_FALSE(open.next(span));

  for (const char* text : {"SELECT 'a' -- c\n'b'", "SELECT E'a'\n-- c\n'b'", "SELECT 'a' /* c */ 'b'"}) {
    StatementSplitter splitter(text);
    EXPECT_TRUE(splitter.next(span));
    EXPECT_TRUE(splitter.string_comment_string()) << text;
  }
  for (const char* text : {"SELECT 'a', -- c\n'b'", "SELECT 'a'\n'b'", "SELECT 'a' -- c\n, 'b'"}) {
    StatementSplitter splitter(text);
    EXPECT_TRUE(splitter.next(span));
    EXPECT_FALSE(splitter.string_comment_string()) << text;
  }
}

TEST(IsWord, FoldsAsciiLettersOnly) {
  EXPECT_TRUE(is_word("SeLeCt", "select"));
  EXPECT_FALSE(is_word("select", "selects"));
  EXPECT_FALSE(is_word("s\xC9LECT", "s\xE9lect"));
  EXPECT_FALSE(is_word("@", "`"));
}

}  // namespace
}  // namespace schemaguard::parser::postgres
