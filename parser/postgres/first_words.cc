#include "parser/postgres/first_words.h"
#include "parser/postgres/words.h"

#include <algorithm>
#include <array>
#include <string>

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
  if (!readable) {
    facts.classes.add(StatementClass::kUnread);
    facts.unread_reason = std::string(reason);
    return facts;
  }
  facts.classes.add(known->statement_class);
  facts.transaction = known->transaction;
  return facts;
}

}  // namespace schemaguard::parser::postgres
