// Settlement: what the catalog proves about a transaction whose end nobody has seen.
//
// settlement_questions() turns the changes of a lost transaction into questions that one look at the catalog answers
// with yes or no; settle() turns the answers into outcomes. Pure: the look itself is proxy/introspect's.
//
// The rules. A transaction is atomic, so one change that can be decided decides all of it.
//   What a CREATE makes is there after a commit: its absence proves a rollback, always. Its presence proves a commit
//   only when the server had answered the statement, which then proves that it was not there before; with IF NOT EXISTS
//   or OR REPLACE presence proves nothing. A DROP is the same the other way round, with IF EXISTS. A rename, a
//   SET SCHEMA and ADD, DROP and RENAME COLUMN are a DROP of one name and a CREATE of another. Routines share names:
//   only the absence of every overload proves something. SET NOT NULL may find the column so already: only a column
//   that is not as it was left proves something, a rollback.
//   No question is asked about a name that another change may have touched since, in the same transaction or in any
//   other that this guard has recorded. The catalog cannot say whose work it shows then.
//   A name without a schema is looked up only when the search_path is known. Temporary objects are gone either way.
//   A statement whose effects nobody reads (opaque), an event trigger or a CASCADE may undo what was made in the same
//   transaction: then absence proves nothing for what was made, and presence nothing for what was dropped.
//   Answers that contradict each other leave the outcome unknown, and so does having no answer.
// Changes that reach the server by another door are not seen; a settled outcome is as good as the catalog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policies/settlement/lost_transaction.h"

namespace schemaguard::policies {

enum class CatalogKind : uint8_t {
  kSchema,
  kRelation,
  kColumn,
  kNotNullColumn,  // the column is there and NOT NULL
  kConstraint,
  kType,
  kEnumValue,
  kRoutine,  // any routine of this name
  kTrigger,
  kPolicy,
  kRule,
  kStatistics,
  kExtension,
  kRole,
  kPublication,
};
std::string_view catalog_kind_name(CatalogKind kind);

// Whether names of this kind stand in a schema.
bool stands_in_schema(CatalogKind kind);

enum class Proof : uint8_t { kNothing, kCommitted, kRolledBack };

struct CatalogQuestion {
  CatalogKind kind = CatalogKind::kRelation;
  std::string schema{};     // empty: to be found by the search_path, for kinds that stand in one
  std::string name{};       // of the object, or of the relation or type that `member` belongs to
  std::string member{};     // column, constraint, trigger, policy, rule, enum value
  bool makes_name = false;  // an unqualified `name` is one that the statement made
  size_t statement = 0;     // index in LostTransaction::statements
  Proof if_there = Proof::kNothing;
  Proof if_absent = Proof::kNothing;
  bool made = false;  // by the statement (a CREATE), not dropped by it
  // "table shop.orders", for people.
  [[nodiscard]] std::string display() const;
};

// `elsewhere` are the other changes, of any session, that this guard has recorded since the transaction began.
std::vector<CatalogQuestion> settlement_questions(
    const LostTransaction& lost, const std::vector<std::shared_ptr<const parser::StatementFacts>>& elsewhere);

// Whether any change of `facts`, made by somebody else, names the object of `question` or what holds it.
bool touches(const parser::StatementFacts& facts, const CatalogQuestion& question);

enum class CatalogAnswer : uint8_t { kUndecided, kThere, kAbsent };

struct CatalogAnswers {
  std::vector<CatalogAnswer> answers;  // one for each question
  bool event_triggers = false;         // code of others runs on DDL in this database
};

struct SettledStatement {
  size_t statement = 0;
  Outcome outcome = Outcome::kUnknown;  // kCommitted, kRolledBack or kUnknown
  std::string evidence{};               // "table shop.orders is there"; why not, for kUnknown
};

// One for each statement of `lost`, in order.
std::vector<SettledStatement> settle(const LostTransaction& lost, const std::vector<CatalogQuestion>& questions,
                                     const CatalogAnswers& answers);

}  // namespace schemaguard::policies
