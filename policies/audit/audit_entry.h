// AuditEntry: one line of an audit file, read back; and what only later lines say about a statement.
//
// Readers take what they find: a member that is missing or of another type is empty, never an error, so that a newer
// version's files can be shown. Whether the line is genuine is policies/audit/chain_verifier.h's question.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::policies {

class AuditEntry {
 public:
  // nullopt when the line is no JSON object.
  static std::optional<AuditEntry> parse(std::string_view line);

  [[nodiscard]] const boost::json::object& members() const { return members_; }
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] uint64_t number(std::string_view name) const;  // 0 when absent or negative
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] uint64_t seq() const { return number("seq"); }
  [[nodiscard]] bool is(std::string_view event) const { return text("event") == event; }
  // Every name the entry speaks of, as ObjectName::display() spells it: objects, changed objects, their relations and
  // what they are renamed into. Without repetitions.
  [[nodiscard]] std::vector<std::string> object_names() const;
  // `client` without its port: "10.0.0.7" of "10.0.0.7:5432", "::1" of "[::1]:5432".
  [[nodiscard]] std::string client_address() const;
  // The objects that the entry's changes create.
  [[nodiscard]] std::vector<std::string> created_names() const;

 private:
  boost::json::object members_;
};

// The outcomes of statements by their seq. Bounded: beyond kEntriesMax the oldest statements lose theirs.
class OutcomeIndex {
 public:
  static constexpr size_t kEntriesMax = 2'000'000;
  struct Outcome {
    std::string text;
    std::string sqlstate;
  };
  // Takes outcome entries, ignores all others. A later outcome (unknown, then settled) replaces an earlier one.
  void add(const AuditEntry& entry);
  // The outcome of a statement: its own, or the one that came later; empty when there is none yet.
  [[nodiscard]] Outcome find(const AuditEntry& statement) const;

 private:
  std::map<uint64_t, Outcome> by_seq_;
};

}  // namespace schemaguard::policies
