#include "parser/postgres/procedural_facts.h"

namespace schemaguard::parser::postgres {

void do_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "DO";
  facts.classes.add(StatementClass::kOpaque);
  facts.opaque = OpaqueReason::kUnreadableCode;
}

}  // namespace schemaguard::parser::postgres
