#include "parser/mysql/statement_extent.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace schemaguard::parser::mysql {
namespace {

constexpr size_t kDepthMax = 200;

class ExtentReader {
 public:
  ExtentReader(std::string_view text, size_t offset, const Reading& reading)
      : text_(text), reading_(reading), lexer_(text, reading) {
    lexer_.begin_statement(offset);
  }

  StatementExtent run() {
    while (kind(0) == TokenKind::kSemicolon) {
      const size_t behind = tokens_[0].end();
      tokens_.clear();
      lexer_.begin_statement(behind);
    }
    size_t end = 0;
    if (const size_t body = body_start(); body != kNoBody) {
      position_ = body;
      extent_.malformed = !read_body();
      if (extent_.malformed) position_ = std::max(position_, body);
      end = position_;
      if (!extent_.malformed && !is_end_or_semicolon(end)) {
        extent_.malformed = true;  // something behind the END
      }
    } else if (extent_.hidden) {
      while (kind(end) != TokenKind::kEnd && kind(end) != TokenKind::kAbort) ++end;
      if (kind(end) == TokenKind::kAbort) ++end;
    }
    while (!is_end_or_semicolon(end)) ++end;
    const Token last = token(end);
    extent_.at_end = last.kind == TokenKind::kEnd;
    extent_.next_offset = extent_.at_end ? text_.size() : last.end();
    tokens_.resize(end);
    extent_.tokens = std::move(tokens_);
    return std::move(extent_);
  }

 private:
  static constexpr size_t kNoBody = std::string_view::npos;

  const Token& token(size_t index) {
    while (tokens_.size() <= index) {
      if (!tokens_.empty() && tokens_.back().kind == TokenKind::kEnd) {
        tokens_.push_back(tokens_.back());
      } else {
        tokens_.push_back(lexer_.next());
      }
    }
    return tokens_[index];
  }
  TokenKind kind(size_t index) { return token(index).kind; }
  bool is(size_t index, std::string_view word) {
    const Token& found = token(index);
    return found.kind == TokenKind::kWord && !found.after_dot && is_word(found.text(text_), word);
  }
  bool is_one_of(size_t index, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is(index, word); });
  }
  bool is_mark(size_t index, std::string_view mark) {
    const TokenKind found = kind(index);
    return (found == TokenKind::kPunctuation || found == TokenKind::kOperator) && token(index).text(text_) == mark;
  }
  bool is_end_or_semicolon(size_t index) {
    return kind(index) == TokenKind::kEnd || kind(index) == TokenKind::kSemicolon;
  }
  // In sql_mode=ORACLE labels are <<written so>>, and a colon stands in front of placeholders: SELECT :1.
  bool is_label(size_t index) {
    return !reading_.oracle && (kind(index) == TokenKind::kWord || kind(index) == TokenKind::kQuotedIdentifier) &&
           is_mark(index + 1, ":");
  }
  bool opens_block(size_t index) {
    return is_one_of(index, {"begin", "if", "case", "loop", "while", "repeat", "for"}) || is_label(index) ||
           (reading_.oracle && (is(index, "declare") || (is_mark(index, "<") && is_mark(index + 1, "<"))));
  }

  // Behind SET STATEMENT … FOR, which may stand in front of anything.
  size_t statement_start() {
    constexpr size_t kPrefixesMax = 4;
    size_t start = 0;
    for (size_t count = 0; count < kPrefixesMax && reading_.flavour == Flavour::kMariaDb; ++count) {
      if (!is(start, "set") || !is(start + 1, "statement") || !find(start + 2, {"for"})) break;
      start = found_ + 1;
    }
    return start;
  }

  // Where the compound statement begins, or kNoBody when a ';' simply ends this statement.
  size_t body_start() {
    const size_t start = statement_start();
    if (is(start, "create") || is(start, "alter")) return routine_body_start(start);
    if (reading_.flavour != Flavour::kMariaDb || !opens_block(start)) return kNoBody;
    if (is(start, "begin")) {
      const bool transaction = is_end_or_semicolon(start + 1) || is(start + 1, "work");
      if (transaction || (!reading_.oracle && !is(start + 1, "not"))) return kNoBody;
    }
    extent_.stands_alone = true;
    extent_.block_at = start;
    return start;
  }

  // A body may be one simple statement. None of these words stands among the characteristics of a routine.
  [[nodiscard]] bool begins_statement(size_t index) {
    return is_one_of(
        index,
        {"select",   "insert", "update",   "delete",   "replace", "set",       "call",     "create",     "drop",
         "alter",    "rename", "truncate", "execute",  "prepare", "with",      "do",       "grant",      "revoke",
         "signal",   "values", "analyze",  "optimize", "repair",  "lock",      "load",     "show",       "explain",
         "describe", "desc",   "flush",    "reset",    "kill",    "commit",    "rollback", "savepoint",  "release",
         "start",    "check",  "checksum", "cache",    "install", "uninstall", "resignal", "deallocate", "handler",
         "help",     "xa",     "change",   "stop",     "purge",   "shutdown",  "backup",   "binlog"});
  }

  size_t routine_body_start(size_t start) {
    size_t index = start + 1;
    // OR REPLACE, DEFINER = user@host, AGGREGATE, EDITIONABLE: few tokens stand before the kind of object.
    constexpr size_t kHeadTokensMax = 16;
    while (index < start + kHeadTokensMax && !is_end_or_semicolon(index) &&
           !is_one_of(index, {"procedure", "function", "trigger", "event", "package", "table", "view", "database",
                              "schema", "user", "server", "index"})) {
      ++index;
    }
    if (is(index, "package") && is(start, "create")) {
      package_ = reading_.oracle && find(index, {"is", "as"});
      extent_.hidden = !package_;
      return package_ ? found_ : kNoBody;
    }
    if (is(index, "event")) return find(index, {"do"}) ? found_ + 1 : kNoBody;
    if (!is(start, "create")) return kNoBody;
    if (is(index, "trigger")) {
      if (!find(index, {"row"})) return kNoBody;
      index = found_ + 1;
      if (is_one_of(index, {"follows", "precedes"})) index += is_mark(index + 2, ".") ? 4 : 2;
      return index;
    }
    if (!is_one_of(index, {"procedure", "function"})) return kNoBody;
    ++index;
    if (is(index, "if")) index += 3;
    ++index;  // the name, which may be a word like "loop"
    while (is_mark(index, ".")) index += 2;
    for (; !is_end_or_semicolon(index); ++index) {
      if (is_mark(index, "(")) {
        index = behind_brackets(index) - 1;
      } else if (is(index, "return") && !reading_.oracle) {
        return kNoBody;  // RETURN expression: a body without blocks
      } else if (is_one_of(index, {"returns", "return", "character"})) {
        ++index;  // the type, which may be SET
      } else if (is_declaring(index) || opens_block(index) || begins_statement(index)) {
        return index;
      }
    }
    return kNoBody;
  }

  // IS or AS, behind which the declarations of a routine follow.
  bool is_declaring(size_t index) { return reading_.oracle && is_one_of(index, {"is", "as"}); }

  bool find(size_t index, std::initializer_list<std::string_view> words) {
    for (; !is_end_or_semicolon(index); ++index) {
      if (is_mark(index, "(")) index = behind_brackets(index) - 1;
      if (is_one_of(index, words)) {
        found_ = index;
        return true;
      }
    }
    return false;
  }

  size_t behind_brackets(size_t index) {
    size_t depth = 0;
    do {
      if (is_mark(index, "(")) ++depth;
      if (is_mark(index, ")")) --depth;
      ++index;
    } while (depth > 0 && !is_end_or_semicolon(index));
    return index;
  }

  // Moves over an expression to one of `words`; CASE … END inside of it counts.
  bool expression_to(std::initializer_list<std::string_view> words) {
    const size_t start = position_;
    size_t cases = 0;
    while (!is_end_or_semicolon(position_)) {
      if (cases == 0 && is_one_of(position_, words)) {
        if (position_ > start) extent_.body.push_back({.first = start, .last = position_, .expression = true});
        return true;
      }
      if (is_mark(position_, "(")) {
        position_ = behind_brackets(position_);
        continue;
      }
      if (is(position_, "case")) ++cases;
      if (is(position_, "end") && cases > 0) --cases;
      ++position_;
    }
    return false;
  }

  // Statements, each with its ';', to one of `words`.
  bool statements_to(std::initializer_list<std::string_view> words, size_t depth) {
    while (!is_one_of(position_, words)) {
      if (is_end_or_semicolon(position_) || !statement(depth + 1)) return false;
      if (kind(position_) != TokenKind::kSemicolon) return false;
      ++position_;
    }
    return true;
  }

  bool accept(std::string_view word) {
    if (!is(position_, word)) return false;
    ++position_;
    return true;
  }
  // END with its word and label.
  bool closing(std::initializer_list<std::string_view> words) {
    if (!accept("end")) return false;
    if (words.size() > 0) {
      if (!is_one_of(position_, words)) return false;
      ++position_;
    }
    if (!is_end_or_semicolon(position_) &&
        (kind(position_) == TokenKind::kWord || kind(position_) == TokenKind::kQuotedIdentifier)) {
      ++position_;
      if (is_mark(position_, ".")) position_ += 2;
    }
    return true;
  }

  bool read_body() {
    if (package_) return package();
    if (is_declaring(position_)) return declaring_block(0);
    return statement(0);
  }

  bool statement(size_t depth) {
    if (depth > kDepthMax) return false;
    if (is_label(position_)) position_ += 2;
    if (is_mark(position_, "<") && is_mark(position_ + 1, "<")) position_ += 5;
    if (is(position_, "begin")) return block(depth);
    if (accept("if")) return conditional(depth);
    if (accept("case")) return cases(depth);
    if (accept("loop")) return statements_to({"end"}, depth) && closing({"loop"});
    if (accept("while")) return loop({"do", "loop"}, {"while", "loop"}, depth);
    if (accept("for")) return loop({"do", "loop"}, {"for", "loop"}, depth);
    if (accept("repeat")) {
      if (!statements_to({"until"}, depth)) return false;
      ++position_;
      return expression_to({"end"}) && closing({"repeat"});
    }
    if (is(position_, "declare")) return reading_.oracle ? declaring_block(depth) : declaration(depth);
    return simple(false);
  }

  // Up to its ';'.
  bool simple(bool expression) {
    const size_t start = position_;
    while (!is_end_or_semicolon(position_)) ++position_;
    extent_.body.push_back({.first = start, .last = position_, .expression = expression});
    return position_ > start;
  }

  bool block(size_t depth) {
    ++position_;
    if (accept("not") && !accept("atomic")) return false;
    if (!statements_to({"end", "exception"}, depth)) return false;
    if (accept("exception")) {
      while (accept("when")) {
        while (!is_end_or_semicolon(position_) && !is(position_, "then")) ++position_;
        if (!accept("then") || !statements_to({"when", "end"}, depth)) return false;
      }
    }
    return closing({});
  }

  bool conditional(size_t depth) {
    while (true) {
      if (!expression_to({"then"})) return false;
      ++position_;
      if (!statements_to({"elseif", "elsif", "else", "end"}, depth)) return false;
      if (is(position_, "end")) return closing({"if"});
      if (accept("else")) return statements_to({"end"}, depth) && closing({"if"});
      ++position_;
    }
  }

  bool cases(size_t depth) {
    if (!expression_to({"when"})) return false;
    while (accept("when")) {
      if (!expression_to({"then"})) return false;
      ++position_;
      if (!statements_to({"when", "else", "end"}, depth)) return false;
    }
    if (accept("else") && !statements_to({"end"}, depth)) return false;
    return closing({"case"});
  }

  bool loop(std::initializer_list<std::string_view> opening, std::initializer_list<std::string_view> words,
            size_t depth) {
    if (!expression_to(opening)) return false;
    ++position_;
    return statements_to({"end"}, depth) && closing(words);
  }

  bool declaration(size_t depth) {
    ++position_;
    if (is(position_ + 1, "handler")) return handler(depth);
    return simple(true);
  }

  // CONTINUE HANDLER FOR conditions, and a statement.
  bool handler(size_t depth) {
    position_ += 2;
    if (!accept("for")) return false;
    while (true) {
      if (accept("sqlstate")) accept("value");
      if (accept("not") && !is(position_, "found")) return false;
      if (is_end_or_semicolon(position_)) return false;
      ++position_;
      if (!is_mark(position_, ",")) break;
      ++position_;
    }
    return statement(depth + 1);
  }

  // sql_mode=ORACLE: behind DECLARE, IS or AS stand all declarations, then the block.
  bool declaring_block(size_t depth) {
    ++position_;
    while (!is(position_, "begin")) {
      if (!oracle_declaration(depth) || kind(position_) != TokenKind::kSemicolon) return false;
      ++position_;
    }
    return block(depth);
  }

  bool oracle_declaration(size_t depth) {
    if (is(position_ + 1, "handler")) return handler(depth);
    if (!accept("cursor")) return simple(true);
    ++position_;  // its name
    if (is_mark(position_, "(")) position_ = behind_brackets(position_);
    if (!is_declaring(position_)) return false;
    ++position_;
    return simple(false);
  }

  // The routines and variables of a package, and what its body does at first use.
  bool package() {
    ++position_;
    while (!is_one_of(position_, {"end", "begin"})) {
      const bool routine = is_one_of(position_, {"procedure", "function"});
      if (!(routine ? package_routine() : oracle_declaration(0))) return false;
      if (kind(position_) != TokenKind::kSemicolon) return false;
      ++position_;
    }
    return is(position_, "begin") ? block(0) : closing({});
  }

  // With its code, or only announced.
  bool package_routine() {
    position_ += 2;
    while (!is_end_or_semicolon(position_) && !is_declaring(position_)) {
      position_ = is_mark(position_, "(") ? behind_brackets(position_) : position_ + 1;
    }
    return is_declaring(position_) ? declaring_block(0) : true;
  }

  std::string_view text_;
  Reading reading_;
  SqlLexer lexer_;
  std::vector<Token> tokens_;
  StatementExtent extent_;
  size_t position_ = 0;
  size_t found_ = 0;
  bool package_ = false;
};

}  // namespace

StatementExtent read_extent(std::string_view text, size_t offset, const Reading& reading) {
  return ExtentReader(text, offset, reading).run();
}

}  // namespace schemaguard::parser::mysql
