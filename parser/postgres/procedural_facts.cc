#include "parser/postgres/procedural_facts.h"

#include <algorithm>
#include <string>

#include "parser/postgres/procedural_body.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {

void do_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "DO";
  std::string language = "plpgsql";
  std::string body;
  for (const boost::json::value& item : list(node, "args")) {
    const TypedNode option = typed_node(item);
    if (option.type != "DefElem") continue;
    if (text(*option.fields, "defname") == "language") language = option_text(*option.fields);
    if (text(*option.fields, "defname") == "as") body = option_text(*option.fields);
  }
  if (language != "plpgsql" || source.code_depth >= kCodeDepthMax) {
    facts.classes.add(StatementClass::kOpaque);
    facts.opaque = OpaqueReason::kUnreadableCode;
    return;
  }
  StatementSource inside = source;
  inside.enclosing_schema = {};
  ++inside.code_depth;
  procedural_body_facts(body, inside, facts);
  // A block that was read and found harmless is a query like any other.
  if (facts.classes.empty()) facts.classes.add(StatementClass::kQuery);
}

}  // namespace schemaguard::parser::postgres
