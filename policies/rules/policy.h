// Policy: the rules of one database of one server, immutable, and the one place where verdicts are made.
//
// The data path, `schemaguard explain`, `policy show` and `policy test` all call judge(). A policy is built from the
// configuration, shared between threads as `std::shared_ptr<const Policy>`, and swapped whole. It never does I/O and
// never reads a clock: the time comes in with the subject.
//
// A statement is taken apart into units, one for each class with each change (or object, or function). The rules are
// tried in order against one unit at a time, the first match decides it, and the strictest unit decides the statement.
// Being a migrator is a matter of login, certificate and network: SET ROLE neither gives nor takes it. Rules on `user`
// look at both login and role: to lift something both must match, to refuse something one is enough.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parser/statement_facts.h"
#include "policies/rules/session_names.h"
#include "policies/rules/verdict.h"

namespace schemaguard::policies {

// Who acts, from where, right now. Filled by the session; `user` is the login, `role` the current role as far as the
// server has confirmed it ("" when it is the login). The stricter of login and role wins.
struct Subject {
  std::string user;
  std::string role;
  bool role_certain = true;
  // Whether the current role is, or may have become, a superuser, to whom no setting is closed.
  bool superuser = false;
  std::string database;
  std::string application;         // a label, never an identity
  std::string client_address;      // "10.0.0.7" (no port); "" for a Unix socket
  std::string client_certificate;  // subject common name of the verified client certificate, "" without one
  bool migration_listener = false;
  absl::Time now;
};

struct MigratorEntry {
  std::string user;               // glob
  std::vector<std::string> from;  // CIDRs; empty: anywhere
  std::string certificate;        // glob on the certificate's common name; empty: not asked for
};

// One rule of design section 6, as configured. Empty lists match everything.
struct Rule {
  std::string name;
  struct Match {
    std::vector<std::string> classes, commands, changes, objects, users, databases, applications, from, certificates,
        hazards, windows;
    std::optional<bool> sanctioned, approval;
  };
  Match match;
  std::optional<Match> unless;
  Action action = Action::kBlock;
  std::string hint;
  std::optional<Mode> mode;  // a rule of its own mode: observe is noted in `would` and the search goes on
  Verdict::After after = Verdict::After::kContinue;
  std::string origin;  // "schemaguard.yaml:31", for policy show; empty for built-in rules
};

struct PolicyOptions {
  std::string server;
  std::string engine = "postgresql";
  std::vector<MigratorEntry> migrators;
  std::vector<Rule> rules;                      // before the built-in policy
  std::vector<std::string> allowed_extensions;  // on top of the trusted ones; functions of these count as plain
  std::vector<std::string> plain_functions;     // user's own additions, globs on schema.name
  std::string hint;                             // default hint of refusals
  bool local_infile = false;                    // MySQL: LOAD DATA LOCAL is an ordinary query
  // Zones that windows name, loaded by the caller; UTC and fixed offsets need no entry.
  std::map<std::string, absl::TimeZone, std::less<>> time_zones;
};

class Policy {
 public:
  // Errors name the rule and the key (bad glob, CIDR, window, class, command).
  static absl::StatusOr<std::shared_ptr<const Policy>> build(PolicyOptions options);

  // The strictest verdict over every (change, object) pair of `facts`; for PREPARE also over those of what it prepares,
  // as far as they would be blocked. For several layers of session names call it
  // once per layer and keep the strictest.
  [[nodiscard]] Verdict judge(const parser::StatementFacts& facts, const Subject& subject,
                              const SessionNames& names) const;
  // A text that could not be read: the verdict for class unread.
  [[nodiscard]] Verdict judge_unread(std::string_view reason, const Subject& subject) const;
  [[nodiscard]] bool is_migrator(const Subject& subject) const;
  [[nodiscard]] bool is_mysql() const { return options_.engine == "mysql"; }

  // Whether a rule could do more than allow an ordinary query: then a text that the scanner calls harmless must still
  // be read and judged. Without such a rule the verdict for harmless text is always allow.
  [[nodiscard]] bool judges_harmless_texts() const;
  // Whether judge() would allow this statement without a record for every subject and whatever names mean: BEGIN,
  // COMMIT and SET of an ordinary setting, most of what surrounds queries. Such a statement need not be judged. (MySQL:
  // ask in_system_database() before.)
  [[nodiscard]] bool passes_unseen(const parser::StatementFacts& facts) const;
  // What an operator should know about these rules: keys without effect in this version, names that nothing has.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  // Every rule in the order of trial, the built-in policy last: what `policy show` prints.
  [[nodiscard]] const std::vector<Rule>& all_rules() const { return all_rules_; }
  // Hex digest over the rules and lists, stable across restarts: the audit's `policy` field.
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] const PolicyOptions& options() const { return options_; }

  struct Compiled;  // policies/rules/compiled_policy.h

 private:
  explicit Policy(PolicyOptions options);
  [[nodiscard]] Verdict judge_written(const parser::StatementFacts& facts, const Subject& subject,
                                      const SessionNames& names) const;
  PolicyOptions options_;
  std::vector<Rule> all_rules_;
  std::vector<std::string> warnings_;
  std::string version_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace schemaguard::policies
