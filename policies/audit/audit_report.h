// AuditReport: what enforce would do to an audited load, grouped so that a person can decide about each group once.
//
// Statements are grouped by user, application, source address and kind (classes and command). Every group comes with
// the narrowest rule that would let it pass, in the configuration's YAML. Bounded: further groups, objects and changes
// are counted only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "policies/audit/audit_entry.h"

namespace schemaguard::policies {

struct AuditReportGroup {
  std::string user, application, source, classes, command;
  uint64_t count = 0;
  std::string first_seen, last_seen;  // timestamps as recorded
  uint64_t example_seq = 0;
  std::string example;  // redacted statement text
  std::set<std::string> databases, objects, changes, rules, reasons;
  bool objects_complete = true;  // every statement named its objects, and all of them stand in `objects`
};

class AuditReport {
 public:
  static constexpr size_t kGroupsMax = 10'000;
  static constexpr size_t kNamesMax = 50;

  // Takes a statement entry; the caller has filtered already.
  void add(const AuditEntry& statement);
  // The largest groups first.
  [[nodiscard]] std::vector<AuditReportGroup> groups() const;
  [[nodiscard]] uint64_t statements() const { return statements_; }
  [[nodiscard]] uint64_t left_out() const { return left_out_; }

 private:
  std::map<std::tuple<std::string, std::string, std::string, std::string, std::string>, AuditReportGroup> groups_;
  uint64_t statements_ = 0;
  uint64_t left_out_ = 0;  // statements whose group did not fit
};

// The narrowest rule that would allow the group: a list item for `rules:`. `number` makes its name unique.
std::string narrowest_rule(const AuditReportGroup& group, size_t number);

std::string audit_report_text(const AuditReport& report);
std::string audit_report_json(const AuditReport& report);

}  // namespace schemaguard::policies
