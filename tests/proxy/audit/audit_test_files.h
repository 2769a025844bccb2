// Files for the audit tests: a temporary directory, a disk in memory that fails on demand, and a plain reading of
// audit files that shares no code with the writer's bookkeeping.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/audit/audit_file.h"
#include "proxy/audit/audit_log.h"

namespace schemaguard::proxy::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// What the memory file's disk holds and how it behaves; shared by the test and the file that the writer owns.
struct MemoryDisk {
  std::mutex mutex;
  std::string content;
  uint64_t room = UINT64_MAX;         // the file can grow to this size
  uint64_t piece_bytes = UINT64_MAX;  // one append takes at most this much
  bool open_fails = false;
  bool sync_fails = false;
  bool truncate_fails = false;
  uint64_t syncs = 0;
};
std::unique_ptr<AuditFile> memory_file(std::shared_ptr<MemoryDisk> disk);

std::string read_file(const std::string& path);
std::vector<std::string> lines_of(const std::string& content);
// The JSON number or string behind `"name":` in a line, "" when absent.
std::string member(const std::string& line, const std::string& name);

}  // namespace schemaguard::proxy::testing
