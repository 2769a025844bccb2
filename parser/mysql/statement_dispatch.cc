#include "parser/mysql/statement_dispatch.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "parser/mysql/constant_text.h"
#include "parser/mysql/implicit_commit.h"
#include "parser/mysql/object_facts.h"
#include "parser/mysql/query_facts.h"
#include "parser/mysql/session_facts.h"
#include "parser/mysql/table_facts.h"
#include "parser/words.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr size_t kInnerDepthMax = 4;

void unread(StatementFacts& facts, std::string_view reason) {
  facts.classes.add(StatementClass::kUnread);
  if (facts.unread_reason.empty()) facts.unread_reason = reason;
}

class Dispatch {
 public:
  Dispatch(StatementCursor cursor, ReadingState& state, size_t depth) : cursor_(cursor), state_(state), depth_(depth) {}

  StatementFacts run(bool in_body) {
    facts_.command = cursor_.token_text();
    absl::AsciiStrToUpper(&facts_.command);
    if (depth_ > kInnerDepthMax) {
      unread(facts_, "too_deep");
    } else if (!definition() && !query() && !transaction() && !session() && !administration() &&
               !(in_body && body_only())) {
      unread(facts_, "unknown_statement");
    }
    facts_.implicit_commit = commits_implicitly(facts_, cursor_.reading().flavour);
    return std::move(facts_);
  }

 private:
  bool definition() {
    if (cursor_.accept("create")) return create_facts(cursor_, facts_), true;
    if (cursor_.accept("alter")) return alter_facts(cursor_, facts_), true;
    if (cursor_.accept("drop")) return drop_facts(cursor_, facts_), true;
    if (cursor_.accept("rename")) return rename_facts(cursor_, facts_), true;
    if (cursor_.is("truncate") && !cursor_.is_symbol("(", 1)) {
      cursor_.advance();
      return truncate_table_facts(cursor_, facts_), true;
    }
    if (cursor_.is("grant") || cursor_.is("revoke")) {
      const bool revoke = cursor_.is("revoke");
      cursor_.advance();
      return grant_facts(cursor_, revoke, facts_), true;
    }
    if (cursor_.accept({"import", "table"})) return shape_unknown(facts_), true;
    return false;
  }

  bool query() {
    if (cursor_.is_one_of({"select", "insert", "update", "delete", "replace", "with", "values", "table", "do",
                           "handler", "show", "help"}) ||
        cursor_.is_symbol("(")) {
      return query_facts(cursor_, facts_), true;
    }
    if (cursor_.is_one_of({"explain", "describe", "desc"})) return explain(), true;
    if (cursor_.is("analyze") && !cursor_.is_one_of({"table", "tables", "local", "no_write_to_binlog"}, 1)) {
      cursor_.advance();
      if (cursor_.accept("format")) cursor_.advance(2);
      return inner_statement(), true;
    }
    if (cursor_.is("load") && cursor_.is_one_of({"data", "xml"}, 1)) {
      cursor_.advance();
      return load_facts(cursor_, facts_), true;
    }
    if (cursor_.accept("call")) return call(), true;
    return false;
  }

  void explain() {
    facts_.classes.add(StatementClass::kQuery);
    facts_.explain = true;
    expression_facts(cursor_, facts_);
    // Neither server explains definitions; should one learn to, this is not the place to let them through.
    constexpr size_t kOptionTokensMax = 8;
    for (size_t ahead = 1; ahead <= kOptionTokensMax; ++ahead) {
      if (cursor_.is_one_of({"select", "with", "update", "delete", "insert", "replace"}, ahead)) break;
      if (cursor_.is_one_of({"create", "alter", "drop", "rename", "truncate", "grant", "revoke"}, ahead)) {
        unread(facts_, "explained_definition");
      }
    }
  }

  // The rest of this statement is a statement itself.
  void inner_statement() {
    const StatementCursor rest = cursor_.part(cursor_.position(), cursor_.size());
    const std::string command = facts_.command;
    const StatementFacts inner = Dispatch(rest, state_, depth_ + 1).run(false);
    fold_in(facts_, inner);
    facts_.transaction = inner.transaction;
    facts_.prepared = inner.prepared;
    facts_.prepared_name = inner.prepared_name;
    facts_.inner.push_back(inner);
    facts_.command = command;
  }

  void call() {
    ObjectName procedure;
    if (!cursor_.name(procedure)) return unread(facts_, "call");
    const std::string folded = to_lower(procedure.name);
    // Shipped or hosted procedures that run text or change the server (M36).
    const bool runs_text = folded == "execute_prepared_stmt" || folded == "create_synonym_db" ||
                           folded.rfind("rds_", 0) == 0 || folded.rfind("ps_setup_", 0) == 0 ||
                           folded == "statement_performance_analyzer";
    facts_.classes.add(StatementClass::kOpaque);
    facts_.opaque = runs_text ? OpaqueReason::kRunsSqlText : OpaqueReason::kProcedureCall;
    facts_.functions.push_back(to_lower(procedure.display()));
    expression_facts(cursor_, facts_);
    state_.forget_settings();
  }

  void control(TransactionControl what) {
    facts_.classes.add(StatementClass::kTransaction);
    facts_.transaction = what;
  }

  bool transaction() {
    if (cursor_.accept("begin")) {
      cursor_.accept("work");
      if (!cursor_.at_end()) return false;  // a block of a grammar that this server should not have
      facts_.command = "START TRANSACTION";
      return control(TransactionControl::kBegin), true;
    }
    if (cursor_.accept({"start", "transaction"})) {
      facts_.command = "START TRANSACTION";
      return control(TransactionControl::kBegin), true;
    }
    if (cursor_.accept("commit")) {
      control(TransactionControl::kCommit);
      facts_.chain = cursor_.skip_to({"chain"}) && !cursor_.part(0, cursor_.position()).skip_to({"no"});
      return true;
    }
    if (cursor_.accept("rollback")) {
      control(TransactionControl::kRollback);
      cursor_.accept("work");
      if (cursor_.accept("to")) {
        cursor_.accept("savepoint");
        facts_.transaction = TransactionControl::kRollbackToSavepoint;
        facts_.transaction_name = cursor_.identifier();
        return true;
      }
      facts_.chain = cursor_.skip_to({"chain"}) && !cursor_.part(0, cursor_.position()).skip_to({"no"});
      return true;
    }
    if (cursor_.accept("savepoint")) {
      control(TransactionControl::kSavepoint);
      facts_.transaction_name = cursor_.identifier();
      return true;
    }
    if (cursor_.accept({"release", "savepoint"})) {
      control(TransactionControl::kRelease);
      facts_.transaction_name = cursor_.identifier();
      return true;
    }
    if (cursor_.accept("xa")) return distributed(), true;
    return false;
  }

  void distributed() {
    TransactionControl what = TransactionControl::kNone;
    if (cursor_.is_one_of({"start", "begin"})) what = TransactionControl::kBegin;
    if (cursor_.is("prepare")) what = TransactionControl::kPrepareTransaction;
    if (cursor_.is("commit")) what = TransactionControl::kCommitPrepared;
    if (cursor_.is("rollback")) what = TransactionControl::kRollbackPrepared;
    control(what);
    if (!cursor_.is_one_of({"start", "begin", "end", "prepare", "commit", "rollback", "recover"})) {
      unread(facts_, "unknown_statement");
    }
    cursor_.advance();
    facts_.transaction_name = cursor_.source(cursor_.position(), cursor_.size());
  }

  bool session() {
    if (cursor_.accept("set")) {
      set_facts(cursor_, state_, facts_);
      if (!cursor_.at_end()) inner_statement();
      return true;
    }
    if (cursor_.accept("use")) {
      facts_.classes.add(StatementClass::kSession);
      facts_.settings.push_back({.name = "database", .value = cursor_.identifier(), .list = {}});
      return true;
    }
    if (cursor_.accept("prepare")) {
      facts_.prepared = PreparedUse::kPrepare;
      facts_.prepared_name = to_lower(cursor_.identifier());
      if (!cursor_.accept("from")) return unread(facts_, "prepare"), true;
      facts_.classes.add(StatementClass::kQuery);
      return dynamic_text(), true;
    }
    if (cursor_.accept({"execute", "immediate"})) {
      facts_.command = "EXECUTE IMMEDIATE";
      facts_.classes.add(StatementClass::kQuery);
      dynamic_text();
      return state_.forget_settings(), true;
    }
    if (cursor_.accept("execute")) {
      facts_.classes.add(StatementClass::kQuery);
      facts_.prepared = PreparedUse::kExecute;
      facts_.prepared_name = to_lower(cursor_.identifier());
      return state_.forget_settings(), true;
    }
    if (cursor_.accept({"deallocate", "prepare"})) {
      facts_.classes.add(StatementClass::kQuery);
      facts_.prepared = PreparedUse::kDeallocate;
      facts_.prepared_name = to_lower(cursor_.identifier());
      return true;
    }
    return false;
  }

  // Constant text is read as the statement that it is, anything else is code that the wire does not show (M9).
  void dynamic_text() {
    const StatementCursor start = cursor_;
    const std::optional<std::string> constant = constant_text(cursor_);
    if (!constant || !(cursor_.at_end() || cursor_.is("using"))) {
      facts_.classes.add(StatementClass::kOpaque);
      facts_.opaque = OpaqueReason::kDynamicCode;
      return expression_facts(start, facts_);
    }
    const std::string& text = *constant;
    ReadingState state = state_;
    for (size_t offset = 0;;) {
      const StatementExtent extent = read_extent(text, offset, cursor_.reading());
      if (!extent.tokens.empty()) {
        StatementFacts inner = statement_facts(text, extent, cursor_.reading(), state, depth_ + 1);
        inner.offset = 0;
        inner.length = 0;
        fold_in(facts_, inner);
        facts_.inner.push_back(std::move(inner));
      }
      if (extent.at_end) return;
      offset = extent.next_offset;
    }
  }

  void touched_tables() {
    while (cursor_.is_one_of({"local", "no_write_to_binlog"})) cursor_.advance();
    if (!cursor_.accept_one_of({"table", "tables", "view"})) return;
    do {
      ObjectUse table{.kind = ObjectKind::kTable, .name = {}, .persistence = Persistence::kByName};
      if (!cursor_.name(table.name)) return;
      facts_.objects.push_back(std::move(table));
      cursor_.skip_to_comma();
    } while (cursor_.accept_symbol(","));
  }

  bool administration() {
    if (cursor_.accept_one_of({"analyze", "optimize", "repair", "check", "checksum"})) {
      facts_.classes.add(StatementClass::kMaintenance);
      facts_.command += " TABLE";
      return touched_tables(), true;
    }
    if (cursor_.is_one_of({"lock", "unlock"})) {
      facts_.classes.add(StatementClass::kAdmin);
      facts_.command += cursor_.is("instance", 1) ? " INSTANCE" : " TABLES";
      cursor_.advance();
      return touched_tables(), true;
    }
    if (cursor_.is_one_of({"kill", "flush", "backup", "cache"}) || (cursor_.is("load") && cursor_.is("index", 1)) ||
        (cursor_.is("reset") && cursor_.is("query", 1))) {
      facts_.classes.add(StatementClass::kAdmin);
      return true;
    }
    if (cursor_.is("binlog")) {
      facts_.classes.add(StatementClass::kCatalogWrite);
      facts_.classes.add(StatementClass::kCluster);
      return true;
    }
    if (cursor_.is_one_of(
            {"start", "stop", "change", "reset", "purge", "shutdown", "restart", "install", "uninstall", "clone"})) {
      facts_.classes.add(StatementClass::kCluster);
      return true;
    }
    if (cursor_.is_one_of({"signal", "resignal", "get"})) {
      facts_.classes.add(StatementClass::kQuery);
      return true;
    }
    return false;
  }

  // What may stand in the body of a routine or block only.
  bool body_only() {
    const bool word = cursor_.is_one_of(
        {"open", "fetch", "close", "leave", "iterate", "return", "null", "exit", "raise", "goto", "continue"});
    if (!word && !assigns()) return cursor_.reading().oracle && calls_by_name() && (call(), true);
    facts_.classes.add(StatementClass::kQuery);
    expression_facts(cursor_, facts_);
    return true;
  }

  // name := …, and in triggers :NEW.column := …
  [[nodiscard]] bool assigns() const {
    StatementCursor target = cursor_;
    target.accept_symbol(":");
    ObjectName name;
    if (!target.name(name)) return false;
    while (target.accept_symbol(".")) target.advance();
    return target.is_symbol(":=");
  }

  // sql_mode=ORACLE: a procedure's name alone calls it.
  [[nodiscard]] bool calls_by_name() const {
    StatementCursor callee = cursor_;
    ObjectName name;
    if (!callee.name(name)) return false;
    while (callee.accept_symbol(".")) callee.advance();
    if (callee.is_symbol("(")) callee.skip_element();
    return callee.at_end();
  }

  StatementCursor cursor_;
  ReadingState& state_;
  size_t depth_;
  StatementFacts facts_;
};

// The statements of a body, each on its own.
std::vector<StatementFacts> body_facts(const StatementCursor& cursor, const StatementExtent& extent,
                                       ReadingState& state, size_t depth) {
  std::vector<StatementFacts> all;
  for (const TokenSpan& span : extent.body) {
    const StatementCursor part = cursor.part(span.first, span.last);
    if (span.expression) {
      StatementFacts expression;
      expression.classes.add(StatementClass::kQuery);
      expression_facts(part, expression);
      if (expression.classes == ClassSet{StatementClass::kQuery} && expression.functions.empty()) continue;
      all.push_back(std::move(expression));
    } else {
      all.push_back(Dispatch(part, state, depth).run(true));
    }
  }
  return all;
}

void lexical_doubts(std::string_view text, const StatementExtent& extent, StatementFacts& facts) {
  for (const Token& token : extent.tokens) {
    if (token.kind == TokenKind::kAbort) unread(facts, "unterminated");
    if (token.kind == TokenKind::kUncertain) {
      unread(facts, token.text(text).front() == '\0' ? "nul_byte" : "uncertain_byte");
    }
  }
  if (extent.malformed) unread(facts, "compound_statement");
}

}  // namespace

StatementFacts statement_facts(std::string_view text, const StatementExtent& extent, const Reading& reading,
                               ReadingState& state, size_t depth) {
  StatementFacts facts;
  const StatementCursor cursor(text, std::span<const Token>(extent.tokens), reading);
  if (extent.stands_alone) {
    if (extent.block_at > 0) {  // SET STATEMENT … FOR
      const StatementFacts prefix = Dispatch(cursor.part(0, extent.block_at), state, depth).run(false);
      fold_in(facts, prefix);
    }
    const bool block = cursor.part(extent.block_at, cursor.size()).is("begin");
    facts.command = block ? "BEGIN NOT ATOMIC" : "COMPOUND STATEMENT";
    facts.classes.add(StatementClass::kQuery);
    facts.inner = body_facts(cursor, extent, state, depth);
    for (const StatementFacts& inner : facts.inner) {
      fold_in(facts, inner);
      facts.embedded_commit = facts.embedded_commit || inner.transaction == TransactionControl::kCommit;
      facts.implicit_commit = facts.implicit_commit || inner.implicit_commit;
    }
    state.forget_settings();
  } else {
    facts = Dispatch(cursor, state, depth).run(false);
    if (!extent.body.empty()) {
      ReadingState inside = state;
      // What an event does is done without anybody asking again; a routine waits for its call (M32).
      const std::string& command = facts.inner.empty() ? facts.command : facts.inner.back().command;
      const bool event = command == "CREATE EVENT" || command == "ALTER EVENT";
      std::vector<StatementFacts> body = body_facts(cursor, extent, inside, depth);
      for (StatementFacts& inner : body) {
        if (event) fold_in(facts, inner);
        if (inner.classes.has(StatementClass::kUnread)) unread(facts, "routine_body");
        facts.inner.push_back(std::move(inner));
      }
    }
  }
  if (extent.hidden) {
    facts.classes.add(StatementClass::kOpaque);
    facts.opaque = OpaqueReason::kUnreadableCode;
  }
  lexical_doubts(text, extent, facts);
  if (!extent.tokens.empty()) {
    facts.offset = extent.tokens.front().offset;
    facts.length = extent.tokens.back().end() - facts.offset;
  }
  return facts;
}

}  // namespace schemaguard::parser::mysql
