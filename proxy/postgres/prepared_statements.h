// PreparedStatements: the session's statement and portal maps, one name space each for wire and SQL (evasion 81, 82).
//
// Confirmed entries change on the server's answer only. A name that a forwarded, unanswered Parse or PREPARE defines
// has several possible meanings; candidates() gives all of them, and the strictest verdict over them holds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "parser/postgres/reading.h"
#include "parser/statement_facts.h"

namespace schemaguard::proxy::postgres {

// What a name stands for. Immutable once made; shared by the maps, portals and requests in flight.
struct Prepared {
  bool harmless = false;  // the scanner's promise: nothing to judge
  bool refused = false;   // a refused Parse: what follows in its batch is skipped by the server
  [[nodiscard]] bool is_judged() const { return !harmless && !refused; }
  std::shared_ptr<const parser::TextFacts> facts{};  // null with !harmless: not read yet (made while the mode was off)
  std::string text{};
  parser::postgres::Reading reading{};
  // Made by an SQL PREPARE: the one statement that it prepares, `text` is then the PREPARE as written.
  std::shared_ptr<const parser::StatementFacts> statement{};
};
using PreparedRef = std::shared_ptr<const Prepared>;

// The one entry for every harmless statement; shared without a reference count.
PreparedRef harmless_prepared();
PreparedRef refused_prepared();
// A statement that may have been prepared where nothing was read.
PreparedRef unknown_prepared();

class PreparedStatements {
 public:
  using Candidates = absl::InlinedVector<PreparedRef, 2>;

  // A forwarded definition, not yet answered. `batch` is the number of Syncs and Queries forwarded before it.
  void begin(std::string_view name, PreparedRef prepared, uint64_t batch);
  // The oldest unanswered definition was confirmed, or failed. A failed or replaced unnamed statement is gone.
  void confirm();
  void fail();
  // The oldest unanswered definition was skipped by the server: nothing changed.
  void skip();
  void erase(std::string_view name);
  void clear();

  // Whether a definition of `name` is kept or unanswered. A harmless statement is only worth an entry if it is.
  [[nodiscard]] bool knows(std::string_view name) const;
  // All meanings `name` may have for a message of `batch` that is forwarded next; empty: harmless or undefined.
  [[nodiscard]] Candidates candidates(std::string_view name, uint64_t batch) const;
  // Whether only the answers to earlier batches can tell which of several meanings `name` has, and it matters.
  [[nodiscard]] bool is_open(std::string_view name, uint64_t batch) const;
  [[nodiscard]] size_t size() const { return named_.size(); }
  // No name stands for anything that has to be judged, and no definition is unanswered.
  [[nodiscard]] bool holds_nothing() const { return in_flight_.empty() && named_.empty() && !unnamed_; }
  // Bytes of the texts behind the confirmed names.
  [[nodiscard]] size_t text_bytes() const { return text_bytes_; }

 private:
  struct InFlight {
    std::string name;
    PreparedRef prepared;
    uint64_t batch;
    uint64_t earlier = 0;  // the number of the one before it of the same name; set with `newest_` only
  };
  [[nodiscard]] size_t in_flight_count() const { return in_flight_.size() - answered_; }
  [[nodiscard]] uint64_t number_of(size_t position) const { return first_number_ + position; }
  void link(size_t position);
  void drop_oldest();
  // Calls `visit` for the unanswered definitions of a clipped name, the latest first, until it returns false.
  template <typename Visitor>
  void visit_in_flight(std::string_view clipped, Visitor visit) const;

  absl::flat_hash_map<std::string, PreparedRef> named_;
  size_t text_bytes_ = 0;
  PreparedRef unnamed_;
  // Oldest first, the first `answered_` of them answered. A client may have a hundred thousand in flight: beyond a few,
  // `newest_` finds them by name, and answered ones are cleared away in bulk.
  absl::InlinedVector<InFlight, 1> in_flight_;
  size_t answered_ = 0;
  uint64_t first_number_ = 1;  // of in_flight_[0]
  bool linked_ = false;
  absl::flat_hash_map<std::string, uint64_t> newest_;
};

}  // namespace schemaguard::proxy::postgres
