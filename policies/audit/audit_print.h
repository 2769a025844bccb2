// Audit entries for people (text) and for spreadsheets (CSV).
//
// Text is safe on a terminal: control bytes of recorded names and statements come out as \xNN.
#pragma once

#include <string>

#include "policies/audit/audit_entry.h"

namespace schemaguard::policies {

// One line, or two when the entry has a statement text; ends with "\n".
std::string audit_entry_text(const AuditEntry& entry, const OutcomeIndex::Outcome& outcome);

std::string audit_csv_header();
std::string audit_entry_csv(const AuditEntry& entry, const OutcomeIndex::Outcome& outcome);

// A text with control bytes made visible.
std::string visible(std::string_view text);

}  // namespace schemaguard::policies
