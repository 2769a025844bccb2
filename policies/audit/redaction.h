// Redaction: takes secrets and DML literals out of SQL text before it is logged or audited (design section 10).
//
// Literals inside schema changes (defaults, checks, enum values, comments) are kept; literals in DML become `?`;
// secrets known by place become `'***'` everywhere: PASSWORD, subscription CONNECTION, OPTIONS of servers and user
// mappings, connection strings inside bodies. Text that could not be read never comes out whole.
#pragma once

#include <string>
#include <string_view>

#include "parser/statement_facts.h"

namespace schemaguard::policies {

// The text of one PostgreSQL statement as the audit may keep it, at most `bytes_max` bytes.
std::string redact_postgres_statement(std::string_view statement, const parser::StatementFacts& facts,
                                      size_t bytes_max = 16384);
// For text that could not be read: "<unread: 1234 bytes, sha256 …, first word SELECT>".
std::string describe_unread(std::string_view text);
// Hex digest of the statement's shape: tokens with literals taken out, case and blanks folded.
std::string fingerprint_postgres(std::string_view statement);

}  // namespace schemaguard::policies
