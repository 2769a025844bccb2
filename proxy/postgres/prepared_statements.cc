#include "proxy/postgres/prepared_statements.h"

#include <algorithm>

#include "parser/postgres/frontend_messages.h"

namespace schemaguard::proxy::postgres {

using parser::postgres::clip_name;

namespace {

// So many unanswered definitions are looked through one by one.
constexpr size_t kScannedMax = 32;

}  // namespace

PreparedRef harmless_prepared() {
  static const Prepared harmless{.harmless = true};
  return {std::shared_ptr<void>{}, &harmless};
}

PreparedRef refused_prepared() {
  static const Prepared refused{.refused = true};
  return {std::shared_ptr<void>{}, &refused};
}

PreparedRef unknown_prepared() {
  static const std::shared_ptr<const Prepared> unknown = [] {
    const auto facts = std::make_shared<parser::StatementFacts>();
    facts->classes.add(parser::StatementClass::kOpaque);
    facts->command = "EXECUTE";
    facts->opaque = parser::OpaqueReason::kUnknownPrepared;
    return std::make_shared<const Prepared>(Prepared{.text = "EXECUTE", .statement = facts});
  }();
  return unknown;
}

void PreparedStatements::begin(std::string_view name, PreparedRef prepared, uint64_t batch) {
  if (!linked_ && in_flight_count() == kScannedMax) {
    linked_ = true;
    for (size_t position = answered_; position < in_flight_.size(); ++position) link(position);
  }
  in_flight_.push_back({std::string(clip_name(name)), std::move(prepared), batch});
  if (linked_) link(in_flight_.size() - 1);
}

void PreparedStatements::link(size_t position) {
  InFlight& one = in_flight_[position];
  const auto [found, fresh] = newest_.try_emplace(one.name, number_of(position));
  one.earlier = fresh ? 0 : found->second;
  found->second = number_of(position);
}

void PreparedStatements::drop_oldest() {
  InFlight& oldest = in_flight_[answered_];
  if (linked_) {
    const auto found = newest_.find(oldest.name);
    if (found != newest_.end() && found->second == number_of(answered_)) newest_.erase(found);
  }
  oldest = {};
  ++answered_;
  if (in_flight_count() == 0) {
    // An idle session holds no buffer.
    first_number_ = number_of(in_flight_.size());
    absl::InlinedVector<InFlight, 1>().swap(in_flight_);
    absl::flat_hash_map<std::string, uint64_t>().swap(newest_);
    answered_ = 0;
    linked_ = false;
  } else if (answered_ >= kScannedMax && answered_ >= in_flight_count()) {
    in_flight_.erase(in_flight_.begin(), in_flight_.begin() + static_cast<std::ptrdiff_t>(answered_));
    first_number_ += answered_;
    answered_ = 0;
  }
}

template <typename Visitor>
void PreparedStatements::visit_in_flight(std::string_view clipped, Visitor visit) const {
  if (!linked_) {
    for (size_t position = in_flight_.size(); position > answered_; --position) {
      const InFlight& one = in_flight_[position - 1];
      if (one.name == clipped && !visit(one)) return;
    }
    return;
  }
  const auto found = newest_.find(absl::string_view(clipped.data(), clipped.size()));
  if (found == newest_.end()) return;
  // What was before the oldest that is unanswered has been answered.
  for (uint64_t number = found->second; number >= number_of(answered_);) {
    const InFlight& one = in_flight_[number - first_number_];
    if (!visit(one)) return;
    number = one.earlier;
  }
}

void PreparedStatements::confirm() {
  if (in_flight_count() == 0) return;
  InFlight& oldest = in_flight_[answered_];
  if (oldest.prepared->harmless) {
    erase(oldest.name);
  } else if (oldest.name.empty()) {
    unnamed_ = std::move(oldest.prepared);
  } else {
    PreparedRef& named = named_[oldest.name];
    if (named) text_bytes_ -= named->text.size();
    text_bytes_ += oldest.prepared->text.size();
    named = std::move(oldest.prepared);
  }
  drop_oldest();
}

void PreparedStatements::fail() {
  if (in_flight_count() == 0) return;
  if (in_flight_[answered_].name.empty()) unnamed_.reset();
  drop_oldest();
}

void PreparedStatements::skip() {
  if (in_flight_count() != 0) drop_oldest();
}

void PreparedStatements::erase(std::string_view name) {
  const std::string_view clipped = clip_name(name);
  if (clipped.empty()) {
    unnamed_.reset();
  } else {
    const auto found = named_.find(absl::string_view(clipped.data(), clipped.size()));
    if (found == named_.end()) return;
    text_bytes_ -= found->second->text.size();
    named_.erase(found);
  }
}

void PreparedStatements::clear() {
  // flat_hash_map keeps its table on clear(); an idle session must hold no buffer.
  absl::flat_hash_map<std::string, PreparedRef>().swap(named_);
  text_bytes_ = 0;
  unnamed_.reset();
}

bool PreparedStatements::knows(std::string_view name) const {
  if (holds_nothing()) return false;
  const std::string_view clipped = clip_name(name);
  bool in_flight = false;
  visit_in_flight(clipped, [&](const InFlight&) {
    in_flight = true;
    return false;
  });
  if (in_flight) return true;
  if (clipped.empty()) return unnamed_ != nullptr;
  return named_.contains(absl::string_view(clipped.data(), clipped.size()));
}

bool PreparedStatements::is_open(std::string_view name, uint64_t batch) const {
  if (in_flight_.empty()) return false;
  const Candidates found = candidates(name, batch);
  return found.size() > 1 &&
         std::any_of(found.begin(), found.end(), [](const PreparedRef& prepared) { return prepared->is_judged(); });
}

PreparedStatements::Candidates PreparedStatements::candidates(std::string_view name, uint64_t batch) const {
  const std::string_view clipped = clip_name(name);
  Candidates found;
  bool settled = false;
  visit_in_flight(clipped, [&](const InFlight& one) {
    found.push_back(one.prepared);
    // In its own batch a failed definition makes the server skip what asks for it.
    settled = one.batch == batch;
    return !settled;
  });
  if (settled) return found;
  if (clipped.empty()) {
    if (unnamed_) found.push_back(unnamed_);
  } else if (const auto named = named_.find(absl::string_view(clipped.data(), clipped.size())); named != named_.end()) {
    found.push_back(named->second);
  }
  return found;
}

}  // namespace schemaguard::proxy::postgres
