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
  uint64_t seq = 0;         // of the last whole line; 0 when there is none
  std::string hash;         // of the last whole line; empty when there is none
  uint64_t good_bytes = 0;  // the file up to and with the last whole line's end
  uint64_t torn_bytes = 0;  // bytes behind it, without a line end at the very end of the file
  bool torn_open = false;   // the torn bytes still lack the line end that closes them
};

// Looks for the last line whose hash fits its own content, within the last few line lengths of the file. A file with
// content but no such line is an error, unless the content can be the torn first line of an audit.
absl::StatusOr<FileTail> find_file_tail(AuditFile& file, uint64_t file_bytes);

}  // namespace schemaguard::proxy
