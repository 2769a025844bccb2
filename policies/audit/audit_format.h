// The audit file's format: the constants and the two functions that the writer and every reader share.
//
// A file is a sequence of lines, each one JSON object in ASCII, at most kAuditLineBytesMax bytes without its "\n":
//
//   {"v":1,"seq":N,"ts":"…",<members>,"prev":"<64 hex>","hash":"<64 hex>"}
//
// `seq` rises by one from line to line, across files too; the first line of a chain has seq 1. `prev` is the `hash` of
// the line before it (kAuditGenesisHash for the first line of a chain). `hash` is the SHA-256, in lower-case hex, of
// the 64 characters of `prev` followed by the bytes of the line between its "{" and `,"prev":`. So it is computed over
// the bytes as written, never over a re-serialised object, and tools need nothing but this sentence.
//
// A crash or a full disk may leave bytes behind the last whole line. They are kept: the writer ends them with one "\n"
// and the next line, a `gap` record in the chain of the last whole line, has `detail.torn_bytes` = the number of those
// bytes (without the "\n" that closed them). A reader accepts foreign bytes between two lines only then. A whole record
// that lacks nothing but its line end gets it, and is a record like any other.
// `detail.lost_records` of a gap record counts records that could not be written at all, `detail.unconfirmed_records`
// those lines directly before it whose sessions were told that writing them had failed.
//
// A `checkpoint` record has `detail.key` and `detail.signature` (hex): the Ed25519 public key and the signature over
// checkpoint_message(). It vouches for the line before it and so for everything before that.
//
// Members that do not apply are left out. Their order is fixed (policies/audit/audit_record.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace schemaguard::policies {

inline constexpr int kAuditFormatVersion = 1;
inline constexpr size_t kAuditHashBytes = 64;
inline constexpr size_t kAuditLineBytesMax = 1024UL * 1024UL;
inline constexpr std::string_view kAuditGenesisHash =
    "0000000000000000000000000000000000000000000000000000000000000000";

// Appends the line for `members` with its line end to `out`; returns its hash. `members` starts with `"ts":`.
std::string append_audit_line(std::string& out, uint64_t seq, std::string_view prev, std::string_view members);

// The parts of one line; views point into the line.
struct AuditLineParts {
  uint64_t seq = 0;
  std::string_view prev;
  std::string_view hash;
  bool hash_matches = false;  // `hash` is the digest of `prev` and the members
};

// nullopt when the line (without "\n") does not have the frame described above.
std::optional<AuditLineParts> split_audit_line(std::string_view line);

// What a checkpoint's signature covers: the record's own seq and ts and the hash of the line before it.
std::string checkpoint_message(uint64_t seq, std::string_view ts, std::string_view prev);

}  // namespace schemaguard::policies
