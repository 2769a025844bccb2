// ChainVerifier: whether the lines of audit files are one unbroken chain, as policies/audit/audit_format.h defines it.
//
// Feed the files in chain order, line by line, then ask for the report. It keeps one hash and a bounded list of
// findings, never the lines. Signatures are checked through a function, because public keys are not this room's part.
// A broken place does not stop it: it takes the next good line as a new start and goes on looking.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::policies {

struct ChainReport {
  struct Gap {
    uint64_t seq = 0;
    uint64_t lost_records = 0;
    uint64_t unconfirmed_records = 0;
    bool torn = false;
    uint64_t torn_bytes = 0;
  };
  uint64_t lines = 0;
  uint64_t first_seq = 0;
  std::string first_prev;
  uint64_t last_seq = 0;
  std::string head;              // hash of the last line
  uint64_t torn_tail_bytes = 0;  // behind the last line of the last file, not closed yet
  std::vector<Gap> gaps;         // the first kFindingsMax of them
  uint64_t gap_count = 0;
  uint64_t checkpoints = 0;
  uint64_t lines_after_last_checkpoint = 0;
  std::vector<std::string> keys;  // every public key that signed, in order of appearance
  bool anchored = false;          // the head that the caller knows is among the lines
  uint64_t lines_after_anchor = 0;
  std::vector<std::string> problems;  // sentences; the first kFindingsMax of them
  uint64_t problem_count = 0;
  static constexpr size_t kFindingsMax = 100;
};

class ChainVerifier {
 public:
  using SignatureCheck =
      std::function<bool(std::string_view public_key, std::string_view message, std::string_view signature)>;

  // `known_head`: a hash the caller got from elsewhere (system log, metric), or "". `known_key`: the public key that
  // must have signed every checkpoint, or "" to accept any key whose signature is good.
  ChainVerifier(SignatureCheck check, std::string known_head, std::string known_key);

  void start_file(std::string_view name);
  // One line without its line end; `terminated` is false for bytes at the end of a file that no line end follows.
  void add_line(std::string_view line, bool terminated);
  // A line longer than kAuditLineBytesMax, of which only the size is known.
  void add_oversized_line(uint64_t bytes, bool terminated);
  ChainReport finish();

 private:
  void add_problem(std::string sentence);
  void add_damage(uint64_t bytes, bool terminated);
  void check_place(uint64_t seq, std::string_view prev);
  // Looks at what only some records have: gaps and checkpoints. Returns how many bytes before it this line accounts
  // for.
  uint64_t read_members(std::string_view line, uint64_t seq, std::string_view prev);
  [[nodiscard]] std::string place() const;

  SignatureCheck check_;
  std::string known_head_;
  std::string known_key_;
  ChainReport report_;
  std::string file_;
  uint64_t file_line_ = 0;
  uint64_t damage_bytes_ = 0;  // since the last good line, line ends included
  uint64_t damage_line_ = 0;
  bool damage_open_ = false;  // the damage has no line end
};

}  // namespace schemaguard::policies
