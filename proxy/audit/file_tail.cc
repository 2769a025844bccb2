#include "proxy/audit/file_tail.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "policies/audit/audit_format.h"

namespace schemaguard::proxy {

namespace {

// First a small look, then one that holds any torn line behind any whole one.
constexpr uint64_t kShortLookBytes = 64ULL * 1024;
constexpr uint64_t kLongLookBytes = 8 * (policies::kAuditLineBytesMax + 1);

std::optional<FileTail> record_in(std::string_view line) {
  const auto parts = policies::split_audit_line(line);
  if (!parts.has_value() || !parts->hash_matches) return std::nullopt;
  FileTail tail;
  tail.seq = parts->seq;
  tail.hash = std::string(parts->hash);
  return tail;
}

// The last record in `window`, which ends at the end of the file. `at_file_start`: it is the whole file.
std::optional<FileTail> last_record_in(std::string_view window, bool at_file_start) {
  size_t end = window.size();  // of the line that is looked at
  while (true) {
    const size_t before = end == 0 ? std::string_view::npos : window.rfind('\n', end - 1);
    // A line whose start lies before the window is not known whole.
    if (before == std::string_view::npos && !at_file_start) return std::nullopt;
    const size_t start = before == std::string_view::npos ? 0 : before + 1;
    if (std::optional<FileTail> tail = record_in(window.substr(start, end - start)); tail.has_value()) {
      const std::string_view rest = window.substr(end);  // starts with the record's line end, if there is one
      tail->line_end_missing = window.back() != '\n';
      tail->torn = rest.size() > 1;
      if (tail->torn) tail->torn_bytes = rest.size() - (tail->line_end_missing ? 1 : 2);
      return tail;
    }
    if (before == std::string_view::npos) return std::nullopt;
    end = before;
  }
}

bool can_be_torn_first_line(std::string_view content) {
  constexpr std::string_view kFirstLine = "{\"v\":1,\"seq\":1,";
  // A file system may leave zeros where a crash kept it from writing.
  if (content.size() <= policies::kAuditLineBytesMax && content.find_first_not_of('\0') == std::string_view::npos) {
    return true;
  }
  const size_t compared = std::min(content.size(), kFirstLine.size());
  return content.size() <= policies::kAuditLineBytesMax &&
         content.substr(0, compared) == kFirstLine.substr(0, compared);
}

}  // namespace

absl::StatusOr<FileTail> find_file_tail(AuditFile& file, uint64_t file_bytes) {
  if (file_bytes == 0) return FileTail{};
  std::string window;
  for (const uint64_t look_bytes : {kShortLookBytes, kLongLookBytes}) {
    const uint64_t window_bytes = std::min(file_bytes, look_bytes);
    window.resize(window_bytes);
    absl::StatusOr<size_t> got = file.read_at(file_bytes - window_bytes, window);
    if (!got.ok()) return got.status();
    window.resize(*got);
    if (std::optional<FileTail> tail = last_record_in(window, window_bytes == file_bytes); tail.has_value())
      return *tail;
    if (window_bytes == file_bytes) break;
  }
  if (window.size() == file_bytes && can_be_torn_first_line(window)) {
    FileTail tail;
    tail.torn = true;
    tail.line_end_missing = window.back() != '\n';
    tail.torn_bytes = tail.line_end_missing ? file_bytes : file_bytes - 1;
    return tail;
  }
  return absl::FailedPreconditionError("the file holds something else than an audit: its last lines are no records");
}

}  // namespace schemaguard::proxy
