#include "proxy/guard/facts_cache.h"

#include <iterator>
#include <utility>

namespace schemaguard::proxy {
namespace {

// List node, index slot, shared_ptr's control block.
constexpr size_t kEntryOverheadBytes = 256;

size_t weight(const parser::ColumnDefinition& column) {
  size_t bytes = sizeof column + column.name.size() + column.type.size() + column.collation.size() +
                 column.default_expression.size() + column.generated_expression.size();
  for (const std::string& constraint : column.constraints) bytes += sizeof constraint + constraint.size();
  return bytes;
}

size_t weight(const parser::ObjectUse& object) {
  return sizeof object + object.name.catalog.size() + object.name.schema.size() + object.name.name.size();
}

size_t weight(const parser::StatementFacts& facts) {
  size_t bytes = sizeof facts + facts.command.size() + facts.transaction_name.size() + facts.prepared_name.size() +
                 facts.unread_reason.size();
  for (const parser::ObjectUse& object : facts.objects) bytes += weight(object);
  for (const parser::ObjectUse& object : facts.reads_and_writes) bytes += weight(object);
  for (const parser::ObjectUse& object : facts.written) bytes += weight(object);
  for (const std::string& function : facts.functions) bytes += sizeof function + function.size();
  for (const parser::SettingChange& setting : facts.settings) {
    bytes += sizeof setting + setting.name.size() + setting.value.value_or("").size();
    for (const std::string& element : setting.list) bytes += sizeof element + element.size();
  }
  for (const parser::Change& change : facts.changes) {
    bytes += sizeof change + weight(change.object) + change.kind.size() + change.member.size() +
             change.new_name.size() + change.definition.size();
    if (change.relation) bytes += weight(*change.relation);
    if (change.column) bytes += weight(*change.column);
    for (const parser::ColumnDefinition& column : change.columns) bytes += weight(column);
  }
  for (const parser::StatementFacts& inner : facts.inner) bytes += weight(inner);
  return bytes;
}

}  // namespace

size_t facts_weight_bytes(const parser::TextFacts& facts) {
  size_t bytes = sizeof facts + facts.unread_reason.size();
  for (const parser::StatementFacts& statement : facts.statements) bytes += weight(statement);
  return bytes;
}

std::shared_ptr<const parser::TextFacts> FactsCache::find(std::string_view text, parser::postgres::Reading reading) {
  if (text.size() > kTextBytesMax) return nullptr;
  const auto found = index_.find(Key{.text = text, .reading = reading});
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->facts;
}

void FactsCache::put(std::string text, parser::postgres::Reading reading,
                     std::shared_ptr<const parser::TextFacts> facts) {
  if (text.size() > kTextBytesMax || find(text, reading) != nullptr) return;
  const size_t bytes = kEntryOverheadBytes + text.size() + facts_weight_bytes(*facts);
  if (bytes > bytes_max_) return;
  while (bytes_ + bytes > bytes_max_) drop_oldest();
  entries_.push_front(Entry{.text = std::move(text), .reading = reading, .facts = std::move(facts), .bytes = bytes});
  bytes_ += bytes;
  const Entry& entry = entries_.front();
  index_.emplace(Key{.text = entry.text, .reading = entry.reading}, entries_.begin());
}

void FactsCache::drop_oldest() {
  const Entry& oldest = entries_.back();
  bytes_ -= oldest.bytes;
  index_.erase(Key{.text = oldest.text, .reading = oldest.reading});
  entries_.pop_back();
}

}  // namespace schemaguard::proxy
