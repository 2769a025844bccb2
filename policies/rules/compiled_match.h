// CompiledMatch: the match part of a rule, read once, tried against one (class, change, object) unit at a time.
//
// The answer is three-valued, because names are not always certain (evasion 131, 132): an unqualified name whose
// search_path is not known may or may not be public.services. What a `maybe` means depends on the rule: a rule that
// lifts a refusal must be sure, a rule that refuses need not be (design section 6). Immutable after compile_match();
// views into a unit live as long as the facts and names they were taken from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "parser/statement_facts.h"
#include "policies/rules/glob.h"
#include "policies/rules/network.h"
#include "policies/rules/policy.h"
#include "policies/rules/window.h"

namespace schemaguard::policies {

enum class Truth : uint8_t { kNo, kMaybe, kYes };
constexpr Truth truth(bool value) { return value ? Truth::kYes : Truth::kNo; }

// Which way doubt falls.
enum class Leaning : uint8_t {
  kLifting,   // the rule would let something pass: every name must match
  kRefusing,  // the rule would stop something: one name is enough
};
constexpr Leaning opposite(Leaning leaning) {
  return leaning == Leaning::kLifting ? Leaning::kRefusing : Leaning::kLifting;
}

// A name as a rule sees it.
struct UnitName {
  parser::ObjectKind kind = parser::ObjectKind::kNone;
  std::string_view schema = {};
  std::string_view name = {};
};

// The unit of judgement: one class of the statement with one of its changes or objects.
struct Unit {
  parser::StatementClass statement_class = parser::StatementClass::kUnread;
  std::string_view change = {};  // change kind, or the stable word for an opaque reason or COPY use; may be empty
  std::optional<UnitName> object = {};
  std::optional<UnitName> relation = {};      // the table that an index or trigger belongs to
  std::optional<UnitName> renamed_into = {};  // what the object is called afterwards
};

// What is the same for all units of one judgement.
struct Circumstances {
  const Subject* subject = nullptr;
  const SessionNames* names = nullptr;
  std::string_view command = {};
  bool migrator = false;
  ClientPlace client = {};
};

struct CompiledMatch {
  bool any_class = true;
  parser::ClassSet classes;
  std::vector<std::string> commands, changes, users, databases, applications, certificates;
  std::vector<ObjectGlob> objects;
  std::vector<NetworkBlock> from;
  std::vector<Window> windows;
  bool asks_for_hazard = false;  // no hazard is known in this version: such a match never holds
  std::optional<bool> sanctioned, approval;

  [[nodiscard]] Truth matches(const Unit& unit, const Circumstances& circumstances, Leaning leaning) const;
  // Whether the rule speaks of this class by name.
  [[nodiscard]] bool names_class(parser::StatementClass statement_class) const {
    return !any_class && classes.has(statement_class);
  }
};

// Errors name the key and what is accepted there.
absl::StatusOr<CompiledMatch> compile_match(const Rule::Match& match, const TimeZones& zones);

// Whether `name` is the glob's, as far as the session knows its schema and how names are compared.
Truth object_matches(const ObjectGlob& glob, const UnitName& name, const SessionNames& names);

// True for kinds that live in a schema.
bool kind_has_schema(parser::ObjectKind kind);

}  // namespace schemaguard::policies
