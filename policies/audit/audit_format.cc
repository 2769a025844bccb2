#include "policies/audit/audit_format.h"

#include <algorithm>
#include <charconv>

#include "policies/audit/sha256.h"
#include "policies/json/json_text.h"

namespace schemaguard::policies {

namespace {

constexpr std::string_view kFront = "{\"v\":1,\"seq\":";
constexpr std::string_view kPrev = ",\"prev\":\"";
constexpr std::string_view kHash = "\",\"hash\":\"";
constexpr std::string_view kBack = "\"}";
constexpr size_t kTailBytes = kPrev.size() + kAuditHashBytes + kHash.size() + kAuditHashBytes + kBack.size();

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char one) { return (one >= '0' && one <= '9') || (one >= 'a' && one <= 'f'); });
}

}  // namespace

std::string append_audit_line(std::string& out, uint64_t seq, std::string_view prev, std::string_view members) {
  const size_t start = out.size();
  append_pieces(out, {kFront, std::to_string(seq), ",", members});
  std::string hash = sha256_hex({prev, std::string_view(out).substr(start + 1)});
  append_pieces(out, {kPrev, prev, kHash, hash, kBack, "\n"});
  return hash;
}

std::optional<AuditLineParts> split_audit_line(std::string_view line) {
  if (line.size() > kAuditLineBytesMax || line.size() < kFront.size() + kTailBytes || !line.starts_with(kFront)) {
    return std::nullopt;
  }
  const std::string_view members = line.substr(0, line.size() - kTailBytes);
  std::string_view tail = line.substr(members.size());
  if (!tail.starts_with(kPrev) || !tail.ends_with(kBack)) return std::nullopt;
  tail.remove_prefix(kPrev.size());
  AuditLineParts parts;
  parts.prev = tail.substr(0, kAuditHashBytes);
  tail.remove_prefix(kAuditHashBytes);
  if (!tail.starts_with(kHash)) return std::nullopt;
  parts.hash = tail.substr(kHash.size(), kAuditHashBytes);
  if (!is_hex(parts.prev) || !is_hex(parts.hash)) return std::nullopt;
  const std::string_view number = members.substr(kFront.size());
  const size_t comma = number.find(',');
  if (comma == std::string_view::npos || number.front() == '0') return std::nullopt;
  const char* const number_end = number.data() + comma;
  const auto [read_end, error] = std::from_chars(number.data(), number_end, parts.seq);
  if (error != std::errc() || read_end != number_end) return std::nullopt;
  parts.hash_matches = sha256_hex({parts.prev, members.substr(1)}) == parts.hash;
  return parts;
}

std::string checkpoint_message(uint64_t seq, std::string_view ts, std::string_view prev) {
  std::string message;
  append_pieces(message, {"schemaguard audit checkpoint 1\n", std::to_string(seq), "\n", ts, "\n", prev, "\n"});
  return message;
}

}  // namespace schemaguard::policies
