// TrackedState: what a MySQL or MariaDB session's names and settings mean right now, as the server has confirmed it
// (design section 8).
//
// A value. Nothing is judged while an earlier answer is due, so there is one layer only; inside a text with several
// statements a copy runs ahead. Neither settings nor temporary tables are transactional here. Where a statement may or
// may not have had an effect, certainty is dropped and the strictest reading holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/mysql/reading.h"
#include "parser/statement_facts.h"
#include "policies/rules/policy.h"

namespace schemaguard::proxy::mysql {

// A name that is the same in every character set that a client may have.
constexpr bool is_seven_bit(std::string_view name) {
  for (const char byte : name) {
    if (static_cast<uint8_t>(byte) >= 0x80) return false;
  }
  return true;
}

class TrackedState {
 public:
  // How the server will read the next text.
  parser::mysql::ReadingState reading;
  // How it compares names. Set before the first statement; holds as long as the server runs.
  policies::NameCase name_case = policies::NameCase::kUnknown;

  [[nodiscard]] const std::string& database() const { return database_; }
  void set_database(std::string_view name) { database_ = name; }
  [[nodiscard]] const std::string& role() const { return role_; }

  // The effects of one statement that ran without error, or will have run when the next one does. Not those on
  // `reading`, which the reader of statements tells.
  void apply(const parser::StatementFacts& facts);
  // Code ran that nobody has read, or a text did: temporary tables may have come and gone.
  void forget_temporary() { temporary_certain_ = false; }
  // COM_RESET_CONNECTION and COM_CHANGE_USER: temporary tables, locks and roles are gone.
  void reset();

  // LOCK TABLES, GET_LOCK or FLUSH TABLES WITH READ LOCK: the session is in the middle of something (design 8).
  [[nodiscard]] bool holds_locks() const { return tables_locked_ || named_locks_; }
  [[nodiscard]] policies::SessionNames names() const;

 private:
  void apply_change(const parser::Change& change);
  void rename(const parser::Change& change);
  // As names are compared: in lower case where the server folds them.
  [[nodiscard]] std::string comparable(std::string name) const;
  [[nodiscard]] std::string qualified(const parser::ObjectName& name) const;

  std::string database_;
  std::string role_;
  std::vector<std::string> temporary_;  // "shop.t", comparable
  bool temporary_certain_ = true;
  bool tables_locked_ = false;
  bool named_locks_ = false;
};

}  // namespace schemaguard::proxy::mysql
