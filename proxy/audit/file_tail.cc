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

// The last good line in `window`, which ends at the end of the file. `offset` is where the window starts.
std::optional<FileTail> last_line_in(std::string_view window, uint64_t offset) {
  size_t end = window.rfind('\n');
  while (end != std::string_view::npos) {
    const size_t before = end == 0 ? std::string_view::npos : window.rfind('\n', end - 1);
    // A line whose start lies before the window is not known whole, except at the start of the file.
    if (before == std::string_view::npos && offset > 0) return std::nullopt;
    const size_t start = before == std::string_view::npos ? 0 : before + 1;
    const auto parts = policies::split_audit_line(window.substr(start, end - start));
    if (parts.has_value() && parts->hash_matches) {
      FileTail tail;
      tail.seq = parts->seq;
      tail.hash = std::string(parts->hash);
      tail.good_bytes = offset + end + 1;
      tail.torn_bytes = window.size() - end - 1;
      tail.torn_open = tail.torn_bytes > 0 && window.back() != '\n';
      if (tail.torn_bytes > 0 && !tail.torn_open) --tail.torn_bytes;
      return tail;
    }
    end = before;
  }
  return std::nullopt;
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
    if (std::optional<FileTail> tail = last_line_in(window, file_bytes - window_bytes); tail.has_value()) return *tail;
    if (window_bytes == file_bytes) break;
  }
  if (window.size() == file_bytes && can_be_torn_first_line(window)) {
    FileTail tail;
    tail.torn_open = window.back() != '\n';
    tail.torn_bytes = tail.torn_open ? file_bytes : file_bytes - 1;
    return tail;
  }
  return absl::FailedPreconditionError("the file holds something else than an audit: its last lines are no records");
}

}  // namespace schemaguard::proxy
