#include "policies/audit/redaction.h"

#include <algorithm>
#include <array>

#include "parser/postgres/sql_lexer.h"
#include "parser/words.h"
#include "policies/audit/sha256.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {

std::string describe_unread(std::string_view text) {
  // Only a word that starts a command is printed: what was pasted into the wrong window may be a password.
  constexpr auto kCommands = std::to_array<std::string_view>(
      {"abort",   "alter",      "analyze",  "backup",    "begin",     "binlog",   "cache",   "call",     "change",
       "check",   "checkpoint", "checksum", "clone",     "close",     "cluster",  "comment", "commit",   "copy",
       "create",  "deallocate", "declare",  "delete",    "describe",  "discard",  "do",      "drop",     "end",
       "execute", "explain",    "fetch",    "flush",     "grant",     "handler",  "import",  "insert",   "install",
       "kill",    "listen",     "load",     "lock",      "merge",     "move",     "notify",  "optimize", "prepare",
       "purge",   "reassign",   "refresh",  "reindex",   "release",   "rename",   "repair",  "replace",  "reset",
       "restart", "revoke",     "rollback", "savepoint", "security",  "select",   "set",     "show",     "shutdown",
       "start",   "stop",       "table",    "truncate",  "uninstall", "unlisten", "unlock",  "update",   "use",
       "vacuum",  "values",     "with",     "xa"});
  std::string word = "none";
  // A word at the start is the same word for every lexer.
  const parser::postgres::Token first = parser::postgres::SqlLexer(text).next();
  if (first.kind == parser::postgres::TokenKind::kWord) {
    const std::string_view found = first.text(text);
    const auto* const known = std::find_if(kCommands.begin(), kCommands.end(), [found](std::string_view one) {
      return parser::equals_ignoring_case(found, one);
    });
    word = parser::to_upper(known == kCommands.end() ? "other" : *known);
  }
  return concatenate(
      {"<unread: ", std::to_string(text.size()), " bytes, sha256 ", sha256_hex({text}), ", first word ", word, ">"});
}

}  // namespace schemaguard::policies
