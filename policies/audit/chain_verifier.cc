#include "policies/audit/chain_verifier.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "policies/audit/audit_format.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {

namespace {

std::string text_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(boost::json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

uint64_t number_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(boost::json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return 0;
  return static_cast<uint64_t>(value->get_int64());
}

// Inside a JSON string the quotes would be escaped, so these words stand in a member, ours or a nested one's.
bool may_be_gap_or_checkpoint(std::string_view line) {
  return line.find(R"("event":"gap")") != std::string_view::npos ||
         line.find(R"("event":"checkpoint")") != std::string_view::npos;
}

}  // namespace

ChainVerifier::ChainVerifier(SignatureCheck check, std::string known_head, std::string known_key)
    : check_(std::move(check)), known_head_(std::move(known_head)), known_key_(std::move(known_key)) {}

void ChainVerifier::start_file(std::string_view name) {
  if (damage_bytes_ > 0) {
    add_problem(
        concatenate({place(), ": ", std::to_string(damage_bytes_), " bytes behind the last record are not one"}));
    damage_bytes_ = 0;
    damage_open_ = false;
  }
  file_ = std::string(name);
  file_line_ = 0;
}

void ChainVerifier::add_oversized_line(uint64_t bytes, bool terminated) {
  ++file_line_;
  add_damage(bytes, terminated);
}

void ChainVerifier::add_line(std::string_view line, bool terminated) {
  ++file_line_;
  const auto parts = split_audit_line(line);
  // Without its line end even a whole record is torn: the writer will say so at its next start.
  if (!terminated || !parts.has_value() || !parts->hash_matches) {
    if (terminated && parts.has_value()) {
      add_problem(concatenate({place(), ": record ", std::to_string(parts->seq), " does not have the hash it claims"}));
    }
    add_damage(line.size(), terminated);
    return;
  }
  check_place(parts->seq, parts->prev);
  const uint64_t explained_bytes = read_members(line, parts->seq, parts->prev);
  if (damage_bytes_ != explained_bytes) {
    add_problem(
        concatenate({place(), ": ", std::to_string(damage_bytes_), " bytes before record ", std::to_string(parts->seq),
                     " are no record, and it accounts for ", std::to_string(explained_bytes)}));
  }
  damage_bytes_ = 0;
  if (report_.lines == 0) {
    report_.first_seq = parts->seq;
    report_.first_prev = std::string(parts->prev);
  }
  ++report_.lines;
  ++report_.lines_after_last_checkpoint;
  report_.last_seq = parts->seq;
  report_.head = std::string(parts->hash);
  if (report_.anchored) ++report_.lines_after_anchor;
  if (!known_head_.empty() && parts->hash == known_head_) {
    report_.anchored = true;
    report_.lines_after_anchor = 0;
  }
}

void ChainVerifier::check_place(uint64_t seq, std::string_view prev) {
  if (report_.lines == 0) {
    if ((seq == 1) != (prev == kAuditGenesisHash)) {
      add_problem(concatenate({place(), ": record ", std::to_string(seq), " cannot be the start of a chain"}));
    }
    return;
  }
  if (seq != report_.last_seq + 1) {
    add_problem(
        concatenate({place(), ": record ", std::to_string(seq), " follows record ", std::to_string(report_.last_seq)}));
  } else if (prev != report_.head) {
    add_problem(concatenate({place(), ": record ", std::to_string(seq), " was chained to another record ",
                             std::to_string(report_.last_seq), " than the one before it"}));
  }
}

uint64_t ChainVerifier::read_members(std::string_view line, uint64_t seq, std::string_view prev) {
  if (!may_be_gap_or_checkpoint(line)) return 0;
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(boost::json::string_view(line.data(), line.size()), error);
  if (error || !parsed.is_object()) return 0;
  const boost::json::object& record = parsed.get_object();
  const boost::json::value* const detail_value = record.if_contains("detail");
  const boost::json::object detail =
      detail_value != nullptr && detail_value->is_object() ? detail_value->get_object() : boost::json::object();
  const std::string event = text_member(record, "event");
  if (event == "checkpoint") {
    const std::string key = text_member(detail, "key");
    const std::string message = checkpoint_message(seq, text_member(record, "ts"), prev);
    if (!check_(key, message, text_member(detail, "signature"))) {
      add_problem(concatenate({place(), ": the signature of checkpoint ", std::to_string(seq), " is wrong"}));
    } else if (!known_key_.empty() && key != known_key_) {
      add_problem(concatenate({place(), ": checkpoint ", std::to_string(seq), " was signed with another key, ", key}));
    } else {
      ++report_.checkpoints;
      report_.lines_after_last_checkpoint = static_cast<uint64_t>(-1);  // this line itself makes it 0
      if (std::find(report_.keys.begin(), report_.keys.end(), key) == report_.keys.end() &&
          report_.keys.size() < ChainReport::kFindingsMax) {
        report_.keys.push_back(key);
      }
    }
    return 0;
  }
  if (event != "gap") return 0;
  ChainReport::Gap gap;
  gap.seq = seq;
  gap.lost_records = number_member(detail, "lost_records");
  gap.unconfirmed_records = number_member(detail, "unconfirmed_records");
  gap.torn = detail.contains("torn_bytes");
  gap.torn_bytes = number_member(detail, "torn_bytes");
  ++report_.gap_count;
  if (report_.gaps.size() < ChainReport::kFindingsMax) report_.gaps.push_back(gap);
  // The line end that closed the torn bytes is not counted in the record.
  return gap.torn ? gap.torn_bytes + 1 : 0;
}

ChainReport ChainVerifier::finish() {
  if (damage_bytes_ > 0 && !damage_open_) {
    add_problem(concatenate({file_, ": the last ", std::to_string(damage_bytes_), " bytes are no record"}));
  } else {
    report_.torn_tail_bytes = damage_bytes_;
  }
  if (!known_head_.empty() && !report_.anchored) {
    add_problem(concatenate(
        {"no record has the hash ", known_head_, ": the files were shortened or written anew, or a file is missing"}));
  }
  return std::move(report_);
}

void ChainVerifier::add_damage(uint64_t bytes, bool terminated) {
  if (damage_bytes_ == 0) damage_line_ = file_line_;
  damage_bytes_ += bytes + (terminated ? 1 : 0);
  damage_open_ = !terminated;
}

void ChainVerifier::add_problem(std::string sentence) {
  ++report_.problem_count;
  if (report_.problems.size() < ChainReport::kFindingsMax) report_.problems.push_back(std::move(sentence));
}

std::string ChainVerifier::place() const { return concatenate({file_, ":", std::to_string(file_line_)}); }

}  // namespace schemaguard::policies
