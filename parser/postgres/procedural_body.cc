#include "parser/postgres/procedural_body.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "parser/postgres/lexed_text.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

class BodyReader {
 public:
  BodyReader(const LexedText& lexed, const StatementSource& source, StatementFacts& facts)
      : clauses_(lexed.blanked, lexed.tokens), end_(lexed.tokens.size()), source_(source), facts_(facts) {}

  void read() {
    size_t token = 0;
    // #variable_conflict and its kin: three tokens each, no semicolon.
    while (clauses_.is(token, "#") && token + 3 <= end_) token += 3;
    while (token < end_) {
      const size_t semicolon = find(token, end_, ";");
      read_segment({.first = token, .last = semicolon});
      token = semicolon + 1;
    }
  }

 private:
  // The first token in [first, last) outside brackets that is `word`; `last` when there is none.
  [[nodiscard]] size_t find(size_t first, size_t last, std::string_view word) const {
    size_t depth = 0;
    for (size_t token = first; token < last; ++token) {
      const std::string_view found = clauses_.token_text(token);
      if (depth == 0 && clauses_.is(token, word)) return token;
      if (found == "(" || found == "[") ++depth;
      if ((found == ")" || found == "]") && depth > 0) --depth;
    }
    return last;
  }

  [[nodiscard]] bool is_one_of(size_t token, std::initializer_list<std::string_view> words) const {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return clauses_.is(token, word); });
  }

  void unreadable() {
    facts_.classes.add(StatementClass::kOpaque);
    facts_.opaque = std::max(facts_.opaque, OpaqueReason::kUnreadableCode);
  }

  void dynamic() {
    facts_.classes.add(StatementClass::kOpaque);
    facts_.opaque = std::max(facts_.opaque, OpaqueReason::kDynamicCode);
  }

  // SQL text that the block runs.
  void nested(const std::string& sql) { nested(sql, source_); }

  void nested(const std::string& sql, const StatementSource& source) {
    TextFacts inner = read_nested_text(sql, source);
    if (inner.unread) unreadable();
    for (StatementFacts& statement : inner.statements) {
      if (statement.classes.has(StatementClass::kUnread)) unreadable();
      statement.classes.remove(StatementClass::kUnread);
      statement.unread_reason.clear();
      fold_in(facts_, statement);
      // An EXECUTE here runs a prepared statement of the session, which only the session knows.
      if (statement.prepared == PreparedUse::kExecute) dynamic();
    }
  }

  void expression(TokenRange range) {
    if (!range.empty()) nested(concat("SELECT ", clauses_.text(range)));
  }

  void expressions(TokenRange range) {
    size_t first = range.first;
    while (first < range.last) {
      const size_t comma = find(first, range.last, ",");
      expression({.first = first, .last = comma});
      first = comma + 1;
    }
  }

  // Walks the control words in front of a statement, then the statement itself.
  void read_segment(TokenRange segment) {
    while (!segment.empty()) {
      if (in_declarations_ && !is_one_of(segment.first, {"begin", "declare"}) &&
          clauses_.token_text(segment.first) != "<<") {
        declaration(segment);
        return;
      }
      const std::optional<size_t> next = control_word(segment);
      if (!next) {
        statement(segment);
        return;
      }
      segment.first = *next;
    }
  }

  // Where the rest of the segment begins when it starts with a control word; the word's condition is read.
  std::optional<size_t> control_word(TokenRange segment) {
    const size_t first = segment.first;
    if (clauses_.token_text(first) == "<<") return std::min(find(first, segment.last, ">>") + 1, segment.last);
    if (clauses_.is(first, "declare")) {
      in_declarations_ = true;
      return first + 1;
    }
    if (clauses_.is(first, "begin")) {
      in_declarations_ = false;
      return first + 1;
    }
    if (is_one_of(first, {"else", "loop", "exception"})) return first + 1;
    if (is_one_of(first, {"if", "elsif", "elseif", "when"})) return condition(segment, "then");
    if (clauses_.is(first, "while")) return condition(segment, "loop");
    if (clauses_.is(first, "case")) {
      const size_t when = find(first + 1, segment.last, "when");
      expression({.first = first + 1, .last = when});
      return when;
    }
    if (is_one_of(first, {"for", "foreach"})) return loop_head(segment);
    return std::nullopt;
  }

  size_t condition(TokenRange segment, std::string_view end_word) {
    const size_t end = find(segment.first + 1, segment.last, end_word);
    if (end == segment.last) unreadable();
    expression({.first = segment.first + 1, .last = end});
    return std::min(end + 1, segment.last);
  }

  // FOR target IN what LOOP: integers a..b, a query, EXECUTE, a cursor; FOREACH … IN ARRAY expression.
  size_t loop_head(TokenRange segment) {
    const size_t end = find(segment.first + 1, segment.last, "loop");
    const size_t in = find(segment.first + 1, end, "in");
    if (end == segment.last || in == end) {
      unreadable();
      return segment.last;
    }
    TokenRange what = {.first = in + 1, .last = end};
    if (clauses_.is(what.first, "reverse")) ++what.first;
    const size_t dots = find(what.first, what.last, "..");
    if (clauses_.is(what.first, "execute")) {
      execute({.first = what.first + 1, .last = what.last});
    } else if (dots < what.last) {
      const size_t by = find(dots + 1, what.last, "by");
      expression({.first = what.first, .last = dots});
      expression({.first = dots + 1, .last = by});
      expression({.first = by + 1, .last = what.last});
    } else if (clauses_.is(segment.first, "foreach")) {
      if (clauses_.is(what.first, "array")) ++what.first;
      expression(what);
    } else if (is_query_start(what.first)) {
      nested(clauses_.text(what));
    } else {
      expression(what);  // a cursor and its arguments
    }
    return end + 1;
  }

  [[nodiscard]] bool is_query_start(size_t token) const {
    return is_one_of(token, {"select", "with", "values", "table", "insert", "update", "delete", "merge", "explain",
                             "show", "fetch", "("});
  }

  // name [CONSTANT] type [:= expression], or name CURSOR [(arguments)] FOR query.
  void declaration(TokenRange segment) {
    size_t cursor = segment.first + 1;
    if (clauses_.is(cursor, "no")) ++cursor;
    if (clauses_.is(cursor, "scroll")) ++cursor;
    if (clauses_.is(cursor, "cursor")) {
      const size_t is_word = find(cursor, segment.last, "is");
      const size_t query = std::min(find(cursor, segment.last, "for"), is_word);
      if (query < segment.last) nested(clauses_.text({.first = query + 1, .last = segment.last}));
      return;
    }
    const size_t value =
        std::min({find(segment.first + 1, segment.last, ":="), find(segment.first + 1, segment.last, "="),
                  find(segment.first + 1, segment.last, "default")});
    expression({.first = value + 1, .last = segment.last});
  }

  void statement(TokenRange segment) {
    const size_t first = segment.first;
    const TokenRange rest = {.first = first + 1, .last = segment.last};
    const std::optional<size_t> assigned = assignment(segment);
    if (assigned) {
      expression({.first = first, .last = *assigned});
      expression({.first = *assigned + 1, .last = segment.last});
    } else if (is_one_of(first, {"commit", "rollback"})) {
      facts_.embedded_commit = true;
    } else if (clauses_.is(first, "perform") || clauses_.is(first, "assert")) {
      expression(rest);
    } else if (clauses_.is(first, "execute")) {
      execute(rest);
    } else if (is_one_of(first, {"exit", "continue"})) {
      expression({.first = find(first, segment.last, "when") + 1, .last = segment.last});
    } else if (clauses_.is(first, "return")) {
      return_statement(rest);
    } else if (clauses_.is(first, "raise")) {
      raise(rest);
    } else if (clauses_.is(first, "open")) {
      open_cursor(segment);
    } else if (is_one_of(first, {"fetch", "move", "end", "null", "get", "close"})) {
      // FETCH and MOVE, whose count may be computed; END IF, END LOOP, NULL, GET DIAGNOSTICS, CLOSE: words and names.
      if (find_bracket(segment)) unreadable();
    } else {
      nested(without_into(segment));
    }
  }

  [[nodiscard]] bool find_bracket(TokenRange range) const { return clauses_.find_open(range).has_value(); }

  // The place of := or = when the segment is an assignment: target[.field][[index]] := value.
  [[nodiscard]] std::optional<size_t> assignment(TokenRange segment) const {
    size_t token = segment.first + 1;
    while (token < segment.last) {
      const std::string_view word = clauses_.token_text(token);
      if (word == ":=" || word == "=") return token;
      if (word == ".") {
        token += 2;
      } else if (word == "[") {
        token = clauses_.inside(token).last + 1;
      } else {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // EXECUTE expression [INTO target] [USING expression, …], in either order.
  void execute(TokenRange range) {
    const size_t into = find(range.first, range.last, "into");
    const size_t with = find(range.first, range.last, "using");
    const TokenRange command = {.first = range.first, .last = std::min(into, with)};
    const std::optional<std::string> constant = constant_string(clauses_.text(command), source_);
    if (constant && source_.code_depth < kCodeDepthMax) {
      StatementSource deeper = source_;
      ++deeper.code_depth;
      nested(*constant, deeper);
    } else {
      dynamic();
      expression(command);
    }
    if (with < range.last)
      expressions({.first = with + 1, .last = std::max(with + 1, into > with ? into : range.last)});
  }

  // RETURN [expression], RETURN NEXT expression, RETURN QUERY query, RETURN QUERY EXECUTE …
  void return_statement(TokenRange rest) {
    if (clauses_.is(rest.first, "query") && clauses_.is(rest.first + 1, "execute")) {
      execute({.first = rest.first + 2, .last = rest.last});
    } else if (clauses_.is(rest.first, "query")) {
      nested(clauses_.text({.first = rest.first + 1, .last = rest.last}));
    } else if (clauses_.is(rest.first, "next")) {
      expression({.first = rest.first + 1, .last = rest.last});
    } else {
      expression(rest);
    }
  }

  // RAISE [level] 'format' [, expression …] [USING option = expression, …]: what stands before the first comma or
  // USING is a level, a format or a condition name.
  void raise(TokenRange rest) {
    const size_t with = find(rest.first, rest.last, "using");
    const size_t comma = find(rest.first, with, ",");
    if (comma < with) expressions({.first = comma + 1, .last = with});
    size_t first = with + 1;
    while (first < rest.last) {
      const size_t end = find(first, rest.last, ",");
      // option = expression
      expression({.first = first + 2, .last = end});
      first = end + 1;
    }
  }

  // OPEN cursor [[NO] SCROLL] FOR query | FOR EXECUTE expression | (arguments)
  void open_cursor(TokenRange segment) {
    const size_t query = find(segment.first, segment.last, "for");
    if (query == segment.last) {
      if (find_bracket(segment)) expression({.first = segment.first + 1, .last = segment.last});
    } else if (clauses_.is(query + 1, "execute")) {
      execute({.first = query + 2, .last = segment.last});
    } else {
      nested(clauses_.text({.first = query + 1, .last = segment.last}));
    }
  }

  // PL/pgSQL takes INTO [STRICT] target, … out of a statement before SQL sees it, except behind INSERT, MERGE and in
  // IMPORT FOREIGN SCHEMA.
  [[nodiscard]] std::string without_into(TokenRange segment) const {
    if (clauses_.is(segment.first, "import")) return clauses_.text(segment);
    for (size_t token = segment.first + 1; token < segment.last; ++token) {
      if (!clauses_.is(token, "into") || is_one_of(token - 1, {"insert", "merge"})) continue;
      size_t end = token + 1;
      if (clauses_.is(end, "strict")) ++end;
      ++end;
      while (end < segment.last && (clauses_.token_text(end) == "." || clauses_.token_text(end) == ",")) end += 2;
      end = std::min(end, segment.last);
      return concat(clauses_.text({.first = segment.first, .last = token}), " ",
                    clauses_.text({.first = end, .last = segment.last}));
    }
    return clauses_.text(segment);
  }

  ClauseCutter clauses_;
  size_t end_;
  const StatementSource& source_;
  StatementFacts& facts_;
  bool in_declarations_ = false;
};

}  // namespace

void procedural_body_facts(std::string_view body, const StatementSource& source, StatementFacts& facts) {
  const LexedText lexed = lex_text(body, source.standard_conforming_strings);
  if (!lexed.unread_reason.empty()) {
    facts.classes.add(StatementClass::kOpaque);
    facts.opaque = std::max(facts.opaque, OpaqueReason::kUnreadableCode);
    return;
  }
  BodyReader(lexed, source, facts).read();
}

}  // namespace schemaguard::parser::postgres
