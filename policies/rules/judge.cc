// Policy::judge: statement facts, a subject and names in; the strictest verdict out.
#include <algorithm>
#include <functional>
#include <optional>

#include "parser/postgres/extensions.h"
#include "parser/postgres/function_catalog.h"
#include "parser/postgres/settings.h"
#include "policies/rules/builtin_policy.h"
#include "policies/rules/compiled_policy.h"
#include "policies/rules/effective_classes.h"
#include "policies/rules/policy.h"
#include "policies/rules/refusal_text.h"

namespace schemaguard::policies {
namespace {

using parser::Change;
using parser::ClassSet;
using parser::ObjectKind;
using parser::ObjectUse;
using parser::OpaqueReason;
using parser::StatementClass;
using parser::StatementFacts;
using parser::postgres::FunctionEffect;
using parser::postgres::is_trusted_extension;
using parser::postgres::unnamed_setting_may_protect;

constexpr std::string_view kPlainRule = "builtin/plain";

// A rule that is only watched, and what it would have done.
struct Observed {
  const Rule* rule = nullptr;
  Action action = Action::kAllow;
};

bool names_one_of_the_extensions(const StatementFacts& facts, const std::vector<std::string>& allowed) {
  bool any = false;
  for (const ObjectUse& use : facts.objects) {
    if (use.kind != ObjectKind::kExtension) continue;
    any = true;
    if (!is_trusted_extension(use.name.name) &&
        std::find(allowed.begin(), allowed.end(), use.name.name) == allowed.end()) {
      return false;
    }
  }
  return any;
}

// What is known of a function by its name alone. The reader of MySQL's statements has a list of its own and says with
// the statement what the call is; any function named with it may be the one that made it so.
FunctionEffect effect_of(const UnitName& function, const StatementFacts& facts, const SessionNames& names) {
  if (names.of_mysql) return {.statement_class = StatementClass::kQuery, .opaque = facts.opaque};
  return parser::postgres::function_effect(parser::postgres::function_kind(function.schema, function.name));
}

// A function is plain when a list of the policy says so. One that is known to be risky must be listed by its own name.
bool all_functions_plain(const StatementFacts& facts, const std::vector<PlainFunction>& plain,
                         const SessionNames& names) {
  if (plain.empty() || facts.functions.empty()) return false;
  return std::all_of(facts.functions.begin(), facts.functions.end(), [&](const std::string& function) {
    const UnitName name = function_unit_name(function);
    const OpaqueReason opaque = effect_of(name, facts, names).opaque;
    const bool by_name_only = opaque != OpaqueReason::kUnprovedRoutine && opaque != OpaqueReason::kNone;
    return std::any_of(plain.begin(), plain.end(), [&](const PlainFunction& entry) {
      return (!by_name_only || entry.literal_name) && object_matches(entry.glob, name, names) == Truth::kYes;
    });
  });
}

// LOAD DATA LOCAL: the server will ask the client for a file of its choice.
bool asks_for_local_file(const StatementFacts& facts, const SessionNames& names) {
  return names.of_mysql && facts.copy == parser::CopyUse::kFromStdin;
}

ClassSet effective_classes(const StatementFacts& facts, const SessionNames& names, const Subject& subject,
                           const PolicyOptions& options, const std::vector<PlainFunction>& plain) {
  ClassSet classes = classes_in_session(facts, names);
  if (asks_for_local_file(facts, names) && !options.local_infile) classes.add(StatementClass::kServerFile);
  // The server itself keeps anybody else from the settings that protect; role and path are tracked.
  if (!names.of_mysql && subject.superuser &&
      std::any_of(facts.settings.begin(), facts.settings.end(), unnamed_setting_may_protect)) {
    classes.add(StatementClass::kSetting);
  }
  if (classes.has(StatementClass::kCluster) && names_one_of_the_extensions(facts, options.allowed_extensions)) {
    classes.remove(StatementClass::kCluster);
    classes.add(StatementClass::kSchema);
  }
  const bool listable = facts.opaque == OpaqueReason::kUnprovedRoutine ||
                        facts.opaque == OpaqueReason::kProcedureCall || facts.opaque == OpaqueReason::kRunsSqlText;
  if (classes.has(StatementClass::kOpaque) && listable && all_functions_plain(facts, plain, names)) {
    classes.remove(StatementClass::kOpaque);
    if (classes.empty()) classes.add(StatementClass::kQuery);
  }
  return classes;
}

// What the object is called after the change, for changes that rename the object itself.
std::optional<UnitName> renamed_into(const Change& change, const UnitName& object, const SessionNames& names) {
  if (change.new_name.empty() || !change.member.empty()) return std::nullopt;
  if (names.of_mysql) {
    if (change.kind != "rename_table" && change.kind != "alter_event") return std::nullopt;
    // Without a database it goes into the default one, wherever it comes from.
    const std::string_view target = change.new_name;
    const size_t dot = target.find('.');
    if (dot == std::string_view::npos) return UnitName{object.kind, {}, target};
    return UnitName{object.kind, target.substr(0, dot), target.substr(dot + 1)};
  }
  if (change.kind == "set_schema") return UnitName{object.kind, change.new_name, object.name};
  if (change.kind.rfind("rename_", 0) == 0 && change.kind != "rename_column" && change.kind != "rename_constraint") {
    return UnitName{object.kind, object.schema, change.new_name};
  }
  return std::nullopt;
}

class Judge {
 public:
  Judge(const std::vector<Rule>& rules, const Policy::Compiled& compiled, const StatementFacts& facts,
        const Circumstances& circumstances)
      : rules_(rules), compiled_(compiled), facts_(facts), circumstances_(circumstances) {}

  void judge(ClassSet classes) {
    for (size_t index = 0; index < parser::kStatementClassCount; ++index) {
      const auto one = static_cast<StatementClass>(index);
      if (!classes.has(one)) continue;
      if (kOrdinaryClasses.has(one) && !compiled_.judges_ordinary && !only_ordinary(classes)) continue;
      judge_class(one);
    }
  }

  [[nodiscard]] const Decision& decision() const { return strictest_; }
  [[nodiscard]] const Observed& observed() const { return observed_; }
  [[nodiscard]] Verdict::After after() const { return after_; }

 private:
  void judge_class(StatementClass one) {
    switch (one) {
      case StatementClass::kQuery:
      case StatementClass::kSession:
      case StatementClass::kTransaction:
      case StatementClass::kCatalogWrite:
      case StatementClass::kHistoryWrite:
        if (!judge_objects(one, facts_.written) && !judge_objects(one, facts_.reads_and_writes) &&
            !judge_objects(one, facts_.objects)) {
          judge_unit({.statement_class = one});
        }
        return;
      case StatementClass::kSetting:
        judge_settings(one);
        return;
      case StatementClass::kOpaque:
        judge_opaque();
        return;
      case StatementClass::kServerFile: {
        std::string_view change = facts_.copy == parser::CopyUse::kProgram ? kCopyProgramChange : "";
        if (asks_for_local_file(facts_, names())) change = kLocalInfileChange;
        const bool functions = judge_functions(one);
        if (functions && facts_.copy == parser::CopyUse::kNone) return;
        if (!judge_objects(one, facts_.objects, change)) judge_unit({.statement_class = one, .change = change});
        return;
      }
      case StatementClass::kTemporary:
      case StatementClass::kSchema:
      case StatementClass::kAccess:
      case StatementClass::kCluster:
      case StatementClass::kDestructive:
      case StatementClass::kMaintenance:
      case StatementClass::kAdmin:
      case StatementClass::kUnread: {
        const bool changes = judge_changes(one);
        const bool functions = judge_functions(one);
        if (!changes && !functions && !judge_objects(one, facts_.objects)) {
          one == StatementClass::kCluster ? judge_settings(one) : judge_unit({.statement_class = one});
        }
        return;
      }
    }
  }

  // SET GLOBAL and the settings that protect: a rule names one as its object.
  void judge_settings(StatementClass one) {
    for (const parser::SettingChange& setting : facts_.settings) {
      judge_unit({.statement_class = one, .object = UnitName{ObjectKind::kNone, {}, setting.name}});
    }
    if (facts_.settings.empty()) judge_unit({.statement_class = one});
  }

  // A statement may mix temporary and persistent objects: DROP TABLE mine, users. Each counts in its own class only.
  [[nodiscard]] bool belongs(StatementClass one, bool temporary) const {
    if (one == StatementClass::kTemporary) return temporary;
    return one != StatementClass::kSchema || !temporary;
  }

  [[nodiscard]] const SessionNames& names() const { return *circumstances_.names; }

  bool judge_changes(StatementClass one) {
    bool any = false;
    for (const Change& change : facts_.changes) {
      if (!belongs(one, is_temporary(change, names()))) continue;
      any = true;
      Unit unit{.statement_class = one, .change = change.kind};
      if (!change.object.name.name.empty()) {
        unit.object = unit_name(change.object, names());
        if (change.relation) unit.relation = unit_name(*change.relation, names());
        unit.renamed_into = renamed_into(change, *unit.object, names());
      } else if (change.relation) {
        unit.object = unit_name(*change.relation, names());  // CREATE INDEX ON t: the server will choose the name
      } else if (names().of_mysql && change.object.kind == ObjectKind::kDatabase && names().search_path_certain) {
        unit.object =
            UnitName{ObjectKind::kDatabase, {}, names().search_path.front()};  // ALTER DATABASE without a name
      }
      judge_unit(unit);
    }
    return any;
  }

  bool judge_objects(StatementClass one, const std::vector<ObjectUse>& objects, std::string_view change = {}) {
    for (const ObjectUse& use : objects) {
      judge_unit({.statement_class = one, .change = change, .object = unit_name(use, names())});
    }
    return !objects.empty();
  }

  // The functions whose call alone puts a statement into this class: pg_read_file, setval, pg_terminate_backend.
  bool judge_functions(StatementClass one) {
    bool any = false;
    for (const std::string& function : facts_.functions) {
      const UnitName name = function_unit_name(function);
      const FunctionEffect effect = effect_of(name, facts_, names());
      if (effect.statement_class != one || effect.opaque != OpaqueReason::kNone) continue;
      any = true;
      judge_unit({.statement_class = one, .object = name});
    }
    return any;
  }

  // Every function by what is known of it, so that a rule that allows one of them does not allow the others.
  void judge_opaque() {
    constexpr StatementClass kOne = StatementClass::kOpaque;
    const bool call = facts_.opaque == OpaqueReason::kProcedureCall;
    bool runs_sql_text = false;
    bool any = false;
    for (const std::string& function : facts_.functions) {
      const UnitName name = function_unit_name(function);
      FunctionEffect effect = effect_of(name, facts_, names());
      if (effect.opaque == OpaqueReason::kNone) continue;
      if (effect.opaque == OpaqueReason::kUnprovedRoutine && call) effect.opaque = OpaqueReason::kProcedureCall;
      runs_sql_text |= effect.opaque == OpaqueReason::kRunsSqlText;
      any = true;
      judge_unit({.statement_class = kOne, .change = opaque_reason_name(effect.opaque), .object = name});
    }
    const bool said = facts_.opaque == OpaqueReason::kRunsSqlText
                          ? runs_sql_text
                          : any && (call || facts_.opaque == OpaqueReason::kUnprovedRoutine);
    if (!said) judge_unit({.statement_class = kOne, .change = opaque_reason_name(facts_.opaque)});
  }

  void judge_unit(const Unit& unit) {
    const Decision decision = decide(unit);
    if (decision.action == Action::kBlock) after_ = std::max(after_, decision.rule->after);
    if (strictest_.rule == nullptr || decision.action > strictest_.action) strictest_ = decision;
  }

  Decision decide(const Unit& unit) {
    // A doubtful match of a rule that logs or warns does not end the search, but the verdict is at least that.
    Decision floor{.rule = nullptr, .unit = unit, .action = Action::kAllow};
    std::optional<Observed> observed;
    Decision found{.rule = &rules_.back(), .builtin = true, .unit = unit, .action = Action::kBlock};
    for (const size_t index : compiled_.rules_of_class[static_cast<size_t>(unit.statement_class)]) {
      const CompiledRule& compiled = compiled_.rules[index];
      const Rule& rule = rules_[index];
      const bool decides = rule_decides(compiled, rule, unit);
      if (!decides && !notes(compiled, rule, unit)) continue;
      const bool watched = rule.mode == Mode::kObserve || rule.mode == Mode::kWarn;
      if (watched && !observed && decides) observed = Observed{&rule, rule.action};
      const Action at_least = watched
                                  ? (rule.mode == Mode::kWarn ? std::min(rule.action, Action::kWarn) : Action::kAllow)
                                  : std::min(rule.action, Action::kWarn);
      if ((watched || !decides) && at_least > floor.action) {
        floor.rule = &rule;
        floor.action = at_least;
      }
      if (watched || !decides) continue;
      found.rule = &rule;
      found.builtin = compiled.builtin;
      found.action = rule.action;
      break;
    }
    if (observed && observed->action != found.action &&
        (observed_.rule == nullptr || observed->action > observed_.action)) {
      observed_ = *observed;
    }
    return floor.action > found.action ? floor : found;
  }

  [[nodiscard]] Truth holds(const CompiledRule& compiled, const Unit& unit, Leaning leaning) const {
    const Truth match = compiled.match.matches(unit, circumstances_, leaning);
    if (match == Truth::kNo || !compiled.unless) return match;
    const Truth excepted = compiled.unless->matches(unit, circumstances_, opposite(leaning));
    const bool out = leaning == Leaning::kRefusing ? excepted == Truth::kYes : excepted != Truth::kNo;
    return out ? Truth::kNo : match;
  }

  // Whether the rule ends the search for this unit.
  [[nodiscard]] bool rule_decides(const CompiledRule& compiled, const Rule& rule, const Unit& unit) const {
    if (rule.action == Action::kBlock) return holds(compiled, unit, Leaning::kRefusing) != Truth::kNo;
    return holds(compiled, unit, Leaning::kLifting) == Truth::kYes && (compiled.builtin || may_lift(compiled, unit));
  }

  // Whether a rule that logs or warns could be meant, though it may not decide.
  [[nodiscard]] bool notes(const CompiledRule& compiled, const Rule& rule, const Unit& unit) const {
    if (rule.action != Action::kLog && rule.action != Action::kWarn) return false;
    return holds(compiled, unit, Leaning::kRefusing) != Truth::kNo;
  }

  // Some refusals are lifted only by a rule that speaks of them by name (design section 6).
  [[nodiscard]] static bool may_lift(const CompiledRule& compiled, const Unit& unit) {
    const CompiledMatch& match = compiled.match;
    switch (unit.statement_class) {
      case StatementClass::kUnread:
      case StatementClass::kCatalogWrite:
      case StatementClass::kCluster:
        return match.names_class(unit.statement_class);
      case StatementClass::kOpaque:
        return match.names_class(unit.statement_class) || !match.objects.empty() || !match.changes.empty();
      case StatementClass::kQuery:
      case StatementClass::kSession:
      case StatementClass::kTransaction:
      case StatementClass::kTemporary:
      case StatementClass::kSchema:
      case StatementClass::kSetting:
      case StatementClass::kServerFile:
      case StatementClass::kAccess:
      case StatementClass::kDestructive:
      case StatementClass::kMaintenance:
      case StatementClass::kAdmin:
      case StatementClass::kHistoryWrite:
        return true;
    }
    return false;
  }

  const std::vector<Rule>& rules_;
  const Policy::Compiled& compiled_;
  const StatementFacts& facts_;
  const Circumstances& circumstances_;
  Decision strictest_;
  Observed observed_;
  Verdict::After after_ = Verdict::After::kContinue;
};

}  // namespace

Verdict Policy::judge(const StatementFacts& facts, const Subject& subject, const SessionNames& names) const {
  Verdict verdict = judge_written(facts, subject, names);
  // PREPARE changes nothing yet, but what would be blocked at EXECUTE is blocked at once, as a Parse of it is
  // (evasion 13).
  if (facts.prepared == parser::PreparedUse::kPrepare && !facts.inner.empty()) {
    Verdict prepared = judge_written(facts.inner.front(), subject, names);
    if (prepared.action == Action::kBlock && verdict.action < Action::kBlock) return prepared;
  }
  return verdict;
}

Verdict Policy::judge_written(const StatementFacts& facts, const Subject& subject, const SessionNames& names) const {
  Verdict verdict;
  verdict.classes = effective_classes(facts, names, subject, options_, compiled_->plain_functions);
  // A statement without any class is a reader's mistake, and nothing is let through by mistake.
  if (verdict.classes.empty()) verdict.classes.add(StatementClass::kUnread);
  if (!compiled_->judges_ordinary && only_ordinary(verdict.classes)) {
    verdict.rule = kPlainRule;
    return verdict;
  }
  const Circumstances circumstances{
      .subject = &subject,
      .names = &names,
      .command = facts.command,
      .migrator = is_migrator(subject),
      .client = compiled_->asks_for_address ? ClientPlace(subject.client_address) : ClientPlace()};
  Judge judge(all_rules_, *compiled_, facts, circumstances);
  judge.judge(verdict.classes);
  const Decision& decision = judge.decision();
  verdict.action = decision.action;
  verdict.rule = decision.rule->name;
  verdict.reason = verdict_reason(decision);
  verdict.after = judge.after();
  if (judge.observed().rule != nullptr) {
    verdict.would_by_rule = judge.observed().rule->name;
    verdict.would_by_rule_action = judge.observed().action;
  }
  const bool extraordinary = !only_ordinary(verdict.classes);
  ClassSet beyond_ordinary_and_opaque = verdict.classes;
  for (const StatementClass one : {StatementClass::kQuery, StatementClass::kSession, StatementClass::kTransaction,
                                   StatementClass::kTemporary, StatementClass::kOpaque}) {
    beyond_ordinary_and_opaque.remove(one);
  }
  verdict.summarised = decision.action == Action::kAllow && decision.builtin && extraordinary &&
                       beyond_ordinary_and_opaque.empty() && verdict.would_by_rule.empty();
  verdict.audited =
      !verdict.summarised && (extraordinary || decision.action > Action::kAllow || !verdict.would_by_rule.empty());
  if (!extraordinary && decision.action == Action::kAllow) return verdict;
  verdict.subject = verdict_subject(facts, decision.unit, names);
  const bool migrator_elsewhere =
      !circumstances.migrator &&
      std::any_of(compiled_->migrators.begin(), compiled_->migrators.end(),
                  [&](const CompiledMigrator& migrator) { return glob_matches(migrator.user, subject.user); });
  verdict.message = verdict_message(decision, verdict.subject, subject, migrator_elsewhere, facts.unread_reason);
  verdict.hint = verdict_hint(decision, options_);
  return verdict;
}

Verdict Policy::judge_unread(std::string_view reason, const Subject& subject) const {
  StatementFacts facts;
  facts.classes.add(StatementClass::kUnread);
  facts.command = "SQL text";
  facts.unread_reason = reason;
  return judge(facts, subject, SessionNames{});
}

}  // namespace schemaguard::policies
