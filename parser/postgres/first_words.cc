#include "parser/postgres/first_words.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/postgres/function_catalog.h"
#include "parser/postgres/function_facts.h"
#include "parser/postgres/names.h"
#include "parser/postgres/statement_source.h"
#include "parser/words.h"

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

bool is_query_verb(const ClauseCutter& clauses, size_t token) {
  constexpr std::array<std::string_view, 7> kVerbs = {"select", "insert", "update", "delete",
                                                      "merge",  "values", "table"};
  return std::any_of(kVerbs.begin(), kVerbs.end(), [&](std::string_view verb) { return clauses.is(token, verb); });
}

// The verb of the statement whose first word stands at `first`: that word, or what follows the list of a WITH.
size_t main_verb(const ClauseCutter& clauses, size_t first, size_t last) {
  if (!clauses.is(first, "with")) return first;
  size_t depth = 0;
  for (size_t token = first + 1; token < last; ++token) {
    if (clauses.is(token, "(")) ++depth;
    if (clauses.is(token, ")") && depth > 0) --depth;
    if (depth == 0 && is_query_verb(clauses, token) && clauses.is(token - 1, ")")) return token;
  }
  return last;
}

// INTO makes a SELECT create a table, except right behind the verbs INSERT and MERGE. Both are ordinary names
// elsewhere: SELECT 1 insert INTO t creates t.
bool has_bare_into(const ClauseCutter& clauses, TokenRange range, size_t first) {
  const size_t main = main_verb(clauses, first, range.last);
  for (size_t token = range.first; token < range.last; ++token) {
    if (!clauses.is(token, "into")) continue;
    if (token < first + 1) return true;
    const size_t verb = token - 1;
    if (!clauses.is(verb, "insert") && !clauses.is(verb, "merge")) return true;
    // WITH changed AS [MATERIALIZED] (INSERT INTO …
    const bool of_with = verb >= first + 2 && clauses.is(verb - 1, "(") &&
                         (clauses.is(verb - 2, "as") || clauses.is(verb - 2, "materialized"));
    if (verb != main && !of_with) return true;
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
    if (clauses.is(first, "(")) ++first;  // ONLY (name)
    std::vector<std::string> parts = {identifier_of(clauses.token_text(first))};
    while (clauses.is(first + 1, ".") && first + 2 < range.last) {
      first += 2;
      parts.push_back(identifier_of(clauses.token_text(first)));
    }
    written_name_facts(qualified_name({parts.begin(), parts.end()}), facts);
  }
}

// A query inside a statement that only explains it, fetches from it or sends its rows to the client.
struct WrappedQuery {
  TokenRange query;
  std::string_view command;
};

bool is_one_of(const ClauseCutter& clauses, size_t token, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return clauses.is(token, word); });
}

// Behind an opening bracket only a reserved word proves that no list of options begins there.
bool begins_query(const ClauseCutter& clauses, size_t token) {
  if (clauses.is(token, "values")) return true;
  while (clauses.is(token, "(")) ++token;
  return is_one_of(clauses, token, {"select", "table", "with"});
}

bool begins_query_or_change(const ClauseCutter& clauses, size_t token) {
  return begins_query(clauses, token) || is_one_of(clauses, token, {"insert", "update", "delete", "merge"});
}

std::optional<WrappedQuery> explained_query(const ClauseCutter& clauses, TokenRange range) {
  size_t next = range.first + 1;
  if (clauses.is(next, "(") && !begins_query(clauses, next)) {
    next = clauses.inside(next).last;
    if (!clauses.is(next, ")")) return std::nullopt;
    ++next;
  } else {
    if (is_one_of(clauses, next, {"analyze", "analyse"})) ++next;
    if (clauses.is(next, "verbose")) ++next;
  }
  if (next >= range.last || !begins_query_or_change(clauses, next)) return std::nullopt;
  return WrappedQuery{.query = {.first = next, .last = range.last}, .command = "EXPLAIN"};
}

std::optional<WrappedQuery> declared_query(const ClauseCutter& clauses, TokenRange range) {
  size_t next = range.first + 2;  // behind the name
  while (is_one_of(clauses, next, {"binary", "insensitive", "asensitive", "no", "scroll"})) ++next;
  if (!clauses.is(next, "cursor")) return std::nullopt;
  ++next;
  if (is_one_of(clauses, next, {"with", "without"}) && clauses.is(next + 1, "hold")) next += 2;
  if (!clauses.is(next, "for")) return std::nullopt;
  ++next;
  if (next >= range.last || !begins_query(clauses, next)) return std::nullopt;
  return WrappedQuery{.query = {.first = next, .last = range.last}, .command = "DECLARE CURSOR"};
}

std::optional<WrappedQuery> copied_query(const ClauseCutter& clauses, TokenRange range) {
  if (!clauses.is(range.first + 1, "(")) return std::nullopt;
  const TokenRange query = clauses.inside(range.first + 1);
  const bool to_client =
      clauses.is(query.last, ")") && clauses.is(query.last + 1, "to") && clauses.is(query.last + 2, "stdout");
  if (query.empty() || query.last + 2 >= range.last || !to_client || !begins_query_or_change(clauses, query.first)) {
    return std::nullopt;
  }
  return WrappedQuery{.query = query, .command = "COPY"};
}

std::optional<WrappedQuery> wrapped_query(const ClauseCutter& clauses, TokenRange range) {
  if (clauses.is(range.first, "explain")) return explained_query(clauses, range);
  if (clauses.is(range.first, "declare")) return declared_query(clauses, range);
  if (clauses.is(range.first, "copy")) return copied_query(clauses, range);
  return std::nullopt;
}

}  // namespace

StatementFacts first_word_facts(const ClauseCutter& clauses, TokenRange range, std::string_view reason) {
  StatementFacts facts;
  if (const std::optional<WrappedQuery> wrapped = wrapped_query(clauses, range)) {
    StatementFacts inner = first_word_facts(clauses, wrapped->query, reason);
    fold_in(facts, inner);
    facts.command = std::string(wrapped->command);
    facts.explain = wrapped->command == "EXPLAIN";
    if (wrapped->command == "COPY") facts.copy = CopyUse::kToStdout;
    if (wrapped->command != "DECLARE CURSOR") facts.inner.push_back(std::move(inner));
    return facts;
  }
  size_t first = range.first;
  while (first < range.last && clauses.is(first, "(")) ++first;  // (SELECT …) UNION …
  facts.command = to_upper(clauses.token_text(first));
  const auto* known = std::find_if(kFirstWords.begin(), kFirstWords.end(),
                                   [&](const FirstWord& word) { return clauses.is(first, word.word); });
  bool readable = known != kFirstWords.end() && !has_bare_into(clauses, range, first);
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
