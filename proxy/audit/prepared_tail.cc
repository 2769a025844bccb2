#include "proxy/audit/prepared_tail.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "policies/audit/audit_entry.h"

namespace schemaguard::proxy {

namespace {

using policies::AuditEntry;

std::string gid_of(const AuditEntry& entry) {
  const boost::json::value* detail = entry.members().if_contains("detail");
  if (detail == nullptr || !detail->is_object()) return {};
  const boost::json::value* gid = detail->get_object().if_contains("gid");
  if (gid == nullptr || !gid->is_string()) return {};
  return {gid->get_string().data(), gid->get_string().size()};
}

}  // namespace

PreparedTail read_prepared_tail(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return {};
  const uintmax_t bytes = std::filesystem::file_size(file, error);
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) return {};
  std::string line;
  if (bytes > kPreparedTailBytes) {
    stream.seekg(static_cast<std::streamoff>(bytes - kPreparedTailBytes));
    std::getline(stream, line);  // the rest of a line
  }
  std::map<uint64_t, PreparedTail::key_type> waiting;
  while (std::getline(stream, line)) {
    // Parsing every line of a large file would hold up the start.
    if (line.find(R"("event":"outcome")") == std::string::npos) continue;
    const bool prepared = line.find(R"("outcome":"prepared")") != std::string::npos;
    if (!prepared && waiting.empty()) continue;
    const std::optional<AuditEntry> entry = AuditEntry::parse(line);
    if (!entry || entry->number("of") == 0) continue;
    if (prepared) {
      waiting[entry->number("of")] = {std::string(entry->text("server")), std::string(entry->text("database")),
                                      gid_of(*entry)};
    } else if (entry->text("outcome") != "unknown") {
      waiting.erase(entry->number("of"));
    }
  }
  PreparedTail tail;
  for (const auto& [seq, place] : waiting) tail[place].push_back(seq);
  return tail;
}

}  // namespace schemaguard::proxy
