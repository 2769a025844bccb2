#include "parser/postgres/first_words.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "parser/postgres/function_catalog.h"
#include "parser/postgres/function_facts.h"
#include "parser/postgres/names.h"
#include "parser/postgres/statement_source.h"
#include "parser/postgres/words.h"

namespace schemaguard::parser::postgres {
namespace {

struct FirstWord {
  std::string_view word;
  StatementClass statement_class;
  TransactionControl transaction = TransactionControl::kNone;
};

constexpr std::array<FirstWord, 23> kFirstWords = {{
    {"SELECT", StatementClass::kQuery},
    {"INSERT", StatementClass::kQuery},
    {"UPDATE", StatementClass::kQuery},
    {"DELETE", StatementClass::kQuery},
    {"MERGE", StatementClass::kQuery},
    {"VALUES", StatementClass::kQuery},
    {"TABLE", StatementClass::kQuery},
    {"WITH", StatementClass::kQuery},
    {"FETCH", StatementClass::kQuery},
    {"MOVE", StatementClass::kQuery},
    {"CLOSE", StatementClass::kQuery},
    {"SHOW", StatementClass::kQuery},
    {"LISTEN", StatementClass::kSession},
    {"UNLISTEN", StatementClass::kSession},
    {"NOTIFY", StatementClass::kSession},
    {"BEGIN", StatementClass::kTransaction, TransactionControl::kBegin},
    {"START", StatementClass::kTransaction, TransactionControl::kBegin},
    {"COMMIT", StatementClass::kTransaction, TransactionControl::kCommit},
    {"END", StatementClass::kTransaction, TransactionControl::kCommit},
    {"ROLLBACK", StatementClass::kTransaction, TransactionControl::kRollback},
    {"ABORT", StatementClass::kTransaction, TransactionControl::kRollback},
    {"SAVEPOINT", StatementClass::kTransaction, TransactionControl::kSavepoint},
    {"RELEASE", StatementClass::kTransaction, TransactionControl::kRelease},
}};

// INTO makes a SELECT create a table, except right behind INSERT or MERGE.
bool has_bare_into(const ClauseCutter& clauses, TokenRange range) {
  for (size_t token = range.first; token < range.last; ++token) {
    if (!clauses.is(token, "into")) continue;
    const bool belongs_to_target =
        token > range.first && (clauses.is(token - 1, "insert") || clauses.is(token - 1, "merge"));
    if (!belongs_to_target) return true;
  }
  return false;
}

// The name that a token spells: folded when plain, without its quotes when quoted.
std::string identifier_of(std::string_view token) {
  if (!token.starts_with('"')) return to_lower(token);
  std::string name;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    name += token[i];
    if (token[i] == '"') ++i;
  }
  return name;
}

// Names of functions that do more than compute count wherever they stand. A name written as U&"…" cannot be told.
bool read_function_names(const ClauseCutter& clauses, TokenRange range, StatementFacts& facts) {
  for (size_t token = range.first; token < range.last; ++token) {
    const std::string_view word = clauses.token_text(token);
    if (starts_ignoring_case(word, "u&\"")) return false;
    if (word.empty() || !(word[0] == '"' || word[0] == '_' || is_lower_letter(lower_letter(word[0])))) continue;
    const std::string name = clip_identifier(identifier_of(word));
    const FunctionKind kind = function_kind("", name);
    if (kind == FunctionKind::kPlain || kind == FunctionKind::kUnknown) continue;
    if (kind == FunctionKind::kSetting) {
      facts.settings.emplace_back();  // some setting, some value
      facts.classes.add(StatementClass::kSession);
      continue;
    }
    const FunctionEffect effect = function_effect(kind);
    facts.classes.add(effect.statement_class);
    facts.opaque = std::max(facts.opaque, effect.opaque);
    add_function(facts, name);
  }
  return true;
}

// The relations behind INTO, UPDATE and DELETE FROM.
void read_targets(const ClauseCutter& clauses, TokenRange range, StatementFacts& facts) {
  for (size_t token = range.first; token + 1 < range.last; ++token) {
    const bool from = clauses.is(token, "from") && token > range.first && clauses.is(token - 1, "delete");
    if (!from && !clauses.is(token, "into") && !clauses.is(token, "update")) continue;
    size_t first = token + 1;
    if (clauses.is(first, "only")) ++first;
    std::vector<std::string> parts = {identifier_of(clauses.token_text(first))};
    while (clauses.is(first + 1, ".") && first + 2 < range.last) {
      first += 2;
      parts.push_back(identifier_of(clauses.token_text(first)));
    }
    written_name_facts(qualified_name({parts.begin(), parts.end()}), facts);
  }
}

}  // namespace

StatementFacts first_word_facts(const ClauseCutter& clauses, TokenRange range, std::string_view reason) {
  StatementFacts facts;
  size_t first = range.first;
  while (first < range.last && clauses.is(first, "(")) ++first;  // (SELECT …) UNION …
  facts.command = to_upper(clauses.token_text(first));
  const auto* known = std::find_if(kFirstWords.begin(), kFirstWords.end(),
                                   [&](const FirstWord& word) { return clauses.is(first, word.word); });
  bool readable = known != kFirstWords.end() && !has_bare_into(clauses, range);
  readable = readable && !clauses.is(first + 1, "prepared");
  // A semicolon in brackets is no row-changing statement of any version.
  for (size_t token = range.first; token < range.last; ++token) readable = readable && !clauses.is(token, ";");
  if (!readable) {
    facts.classes.add(StatementClass::kUnread);
    facts.unread_reason = std::string(reason);
    return facts;
  }
  facts.classes.add(known->statement_class);
  facts.transaction = known->transaction;
  if (clauses.is(first + 1, "to") && facts.transaction == TransactionControl::kRollback) {
    facts.transaction = TransactionControl::kRollbackToSavepoint;
  }
  if (!read_function_names(clauses, range, facts)) {
    facts.classes.add(StatementClass::kUnread);
    facts.unread_reason = std::string(reason);
  }
  read_targets(clauses, range, facts);
  return facts;
}

}  // namespace schemaguard::parser::postgres
