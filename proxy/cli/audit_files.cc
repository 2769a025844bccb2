#include "proxy/cli/audit_files.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "policies/audit/audit_format.h"
#include "proxy/audit/line_reader.h"

namespace schemaguard::proxy {

absl::StatusOr<std::vector<std::string>> in_chain_order(std::vector<std::string> files) {
  if (files.size() == 1) return files;
  std::vector<std::pair<uint64_t, std::string>> numbered;
  for (std::string& file : files) {
    if (file == "-") return absl::InvalidArgumentError("standard input (\"-\") cannot be read together with files");
    absl::StatusOr<LineReader> reader = LineReader::open(file, policies::kAuditLineBytesMax);
    if (!reader.ok()) return reader.status();
    uint64_t first_seq = 0;
    while (const std::optional<LineReader::Line> line = reader->next()) {
      const auto parts = policies::split_audit_line(line->text);
      if (!parts.has_value()) continue;
      first_seq = parts->seq;
      break;
    }
    if (!reader->status().ok()) return reader->status();
    numbered.emplace_back(first_seq, std::move(file));
  }
  std::stable_sort(numbered.begin(), numbered.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  std::vector<std::string> sorted;
  sorted.reserve(numbered.size());
  for (auto& [seq, file] : numbered) sorted.push_back(std::move(file));
  return sorted;
}

absl::Status for_each_entry(const std::vector<std::string>& files,
                            const std::function<bool(const policies::AuditEntry& entry, std::string_view line)>& take,
                            uint64_t* skipped) {
  for (const std::string& file : files) {
    absl::StatusOr<LineReader> reader = LineReader::open(file, policies::kAuditLineBytesMax);
    if (!reader.ok()) return reader.status();
    while (const std::optional<LineReader::Line> line = reader->next()) {
      std::optional<policies::AuditEntry> entry;
      if (line->terminated && !line->oversized) entry = policies::AuditEntry::parse(line->text);
      if (!entry.has_value()) {
        if (skipped != nullptr) ++*skipped;
        continue;
      }
      if (!take(*entry, line->text)) return absl::OkStatus();
    }
    if (!reader->status().ok()) return reader->status();
  }
  return absl::OkStatus();
}

}  // namespace schemaguard::proxy
