#include <optional>
#include <utility>

#include "parser/postgres/sql_lexer.h"
#include "policies/audit/redaction.h"
#include "policies/audit/redaction_walk.h"
#include "policies/audit/secret_words.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

using parser::StatementClass;
using parser::StatementFacts;
using parser::postgres::SqlLexer;
using parser::postgres::Token;
using parser::postgres::TokenKind;

constexpr int kBodyDepthMax = 4;

class PostgresRedactor : public RedactionWalk {
 public:
  PostgresRedactor(SqlPieces pieces, Literals literals, int depth, size_t bytes_max)
      : RedactionWalk(std::move(pieces), literals, bytes_max), depth_(depth) {}

 private:
  bool look_around() override {
    for (size_t index = 0; index < size(); ++index) {
      const Piece& token = piece(index);
      if (token.is_constant()) {
        if (!look_at_constant(index)) return false;
        continue;
      }
      if (is_any(index, {"create", "alter"})) {
        const std::string_view next = word(index + 1);
        if (is_any_word(next, {"role", "group"}) || (is_word(index + 1, "user") && !is_word(index + 2, "mapping"))) {
          about_roles_ = true;
        }
        about_subscriptions_ = about_subscriptions_ || is_word(index + 1, "subscription");
      }
      updates_ = updates_ || is_any(index, {"update", "merge"});
      foreign_ = foreign_ || is_any(index, {"server", "mapping", "foreign", "wrapper"});
    }
    return true;
  }

  bool look_at_constant(size_t index) {
    const Piece& token = piece(index);
    const std::string_view content = content_of(token);
    const bool body = index > 0 && is_word(index - 1, "as") && token.kind == PieceKind::kString;
    if (seems_to_hold_secret(content) || (body && names_a_secret(content))) all_constants_ = true;
    return quotes_fit(index);
  }

  bool write_piece() override {
    const Piece& token = piece(at_);
    follow_places(token);
    if (in_options_ && !option_is_regular(token)) return false;
    if (token.is_constant()) {
      write(constant_text(token));
      after_secret_word_ = false;
      after_password_ = false;
      return true;
    }
    if (in_secret_setting_ && at_ > 0 && piece(at_ - 1).is_constant() && starts_routine_clause(word(at_))) {
      in_secret_setting_ = false;
    }
    // ALTER ROLE … PASSWORD without quotes: no server takes it, and it is a secret all the same.
    if ((after_password_ || in_secret_setting_) && token.is_name() && !may_stand_for_secret(token)) return false;
    if (token.kind == PieceKind::kNumber) {
      write(number_text(token));
      return true;
    }
    write(name_hides_secret(token) ? std::string_view("\"***\"") : text_of(token));
    follow_secret_words(token);
    follow_settings();
    return true;
  }

  // Brackets, and the places that they close.
  void follow_places(const Piece& token) {
    follow_brackets(token);
    const std::string_view sign = token.is_sign() ? text_of(token) : std::string_view();
    if (sign == ")" && in_options_ && brackets_ < options_brackets_) in_options_ = false;
    if (sign == "," || sign == ";" || sign == ")") after_secret_word_ = false;
    if (sign == ";") {
      after_password_ = false;
      in_secret_setting_ = false;
      in_plain_setting_ = false;
    }
    if (in_options_ && sign == "," && brackets_ == options_brackets_) option_words_ = 0;
    if (foreign_ && !in_options_ && sign == "(" && at_ > 0 && is_word(at_ - 1, "options")) {
      in_options_ = true;
      options_brackets_ = brackets_;
      option_words_ = 0;
    }
    // CREATE TABLE … AS SELECT: what follows is a query, and its literals are data.
    if (at_ <= 3 && is_word(0, "create") && is_word(at_, "table")) table_ = true;
    if (brackets_ == 0 && table_ && is_word(at_, "as")) literals_ = Literals::kTake;
  }

  // OPTIONS ([ADD|SET|DROP] name ['value'], …)
  bool option_is_regular(const Piece& token) {
    if (token.is_constant() || token.kind == PieceKind::kPunctuation) return true;
    if (!token.is_name()) return false;
    const bool verb = option_words_ == 0 && is_any_word(text_of(token), {"add", "set", "drop"}) && at_ + 1 < size() &&
                      piece(at_ + 1).is_name();
    if (!verb) ++option_words_;
    return option_words_ <= 1;
  }

  void follow_secret_words(const Piece& token) {
    if (!token.is_name()) return;
    if (about_roles_ && is_word(at_, "password")) after_password_ = true;
    if (!names_a_secret(text_of(token))) {
      // PASSWORD is a type's neighbour in a table (password text) and a value's in a role.
      if (!is_any_word(text_of(token), {"is", "to"})) after_secret_word_ = false;
      return;
    }
    after_secret_word_ = true;
    if (!about_roles_) begin_secret_element();
  }

  // What may follow CREATE FUNCTION … SET name = value.
  static bool starts_routine_clause(std::string_view word) {
    return is_any_word(
        word, {"as", "language", "cost", "rows", "immutable", "stable", "volatile", "security", "parallel", "set",
               "strict", "called", "returns", "return", "leakproof", "support", "begin"});
  }

  // Names that are no unquoted secret where a secret's value is due.
  [[nodiscard]] bool may_stand_for_secret(const Piece& token) const {
    return is_any_word(text_of(token), {"null", "to", "default", "from", "current", "on", "off", "true", "false"});
  }

  // SET name {=|TO} value: at the sign or TO.
  void follow_settings() {
    const bool assigns = is_sign(at_, "=") || is_sign(at_, ":=") || is_word(at_, "to");
    if (!assigns || at_ == 0 || updates_) return;
    size_t start = at_ - 1;
    while (start >= 2 && is_sign(start - 1, ".")) start -= 2;
    if (start == 0 || !piece(start).is_name() || !is_any(start - 1, {"set", "session", "local"})) return;
    const size_t name_offset = piece(start).offset;
    const std::string_view name = pieces_.text.substr(name_offset, piece(at_ - 1).end() - name_offset);
    if (setting_value_may_be_kept(name)) {
      in_plain_setting_ = true;
      return;
    }
    in_secret_setting_ = true;
  }

  std::string constant_text(const Piece& token) {
    const std::string_view content = text_of(token);
    const bool validity = at_ > 0 && is_word(at_ - 1, "until");
    if (in_options_ || about_subscriptions_ || in_secret_setting_ || in_secret_element_ || after_secret_word_ ||
        after_password_ || (about_roles_ && !validity && !in_plain_setting_)) {
      return std::string(kRedactedSecret);
    }
    const bool anonymous = depth_ == 0 && is_word(0, "do");
    if (token.kind == PieceKind::kDollarString && (anonymous || literals_ == Literals::kKeep)) {
      return body_text(token, anonymous);
    }
    if (at_ > 0 && is_word(at_ - 1, "program")) return program_text(token);
    if (!all_constants_ && (literals_ == Literals::kKeep || is_known_to_be_no_data())) return std::string(content);
    return literals_ == Literals::kKeep ? std::string(kRedactedSecret) : "?";
  }

  // Literals outside schema changes that say what was done, not with which data.
  [[nodiscard]] bool is_known_to_be_no_data() const {
    if (at_ == 0) return false;
    const std::string_view before = word(at_ - 1);
    if (is_word(0, "copy")) return is_any_word(before, {"from", "to"});
    if (is_word(0, "set")) {
      return in_plain_setting_ || is_any_word(before, {"zone", "names", "role", "authorization"});
    }
    return is_any(0, {"prepare", "commit", "rollback"}) && is_any_word(before, {"transaction", "prepared"});
  }

  [[nodiscard]] std::string number_text(const Piece& token) const {
    if (after_password_ || after_secret_word_ || in_secret_setting_ || in_options_) return std::string(kRedactedSecret);
    if (literals_ == Literals::kTake && !in_plain_setting_) return "?";
    return std::string(text_of(token));
  }

  // A routine's body: whole when nothing in it sounds like a secret, else without its literals. That of DO is no part
  // of the schema: always without.
  [[nodiscard]] std::string body_text(const Piece& token, bool anonymous) const {
    const std::string_view token_text = text_of(token);
    const std::string_view content = content_of(token);
    const std::string_view tag = token_text.substr(0, token_text.find('$', 1) + 1);
    if (!anonymous && !names_a_secret(content) && !seems_to_hold_secret(content) && !all_constants_) {
      return std::string(token_text);
    }
    if (depth_ >= kBodyDepthMax) return std::string(kRedactedSecret);
    std::optional<SqlPieces> inside = postgres_pieces(content, false);
    if (!inside.has_value()) return std::string(kRedactedSecret);
    std::optional<std::string> redacted =
        PostgresRedactor(*std::move(inside), Literals::kTake, depth_ + 1, bytes_max_).run();
    if (!redacted.has_value()) return std::string(kRedactedSecret);
    return concatenate({tag, " ", *redacted, " ", tag});
  }

  // COPY … PROGRAM: which program, not with what.
  [[nodiscard]] std::string program_text(const Piece& token) const {
    const std::string_view command = content_of(token);
    const std::string_view program = command.substr(0, command.find_first_of(" \t\r\n;|&<>()$`\\"));
    const bool plain = !program.empty() && program.find_first_of("='\"@:") == std::string_view::npos;
    return plain ? concatenate({"'", program, program.size() < command.size() ? " ***'" : "'"})
                 : std::string(kRedactedSecret);
  }

  int depth_;
  // Known from the first look.
  bool about_roles_ = false;
  bool about_subscriptions_ = false;
  bool foreign_ = false;
  bool updates_ = false;
  bool all_constants_ = false;  // a literal seems to hold a secret, or a part of one
  // Where the second look is.
  int options_brackets_ = 0;
  int option_words_ = 0;
  bool in_options_ = false;
  bool in_secret_setting_ = false;
  bool in_plain_setting_ = false;
  bool after_secret_word_ = false;  // names_a_secret() of the word before, signs not counted
  bool after_password_ = false;     // the same, for the key word in statements about roles
  bool table_ = false;
};

// Statements whose literals are a part of the schema. By the first word as well as by class: EXPLAIN, PREPARE and DO
// carry the classes of what is inside them, and their literals are data.
bool literals_are_schema(const StatementFacts& facts, std::string_view first_word) {
  const parser::ClassSet& classes = facts.classes;
  const bool by_class = classes.has(StatementClass::kSchema) || classes.has(StatementClass::kTemporary) ||
                        classes.has(StatementClass::kAccess) || classes.has(StatementClass::kCluster) ||
                        classes.has(StatementClass::kMaintenance) || classes.has(StatementClass::kSetting);
  return by_class && is_any_word(first_word, {"create", "alter", "drop", "comment", "security", "grant", "revoke",
                                              "import", "refresh", "reindex", "cluster", "vacuum", "analyze"});
}

std::optional<std::string> redact(std::string_view text, Literals literals, size_t bytes_max) {
  return redact_front(text, bytes_max, [&](std::string_view front, bool cut) -> std::optional<std::string> {
    std::optional<SqlPieces> pieces = postgres_pieces(front, cut);
    if (!pieces) return std::nullopt;
    return PostgresRedactor(*std::move(pieces), literals, 0, bytes_max).run();
  });
}

// The key word that `text` begins with, or "".
std::string_view first_word(std::string_view text) {
  const Token first = SqlLexer(text).next();
  return first.kind == TokenKind::kWord ? first.text(text) : std::string_view();
}

}  // namespace

std::string redact_postgres_statement(std::string_view statement, const StatementFacts& facts, size_t bytes_max) {
  if (facts.classes.has(StatementClass::kUnread) || !facts.unread_reason.empty()) return describe_unread(statement);
  const bool keep = literals_are_schema(facts, first_word(statement));
  std::optional<std::string> redacted = redact(statement, keep ? Literals::kKeep : Literals::kTake, bytes_max);
  return redacted.has_value() ? *std::move(redacted) : describe_unread(statement);
}

std::string redact_postgres_clause(std::string_view clause, size_t bytes_max) {
  // What CREATE TABLE … AS makes is defined by a query; its literals are data, whatever the text begins with.
  const bool of_query = is_any_word(first_word(clause), {"explain", "prepare", "select", "with", "values", "do"});
  std::optional<std::string> redacted = redact(clause, of_query ? Literals::kTake : Literals::kKeep, bytes_max);
  return redacted.has_value() ? *std::move(redacted) : std::string(kRedactedSecret);
}

}  // namespace schemaguard::policies
