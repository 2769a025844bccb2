#include "policies/audit/redaction.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "parser/postgres/sql_lexer.h"
#include "policies/audit/secret_words.h"
#include "policies/audit/sha256.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {

namespace {

using parser::StatementClass;
using parser::StatementFacts;
using parser::postgres::is_word;
using parser::postgres::SqlLexer;
using parser::postgres::Token;
using parser::postgres::TokenKind;

constexpr std::string_view kSecret = "'***'";
constexpr size_t kLookBytesMax = 64UL * 1024;
constexpr int kBodyDepthMax = 4;

enum class Literals : uint8_t {
  kKeep,  // part of the schema
  kTake,  // data
};

bool is_constant(const Token& token) { return token.is_quoted_constant() || token.kind == TokenKind::kDollarString; }

bool is_name(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedIdentifier ||
         token.kind == TokenKind::kUnicodeIdentifier;
}

bool is_any_word(std::string_view word, std::initializer_list<std::string_view> lower_case_words) {
  return std::any_of(lower_case_words.begin(), lower_case_words.end(),
                     [word](std::string_view one) { return is_word(word, one); });
}

// The tokens of `text`, or nullopt when they do not fit together: something is not terminated, a byte belongs to no
// token, or the cut depends on whether a backslash escapes. `cut`: the text goes on behind its end, so the last token
// is not known.
std::optional<std::vector<Token>> tokens_of(std::string_view text, bool cut) {
  std::vector<Token> tokens;
  SqlLexer lexer(text);
  SqlLexer other_lexer(text, {.standard_conforming_strings = false});
  const bool may_differ = text.find('\\') != std::string_view::npos;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (cut && token.end() == text.size()) break;
    if (token.kind == TokenKind::kUnterminated || token.kind == TokenKind::kOther) return std::nullopt;
    if (may_differ) {
      const Token other = other_lexer.next();
      if (other.kind != token.kind || other.offset != token.offset || other.length != token.length) return std::nullopt;
    }
    tokens.push_back(token);
  }
  return tokens;
}

// What stands between the delimiters of a quoted or dollar-quoted constant; doubled quotes stay doubled.
std::string_view content_of(const Token& token, std::string_view text) {
  std::string_view content = token.text(text);
  const size_t delimiter_bytes = token.kind == TokenKind::kDollarString ? content.find('$', 1) + 1 : 1;
  content.remove_prefix(token.kind == TokenKind::kDollarString ? delimiter_bytes : content.find('\'') + 1);
  content.remove_suffix(std::min(delimiter_bytes, content.size()));
  return content;
}

// Goes over one statement's tokens and writes what may be kept. One use per text.
class Redactor {
 public:
  Redactor(std::string_view text, std::vector<Token> tokens, Literals literals, int depth, size_t bytes_max)
      : text_(text), tokens_(std::move(tokens)), literals_(literals), depth_(depth), bytes_max_(bytes_max) {}

  // nullopt: a secret may stand where no rule covers it.
  std::optional<std::string> run() {
    if (!look_around()) return std::nullopt;
    for (at_ = 0; at_ < tokens_.size() && out_.size() < bytes_max_; ++at_) {
      if (!write_token()) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string_view word(size_t index) const {
    return index < tokens_.size() && tokens_[index].kind == TokenKind::kWord ? tokens_[index].text(text_)
                                                                             : std::string_view();
  }
  [[nodiscard]] bool is_sign(size_t index, std::string_view sign) const {
    return index < tokens_.size() && !is_constant(tokens_[index]) && tokens_[index].text(text_) == sign;
  }

  // First look over all tokens: which places hold secrets, and does anything look as if quotes were mixed up?
  bool look_around() {
    for (size_t index = 0; index < tokens_.size(); ++index) {
      const Token& token = tokens_[index];
      if (is_constant(token)) {
        if (!look_at_constant(index)) return false;
        continue;
      }
      if (is_any_word(word(index), {"create", "alter"})) {
        const std::string_view next = word(index + 1);
        if (is_any_word(next, {"role", "group"}) || (is_word(next, "user") && !is_word(word(index + 2), "mapping"))) {
          about_roles_ = true;
        }
        about_subscriptions_ = about_subscriptions_ || is_word(next, "subscription");
      }
      updates_ = updates_ || is_any_word(word(index), {"update", "merge"});
      foreign_ = foreign_ || is_any_word(word(index), {"server", "mapping", "foreign", "wrapper"});
    }
    return true;
  }

  bool look_at_constant(size_t index) {
    const Token& token = tokens_[index];
    const std::string_view content = content_of(token, text_);
    const bool body = index > 0 && is_word(word(index - 1), "as") && token.is_quoted_constant();
    if (seems_to_hold_secret(content) || (body && names_a_secret(content))) all_constants_ = true;
    if (index + 1 >= tokens_.size()) return true;
    const Token& next = tokens_[index + 1];
    const bool next_is_sign =
        next.kind == TokenKind::kOperator || next.kind == TokenKind::kPunctuation || next.kind == TokenKind::kSemicolon;
    // 'a'b: nobody writes this on purpose; the quotes are shifted, and what looks like a word may be a secret.
    if (!next_is_sign && next.offset == token.end() && token.is_quoted_constant()) return false;
    return next_is_sign || !ends_before_secret(content);
  }

  bool write_token() {
    const Token& token = tokens_[at_];
    follow_places(token);
    if (in_options_ && !option_is_regular(token)) return false;
    if (is_constant(token)) {
      write(constant_text(token));
      after_secret_word_ = false;
      after_password_ = false;
      return true;
    }
    if (in_secret_setting_ && at_ > 0 && is_constant(tokens_[at_ - 1]) && starts_routine_clause(word(at_))) {
      in_secret_setting_ = false;
    }
    // ALTER ROLE … PASSWORD without quotes: no server takes it, and it is a secret all the same.
    if ((after_password_ || in_secret_setting_) && is_name(token) && !may_stand_for_secret(token)) return false;
    if (token.kind == TokenKind::kNumber) {
      write(number_text(token));
      return true;
    }
    write(name_hides_secret(token) ? std::string_view("\"***\"") : token.text(text_));
    follow_secret_words(token);
    follow_settings();
    return true;
  }

  // A name in double quotes that holds single ones around a secret: somebody mixed up the quotes.
  [[nodiscard]] bool name_hides_secret(const Token& token) const {
    if (token.kind != TokenKind::kQuotedIdentifier && token.kind != TokenKind::kUnicodeIdentifier) return false;
    const std::string_view name = token.text(text_);
    return name.find_first_of("'=$") != std::string_view::npos && seems_to_hold_secret(name);
  }

  // Brackets, and the places that they close.
  void follow_places(const Token& token) {
    const std::string_view sign = token.kind == TokenKind::kPunctuation || token.kind == TokenKind::kSemicolon
                                      ? token.text(text_)
                                      : std::string_view();
    if (sign == "(" || sign == "[") {
      ++brackets_;
    } else if (sign == ")" || sign == "]") {
      --brackets_;
      if (in_options_ && brackets_ < options_brackets_) in_options_ = false;
    }
    if ((sign == "," && brackets_ <= element_brackets_) || sign == ";" || brackets_ < element_brackets_) {
      in_secret_element_ = false;
    }
    if (sign == "," || sign == ";" || sign == ")") after_secret_word_ = false;
    if (sign == ";") {
      after_password_ = false;
      in_secret_setting_ = false;
      in_plain_setting_ = false;
    }
    if (in_options_ && sign == "," && brackets_ == options_brackets_) option_words_ = 0;
    if (foreign_ && !in_options_ && sign == "(" && at_ > 0 && is_word(word(at_ - 1), "options")) {
      in_options_ = true;
      options_brackets_ = brackets_;
      option_words_ = 0;
    }
    // CREATE TABLE … AS SELECT: what follows is a query, and its literals are data.
    if (at_ <= 3 && is_word(word(0), "create") && is_word(word(at_), "table")) table_ = true;
    if (brackets_ == 0 && table_ && is_word(word(at_), "as")) literals_ = Literals::kTake;
  }

  // OPTIONS ([ADD|SET|DROP] name ['value'], …)
  bool option_is_regular(const Token& token) {
    if (is_constant(token) || token.kind == TokenKind::kPunctuation) return true;
    if (!is_name(token)) return false;
    const bool verb = option_words_ == 0 && is_any_word(token.text(text_), {"add", "set", "drop"}) &&
                      at_ + 1 < tokens_.size() && is_name(tokens_[at_ + 1]);
    if (!verb) ++option_words_;
    return option_words_ <= 1;
  }

  void follow_secret_words(const Token& token) {
    if (!is_name(token)) return;
    if (about_roles_ && is_word(word(at_), "password")) after_password_ = true;
    if (!names_a_secret(token.text(text_))) {
      // PASSWORD is a type's neighbour in a table (password text) and a value's in a role.
      if (!is_any_word(token.text(text_), {"is", "to"})) after_secret_word_ = false;
      return;
    }
    after_secret_word_ = true;
    if (in_secret_element_ || about_roles_) return;
    in_secret_element_ = true;
    element_brackets_ = brackets_;
  }

  // What may follow CREATE FUNCTION … SET name = value.
  static bool starts_routine_clause(std::string_view word) {
    return is_any_word(
        word, {"as", "language", "cost", "rows", "immutable", "stable", "volatile", "security", "parallel", "set",
               "strict", "called", "returns", "return", "leakproof", "support", "begin"});
  }

  // Names that are no unquoted secret where a secret's value is due.
  [[nodiscard]] bool may_stand_for_secret(const Token& token) const {
    return is_any_word(token.text(text_), {"null", "to", "default", "from", "current", "on", "off", "true", "false"});
  }

  // SET name {=|TO} value: at the sign or TO.
  void follow_settings() {
    const bool assigns = is_sign(at_, "=") || is_sign(at_, ":=") || is_word(word(at_), "to");
    if (!assigns || at_ == 0 || updates_) return;
    size_t start = at_ - 1;
    while (start >= 2 && is_sign(start - 1, ".")) start -= 2;
    if (start == 0 || !is_name(tokens_[start]) || !is_any_word(word(start - 1), {"set", "session", "local"})) return;
    const size_t name_offset = tokens_[start].offset;
    const std::string_view name = text_.substr(name_offset, tokens_[at_ - 1].end() - name_offset);
    if (setting_value_may_be_kept(name)) {
      in_plain_setting_ = true;
      return;
    }
    in_secret_setting_ = true;
  }

  std::string constant_text(const Token& token) {
    const std::string_view content = token.text(text_);
    const bool validity = at_ > 0 && is_word(word(at_ - 1), "until");
    if (in_options_ || about_subscriptions_ || in_secret_setting_ || in_secret_element_ || after_secret_word_ ||
        after_password_ || (about_roles_ && !validity && !in_plain_setting_)) {
      return std::string(kSecret);
    }
    const bool anonymous = depth_ == 0 && is_word(word(0), "do");
    if (token.kind == TokenKind::kDollarString && (anonymous || literals_ == Literals::kKeep)) {
      return body_text(token, anonymous);
    }
    if (at_ > 0 && is_word(word(at_ - 1), "program")) return program_text(token);
    if (!all_constants_ && (literals_ == Literals::kKeep || is_known_to_be_no_data())) return std::string(content);
    return literals_ == Literals::kKeep ? std::string(kSecret) : "?";
  }

  // Literals outside schema changes that say what was done, not with which data.
  [[nodiscard]] bool is_known_to_be_no_data() const {
    if (at_ == 0) return false;
    const std::string_view before = word(at_ - 1);
    if (is_word(word(0), "copy")) return is_any_word(before, {"from", "to"});
    if (is_word(word(0), "set")) {
      return in_plain_setting_ || is_any_word(before, {"zone", "names", "role", "authorization"});
    }
    return is_any_word(word(0), {"prepare", "commit", "rollback"}) && is_any_word(before, {"transaction", "prepared"});
  }

  [[nodiscard]] std::string number_text(const Token& token) const {
    if (after_password_ || after_secret_word_ || in_secret_setting_ || in_options_) return std::string(kSecret);
    if (literals_ == Literals::kTake && !in_plain_setting_) return "?";
    return std::string(token.text(text_));
  }

  // A routine's body: whole when nothing in it sounds like a secret, else without its literals. That of DO is no part
  // of the schema: always without.
  [[nodiscard]] std::string body_text(const Token& token, bool anonymous) const {
    const std::string_view token_text = token.text(text_);
    const std::string_view content = content_of(token, text_);
    const std::string_view tag = token_text.substr(0, token_text.find('$', 1) + 1);
    if (!anonymous && !names_a_secret(content) && !seems_to_hold_secret(content) && !all_constants_) {
      return std::string(token_text);
    }
    if (depth_ >= kBodyDepthMax) return std::string(kSecret);
    std::optional<std::vector<Token>> tokens = tokens_of(content, false);
    if (!tokens.has_value()) return std::string(kSecret);
    std::optional<std::string> redacted =
        Redactor(content, *std::move(tokens), Literals::kTake, depth_ + 1, bytes_max_).run();
    if (!redacted.has_value()) return std::string(kSecret);
    return concatenate({tag, " ", *redacted, " ", tag});
  }

  // COPY … PROGRAM: which program, not with what.
  [[nodiscard]] std::string program_text(const Token& token) const {
    const std::string_view command = content_of(token, text_);
    const std::string_view program = command.substr(0, command.find_first_of(" \t\r\n;|&<>()$`\\"));
    const bool plain = !program.empty() && program.find_first_of("='\"@:") == std::string_view::npos;
    return plain ? concatenate({"'", program, program.size() < command.size() ? " ***'" : "'"}) : std::string(kSecret);
  }

  void write(std::string_view piece) {
    const Token& token = tokens_[at_];
    const bool apart = at_ > 0 && (token.offset > tokens_[at_ - 1].end() || token.after_comment);
    if (apart && !out_.empty()) out_.push_back(' ');
    out_ += piece;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  Literals literals_;
  int depth_;
  size_t bytes_max_;
  std::string out_;
  size_t at_ = 0;
  // Known from the first look.
  bool about_roles_ = false;
  bool about_subscriptions_ = false;
  bool foreign_ = false;
  bool updates_ = false;
  bool all_constants_ = false;  // a literal seems to hold a secret, or a part of one
  // Where the second look is.
  int brackets_ = 0;
  int options_brackets_ = 0;
  int element_brackets_ = 0;
  int option_words_ = 0;
  bool in_options_ = false;
  bool in_secret_element_ = false;
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
  const std::string_view front = text.substr(0, std::max(kLookBytesMax, 2 * bytes_max));
  const bool cut = front.size() < text.size();
  std::optional<std::vector<Token>> tokens = tokens_of(front, cut);
  if (!tokens.has_value()) return std::nullopt;
  std::optional<std::string> out = Redactor(front, *std::move(tokens), literals, 0, bytes_max).run();
  if (!out.has_value()) return std::nullopt;
  if (cut || out->size() > bytes_max) {
    const std::string mark = concatenate({" …[cut, ", std::to_string(text.size()), " bytes in all]"});
    out->resize(std::min(out->size(), bytes_max > mark.size() ? bytes_max - mark.size() : 0));
    *out += mark;
  }
  return out;
}

}  // namespace

std::string redact_postgres_statement(std::string_view statement, const StatementFacts& facts, size_t bytes_max) {
  if (facts.classes.has(StatementClass::kUnread) || !facts.unread_reason.empty()) return describe_unread(statement);
  const Token first = SqlLexer(statement).next();
  const bool keep = first.kind == TokenKind::kWord && literals_are_schema(facts, first.text(statement));
  std::optional<std::string> redacted = redact(statement, keep ? Literals::kKeep : Literals::kTake, bytes_max);
  return redacted.has_value() ? *std::move(redacted) : describe_unread(statement);
}

std::string redact_postgres_clause(std::string_view clause, size_t bytes_max) {
  // What CREATE TABLE … AS makes is defined by a query; its literals are data, whatever the text begins with.
  const Token first = SqlLexer(clause).next();
  const bool of_query = first.kind == TokenKind::kWord &&
                        is_any_word(first.text(clause), {"explain", "prepare", "select", "with", "values", "do"});
  std::optional<std::string> redacted = redact(clause, of_query ? Literals::kTake : Literals::kKeep, bytes_max);
  return redacted.has_value() ? *std::move(redacted) : std::string(kSecret);
}

std::string describe_unread(std::string_view text) {
  // Only a word that starts a command is printed: what was pasted into the wrong window may be a password.
  constexpr std::array<std::string_view, 54> kCommands = {
      "abort",  "alter",    "analyze",  "begin",      "call",     "checkpoint", "close",   "cluster", "comment",
      "commit", "copy",     "create",   "deallocate", "declare",  "delete",     "discard", "do",      "drop",
      "end",    "execute",  "explain",  "fetch",      "grant",    "import",     "insert",  "listen",  "load",
      "lock",   "merge",    "move",     "notify",     "prepare",  "reassign",   "refresh", "reindex", "release",
      "reset",  "revoke",   "rollback", "savepoint",  "security", "select",     "set",     "show",    "start",
      "table",  "truncate", "unlisten", "update",     "vacuum",   "values",     "with",    "rename",  "replace"};
  std::string word = "none";
  const Token first = SqlLexer(text).next();
  if (first.kind == TokenKind::kWord) {
    const std::string_view found = first.text(text);
    const auto* const known =
        std::find_if(kCommands.begin(), kCommands.end(), [found](std::string_view one) { return is_word(found, one); });
    word = known == kCommands.end() ? "other" : std::string(*known);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char one) { return one >= 'a' && one <= 'z' ? static_cast<char>(one - 'a' + 'A') : one; });
  }
  return concatenate(
      {"<unread: ", std::to_string(text.size()), " bytes, sha256 ", sha256_hex({text}), ", first word ", word, ">"});
}

}  // namespace schemaguard::policies
