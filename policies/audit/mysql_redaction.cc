#include <optional>
#include <utility>

#include "parser/words.h"
#include "policies/audit/redaction.h"
#include "policies/audit/redaction_walk.h"
#include "policies/audit/secret_words.h"

namespace schemaguard::policies {
namespace {

using parser::StatementClass;
using parser::StatementFacts;
using parser::mysql::ReadingState;

// Where a text comes from decides what its literals are.
struct Origin {
  Literals literals = Literals::kTake;
  bool table = false;   // what stands behind a SELECT in it is data
  bool secret = false;  // every constant may be a secret
};

class MysqlRedactor : public RedactionWalk {
 public:
  MysqlRedactor(SqlPieces pieces, Origin origin, size_t bytes_max)
      : RedactionWalk(std::move(pieces), origin.literals, bytes_max),
        table_(origin.table),
        all_constants_(origin.secret) {}

 private:
  bool look_around() override {
    look_at_head();
    bool sounds_secret = false;
    for (size_t index = 0; index < size(); ++index) {
      const Piece& token = piece(index);
      if (token.is_name()) {
        sounds_secret = sounds_secret || names_a_secret(text_of(token));
        if (is_word(index, "identified") && is_any(index + 1, {"by", "with", "via", "as"})) about_accounts_ = true;
      }
      if (!token.is_constant()) continue;
      if (seems_to_hold_secret(content_of(token))) all_constants_ = true;
      if (code_ && names_a_secret(content_of(token))) sounds_secret = true;
      if (!quotes_fit(index)) return false;
    }
    // A body is plain text here: whole when nothing in it sounds like a secret, else without its literals.
    if (code_ && sounds_secret) all_constants_ = true;
    return true;
  }

  // What the statement is about, by the words before its first bracket.
  void look_at_head() {
    constexpr size_t kHeadPiecesMax = 16;
    set_ = is_word(0, "set");
    replication_ = is_any(0, {"change", "start", "stop"});
    about_accounts_ = is_any(0, {"grant", "revoke", "clone"}) || (set_ && is_word(1, "password"));
    set_password_ = set_ && is_word(1, "password");
    if (!is_any(0, {"create", "alter", "drop"})) return;
    for (size_t index = 1; index < size() && index < kHeadPiecesMax && !is_sign(index, "("); ++index) {
      if (is_any(index, {"procedure", "function", "trigger", "event", "package", "library"})) code_ = true;
      if (is_word(index, "server")) server_ = true;
      if (index <= 3 && is_any(index, {"user", "role"})) about_accounts_ = true;
      if (index <= 4 && is_word(index, "table")) table_ = table_ || is_word(0, "create");
    }
  }

  bool write_piece() override {
    const Piece& token = piece(at_);
    follow_places(token);
    if (token.is_constant()) {
      write(constant_text(token));
      return true;
    }
    // A secret without quotes: no server takes it, and it is a secret all the same.
    if (token.is_name() && secret_is_due() && !may_stand_for_secret()) return false;
    if (token.kind == PieceKind::kNumber) {
      write(number_text(token));
      return true;
    }
    write(name_hides_secret(token) ? std::string_view("`***`") : text_of(token));
    if (token.is_name() && !about_accounts_ && !set_ && names_a_secret(text_of(token))) begin_secret_element();
    if (set_) follow_settings();
    return true;
  }

  void follow_places(const Piece& token) {
    follow_brackets(token);
    if (server_ && is_sign(at_, "(") && at_ > 0 && is_word(at_ - 1, "options")) in_options_ = true;
    // CREATE TABLE … SELECT: what follows is a query, and its literals are data.
    const bool rows = is_word(at_, "values") && (is_word(at_ + 1, "row") || is_sign(at_ + 1, "("));
    if (table_ && (is_word(at_, "select") || rows)) literals_ = Literals::kTake;
  }

  // The index of the piece before `at_`, signs of assignment not counted; at_ when there is none.
  [[nodiscard]] size_t before() const {
    size_t index = at_;
    while (index > 0 && (is_sign(index - 1, "=") || is_sign(index - 1, ":="))) --index;
    return index == 0 ? at_ : index - 1;
  }

  // What stands here should be a constant that is a secret.
  [[nodiscard]] bool secret_is_due() const {
    if (at_ == 0) return false;
    const size_t previous = before();
    if (about_accounts_) {
      if (is_any(previous, {"by", "password", "replace"}) && !is_sign(at_ - 1, "(")) return true;
      if (set_password_ && is_sign(at_ - 1, "=")) return true;
      return is_any(previous, {"as", "using"}) && previous >= 2 && is_any(previous - 2, {"with", "via", "or"});
    }
    return replication_ && is_sign(at_ - 1, "=") && names_a_secret(word(previous));
  }

  // Words that go on where a secret could stand.
  [[nodiscard]] bool may_stand_for_secret() const {
    return is_any(at_, {"random", "password", "old_password", "user", "role", "expire", "history", "reuse", "require",
                        "for", "null", "default", "invalid", "from", "to", "on", "and", "account"});
  }

  // SET [scope] name = value, …: at the sign. Literals are kept where the setting's value is no secret.
  void follow_settings() {
    if (brackets_ == 0 && is_sign(at_, ",")) plain_setting_ = false;
    // SET STATEMENT … FOR: a statement of its own goes on here.
    if (brackets_ == 0 && is_word(1, "statement") && is_word(at_, "for")) set_ = plain_setting_ = false;
    const bool assigns = is_sign(at_, "=") || is_sign(at_, ":=");
    if (!assigns || brackets_ != 0 || at_ == 0 || !piece(at_ - 1).is_name()) return;
    plain_setting_ = setting_value_may_be_kept(text_of(piece(at_ - 1)));
  }

  // The name of an account: beside an @, or where the grammar has one.
  [[nodiscard]] bool is_account_name() const {
    const auto is_at = [&](size_t index) { return index < size() && piece(index).kind == PieceKind::kVariable; };
    if (is_at(at_ + 1) || (at_ > 0 && is_at(at_ - 1))) return true;
    if (at_ == 0 || brackets_ != 0) return false;
    if (set_password_) return is_word(at_ - 1, "for");
    return is_sign(at_ - 1, ",") ||
           is_any(at_ - 1, {"user", "role", "exists", "to", "from", "for", "issuer", "subject", "cipher"});
  }

  std::string constant_text(const Piece& token) {
    if (at_ > 0 && secret_is_due()) return std::string(kRedactedSecret);
    if (about_accounts_) return is_account_name() ? kept(token) : std::string(kRedactedSecret);
    if (in_options_ || in_secret_element_ || is_secret_option()) return std::string(kRedactedSecret);
    if (literals_ == Literals::kKeep || is_known_to_be_no_data()) return kept(token);
    return "?";
  }

  [[nodiscard]] std::string kept(const Piece& token) const {
    if (!all_constants_) return std::string(text_of(token));
    return std::string(literals_ == Literals::kKeep ? kRedactedSecret : "?");
  }

  // Options of tables that hold connection strings or keys.
  [[nodiscard]] bool is_secret_option() const {
    const size_t previous = before();
    if (previous == at_) return false;
    return is_any(previous, {"connection", "option_list"}) || contains_word_part(word(previous), "encryption_key");
  }

  // Literals outside schema changes that say what was done, not with which data.
  [[nodiscard]] bool is_known_to_be_no_data() const {
    if (at_ == 0) return false;
    if (is_any(at_ - 1, {"infile", "outfile", "dumpfile"})) return true;
    if (set_) {
      return (plain_setting_ && brackets_ == 0) || is_any(at_ - 1, {"names", "set", "charset", "collate", "role"});
    }
    return is_any(0, {"xa", "kill"});
  }

  [[nodiscard]] std::string number_text(const Piece& token) const {
    if (secret_is_due()) return std::string(kRedactedSecret);
    if (in_secret_element_ && at_ > 0 && (is_sign(at_ - 1, "=") || names_a_secret(word(at_ - 1)))) {
      return std::string(kRedactedSecret);
    }
    const bool keep = literals_ == Literals::kKeep || is_known_to_be_no_data();
    return keep ? std::string(text_of(token)) : "?";
  }

  bool table_;
  bool all_constants_;  // a literal seems to hold a secret, or a part of one
  // Known from the first look.
  bool set_ = false;
  bool set_password_ = false;
  bool about_accounts_ = false;
  bool replication_ = false;
  bool server_ = false;
  bool code_ = false;
  // Where the second look is.
  bool in_options_ = false;
  bool plain_setting_ = false;
};

// Statements whose literals are a part of the schema or of the server's set-up. By the first word as well as by class:
// EXPLAIN, PREPARE and blocks carry the classes of what is inside them, and their literals are data.
bool literals_are_schema(const StatementFacts& facts, std::string_view first_word) {
  const parser::ClassSet& classes = facts.classes;
  const bool by_class = classes.has(StatementClass::kSchema) || classes.has(StatementClass::kTemporary) ||
                        classes.has(StatementClass::kAccess) || classes.has(StatementClass::kCluster) ||
                        classes.has(StatementClass::kMaintenance) || classes.has(StatementClass::kDestructive) ||
                        classes.has(StatementClass::kAdmin);
  return by_class && is_any_word(first_word, {"create",   "alter",   "drop",     "rename",  "truncate",  "grant",
                                              "revoke",   "analyze", "optimize", "repair",  "check",     "change",
                                              "checksum", "start",   "stop",     "reset",   "purge",     "shutdown",
                                              "flush",    "lock",    "backup",   "install", "uninstall", "clone"});
}

std::optional<std::string> redact(std::string_view text, const ReadingState& reading, size_t bytes_max,
                                  const std::function<Origin(const SqlPieces&)>& origin_of) {
  return redact_front(text, bytes_max, [&](std::string_view front, bool cut) -> std::optional<std::string> {
    std::optional<SqlPieces> pieces = mysql_pieces(front, reading, cut);
    if (!pieces) return std::nullopt;
    const Origin origin = origin_of(*pieces);
    return MysqlRedactor(*std::move(pieces), origin, bytes_max).run();
  });
}

}  // namespace

std::string redact_mysql_statement(std::string_view statement, const StatementFacts& facts, const ReadingState& reading,
                                   size_t bytes_max) {
  if (facts.classes.has(StatementClass::kUnread) || !facts.unread_reason.empty()) return describe_unread(statement);
  std::optional<std::string> redacted = redact(statement, reading, bytes_max, [&](const SqlPieces& pieces) {
    const bool keep = literals_are_schema(facts, pieces.word(0));
    return Origin{.literals = keep ? Literals::kKeep : Literals::kTake};
  });
  return redacted.has_value() ? *std::move(redacted) : describe_unread(statement);
}

std::string redact_mysql_clause(std::string_view clause, std::string_view change_kind, const ReadingState& reading,
                                size_t bytes_max) {
  // Of a statement that nobody knows, nobody knows where secrets stand.
  const bool unknown = change_kind.ends_with("_other");
  std::optional<std::string> redacted = redact(clause, reading, bytes_max, [&](const SqlPieces&) {
    return Origin{.literals = Literals::kKeep, .table = change_kind == "create_table", .secret = unknown};
  });
  return redacted.has_value() ? *std::move(redacted) : std::string(kRedactedSecret);
}

}  // namespace schemaguard::policies
