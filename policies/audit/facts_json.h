// Facts as JSON inside an audit record, and back: what a recorded statement needs to be judged again.
//
// Written are the changes (`changes` of the record) and, in `facts`, what else a judgement looks at: objects that no
// change names, the classes before the session's temporary names were applied, called functions, settings, COPY use,
// why code is opaque or text unread. Not written: offsets, DML tables that no rule sees, inner statements (their
// classes, changes, functions and settings stand in the outer one). Texts from the statement are redacted on the way;
// values of settings that may hold secrets are left out. Every list is cut at a byte budget, so a statement cannot make
// a record without end; what was cut is counted beside the list.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "parser/mysql/reading.h"
#include "parser/statement_facts.h"
#include "policies/rules/session_names.h"

namespace schemaguard::policies {

// Which engine's text stands in the changes, and what was known of its reading when they were read.
struct ChangeText {
  bool mysql = false;
  parser::mysql::ReadingState reading;
};

// Appends `["schema","access"]`.
void append_class_list(std::string& out, parser::ClassSet classes);

// Appends `[…]`; returns how many changes did not fit into about `bytes_max` bytes. The definitions (columns,
// expressions) are the first to go.
size_t append_changes_json(std::string& out, const std::vector<parser::Change>& changes, const ChangeText& text,
                           size_t bytes_max);

// Appends `{…}`, or nothing when there is nothing to add; returns whether it appended. `judged_classes` stand in the
// record already.
bool append_facts_json(std::string& out, const parser::StatementFacts& facts, parser::ClassSet judged_classes,
                       size_t bytes_max);

// The facts of a recorded statement (event `statement`) from the record's members `class`, `command`, `objects`,
// `changes` and `facts`. An unknown class, kind or word is an error: it was written by a newer version.
absl::StatusOr<parser::StatementFacts> facts_from_record(const boost::json::object& record);

// What the session knew about names when the statement was judged.
SessionNames names_from_record(const boost::json::object& record);

}  // namespace schemaguard::policies
