// Every case of statements.corpus reads as the file says, and the file leaves out nothing that the grammar has.
#include "tests/parser/postgres/statement_corpus.h"

#include <gtest/gtest.h>

#include <regex>

#include "parser/postgres/grammar.h"
#include "parser/postgres/tree.h"

namespace schemaguard::parser::postgres {
namespace {

const StatementCorpus& corpus() {
  static const StatementCorpus kCorpus =
      read_statement_corpus(std::string(TEST_SOURCE_DIR) + "/parser/postgres/statements.corpus");
  return kCorpus;
}

// The names that the linked grammar's own description declares.
std::set<std::string> names_in_grammar(const char* pattern) {
  std::ifstream description(PG_QUERY_NODE_LIST);
  const std::string text((std::istreambuf_iterator<char>(description)), std::istreambuf_iterator<char>());
  std::set<std::string> names;
  const std::regex expression(pattern);
  for (std::sregex_iterator found(text.begin(), text.end(), expression); found != std::sregex_iterator(); ++found) {
    names.insert((*found)[1]);
  }
  return names;
}

std::set<std::string> subcommands_of(const TreeNode& alter_table) {
  std::set<std::string> subcommands;
  for (const boost::json::value& item : list(alter_table, "cmds")) {
    subcommands.insert(std::string(text(*typed_node(item).fields, "subtype")));
  }
  return subcommands;
}

TEST(StatementCorpusTest, HoldsCases) { EXPECT_GT(corpus().cases.size(), 250U); }

TEST(StatementCorpusTest, ReadsEveryCaseAsWritten) {
  for (const CorpusCase& one : corpus().cases) {
    const TextFacts facts = read_statements(one.sql, {});
    EXPECT_FALSE(facts.unread) << one.line << ": " << one.sql;
    ASSERT_EQ(facts.statements.size(), 1U) << one.line << ": " << one.sql;
    EXPECT_EQ(written_out(facts.statements[0]), one.expected) << one.line << ": " << one.sql;
    EXPECT_EQ(facts.statements[0].offset, 0U) << one.sql;
    EXPECT_EQ(facts.statements[0].length, one.sql.size()) << one.sql;
  }
}

// What a newer grammar reads as a query must pass an older one's fallback; all else is unread (evasion 64, 65).
TEST(StatementCorpusTest, ReadsWhatIsNewerThanTheGrammarAsAQueryOrNotAtAll) {
  for (const CorpusCase& one : corpus().unreadable) {
    const TextFacts facts = read_statements(one.sql, {});
    ASSERT_EQ(facts.statements.size(), 1U) << one.line << ": " << one.sql;
    const StatementClass expected =
        one.expected.starts_with("query") ? StatementClass::kQuery : StatementClass::kUnread;
    EXPECT_TRUE(facts.statements[0].classes.has(expected)) << one.line << ": " << one.sql;
  }
}

TEST(StatementCorpusTest, NamesTheNodesThatTheTreesHold) {
  for (const CorpusCase& one : corpus().cases) {
    const SyntaxTree tree = parse_statements(one.sql, true);
    ASSERT_TRUE(tree) << one.sql;
    const TreeList& statements = list(*tree.root()->if_object(), "stmts");
    const TypedNode statement = typed_child(*statements[0].if_object(), "stmt");
    EXPECT_EQ(statement.type, one.nodes.front()) << one.line << ": " << one.sql;
    for (size_t i = 1; i < one.nodes.size(); ++i) {
      if (!one.nodes[i].starts_with("AT_")) continue;
      EXPECT_TRUE(subcommands_of(*statement.fields).contains(one.nodes[i])) << one.line << ": " << one.nodes[i];
    }
  }
}

TEST(StatementCorpusTest, HasACaseForEveryStatementNode) {
  const std::set<std::string> nodes = names_in_grammar(R"(message (\w+Stmt)\b)");
  EXPECT_GT(nodes.size(), 110U);
  std::set<std::string> covered = corpus().internal;
  for (const CorpusCase& one : corpus().cases) covered.insert(one.nodes.begin(), one.nodes.end());
  for (const std::string& node : nodes) EXPECT_TRUE(covered.contains(node)) << node << " has no case";
}

TEST(StatementCorpusTest, HasACaseForEveryAlterTableSubcommand) {
  const std::set<std::string> subcommands = names_in_grammar(R"(\b(AT_[A-Z][a-z]\w+) =)");
  EXPECT_GT(subcommands.size(), 60U);
  std::set<std::string> covered = corpus().internal;
  for (const CorpusCase& one : corpus().cases) covered.insert(one.nodes.begin() + 1, one.nodes.end());
  for (const std::string& subcommand : subcommands) {
    EXPECT_TRUE(covered.contains(subcommand)) << subcommand << " has no case";
  }
}

}  // namespace
}  // namespace schemaguard::parser::postgres
