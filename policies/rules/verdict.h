// Verdict: what the guard does with a statement, and the sentence that tells a person why.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"

namespace schemaguard::policies {

// Ordered by strictness: the greater of two actions is the strictest.
enum class Action : uint8_t { kAllow, kLog, kWarn, kBlock };
std::string_view action_name(Action action);

enum class Mode : uint8_t { kOff, kObserve, kWarn, kEnforce };
std::string_view mode_name(Mode mode);

// The judgement of one statement under the policy as if the mode were enforce. What really happens is the session's
// part: in observe and warn a kBlock is forwarded and recorded as `would`.
struct Verdict {
  Action action = Action::kAllow;
  std::string rule;     // name of the rule or built-in rule that decided, "builtin/schema"
  std::string reason;   // stable reason code: "not_sanctioned", "class_blocked", "unread", "restore_into_live", …
  std::string subject;  // "ALTER TABLE public.services": command and first deciding object
  std::string message;  // without prefix and reference: "ALTER TABLE public.services blocked: …"
  std::string hint;     // what to do next
  parser::ClassSet classes;   // after session names were applied (temporary shadows taken out of schema)
  std::string would_by_rule;  // a rule in observe that would have decided otherwise, and its action
  Action would_by_rule_action = Action::kAllow;
  bool audited = false;  // any class but query, session, transaction, temporary; or log, warn, block
  // What happens to the session after a refusal (design section 7): continue unless a rule says otherwise.
  enum class After : uint8_t { kContinue, kRefuseWrites, kDisconnect };
  After after = After::kContinue;
};

}  // namespace schemaguard::policies
