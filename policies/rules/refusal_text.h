// Refusal text: the words that a person reads when a statement is stopped, warned about or logged.
//
// The names in it come from the client: control bytes are replaced and long names are clipped, so that a message is
// always one short line. The reference and the rule's name are appended by the session.
#pragma once

#include <string>
#include <string_view>

#include "parser/statement_facts.h"
#include "policies/rules/compiled_match.h"
#include "policies/rules/policy.h"
#include "policies/rules/verdict.h"

namespace schemaguard::policies {

// The unit that decided, with everything a sentence about it needs.
struct Decision {
  const Rule* rule = nullptr;
  bool builtin = false;
  Unit unit = {};
  Action action = Action::kAllow;
};

// "public.services"; an unqualified name gets the first schema of a search_path that is certain, but no mere "$user".
std::string display_name(const UnitName& name, const SessionNames& names);

// "ALTER TABLE public.services", "SELECT query_to_xml()", "SET session_replication_role".
std::string verdict_subject(const parser::StatementFacts& facts, const Unit& unit, const SessionNames& names);

// The stable code for a decision; empty for a plain allow.
std::string_view verdict_reason(const Decision& decision);

// "ALTER TABLE public.services blocked: schema changes are for migrators only (login app is not one)".
// `migrator_elsewhere`: the login is listed, but not from this place or with this certificate.
std::string verdict_message(const Decision& decision, std::string_view subject_text, const Subject& subject,
                            bool migrator_elsewhere, std::string_view unread_reason);

// What to do next.
std::string verdict_hint(const Decision& decision, const PolicyOptions& options);

}  // namespace schemaguard::policies
