#include "parser/mysql/statement_cursor.h"

#include <algorithm>
#include <utility>

namespace schemaguard::parser::mysql {
namespace {

// The characters of a constant between its quotes.
void append_unquoted(std::string_view quoted, bool backslash, std::string& value) {
  const char quote = quoted.front();
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == quote) {
      ++i;
      value += quote;
    } else if (backslash && inside[i] == '\\' && i + 1 < inside.size()) {
      switch (const char escaped = inside[++i]; escaped) {
        case '0':
          value += '\0';
          break;
        case 'b':
          value += '\b';
          break;
        case 'n':
          value += '\n';
          break;
        case 'r':
          value += '\r';
          break;
        case 't':
          value += '\t';
          break;
        case 'Z':
          value += '\x1A';
          break;
        case '%':
        case '_':
          value += '\\';
          value += escaped;
          break;
        default:
          value += escaped;
      }
    } else {
      value += inside[i];
    }
  }
}

}  // namespace

TokenKind StatementCursor::kind(size_t ahead) const {
  return position_ + ahead < tokens_.size() ? tokens_[position_ + ahead].kind : TokenKind::kEnd;
}

std::string_view StatementCursor::token_text(size_t ahead) const {
  return position_ + ahead < tokens_.size() ? tokens_[position_ + ahead].text(text_) : std::string_view();
}

bool StatementCursor::is(std::string_view lower_case, size_t ahead) const {
  return kind(ahead) == TokenKind::kWord && !tokens_[position_ + ahead].after_dot &&
         is_word(token_text(ahead), lower_case);
}

bool StatementCursor::is_one_of(std::initializer_list<std::string_view> words, size_t ahead) const {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is(word, ahead); });
}

bool StatementCursor::is_symbol(std::string_view symbol, size_t ahead) const {
  const TokenKind found = kind(ahead);
  return (found == TokenKind::kPunctuation || found == TokenKind::kOperator || found == TokenKind::kSemicolon) &&
         token_text(ahead) == symbol;
}

bool StatementCursor::is_name(size_t ahead) const {
  return kind(ahead) == TokenKind::kWord || kind(ahead) == TokenKind::kQuotedIdentifier;
}

bool StatementCursor::accept(std::initializer_list<std::string_view> words) {
  size_t ahead = 0;
  for (const std::string_view word : words) {
    if (!is(word, ahead++)) return false;
  }
  position_ += ahead;
  return true;
}

bool StatementCursor::accept_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  ++position_;
  return true;
}

bool StatementCursor::accept_one_of(std::initializer_list<std::string_view> words) {
  if (!is_one_of(words)) return false;
  ++position_;
  return true;
}

void StatementCursor::skip_element() {
  size_t depth = 0;
  do {
    if (is_symbol("(")) ++depth;
    if (is_symbol(")") && depth > 0) --depth;
    ++position_;
  } while (depth > 0 && !at_end());
}

void StatementCursor::skip_to_comma() {
  while (!at_end() && !is_symbol(",")) skip_element();
}

bool StatementCursor::skip_to(std::initializer_list<std::string_view> words) {
  while (!at_end()) {
    if (is_one_of(words)) return true;
    skip_element();
  }
  return false;
}

std::string StatementCursor::identifier() {
  if (!is_name()) return {};
  const std::string_view found = token_text();
  const bool quoted = kind() == TokenKind::kQuotedIdentifier;
  ++position_;
  std::string value;
  if (quoted) {
    append_unquoted(found, false, value);
  } else {
    value = found;
  }
  return value;
}

bool StatementCursor::name(ObjectName& name) {
  if (is_symbol(".") && is_name(1)) ++position_;
  if (!is_name()) return false;
  name.name = identifier();
  if (is_symbol(".") && is_name(1)) {
    ++position_;
    name.schema = std::exchange(name.name, identifier());
  }
  return true;
}

bool StatementCursor::string_constant(std::string& value) {
  if (kind() == TokenKind::kWord && token_text().front() == '_' && kind(1) == TokenKind::kString) ++position_;
  if (kind() != TokenKind::kString && kind() != TokenKind::kNationalString) return false;
  value.clear();
  while (kind() == TokenKind::kString || kind() == TokenKind::kNationalString) {
    std::string_view quoted = token_text();
    if (kind() == TokenKind::kNationalString) quoted.remove_prefix(1);
    append_unquoted(quoted, !reading_.no_backslash_escapes, value);
    ++position_;
  }
  return true;
}

std::string StatementCursor::source(size_t first, size_t last) const {
  last = std::min(last, tokens_.size());
  if (first >= last) return {};
  return std::string(text_.substr(tokens_[first].offset, tokens_[last - 1].end() - tokens_[first].offset));
}

StatementCursor StatementCursor::part(size_t first, size_t last) const {
  last = std::min(last, tokens_.size());
  return {text_, tokens_.subspan(std::min(first, last), last - std::min(first, last)), reading_};
}

Change& add_change(StatementFacts& facts, std::string_view kind, ObjectUse object) {
  if (std::find(facts.objects.begin(), facts.objects.end(), object) == facts.objects.end()) {
    facts.objects.push_back(object);
  }
  Change& change = facts.changes.emplace_back();
  change.kind = kind;
  change.object = std::move(object);
  return change;
}

void fold_in(StatementFacts& facts, const StatementFacts& inner) {
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  facts.classes.add(inner.classes);
  append(facts.objects, inner.objects);
  append(facts.changes, inner.changes);
  append(facts.functions, inner.functions);
  append(facts.settings, inner.settings);
  append(facts.written, inner.written);
  append(facts.reads_and_writes, inner.reads_and_writes);
  if (facts.opaque == OpaqueReason::kNone || facts.opaque == OpaqueReason::kUnprovedRoutine) {
    if (inner.opaque != OpaqueReason::kNone) facts.opaque = inner.opaque;
  }
  if (facts.copy == CopyUse::kNone) facts.copy = inner.copy;
  if (facts.unread_reason.empty()) facts.unread_reason = inner.unread_reason;
}

void shape_unknown(StatementFacts& facts) {
  facts.classes.add(StatementClass::kSchema);
  if (facts.changes.empty()) add_change(facts, "change_other", ObjectUse{.kind = ObjectKind::kOther, .name = {}});
  facts.changes.back().shape_unknown = true;
}

}  // namespace schemaguard::parser::mysql
