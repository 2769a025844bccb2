#include "policies/audit/facts_words.h"

#include <initializer_list>

#include "policies/rules/builtin_policy.h"

namespace schemaguard::policies {

namespace {

using parser::CopyUse;
using parser::ObjectKind;
using parser::OpaqueReason;
using parser::Persistence;
using parser::SettingChange;

template <typename Enumerator, typename WordOf>
std::optional<Enumerator> find_word(std::initializer_list<Enumerator> all, std::string_view word, WordOf word_of) {
  for (const Enumerator one : all) {
    if (word_of(one) == word) return one;
  }
  return std::nullopt;
}

}  // namespace

std::string_view persistence_word(Persistence persistence) {
  switch (persistence) {
    case Persistence::kPersistent:
      return "";
    case Persistence::kTemporary:
      return "temporary";
    case Persistence::kByName:
      return "by_name";
  }
  return "";
}

std::string_view copy_word(CopyUse use) {
  switch (use) {
    case CopyUse::kNone:
      return "";
    case CopyUse::kFromStdin:
      return "from_stdin";
    case CopyUse::kToStdout:
      return "to_stdout";
    case CopyUse::kServerFile:
      return "server_file";
    case CopyUse::kProgram:
      return "program";
  }
  return "";
}

std::string_view scope_word(SettingChange::Scope scope) {
  switch (scope) {
    case SettingChange::Scope::kSession:
      return "";
    case SettingChange::Scope::kLocal:
      return "local";
    case SettingChange::Scope::kTransaction:
      return "transaction";
  }
  return "";
}

std::optional<Persistence> persistence_from_word(std::string_view word) {
  return find_word({Persistence::kPersistent, Persistence::kTemporary, Persistence::kByName}, word, persistence_word);
}

std::optional<OpaqueReason> opaque_from_word(std::string_view word) {
  return find_word({OpaqueReason::kNone, OpaqueReason::kUnprovedRoutine, OpaqueReason::kProcedureCall,
                    OpaqueReason::kRunsSqlText, OpaqueReason::kDynamicCode, OpaqueReason::kUnreadableCode,
                    OpaqueReason::kFunctionCall, OpaqueReason::kUnknownPrepared},
                   word, opaque_reason_name);
}

std::optional<CopyUse> copy_from_word(std::string_view word) {
  return find_word({CopyUse::kNone, CopyUse::kFromStdin, CopyUse::kToStdout, CopyUse::kServerFile, CopyUse::kProgram},
                   word, copy_word);
}

std::optional<SettingChange::Scope> scope_from_word(std::string_view word) {
  return find_word({SettingChange::Scope::kSession, SettingChange::Scope::kLocal, SettingChange::Scope::kTransaction},
                   word, scope_word);
}

std::optional<ObjectKind> object_kind_from_word(std::string_view word) {
  if (word.empty()) return ObjectKind::kNone;
  for (auto kind = ObjectKind::kNone; kind <= ObjectKind::kOther;
       kind = static_cast<ObjectKind>(static_cast<uint8_t>(kind) + 1)) {
    if (parser::object_kind_name(kind) == word) return kind;
  }
  return std::nullopt;
}

}  // namespace schemaguard::policies
