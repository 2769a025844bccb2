#include "policies/rules/policy.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "parser/postgres/settings.h"
#include "policies/rules/builtin_policy.h"
#include "policies/rules/compiled_policy.h"
#include "policies/rules/concatenate.h"
#include "policies/rules/known_names.h"

namespace schemaguard::policies {
namespace {

using parser::StatementClass;

constexpr size_t kRulesMax = 10'000;
constexpr size_t kVersionBytes = 8;

// Everything that can change a verdict, written so that no two policies read the same.
class Canonical {
 public:
  void text(std::string_view value) { out_ += concatenate({std::to_string(value.size()), ":", value, ","}); }
  void texts(const std::vector<std::string>& values) {
    out_ += concatenate({std::to_string(values.size()), "["});
    for (const std::string& value : values) text(value);
  }
  void flag(const std::optional<bool>& value) { text(!value ? "-" : *value ? "1" : "0"); }
  void match(const Rule::Match& match) {
    for (const auto* list :
         {&match.classes, &match.commands, &match.changes, &match.objects, &match.users, &match.databases,
          &match.applications, &match.from, &match.certificates, &match.hazards, &match.windows}) {
      texts(*list);
    }
    flag(match.sanctioned);
    flag(match.approval);
  }
  void rule(const Rule& rule) {
    text(rule.name);
    match(rule.match);
    text(rule.unless ? "unless" : "-");
    if (rule.unless) match(*rule.unless);
    text(action_name(rule.action));
    text(rule.mode ? mode_name(*rule.mode) : "-");
    text(after_name(rule.after));
    text(rule.hint);
  }
  [[nodiscard]] std::string digest() const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned length = 0;
    if (EVP_Digest(out_.data(), out_.size(), bytes.data(), &length, EVP_sha256(), nullptr) != 1) return "unknown";
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (size_t index = 0; index < kVersionBytes; ++index) {
      hex.push_back(kDigits[bytes.at(index) >> 4]);
      hex.push_back(kDigits[bytes.at(index) & 0xF]);
    }
    return hex;
  }

 private:
  std::string out_;
};

std::string version_of(const PolicyOptions& options, const std::vector<Rule>& rules) {
  Canonical canonical;
  canonical.text(options.server);
  canonical.text(options.engine);
  for (const Rule& rule : rules) canonical.rule(rule);
  for (const MigratorEntry& migrator : options.migrators) {
    canonical.text(migrator.user);
    canonical.texts(migrator.from);
    canonical.text(migrator.certificate);
  }
  canonical.texts(options.allowed_extensions);
  canonical.texts(options.plain_functions);
  canonical.text(options.hint);
  if (options.local_infile) canonical.text("local_infile");
  return canonical.digest();
}

bool is_empty(const Rule::Match& match) {
  return match.classes.empty() && match.commands.empty() && match.changes.empty() && match.objects.empty() &&
         match.users.empty() && match.databases.empty() && match.applications.empty() && match.from.empty() &&
         match.certificates.empty() && match.hazards.empty() && match.windows.empty() && !match.sanctioned &&
         !match.approval;
}

// Whether the match could hold for a statement that is nothing but ordinary work.
bool could_match_ordinary(const CompiledMatch& match) {
  if (!match.changes.empty() || match.asks_for_hazard) return false;
  if (match.approval && *match.approval) return false;
  return match.any_class || match.classes.has(StatementClass::kQuery) || match.classes.has(StatementClass::kSession) ||
         match.classes.has(StatementClass::kTransaction) || match.classes.has(StatementClass::kTemporary);
}

bool asks_for_address(const CompiledMatch& match) { return !match.from.empty(); }

absl::Status in_rule(const Rule& rule, std::string_view what) {
  return absl::InvalidArgumentError(concatenate({"rule ", rule.name.empty() ? "(without name)" : rule.name,
                                                 rule.origin.empty() ? "" : " at ", rule.origin, ": ", what}));
}

absl::StatusOr<CompiledRule> compile_rule(const Rule& rule, const TimeZones& zones) {
  if (rule.name.empty()) return in_rule(rule, "a rule needs a name");
  absl::StatusOr<CompiledMatch> match = compile_match(rule.match, zones);
  if (!match.ok()) return in_rule(rule, std::string(match.status().message()));
  CompiledRule compiled;
  compiled.match = *std::move(match);
  if (rule.unless) {
    if (is_empty(*rule.unless)) return in_rule(rule, "an empty `unless` would switch the rule off");
    absl::StatusOr<CompiledMatch> unless = compile_match(*rule.unless, zones);
    if (!unless.ok()) return in_rule(rule, concatenate({"unless: ", std::string(unless.status().message())}));
    compiled.unless = *std::move(unless);
  }
  return compiled;
}

void add_rule_warnings(const Rule& rule, const CompiledRule& compiled, bool of_mysql,
                       std::vector<std::string>& warnings) {
  const auto warn = [&](std::string_view what) {
    warnings.push_back(concatenate({"rule ", rule.name, rule.origin.empty() ? "" : " at ", rule.origin, ": ", what}));
  };
  if (!rule.match.hazards.empty() || (rule.unless && !rule.unless->hazards.empty())) {
    warn("no hazard is known in this version, a match on `hazard` never holds");
  }
  if ((rule.match.approval && *rule.match.approval) || (rule.unless && rule.unless->approval.value_or(false))) {
    warn("approvals do not exist in this version, `approval: true` never holds");
  }
  for (const CompiledMatch* match : {&compiled.match, compiled.unless ? &*compiled.unless : nullptr}) {
    if (match == nullptr) continue;
    for (const std::string& change : match->changes) {
      if (!matches_known_change(change, of_mysql)) warn(concatenate({"no statement has a change ", change}));
    }
    for (const std::string& command : match->commands) {
      if (!matches_known_command(command, of_mysql)) warn(concatenate({"no statement has the command ", command}));
    }
  }
}

}  // namespace

Policy::Policy(PolicyOptions options) : options_(std::move(options)) {}

absl::StatusOr<std::shared_ptr<const Policy>> Policy::build(PolicyOptions options) {
  if (options.rules.size() > kRulesMax) {
    return absl::InvalidArgumentError(concatenate({"more than ", std::to_string(kRulesMax), " rules"}));
  }
  std::shared_ptr<Policy> policy(new Policy(std::move(options)));
  auto compiled = std::make_shared<Compiled>();
  policy->all_rules_ = policy->options_.rules;
  const size_t configured = policy->all_rules_.size();
  for (Rule& rule : builtin_rules()) policy->all_rules_.push_back(std::move(rule));
  for (size_t index = 0; index < policy->all_rules_.size(); ++index) {
    const Rule& rule = policy->all_rules_[index];
    absl::StatusOr<CompiledRule> one = compile_rule(rule, policy->options_.time_zones);
    if (!one.ok()) return one.status();
    one->builtin = index >= configured;
    if (!one->builtin) {
      if (rule.name.rfind("builtin/", 0) == 0) return in_rule(rule, "names beginning with builtin/ are taken");
      add_rule_warnings(rule, *one, policy->is_mysql(), policy->warnings_);
      const bool ordinary =
          rule.action != Action::kAllow && rule.mode != Mode::kOff && could_match_ordinary(one->match);
      compiled->judges_ordinary |= ordinary;
      if (ordinary) {
        policy->warnings_.push_back(concatenate({"rule ", rule.name, rule.origin.empty() ? "" : " at ", rule.origin,
                                                 ": it may concern ordinary queries, so every text is read by the "
                                                 "grammar; a `class` or `change` would keep the fast path"}));
      }
    }
    compiled->asks_for_address |= asks_for_address(one->match) || (one->unless && asks_for_address(*one->unless));
    for (size_t number = 0; number < parser::kStatementClassCount; ++number) {
      const bool possible = one->match.any_class || one->match.classes.has(static_cast<StatementClass>(number));
      if (possible && rule.mode != Mode::kOff) compiled->rules_of_class.at(number).push_back(index);
    }
    compiled->rules.push_back(*std::move(one));
  }
  for (const MigratorEntry& entry : policy->options_.migrators) {
    CompiledMigrator migrator{.user = entry.user, .from = {}, .certificate = entry.certificate};
    absl::Status status = check_glob(entry.user);
    if (status.ok() && !entry.certificate.empty()) status = check_glob(entry.certificate);
    for (const std::string& text : entry.from) {
      const absl::StatusOr<NetworkBlock> block = parse_network_block(text);
      if (!block.ok()) status = block.status();
      if (block.ok()) migrator.from.push_back(*block);
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(concatenate({"migrator ", entry.user, ": ", std::string(status.message())}));
    }
    compiled->migrators.push_back(std::move(migrator));
  }
  for (const std::string& text : policy->options_.plain_functions) {
    absl::StatusOr<ObjectGlob> glob = parse_object_glob(text);
    if (!glob.ok()) {
      return absl::InvalidArgumentError(concatenate({"plain_functions: ", std::string(glob.status().message())}));
    }
    const bool literal = glob_is_literal(glob->name);
    compiled->plain_functions.push_back({.glob = *std::move(glob), .literal_name = literal});
  }
  policy->version_ = version_of(policy->options_, policy->all_rules_);
  policy->compiled_ = std::move(compiled);
  return policy;
}

bool Policy::judges_harmless_texts() const { return compiled_->judges_ordinary; }

bool Policy::passes_unseen(const parser::StatementFacts& facts) const {
  constexpr parser::ClassSet kWhateverNamesMean = {parser::StatementClass::kQuery, parser::StatementClass::kSession,
                                                   parser::StatementClass::kTransaction};
  return !compiled_->judges_ordinary && !facts.classes.empty() &&
         (facts.classes.bits() & ~kWhateverNamesMean.bits()) == 0 && facts.changes.empty() &&
         facts.opaque == parser::OpaqueReason::kNone && facts.prepared == parser::PreparedUse::kNone &&
         (is_mysql() ? facts.copy != parser::CopyUse::kFromStdin
                     : std::none_of(facts.settings.begin(), facts.settings.end(),
                                    parser::postgres::unnamed_setting_may_protect));
}

bool Policy::is_migrator(const Subject& subject) const {
  if (subject.migration_listener) return true;
  return std::any_of(compiled_->migrators.begin(), compiled_->migrators.end(), [&](const CompiledMigrator& migrator) {
    if (!glob_matches(migrator.user, subject.user)) return false;
    if (!migrator.from.empty() && !ClientPlace(subject.client_address).is_in(migrator.from)) return false;
    return migrator.certificate.empty() ||
           (!subject.client_certificate.empty() && glob_matches(migrator.certificate, subject.client_certificate));
  });
}

}  // namespace schemaguard::policies
