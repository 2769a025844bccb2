// FactsCache: facts of texts that were parsed before, one cache a worker, least recently used first out.
//
// Keyed by the exact text and its reading; never holds verdicts. Bounded by the bytes of all entries; texts above
// kTextBytesMax are not kept. Not thread-safe: the facts are shared and immutable, the cache is its worker's own.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "parser/postgres/reading.h"
#include "parser/statement_facts.h"

namespace schemaguard::proxy {

class FactsCache {
 public:
  static constexpr size_t kTextBytesMax = 8ULL * 1024;

  explicit FactsCache(size_t bytes_max) : bytes_max_(bytes_max) {}
  FactsCache(const FactsCache&) = delete;
  FactsCache& operator=(const FactsCache&) = delete;

  // Null when the text is not known.
  std::shared_ptr<const parser::TextFacts> find(std::string_view text, parser::postgres::Reading reading);
  void put(std::string text, parser::postgres::Reading reading, std::shared_ptr<const parser::TextFacts> facts);
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string text;
    parser::postgres::Reading reading;
    std::shared_ptr<const parser::TextFacts> facts;
    size_t bytes = 0;
  };
  struct Key {
    std::string_view text;  // points into the entry
    parser::postgres::Reading reading;
    bool operator==(const Key&) const = default;
    template <typename Hash>
    friend Hash AbslHashValue(Hash hash, const Key& key) {
      return Hash::combine(std::move(hash), key.text, key.reading.standard_conforming_strings,
                           key.reading.ascii_safe_encoding);
    }
  };
  void drop_oldest();

  size_t bytes_max_;
  size_t bytes_ = 0;
  std::list<Entry> entries_;  // most recently used first
  absl::flat_hash_map<Key, std::list<Entry>::iterator> index_;
};

// What the facts of one text weigh, roughly: the strings and structs they own.
size_t facts_weight_bytes(const parser::TextFacts& facts);

}  // namespace schemaguard::proxy
