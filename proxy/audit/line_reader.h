// LineReader: the lines of a file as a stream, with bounded memory whatever the file holds.
//
// Reads a path, or standard input for "-". A line longer than the limit is skipped and told by its size. The view that
// next() returns stays valid until the following call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace schemaguard::proxy {

class LineReader {
 public:
  struct Line {
    std::string_view text;  // without the line end; empty when oversized
    uint64_t bytes = 0;     // of the line, without the line end
    bool oversized = false;
    bool terminated = true;  // false: the file ends here without a line end
  };

  static absl::StatusOr<LineReader> open(const std::string& path, size_t line_bytes_max);
  ~LineReader();
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&& other) noexcept;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // nullopt at the end of the file or when reading failed: then status() says why. A file that grows can be asked
  // again: bytes without a line end are then not handed out as a line while `wait_for_line_end` is set.
  std::optional<Line> next(bool wait_for_line_end = false);
  [[nodiscard]] const absl::Status& status() const { return status_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  LineReader(int descriptor, std::string path, size_t line_bytes_max);
  bool fill();

  int descriptor_ = -1;
  std::string path_;
  size_t line_bytes_max_ = 0;
  std::string buffer_;
  size_t start_ = 0;            // of the line that is being put together
  size_t scanned_ = 0;          // no line end before this place
  uint64_t skipped_bytes_ = 0;  // of an oversized line
  absl::Status status_;
};

}  // namespace schemaguard::proxy
