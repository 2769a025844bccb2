#include "policies/rules/verdict.h"

namespace schemaguard::policies {

std::string_view action_name(Action action) {
  switch (action) {
    case Action::kAllow:
      return "allow";
    case Action::kLog:
      return "log";
    case Action::kWarn:
      return "warn";
    case Action::kBlock:
      return "block";
  }
  return "block";
}

std::optional<Action> action_from_name(std::string_view name) {
  for (const Action action : {Action::kAllow, Action::kLog, Action::kWarn, Action::kBlock}) {
    if (action_name(action) == name) return action;
  }
  return std::nullopt;
}

std::string_view mode_name(Mode mode) {
  switch (mode) {
    case Mode::kOff:
      return "off";
    case Mode::kObserve:
      return "observe";
    case Mode::kWarn:
      return "warn";
    case Mode::kEnforce:
      return "enforce";
  }
  return "enforce";
}

std::optional<Mode> mode_from_name(std::string_view name) {
  for (const Mode mode : {Mode::kOff, Mode::kObserve, Mode::kWarn, Mode::kEnforce}) {
    if (mode_name(mode) == name) return mode;
  }
  return std::nullopt;
}

std::string_view after_name(Verdict::After after) {
  switch (after) {
    case Verdict::After::kContinue:
      return "continue";
    case Verdict::After::kRefuseWrites:
      return "refuse_writes";
    case Verdict::After::kDisconnect:
      return "disconnect";
  }
  return "disconnect";
}

std::optional<Verdict::After> after_from_name(std::string_view name) {
  for (const Verdict::After after :
       {Verdict::After::kContinue, Verdict::After::kRefuseWrites, Verdict::After::kDisconnect}) {
    if (after_name(after) == name) return after;
  }
  return std::nullopt;
}

void keep_stricter(Verdict& strictest, const Verdict& verdict) {
  if (verdict.action > strictest.action) {
    strictest = verdict;
  } else if (verdict.audited) {
    strictest.audited = true;
  }
}

Verdict audit_unavailable() {
  Verdict verdict;
  verdict.action = Action::kBlock;
  verdict.rule = "builtin/audit";
  verdict.reason = "audit_unavailable";
  verdict.message = "statement blocked: the audit cannot be written";
  verdict.hint = "Free or repair the guard's audit file; queries that need no audit record still pass.";
  return verdict;
}

}  // namespace schemaguard::policies
