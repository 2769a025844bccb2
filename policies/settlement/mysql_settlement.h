// MySQL settlement: what the catalog proves about a statement of MySQL or MariaDB whose answer nobody has seen.
//
// Schema changes commit by themselves here: an unanswered one has happened or has not, each statement by itself.
// mysql_settlement_questions() turns its changes into questions that one look at information_schema answers;
// settle_mysql() turns the answers into outcomes. Pure: the looks are proxy/introspect's.
//
// The rules. Absence of what a statement makes and presence of what it drops prove that it has not happened. The
// opposite may have been so before, and the statement have failed for that very reason. It proves that the statement
// has happened only when it was otherwise while the server was still at work on it (an earlier look), or when the
// server dates the thing after the moment at which the statement was sent.
//   A statement is done wholly or not at all, save DROP of several objects: it may be half done, and nothing but all of
//   them gone or all of them there decides; a database that is still there may have lost its tables. What CREATE OR
//   REPLACE has dropped it may not have made anew: absence then proves nothing. Nor does that of an event, which may
//   end by itself, or of what ALTER … IF EXISTS would have made. A name that a statement both takes away and gives anew
//   is not asked for, nor are members of a table that it renames, constraints that may have got another name than the
//   text has, and names in a database that is not known. Answers that contradict each other leave the outcome unknown,
//   and so does having none.
// Which other changes of this guard take the force of an answer away is said by touches_in_mysql(). Changes that reach
// the server by another door are not seen; a settled outcome is as good as the catalog and the server's clock.
// Sources: evasion M6, M46; mysql-wire 43.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policies/settlement/settlement.h"

namespace schemaguard::policies {

enum class MysqlThing : uint8_t {
  kDatabase,
  kTable,  // or view, or sequence: they share their names
  kColumn,
  kIndex,
  kConstraint,
  kProcedure,
  kFunction,
  kTrigger,
  kEvent,
};
std::string_view mysql_thing_name(MysqlThing thing);

struct MysqlQuestion {
  MysqlThing thing = MysqlThing::kTable;
  std::string database{};
  std::string name{};           // of the object, or of the table that `member` belongs to; "" for DROP TRIGGER
  std::string member{};         // column, index, constraint, trigger
  size_t statement = 0;         // index in LostTransaction::statements
  bool made = false;            // by the statement (a CREATE), not dropped by it
  bool one_of_several = false;  // of the objects of one DROP
  bool may_be_missing = false;  // a DROP with IF EXISTS
  bool absence_proves = true;   // for what is made
  // "table shop.orders", for people.
  [[nodiscard]] std::string display() const;
};

// At most kMysqlQuestionsMax; a DROP whose objects are not all asked for stays unknown.
inline constexpr size_t kMysqlQuestionsMax = 256;
std::vector<MysqlQuestion> mysql_settlement_questions(const LostTransaction& lost);

// Whether a change of `facts`, made by somebody else in any session, may name the thing of `question` or what holds it.
// Whatever database a name without one stands in, and in any case of letters.
bool touches_in_mysql(const parser::StatementFacts& facts, const MysqlQuestion& question);

struct MysqlAnswer {
  CatalogAnswer before = CatalogAnswer::kUndecided;  // while the server was still at work; undecided: nobody has looked
  CatalogAnswer now = CatalogAnswer::kUndecided;
  bool dated_since = false;  // the server says that it was made or altered since the statement was sent
};

// One for each statement of `lost`, in order. `answers`: one for each question.
std::vector<SettledStatement> settle_mysql(const LostTransaction& lost, const std::vector<MysqlQuestion>& questions,
                                           const std::vector<MysqlAnswer>& answers);

}  // namespace schemaguard::policies
