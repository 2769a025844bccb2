// FileTail: where an audit file left off, found by looking at its end only.
//
// Used when the writer opens a file. It never changes the file, and it never judges the chain: that is
// `audit verify`'s part.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proxy/audit/audit_file.h"

namespace schemaguard::proxy {

struct FileTail {
  uint64_t seq = 0;               // of the last whole record; 0 when there is none
  std::string hash;               // of the last whole record; empty when there is none
  bool torn = false;              // there are bytes behind it that are no record
  uint64_t torn_bytes = 0;        // their number, without a line end at the very end of the file
  bool line_end_missing = false;  // the file does not end with a line end
};

// Looks for the last line whose hash fits its own content, within the last few line lengths of the file. A file with
// content but no such line is an error, unless the content can be the torn first line of an audit.
absl::StatusOr<FileTail> find_file_tail(AuditFile& file, uint64_t file_bytes);

}  // namespace schemaguard::proxy
