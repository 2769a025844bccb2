// Redaction: takes secrets and DML literals out of SQL text before it is logged or audited (design section 10).
//
// Literals inside schema changes (defaults, checks, enum values, comments) are kept; literals in DML become `?`;
// secrets known by place become `'***'` everywhere: PASSWORD, subscription CONNECTION, OPTIONS of servers and user
// mappings, connection strings inside bodies. Comments are left out, blanks are folded. Text that could not be read,
// that does not fit together, or whose cut into tokens depends on standard_conforming_strings never comes out whole:
// then the result is describe_unread(). Where a place is not known for certain the literal is taken out.
//
// Linear in what is looked at; of a long text only the front is, as far as the result can hold it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "parser/statement_facts.h"

namespace schemaguard::policies {

// The text of one PostgreSQL statement as the audit may keep it, at most `bytes_max` bytes.
std::string redact_postgres_statement(std::string_view statement, const parser::StatementFacts& facts,
                                      size_t bytes_max = 16384);
// A clause of a statement that changes the schema (a default, a check, a body), as the audit may keep it.
std::string redact_postgres_clause(std::string_view clause, size_t bytes_max = 4096);
// For text that could not be read: "<unread: 1234 bytes, sha256 …, first word SELECT>".
std::string describe_unread(std::string_view text);
// Hex digest of the statement's shape: tokens with literals taken out, case and blanks folded, lists of literals and of
// rows of literals counted as one. Of a text longer than a megabyte the front decides.
std::string fingerprint_postgres(std::string_view statement);

}  // namespace schemaguard::policies
