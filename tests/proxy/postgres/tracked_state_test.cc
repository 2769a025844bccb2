// What a session's names mean, over transactions and savepoints.
#include "proxy/postgres/tracked_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace schemaguard::proxy::postgres {
namespace {

using parser::TransactionControl;
using testing::ElementsAre;
using testing::IsEmpty;

parser::StatementFacts control(TransactionControl what, std::string name = {}) {
  parser::StatementFacts facts;
  facts.transaction = what;
  facts.transaction_name = std::move(name);
  return facts;
}

parser::StatementFacts create_temporary(const std::string& name) {
  parser::StatementFacts facts;
  facts.command = "CREATE TABLE";
  parser::Change& change = facts.changes.emplace_back();
  change.kind = "create_table";
  change.object.kind = parser::ObjectKind::kTable;
  change.object.name.name = name;
  change.object.persistence = parser::Persistence::kTemporary;
  return facts;
}

TEST(TrackedState, SavepointsGoBackToWhatWasAtThem) {
  TrackedState state;
  state.apply(control(TransactionControl::kBegin), "");
  state.apply(create_temporary("one"), "");
  state.apply(control(TransactionControl::kSavepoint, "a"), "");
  state.apply(create_temporary("two"), "");
  state.apply(control(TransactionControl::kSavepoint, "b"), "");
  state.apply(create_temporary("three"), "");
  const TrackedState before = state;
  state.apply(control(TransactionControl::kRollbackToSavepoint, "a"), "");
  EXPECT_THAT(state.names("app").temporary, ElementsAre("one"));
  EXPECT_THAT(before.names("app").temporary, ElementsAre("one", "two", "three"));
  state.apply(create_temporary("four"), "");
  state.apply(control(TransactionControl::kRollbackToSavepoint, "a"), "");  // it is still open
  EXPECT_THAT(state.names("app").temporary, ElementsAre("one"));
  state.apply(control(TransactionControl::kRelease, "a"), "");
  state.apply(control(TransactionControl::kRollback), "");
  EXPECT_THAT(state.names("app").temporary, IsEmpty());
  TrackedState released = before;
  released.apply(control(TransactionControl::kRelease, "a"), "");  // and b with it
  released.apply(control(TransactionControl::kRollbackToSavepoint, "b"), "");
  EXPECT_FALSE(released.names("app").temporary_certain);
}

// As deep as a session can make them: neither copying nor ending may depend on their number.
TEST(TrackedState, SavepointsMayBeVeryMany) {
  TrackedState state;
  state.apply(control(TransactionControl::kBegin), "");
  for (int i = 0; i < 300'000; ++i) state.apply(control(TransactionControl::kSavepoint, "s"), "");
  TrackedState copy = state;
  for (int i = 0; i < 100'000; ++i) copy = state;
  copy.apply(create_temporary("mine"), "");
  state.apply(control(TransactionControl::kRollback), "");
  copy.apply(control(TransactionControl::kCommit), "");
  EXPECT_THAT(copy.names("app").temporary, ElementsAre("mine"));
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
