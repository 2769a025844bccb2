#include "proxy/audit/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace schemaguard::proxy {

namespace {
constexpr size_t kReadBytes = 256UL * 1024;
}  // namespace

absl::StatusOr<LineReader> LineReader::open(const std::string& path, size_t line_bytes_max) {
  const int descriptor = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, "cannot open " + path);
  return LineReader(descriptor, path, line_bytes_max);
}

LineReader::LineReader(int descriptor, std::string path, size_t line_bytes_max)
    : descriptor_(descriptor), path_(std::move(path)), line_bytes_max_(line_bytes_max) {}

LineReader::~LineReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LineReader::LineReader(LineReader&& other) noexcept { *this = std::move(other); }

LineReader& LineReader::operator=(LineReader&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  path_ = std::move(other.path_);
  line_bytes_max_ = other.line_bytes_max_;
  buffer_ = std::move(other.buffer_);
  start_ = other.start_;
  scanned_ = other.scanned_;
  skipped_bytes_ = other.skipped_bytes_;
  status_ = std::move(other.status_);
  return *this;
}

std::optional<LineReader::Line> LineReader::next(bool wait_for_line_end) {
  while (true) {
    const size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      Line line;
      line.bytes = skipped_bytes_ + (end - start_);
      line.oversized = line.bytes > line_bytes_max_;
      if (!line.oversized) line.text = std::string_view(buffer_).substr(start_, end - start_);
      start_ = end + 1;
      scanned_ = start_;
      skipped_bytes_ = 0;
      return line;
    }
    scanned_ = buffer_.size();
    if (scanned_ - start_ > line_bytes_max_) {
      skipped_bytes_ += scanned_ - start_;
      start_ = scanned_;
    }
    if (fill()) continue;
    const uint64_t rest = skipped_bytes_ + (buffer_.size() - start_);
    if (!status_.ok() || wait_for_line_end || rest == 0) return std::nullopt;
    Line line{.text = {}, .bytes = rest, .oversized = rest > line_bytes_max_, .terminated = false};
    if (!line.oversized) line.text = std::string_view(buffer_).substr(start_);
    start_ = buffer_.size();
    skipped_bytes_ = 0;
    return line;
  }
}

bool LineReader::fill() {
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  const size_t kept = buffer_.size();
  buffer_.resize(kept + kReadBytes);
  ssize_t got = 0;
  do {
    got = ::read(descriptor_, buffer_.data() + kept, kReadBytes);
  } while (got < 0 && errno == EINTR);
  if (got < 0) status_ = absl::ErrnoToStatus(errno, "cannot read " + path_);
  buffer_.resize(kept + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

}  // namespace schemaguard::proxy
