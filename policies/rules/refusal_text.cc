#include "policies/rules/refusal_text.h"

#include "policies/rules/builtin_policy.h"
#include "policies/rules/concatenate.h"
#include "policies/rules/reason.h"

namespace schemaguard::policies {
namespace {

using parser::StatementClass;

constexpr size_t kNameBytesMax = 200;

// One printable line, whatever the client wrote. A clipped name does not end inside a UTF-8 character.
std::string printable(std::string_view text) {
  const bool clipped = text.size() > kNameBytesMax;
  if (clipped) {
    size_t length = kNameBytesMax;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
    text = text.substr(0, length);
  }
  std::string line(text);
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) byte = '?';
  }
  if (clipped) line += "...";
  return line;
}

std::string_view class_reason(StatementClass statement_class) {
  switch (statement_class) {
    case StatementClass::kSchema:
    case StatementClass::kAccess:
      return reason::kNotSanctioned;
    case StatementClass::kSetting:
      return reason::kSetting;
    case StatementClass::kServerFile:
      return reason::kServerFile;
    case StatementClass::kCluster:
      return reason::kCluster;
    case StatementClass::kCatalogWrite:
      return reason::kCatalogWrite;
    case StatementClass::kHistoryWrite:
      return reason::kHistoryWrite;
    case StatementClass::kOpaque:
      return reason::kUnreadableCode;
    case StatementClass::kQuery:
    case StatementClass::kSession:
    case StatementClass::kTransaction:
    case StatementClass::kTemporary:
    case StatementClass::kDestructive:
    case StatementClass::kMaintenance:
    case StatementClass::kAdmin:
    case StatementClass::kUnread:
      return reason::kUnread;
  }
  return reason::kUnread;
}

// The change of an opaque unit is the word for its reason; a unit without one was read by nobody.
std::string_view opaque_reason(std::string_view change) {
  for (const std::string_view code :
       {reason::kRunsSqlText, reason::kDynamicCode, reason::kFunctionCall, reason::kUnknownPrepared}) {
    if (change == code) return code;
  }
  return reason::kUnreadableCode;
}

std::string not_a_migrator(const Subject& subject, bool migrator_elsewhere) {
  if (subject.user.empty()) return "this session is not one";
  if (!migrator_elsewhere) return concatenate({"login ", printable(subject.user), " is not one"});
  return concatenate({"login ", printable(subject.user), " is one, but not from ",
                      subject.client_address.empty() ? "a Unix socket" : std::string_view(subject.client_address),
                      " with this certificate"});
}

// What follows "blocked: ".
std::string because(const Decision& decision, std::string_view code, const Subject& subject, bool migrator_elsewhere,
                    std::string_view unread_reason) {
  if (code == reason::kRule) {
    const Rule& rule = *decision.rule;
    if (rule.unless && !rule.unless->windows.empty()) {
      return concatenate({"a rule forbids it outside the window ", rule.unless->windows.front()});
    }
    return "a rule forbids it";
  }
  if (code == reason::kNotSanctioned) {
    return concatenate({decision.unit.statement_class == StatementClass::kAccess ? "changes of roles and privileges"
                                                                                 : "schema changes",
                        " are for migrators only (", not_a_migrator(subject, migrator_elsewhere), ")"});
  }
  if (code == reason::kSetting) return "this setting decides how text is read, who acts, or which protection holds";
  if (code == reason::kServerFile) return "it reads or writes files on the database server";
  if (code == reason::kServerProgram) return "it starts a program on the database server";
  if (code == reason::kLocalInfile)
    return "it has the server ask the client for a file, which local_infile does not allow";
  if (code == reason::kCluster) return "it changes the whole server, not one schema";
  if (code == reason::kCatalogWrite) return "it writes into the system catalogs directly";
  if (code == reason::kHistoryWrite) return "the migration history is written by migrations only";
  if (code == reason::kRunsSqlText) return "the function runs SQL text or changes catalogs itself";
  if (code == reason::kDynamicCode) return "the code builds the statements that it runs";
  if (code == reason::kUnreadableCode) return "the code cannot be read";
  if (code == reason::kFunctionCall) return "function calls without SQL text are not let through";
  if (code == reason::kUnknownPrepared) return "the statement was not prepared in sight of the guard";
  if (unread_reason.empty()) return "the text cannot be read with certainty";
  return concatenate({"the text cannot be read with certainty (", printable(unread_reason), ")"});
}

}  // namespace

std::string display_name(const UnitName& name, const SessionNames& names) {
  const bool qualify = name.schema.empty() && kind_has_schema(name.kind) && names.search_path_certain &&
                       !names.search_path.empty() && !names.user_schema_in_front;
  const std::string_view schema = qualify ? std::string_view(names.search_path.front()) : name.schema;
  if (schema.empty()) return printable(name.name);
  return concatenate({printable(schema), ".", printable(name.name)});
}

std::string verdict_subject(const parser::StatementFacts& facts, const Unit& unit, const SessionNames& names) {
  const std::string_view command = facts.command.empty() ? std::string_view("statement") : facts.command;
  if (unit.statement_class == StatementClass::kSetting && !facts.settings.empty()) {
    return concatenate({command, " ", printable(facts.settings.front().name)});
  }
  if (!unit.object || unit.object->name.empty()) return printable(command);
  const std::string name = display_name(*unit.object, names);
  if (unit.statement_class == StatementClass::kOpaque) return concatenate({command, " ", name, "()"});
  if (unit.relation) return concatenate({command, " ", name, " on ", display_name(*unit.relation, names)});
  return concatenate({command, " ", name});
}

std::string_view verdict_reason(const Decision& decision) {
  if (decision.action == Action::kAllow) return {};
  if (!decision.builtin) return reason::kRule;
  if (decision.action != Action::kBlock) return reason::kLoggedClass;
  if (decision.unit.change == kCopyProgramChange) return reason::kServerProgram;
  if (decision.unit.change == kLocalInfileChange) return reason::kLocalInfile;
  if (decision.unit.statement_class == StatementClass::kOpaque) return opaque_reason(decision.unit.change);
  return class_reason(decision.unit.statement_class);
}

std::string verdict_message(const Decision& decision, std::string_view subject_text, const Subject& subject,
                            bool migrator_elsewhere, std::string_view unread_reason) {
  const std::string_view code = verdict_reason(decision);
  if (decision.action == Action::kWarn) return concatenate({subject_text, " noticed: a rule warns about it"});
  if (decision.action != Action::kBlock) return {};
  return concatenate({subject_text, " blocked: ", because(decision, code, subject, migrator_elsewhere, unread_reason)});
}

std::string verdict_hint(const Decision& decision, const PolicyOptions& options) {
  if (decision.action < Action::kWarn) return {};
  if (!decision.rule->hint.empty()) return decision.rule->hint;
  if (!options.hint.empty()) return options.hint;
  const std::string_view code = verdict_reason(decision);
  if (code == reason::kNotSanctioned) {
    return "Run it as a migration: log in as a migrator or connect through the migration listener. "
           "`schemaguard explain` shows how the guard reads a statement.";
  }
  if (code == reason::kRule) return "`schemaguard policy show` lists the rules of this database.";
  if (code == reason::kUnread) {
    return "Write it without the construct that is in doubt, or send the statements one by one; "
           "`schemaguard explain` shows how the guard reads a text.";
  }
  if (code == reason::kRunsSqlText || code == reason::kUnknownPrepared || code == reason::kFunctionCall) {
    return "If this is wanted, a rule with class opaque can allow it; "
           "`schemaguard explain` shows how the guard reads a statement.";
  }
  if (code == reason::kLocalInfile) {
    return "If this is wanted, `local_infile: allow` allows it to everybody, a rule with change local_infile to some; "
           "`schemaguard explain` shows how the guard reads a statement.";
  }
  return concatenate({"If this is wanted, a rule with class ", parser::class_name(decision.unit.statement_class),
                      " can allow it; `schemaguard explain` shows how the guard reads a statement."});
}

}  // namespace schemaguard::policies
