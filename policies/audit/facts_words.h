// The words that stand for enumerators of statement facts in the audit's JSON. A contract: add, never rename.
//
// The first enumerator of each kind is the usual one and has the empty word: its member is left out.
// Opaque reasons have the words by which rules name them: opaque_reason_name() in policies/rules/builtin_policy.h.
#pragma once

#include <optional>
#include <string_view>

#include "parser/statement_facts.h"

namespace schemaguard::policies {

std::string_view persistence_word(parser::Persistence persistence);
std::string_view copy_word(parser::CopyUse use);
std::string_view scope_word(parser::SettingChange::Scope scope);

// nullopt: not a word that this version knows.
std::optional<parser::Persistence> persistence_from_word(std::string_view word);
std::optional<parser::OpaqueReason> opaque_from_word(std::string_view word);
std::optional<parser::CopyUse> copy_from_word(std::string_view word);
std::optional<parser::SettingChange::Scope> scope_from_word(std::string_view word);
std::optional<parser::ObjectKind> object_kind_from_word(std::string_view word);

}  // namespace schemaguard::policies
