// Redaction: takes secrets and DML literals out of SQL text before it is logged or audited (design section 10).
//
// Literals inside schema changes (defaults, checks, enum values, comments) are kept; literals in DML become `?`;
// secrets known by place become `'***'` everywhere. PostgreSQL: PASSWORD, subscription CONNECTION, OPTIONS of servers
// and user mappings. MySQL and MariaDB: everything in statements on accounts but their names, MASTER_PASSWORD and its
// kin, OPTIONS of servers, the options CONNECTION and PASSWORD of tables, encryption keys. Both: values of columns and
// settings that sound like secrets, connection strings wherever they stand. Comments are left out, blanks are folded.
// Text that could not be read, that does not fit together, or whose cut into tokens is not certain (settings, version)
// never comes out whole: then the result is describe_unread(). Where a place is not known for certain the literal is
// taken out.
//
// Linear in what is looked at; of a long text only the front is, as far as the result can hold it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "parser/mysql/reading.h"
#include "parser/statement_facts.h"

namespace schemaguard::policies {

inline constexpr size_t kRedactedStatementBytesMax = 16384;
inline constexpr size_t kRedactedClauseBytesMax = 4096;

// The text of one PostgreSQL statement as the audit may keep it, at most `bytes_max` bytes.
std::string redact_postgres_statement(std::string_view statement, const parser::StatementFacts& facts,
                                      size_t bytes_max = kRedactedStatementBytesMax);
// A clause of a statement that changes the schema (a default, a check, a body), as the audit may keep it.
std::string redact_postgres_clause(std::string_view clause, size_t bytes_max = kRedactedClauseBytesMax);
// The same for MySQL and MariaDB. `reading` is what was known before the statement; every way to cut the text that it
// leaves open must give the same tokens. `change_kind` is the change that the clause stands in: the query behind
// CREATE TABLE is data, that behind CREATE VIEW is not.
std::string redact_mysql_statement(std::string_view statement, const parser::StatementFacts& facts,
                                   const parser::mysql::ReadingState& reading,
                                   size_t bytes_max = kRedactedStatementBytesMax);
std::string redact_mysql_clause(std::string_view clause, std::string_view change_kind,
                                const parser::mysql::ReadingState& reading, size_t bytes_max = kRedactedClauseBytesMax);
// For text that could not be read: "<unread: 1234 bytes, sha256 …, first word SELECT>".
std::string describe_unread(std::string_view text);
// Hex digest of the statement's shape: tokens with literals taken out, case and blanks folded, lists of literals and of
// rows of literals counted as one. Of a text longer than a megabyte the front decides; where the reading is not certain
// the first possible one.
std::string fingerprint_postgres(std::string_view statement);
std::string fingerprint_mysql(std::string_view statement, const parser::mysql::ReadingState& reading);

}  // namespace schemaguard::policies
