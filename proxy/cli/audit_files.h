// AuditFiles: several audit files as one stream of lines, in the order of their chain.
//
// Memory is bounded by one line. "-" is standard input and stands alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "policies/audit/audit_entry.h"

namespace schemaguard::proxy {

// The files sorted by the seq of their first record; those without any record come first. An error when one of them
// cannot be read.
absl::StatusOr<std::vector<std::string>> in_chain_order(std::vector<std::string> files);

// Every entry of the files with its line, whole lines that are JSON objects only; `take` returns false to stop. Lines
// that are no entries are counted in `skipped`.
absl::Status for_each_entry(const std::vector<std::string>& files,
                            const std::function<bool(const policies::AuditEntry& entry, std::string_view line)>& take,
                            uint64_t* skipped = nullptr);

}  // namespace schemaguard::proxy
