#include "policies/rules/compiled_match.h"

#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

using parser::ObjectKind;
using parser::StatementClass;

bool any_glob_matches(const std::vector<std::string>& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return glob_matches(glob, text); });
}

// Names of other kinds than databases, tables and triggers are compared without case on MySQL, those of accounts with.
NameCase case_of(ObjectKind kind, const SessionNames& names) {
  const bool folds = kind == ObjectKind::kFunction || kind == ObjectKind::kProcedure || kind == ObjectKind::kEvent ||
                     kind == ObjectKind::kIndex || kind == ObjectKind::kColumn || kind == ObjectKind::kServer;
  if (names.of_mysql && folds) return NameCase::kFolded;
  return kind == ObjectKind::kRole ? NameCase::kExact : names.name_case;
}

Truth name_matches(std::string_view glob, std::string_view name, NameCase name_case) {
  if (glob_matches(glob, name)) return Truth::kYes;
  if (name_case == NameCase::kExact || !glob_matches_ignoring_case(glob, name)) return Truth::kNo;
  return name_case == NameCase::kFolded ? Truth::kYes : Truth::kMaybe;
}

Truth any_object_matches(const std::vector<ObjectGlob>& globs, const UnitName& name, const SessionNames& names) {
  Truth best = Truth::kNo;
  for (const ObjectGlob& glob : globs) {
    best = std::max(best, object_matches(glob, name, names));
    if (best == Truth::kYes) break;
  }
  return best;
}

// A rule that lifts must cover every name of the unit that stands for data: the table of an index (its own name is
// the client's free choice), and the name before and after a rename.
Truth objects_match(const std::vector<ObjectGlob>& globs, const Unit& unit, const SessionNames& names,
                    Leaning leaning) {
  if (!unit.object) return Truth::kNo;
  if (leaning == Leaning::kLifting) {
    Truth all = any_object_matches(globs, unit.relation ? *unit.relation : *unit.object, names);
    if (unit.renamed_into) all = std::min(all, any_object_matches(globs, *unit.renamed_into, names));
    return all;
  }
  Truth any = any_object_matches(globs, *unit.object, names);
  if (unit.relation) any = std::max(any, any_object_matches(globs, *unit.relation, names));
  if (unit.renamed_into) any = std::max(any, any_object_matches(globs, *unit.renamed_into, names));
  // DROP SCHEMA takes everything in it along: "public.*" speaks of the schema public as well, but only to refuse. On
  // MySQL a database is what a schema is.
  if (unit.object->kind == ObjectKind::kSchema || (names.of_mysql && unit.object->kind == ObjectKind::kDatabase)) {
    for (const ObjectGlob& glob : globs) {
      if (!glob.any_schema) any = std::max(any, name_matches(glob.schema, unit.object->name, names.name_case));
    }
  }
  return any;
}

// The stricter of login and current role wins (design section 5).
Truth user_matches(const std::vector<std::string>& globs, const Subject& subject, Leaning leaning) {
  const Truth login = truth(any_glob_matches(globs, subject.user));
  if (subject.role.empty() && subject.role_certain) return login;
  const Truth role = subject.role.empty() ? login : truth(any_glob_matches(globs, subject.role));
  if (leaning == Leaning::kRefusing) return std::max(login, role);
  return subject.role_certain ? std::min(login, role) : Truth::kNo;
}

absl::Status at_key(std::string_view key, std::string_view what) {
  return absl::InvalidArgumentError(concatenate({"match key ", key, ": ", what}));
}

absl::Status check_globs(std::string_view key, const std::vector<std::string>& globs) {
  for (const std::string& glob : globs) {
    if (const absl::Status status = check_glob(glob); !status.ok()) return at_key(key, std::string(status.message()));
  }
  return absl::OkStatus();
}

// Commands are compared in capitals with single blanks, as the server's command tags are written.
std::optional<std::string> fold_command(std::string_view text) {
  std::string folded;
  for (const char byte : text) {
    if (byte >= 'a' && byte <= 'z') {
      folded.push_back(static_cast<char>(byte - 'a' + 'A'));
    } else if ((byte >= 'A' && byte <= 'Z') || byte == '*' || byte == '?') {
      folded.push_back(byte);
    } else if (byte == ' ' && !folded.empty()) {
      if (folded.back() != ' ') folded.push_back(' ');
    } else {
      return std::nullopt;
    }
  }
  while (!folded.empty() && folded.back() == ' ') folded.pop_back();
  return folded.empty() ? std::nullopt : std::optional(folded);
}

absl::StatusOr<parser::ClassSet> compile_classes(const std::vector<std::string>& names) {
  parser::ClassSet classes;
  for (const std::string& name : names) {
    const std::optional<StatementClass> one = parser::class_from_name(name);
    if (!one) {
      std::string accepted;
      for (size_t index = 0; index < parser::kStatementClassCount; ++index) {
        if (index > 0) accepted += ", ";
        accepted += parser::class_name(static_cast<StatementClass>(index));
      }
      return at_key("class", concatenate({"\"", name, "\" is no class; accepted: ", accepted}));
    }
    classes.add(*one);
  }
  return classes;
}

bool change_kind_is_well_formed(std::string_view kind) {
  return !kind.empty() && std::all_of(kind.begin(), kind.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || byte == '_' || byte == '*' || byte == '?';
  });
}

}  // namespace

bool kind_has_schema(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNone:
    case ObjectKind::kSchema:
    case ObjectKind::kDatabase:
    case ObjectKind::kEventTrigger:
    case ObjectKind::kRole:
    case ObjectKind::kExtension:
    case ObjectKind::kTablespace:
    case ObjectKind::kPublication:
    case ObjectKind::kSubscription:
    case ObjectKind::kServer:
    case ObjectKind::kForeignDataWrapper:
    case ObjectKind::kUserMapping:
    case ObjectKind::kLanguage:
    case ObjectKind::kCast:
    case ObjectKind::kTransform:
    case ObjectKind::kAccessMethod:
    case ObjectKind::kLargeObject:
      return false;
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kMaterializedView:
    case ObjectKind::kForeignTable:
    case ObjectKind::kIndex:
    case ObjectKind::kSequence:
    case ObjectKind::kType:
    case ObjectKind::kDomain:
    case ObjectKind::kFunction:
    case ObjectKind::kProcedure:
    case ObjectKind::kAggregate:
    case ObjectKind::kOperator:
    case ObjectKind::kTrigger:
    case ObjectKind::kRule:
    case ObjectKind::kPolicy:
    case ObjectKind::kStatistics:
    case ObjectKind::kCollation:
    case ObjectKind::kConversion:
    case ObjectKind::kTextSearch:
    case ObjectKind::kColumn:
    case ObjectKind::kConstraint:
    case ObjectKind::kEvent:
    case ObjectKind::kOther:
      return true;
  }
  return true;
}

Truth object_matches(const ObjectGlob& glob, const UnitName& name, const SessionNames& names) {
  const Truth own = name_matches(glob.name, name.name, case_of(name.kind, names));
  if (own == Truth::kNo || glob.any_schema) return own;
  if (!name.schema.empty() || !kind_has_schema(name.kind)) {
    return std::min(own, name_matches(glob.schema, name.schema, names.name_case));
  }
  if (glob.schema == "*") return own;
  if (!names.search_path_certain || names.search_path.empty()) return Truth::kMaybe;
  // The object may live in any schema of the path: certain only when all of them give the same answer.
  Truth least = Truth::kYes;
  Truth most = Truth::kNo;
  for (const std::string& schema : names.search_path) {
    const Truth one = name_matches(glob.schema, schema, names.name_case);
    least = std::min(least, one);
    most = std::max(most, one);
  }
  return std::min(own, least == most ? least : Truth::kMaybe);
}

Truth CompiledMatch::matches(const Unit& unit, const Circumstances& circumstances, Leaning leaning) const {
  if (!any_class && !classes.has(unit.statement_class)) return Truth::kNo;
  if (asks_for_hazard) return Truth::kNo;
  if (sanctioned && *sanctioned != circumstances.migrator) return Truth::kNo;
  if (approval && *approval) return Truth::kNo;  // approvals do not exist in this version
  const Subject& subject = *circumstances.subject;
  if (!commands.empty() && !any_glob_matches(commands, circumstances.command)) return Truth::kNo;
  if (!changes.empty() && !any_glob_matches(changes, unit.change)) return Truth::kNo;
  if (!databases.empty() && !any_glob_matches(databases, subject.database)) return Truth::kNo;
  if (!applications.empty() && !any_glob_matches(applications, subject.application)) return Truth::kNo;
  if (!certificates.empty() &&
      (subject.client_certificate.empty() || !any_glob_matches(certificates, subject.client_certificate))) {
    return Truth::kNo;
  }
  if (!from.empty() && !circumstances.client.is_in(from)) return Truth::kNo;
  if (!windows.empty() && std::none_of(windows.begin(), windows.end(),
                                       [&](const Window& window) { return window.contains(subject.now); })) {
    return Truth::kNo;
  }
  Truth result = Truth::kYes;
  if (!users.empty()) result = std::min(result, user_matches(users, subject, leaning));
  if (result != Truth::kNo && !objects.empty()) {
    result = std::min(result, objects_match(objects, unit, *circumstances.names, leaning));
  }
  return result;
}

absl::StatusOr<CompiledMatch> compile_match(const Rule::Match& match, const TimeZones& zones) {
  CompiledMatch compiled;
  absl::StatusOr<parser::ClassSet> classes = compile_classes(match.classes);
  if (!classes.ok()) return classes.status();
  compiled.any_class = match.classes.empty();
  compiled.classes = *classes;
  for (const std::string& command : match.commands) {
    std::optional<std::string> folded = fold_command(command);
    if (!folded) return at_key("command", concatenate({"\"", command, "\" is no command such as ALTER TABLE"}));
    compiled.commands.push_back(*std::move(folded));
  }
  for (const std::string& change : match.changes) {
    if (!change_kind_is_well_formed(change)) {
      return at_key("change", concatenate({"\"", change, "\" is no kind of change such as drop_table or add_*"}));
    }
    compiled.changes.push_back(change);
  }
  for (const std::string& object : match.objects) {
    absl::StatusOr<ObjectGlob> glob = parse_object_glob(object);
    if (!glob.ok()) return at_key("object", std::string(glob.status().message()));
    compiled.objects.push_back(*std::move(glob));
  }
  for (const std::string& block : match.from) {
    absl::StatusOr<NetworkBlock> parsed = parse_network_block(block);
    if (!parsed.ok()) return at_key("from", std::string(parsed.status().message()));
    compiled.from.push_back(*parsed);
  }
  for (const std::string& text : match.windows) {
    absl::StatusOr<Window> window = parse_window(text, zones);
    if (!window.ok()) return at_key("window", std::string(window.status().message()));
    compiled.windows.push_back(*window);
  }
  for (const auto& [key, globs] :
       {std::pair{"user", &match.users}, std::pair{"database", &match.databases},
        std::pair{"application", &match.applications}, std::pair{"certificate", &match.certificates}}) {
    if (absl::Status status = check_globs(key, *globs); !status.ok()) return status;
  }
  compiled.users = match.users;
  compiled.databases = match.databases;
  compiled.applications = match.applications;
  compiled.certificates = match.certificates;
  compiled.asks_for_hazard = !match.hazards.empty();
  compiled.sanctioned = match.sanctioned;
  compiled.approval = match.approval;
  return compiled;
}

}  // namespace schemaguard::policies
