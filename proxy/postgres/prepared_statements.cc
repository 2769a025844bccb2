#include "proxy/postgres/prepared_statements.h"

#include <algorithm>

#include "parser/postgres/frontend_messages.h"

namespace schemaguard::proxy::postgres {

using parser::postgres::clip_name;

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
  in_flight_.push_back({std::string(clip_name(name)), std::move(prepared), batch});
}

void PreparedStatements::confirm() {
  if (in_flight_.empty()) return;
  InFlight& oldest = in_flight_.front();
  if (oldest.prepared->harmless) {
    erase(oldest.name);
  } else if (oldest.name.empty()) {
    unnamed_ = std::move(oldest.prepared);
  } else {
    named_[oldest.name] = std::move(oldest.prepared);
  }
  in_flight_.erase(in_flight_.begin());
}

void PreparedStatements::fail() {
  if (in_flight_.empty()) return;
  if (in_flight_.front().name.empty()) unnamed_.reset();
  in_flight_.erase(in_flight_.begin());
}

void PreparedStatements::skip() {
  if (!in_flight_.empty()) in_flight_.erase(in_flight_.begin());
}

void PreparedStatements::erase(std::string_view name) {
  const std::string_view clipped = clip_name(name);
  if (clipped.empty()) {
    unnamed_.reset();
  } else {
    named_.erase(absl::string_view(clipped.data(), clipped.size()));
  }
}

void PreparedStatements::clear() {
  // flat_hash_map keeps its table on clear(); an idle session must hold no buffer.
  absl::flat_hash_map<std::string, PreparedRef>().swap(named_);
  unnamed_.reset();
}

bool PreparedStatements::knows(std::string_view name) const {
  if (in_flight_.empty() && named_.empty() && !unnamed_) return false;
  const std::string_view clipped = clip_name(name);
  for (const InFlight& one : in_flight_) {
    if (one.name == clipped) return true;
  }
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
  for (size_t i = in_flight_.size(); i > 0; --i) {
    const InFlight& one = in_flight_[i - 1];
    if (one.name != clipped) continue;
    found.push_back(one.prepared);
    // In its own batch a failed definition makes the server skip what asks for it.
    if (one.batch == batch) return found;
  }
  if (clipped.empty()) {
    if (unnamed_) found.push_back(unnamed_);
  } else if (const auto named = named_.find(absl::string_view(clipped.data(), clipped.size())); named != named_.end()) {
    found.push_back(named->second);
  }
  return found;
}

}  // namespace schemaguard::proxy::postgres
