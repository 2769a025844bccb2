// Verdict: what the guard does with a statement, and the sentence that tells a person why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"

namespace schemaguard::policies {

// Ordered by strictness: the greater of two actions is the strictest.
enum class Action : uint8_t { kAllow, kLog, kWarn, kBlock };
std::string_view action_name(Action action);
std::optional<Action> action_from_name(std::string_view name);

enum class Mode : uint8_t { kOff, kObserve, kWarn, kEnforce };
std::string_view mode_name(Mode mode);
std::optional<Mode> mode_from_name(std::string_view name);

// The judgement of one statement under the policy as if the mode were enforce. What really happens is the session's
// part: in observe and warn a kBlock is forwarded and recorded as `would`.
struct Verdict {
  Action action = Action::kAllow;
  std::string rule;           // name of the rule or built-in rule that decided, "builtin/schema"
  std::string reason;         // stable reason code from policies/rules/reason.h; empty when nothing is to be said
  std::string subject;        // "ALTER TABLE public.services": command and first deciding object
  std::string message;        // without prefix and reference: "ALTER TABLE public.services blocked: …"
  std::string hint;           // what to do next
  parser::ClassSet classes;   // after session names were applied (temporary shadows taken out of schema)
  std::string would_by_rule;  // a rule in observe that would have decided otherwise, and its action
  Action would_by_rule_action = Action::kAllow;
  bool audited = false;  // any class but query, session, transaction, temporary; or log, warn, block
  // An allowed call of a routine that is not proved plain: counted, not audited each time, and nobody waits for the
  // audit file because of it (design section 5). `audited` is false then.
  bool summarised = false;
  // What happens to the session after a refusal (design section 7): continue unless a rule says otherwise.
  enum class After : uint8_t { kContinue, kRefuseWrites, kDisconnect };
  After after = After::kContinue;
};
// The stricter of two verdicts on the same message; at equal strictness the first, recorded if either is.
void keep_stricter(Verdict& strictest, const Verdict& verdict);
// The refusal of a statement that has to be on record while the audit cannot be written (`on_failure: block`).
Verdict audit_unavailable();
std::string_view after_name(Verdict::After after);
std::optional<Verdict::After> after_from_name(std::string_view name);

}  // namespace schemaguard::policies
