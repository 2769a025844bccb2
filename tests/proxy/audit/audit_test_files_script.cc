#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "tests/proxy/audit/audit_test_files.h"

namespace schemaguard::proxy::testing {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "schemaguard-audit-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

class MemoryFile final : public AuditFile {
 public:
  explicit MemoryFile(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  absl::Status open() override {
    const std::lock_guard lock(disk_->mutex);
    return disk_->open_fails ? absl::UnavailableError("the disk is gone") : absl::OkStatus();
  }
  void close() override {}
  absl::StatusOr<State> state() override {
    const std::lock_guard lock(disk_->mutex);
    return State{.bytes = disk_->content.size(), .regular = true, .linked = true};
  }
  absl::StatusOr<size_t> read_at(uint64_t offset, std::span<char> out) override {
    const std::lock_guard lock(disk_->mutex);
    return disk_->content.copy(out.data(), out.size(), offset);
  }
  absl::StatusOr<size_t> append(std::string_view bytes) override {
    const std::lock_guard lock(disk_->mutex);
    const uint64_t room = disk_->room > disk_->content.size() ? disk_->room - disk_->content.size() : 0;
    const uint64_t taken = std::min<uint64_t>({bytes.size(), room, disk_->piece_bytes});
    if (taken == 0) return absl::ResourceExhaustedError("no space left on the disk");
    disk_->content.append(bytes.substr(0, taken));
    return taken;
  }
  absl::Status sync() override {
    const std::lock_guard lock(disk_->mutex);
    ++disk_->syncs;
    return disk_->sync_fails ? absl::UnavailableError("input/output error") : absl::OkStatus();
  }
  absl::Status truncate(uint64_t bytes) override {
    const std::lock_guard lock(disk_->mutex);
    if (disk_->truncate_fails) return absl::PermissionDeniedError("append only");
    disk_->content.resize(bytes);
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace

std::unique_ptr<AuditFile> memory_file(std::shared_ptr<MemoryDisk> disk) {
  return std::make_unique<MemoryFile>(std::move(disk));
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& content) {
  std::vector<std::string> lines;
  std::istringstream stream(content);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string member(const std::string& line, const std::string& name) {
  const boost::json::value parsed = boost::json::parse(line);
  const boost::json::value* found = parsed.as_object().if_contains(name);
  if (found == nullptr) return "";
  return found->is_string() ? std::string(found->as_string()) : boost::json::serialize(*found);
}

}  // namespace schemaguard::proxy::testing
