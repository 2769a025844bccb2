// StatementCorpus: the cases of statements.corpus, and facts written out the way that file writes them.
#pragma once

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "parser/postgres/statement_reader.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

struct CorpusCase {
  size_t line = 0;
  std::vector<std::string> nodes;  // the statement's node, then the subcommands that its tree must hold
  std::string sql;
  std::string expected;
  int grammar = 0;  // the first version of the grammar that can read it
};

struct StatementCorpus {
  std::vector<CorpusCase> cases;
  std::vector<CorpusCase> unreadable;  // those that the linked grammar is too old for
  std::set<std::string> internal;      // nodes that no statement can show
};

inline std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream stream(text);
  for (std::string name; std::getline(stream, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    names.push_back(name);
  }
  return names;
}

inline StatementCorpus read_statement_corpus(const std::string& path) {
  StatementCorpus corpus;
  std::ifstream file(path);
  size_t line_number = 0;
  for (std::string line; std::getline(file, line);) {
    ++line_number;
    if (line.starts_with("[")) {
      corpus.cases.push_back({.line = line_number,
                              .nodes = split_names(line.substr(1, line.find(']') - 1)),
                              .sql = {},
                              .expected = {},
                              .grammar = 0});
    } else if (line.starts_with("internal: ")) {
      corpus.internal.insert(split_names(line.substr(10)).front());
    } else if (line.starts_with("sql: ")) {
      corpus.cases.back().sql += (corpus.cases.back().sql.empty() ? "" : " ") + line.substr(5);
    } else if (line.starts_with("is: ")) {
      corpus.cases.back().expected = line.substr(4);
    } else if (line.starts_with("grammar: ")) {
      corpus.cases.back().grammar = std::stoi(line.substr(9));
    }
  }
  const int linked = std::stoi(std::string(grammar_version()));
  const auto too_new = std::stable_partition(corpus.cases.begin(), corpus.cases.end(),
                                             [linked](const CorpusCase& one) { return one.grammar <= linked; });
  corpus.unreadable.assign(too_new, corpus.cases.end());
  corpus.cases.erase(too_new, corpus.cases.end());
  return corpus;
}

// "class class | COMMAND | kind kind_of_object schema.object.member -> new name; …"
inline std::string written_out(const StatementFacts& facts) {
  std::string text;
  for (size_t bit = 0; bit < kStatementClassCount; ++bit) {
    const auto one = static_cast<StatementClass>(bit);
    if (facts.classes.has(one)) text += std::string(text.empty() ? "" : " ") + std::string(class_name(one));
  }
  text += " | " + facts.command;
  std::string separator = " | ";
  for (const Change& change : facts.changes) {
    text += separator + change.kind + " " + std::string(object_kind_name(change.object.kind)) + " " +
            change.object.name.display();
    if (!change.member.empty()) text += "." + change.member;
    if (!change.new_name.empty()) text += " -> " + change.new_name;
    separator = "; ";
  }
  text.erase(text.find_last_not_of(' ') + 1);  // of a change without a name
  return text;
}

}  // namespace schemaguard::parser::postgres
