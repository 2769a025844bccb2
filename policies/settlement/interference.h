// Interference: which other changes make an answer of the catalog worthless as a proof.
//
// Used by settlement.h only; the rules stand there. In doubt a change interferes.
#pragma once

#include "policies/settlement/settlement.h"

namespace schemaguard::policies {

enum class Interference : uint8_t {
  kNone,
  kMayUndo,  // something in the same transaction may have undone it without naming it
  kTouches,  // another change names the same object
};

// Looks at every change of `lost` but `own`, which stands in the statement `index` and gave rise to `question`.
Interference interference_within(const LostTransaction& lost, size_t index, const parser::Change& own,
                                 const CatalogQuestion& question);

// Whether the statement runs code that the text does not show.
bool runs_unseen_code(const parser::StatementFacts& facts);

// Whether the transaction makes, drops or renames schemas, so that unqualified names may have moved.
bool moves_schemas(const LostTransaction& lost);

}  // namespace schemaguard::policies
