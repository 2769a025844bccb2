// The grammar as the oracle of the scanner: one text, scanned and parsed, and what the two may not disagree about.
//
// Shared by the property test and the fuzz target. Links libpg_query directly; its answer counts only where it accepts
// the text with comments blanked, because then the server accepts it too and sees the same statements.
#pragma once

#include <pg_query.h>

#include <array>
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "parser/postgres/function_catalog.h"
#include "parser/postgres/sql_lexer.h"
#include "parser/postgres/sql_scanner.h"

#if PG_VERSION_NUM < 160000 && defined(SCHEMAGUARD_PG_QUERY_READING_VARIABLE)
extern "C" {
extern __thread bool standard_conforming_strings;
}
#endif

namespace schemaguard::parser::postgres::scan_oracle {

// The grammar's answer under this setting, which later versions take as an option; none when it cannot be switched.
inline std::optional<PgQueryParseResult> ask_grammar(const std::string& text, bool conforming) {
#if PG_VERSION_NUM >= 160000
  return pg_query_parse_opts(text.c_str(), conforming ? static_cast<int>(PG_QUERY_PARSE_DEFAULT)
                                                      : static_cast<int>(PG_QUERY_DISABLE_STANDARD_CONFORMING_STRINGS));
#elif defined(SCHEMAGUARD_PG_QUERY_READING_VARIABLE)
  standard_conforming_strings = conforming;
  const PgQueryParseResult result = pg_query_parse(text.c_str());
  standard_conforming_strings = true;
  return result;
#else
  if (!conforming) return std::nullopt;
  return pg_query_parse(text.c_str());
#endif
}

inline std::string blank_comments(std::string_view text, bool conforming) {
  std::string blanked(text);
  SqlLexer lexer(text, {.standard_conforming_strings = conforming, .comments = true});
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kComment) blanked.replace(token.offset, token.length, token.length, ' ');
  }
  return blanked;
}

struct Tree {
  bool accepted = false;
  size_t statements = 0;
  bool parts_inside = false;  // CREATE RULE or a SQL body: semicolons inside one statement
  std::string objection;      // why this is not harmless; empty when it is
};

class TreeJudge {
 public:
  explicit TreeJudge(Tree& tree) : tree_(tree) {}

  void statement(const boost::json::value& stmt) {
    static constexpr std::array<std::string_view, 12> kAllowed = {
        "SelectStmt", "InsertStmt",      "UpdateStmt", "DeleteStmt",   "MergeStmt",  "TransactionStmt",
        "FetchStmt",  "ClosePortalStmt", "ListenStmt", "UnlistenStmt", "NotifyStmt", "VariableShowStmt"};
    const std::string_view node = stmt.as_object().begin()->key();
    bool allowed = false;
    for (const std::string_view one : kAllowed) allowed = allowed || node == one;
    if (!allowed) object("statement", node);
    walk(stmt);
  }

 private:
  void object(std::string_view what, std::string_view name) {
    if (tree_.objection.empty()) tree_.objection = std::string(what) + " " + std::string(name);
  }

  static std::string_view string_of(const boost::json::value& node) {
    const boost::json::object& object = node.as_object();
    const auto found = object.find("String");
    if (found == object.end()) return {};
    const boost::json::object& string = found->value().as_object();
    for (const char* field : {"sval", "str"}) {
      if (const auto text = string.find(field); text != string.end()) return text->value().as_string();
    }
    return {};
  }

  void call(const boost::json::object& node) {
    const boost::json::array& names = node.at("funcname").as_array();
    const std::string_view name = string_of(names.back());
    const std::string_view schema = names.size() > 1 ? string_of(names[names.size() - 2]) : std::string_view();
    if (names.size() > 2 || function_kind(schema, name) != FunctionKind::kPlain) object("call", name);
  }

  void target(const boost::json::object& statement) {
    const auto found = statement.find("relation");
    if (found == statement.end()) return;
    const boost::json::object& relation = found->value().as_object();
    for (const char* field : {"schemaname", "relname"}) {
      if (const auto name = relation.find(field); name != relation.end()) {
        const std::string_view text = name->value().as_string();
        if (text.starts_with("pg_") || text == "information_schema") object("target", text);
      }
    }
  }

  void columns(const boost::json::object& node, const char* field, size_t first) {
    const auto found = node.find(field);
    if (found == node.end()) return;
    const boost::json::array& names = found->value().as_array();
    for (size_t i = first; i < names.size(); ++i) {
      if (column_notation_kind(string_of(names[i])) != FunctionKind::kPlain) object("column", string_of(names[i]));
    }
  }

  void walk(const boost::json::value& value) {
    if (const auto* array = value.if_array()) {
      for (const boost::json::value& item : *array) walk(item);
      return;
    }
    const auto* node = value.if_object();
    if (node == nullptr) return;
    for (const auto& [key, child] : *node) {
      if (key == "intoClause" || key == "IntoClause") object("into", key);
      if (key == "RuleStmt" || key == "sql_body") tree_.parts_inside = true;
      if (key == "FuncCall") call(child.as_object());
      if (key == "ColumnRef") columns(child.as_object(), "fields", 1);
      if (key == "A_Indirection") columns(child.as_object(), "indirection", 0);
      if (key == "InsertStmt" || key == "UpdateStmt" || key == "DeleteStmt" || key == "MergeStmt") {
        target(child.as_object());
      }
      if (key == "TransactionStmt") {
        const std::string_view kind = child.as_object().at("kind").as_string();
        if (kind.find("PREPARE") != std::string_view::npos) object("transaction", kind);
      }
      walk(child);
    }
  }

  Tree& tree_;
};

inline Tree parse(const std::string& text, bool conforming) {
  Tree tree;
  const std::optional<PgQueryParseResult> answer = ask_grammar(text, conforming);
  if (!answer) return tree;
  const PgQueryParseResult& result = *answer;
  if (result.error == nullptr) {
    tree.accepted = true;
    const boost::json::value root =
        boost::json::parse(result.parse_tree, {}, {.max_depth = 4096, .allow_invalid_utf8 = true});
    const boost::json::array& statements = root.at("stmts").as_array();
    tree.statements = statements.size();
    TreeJudge judge(tree);
    for (const boost::json::value& statement : statements) judge.statement(statement.at("stmt"));
  }
  pg_query_free_parse_result(result);
  return tree;
}

inline std::string describe(const ScanResult& result) {
  return std::to_string(static_cast<int>(result.verdict)) + " count " + std::to_string(result.statement_count) + " " +
         result.reason;
}

// What scanner and grammar disagree about for this text; empty when they agree. No NUL bytes, a few thousand bytes at
// most (the grammar has no stack check).
inline std::string find_disagreement(std::string_view text, bool conforming) {
  const Reading reading{.standard_conforming_strings = conforming ? Certainty::kYes : Certainty::kNo};
  const ScanResult scan = scan_sql(text, reading);
  size_t split = 0;
  StatementSplitter splitter(text, conforming);
  for (StatementSpan span; splitter.next(span);) ++split;
  if (scan.verdict != ScanVerdict::kUnreadable && split != scan.statement_count) return "splitter: " + describe(scan);
  // Of two things wrong with a text, either may be told.
  const bool several = std::string_view(scan.reason) == "string_comment_string" || splitter.string_comment_string();
  if (!several && (std::string_view(scan.reason) == "unterminated") != splitter.unterminated()) {
    return "splitter's end: " + describe(scan);
  }

  // The same text behind a list of literals that is read by blocks, and behind one that is not.
  if (text.size() < 100) {
    std::string by_blocks = "SELECT 1 IN (";
    std::string by_tokens = by_blocks;
    for (int i = 0; i < 50; ++i) {
      by_blocks += i % 3 == 0 ? "'a'," : "7,";
      by_tokens += i % 3 == 0 ? "aaa," : "x,";
    }
    by_blocks.append("1,").append(text);
    by_tokens.append("x,").append(text);
    const ScanResult blocks = scan_sql(by_blocks, reading);
    const ScanResult tokens = scan_sql(by_tokens, reading);
    if (blocks.verdict != tokens.verdict || blocks.statement_count != tokens.statement_count) {
      return "blocks " + describe(blocks) + ", tokens " + describe(tokens);
    }
  }

  const Tree tree = parse(blank_comments(text, conforming), conforming);
  if (!tree.accepted) return {};
  if (scan.verdict == ScanVerdict::kUnreadable) {
    return std::string_view(scan.reason) == "unterminated" ? "grammar accepts: " + describe(scan) : std::string();
  }
  if (scan.statement_count < tree.statements || (!tree.parts_inside && scan.statement_count != tree.statements)) {
    return "grammar counts " + std::to_string(tree.statements) + ": " + describe(scan);
  }
  if (scan.verdict == ScanVerdict::kHarmless && !tree.objection.empty()) return "harmless, but " + tree.objection;
  return {};
}

}  // namespace schemaguard::parser::postgres::scan_oracle
