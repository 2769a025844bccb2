// What each command byte means for the session (mysql-wire 32-41, evasion M10-M17).
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "parser/mysql/client_commands.h"
#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::StatementClass;
using parser::StatementFacts;
using parser::TextFacts;
using parser::mysql::Admission;
using parser::mysql::Command;
using parser::mysql::CommandRow;
using parser::mysql::ReplyShape;

namespace {

// The facts of a command that does without text what a statement does.
std::shared_ptr<const TextFacts> facts_of(StatementClass statement_class, std::string_view command) {
  auto facts = std::make_shared<TextFacts>();
  StatementFacts statement;
  statement.classes.add(statement_class);
  statement.command = std::string(command);
  facts->statements.push_back(std::move(statement));
  return facts;
}

constexpr size_t kNameBytesShown = 64;

// In the words of both servers.
std::string unknown_statement(uint32_t id) {
  return fmt::format("Unknown prepared statement handler ({}) given to mysqld_stmt_execute", id);
}

}  // namespace

void SessionCore::on_command(const ClientCommand& command) {
  ++message_number_;
  if (command.payload.empty()) {
    if (must_wait()) return hold(command);
    return refuse_with(command, parser::mysql::kErrUnknownCommand, "08S01", "Unknown command");
  }
  const auto byte = static_cast<uint8_t>(command.payload.front());
  const CommandRow& row = parser::mysql::command_row(byte);
  switch (row.admission) {
    case Admission::kForward:
      return forward_plain(command);
    case Admission::kJudge:
      return dispatch_judged(command);
    case Admission::kReplication:
      return on_replication(command, row);
    case Admission::kUnknown:
    case Admission::kRefuse:
      if (must_wait()) return hold(command);
      services_.count("commands_refused");
      return refuse_with(command, parser::mysql::kErrUnknownCommand, "08S01", "Unknown command");
  }
}

void SessionCore::forward_plain(const ClientCommand& command) {
  const auto which = static_cast<Command>(command.payload.front());
  forward(command);
  if (which == Command::kQuit) {
    quit_ = true;
  } else if (parser::mysql::command_row(which).reply != ReplyShape::kNone) {
    pending_.push(PendingCommand(which, server_capabilities_));
  }
}

void SessionCore::refuse_with(const ClientCommand& command, uint16_t error, std::string_view sqlstate,
                              std::string_view message) {
  drop_message(command, error, sqlstate, message);
}

void SessionCore::dispatch_judged(const ClientCommand& command) {
  const auto which = static_cast<Command>(command.payload.front());
  if (which == Command::kQuery) return on_query(command);
  if (which == Command::kStmtPrepare) return judge_text(command, command.payload.substr(1));
  if (which == Command::kStmtExecute || which == Command::kStmtBulkExecute) return on_execute(command);
  if (which == Command::kStmtClose) return on_close_statement(command);
  // The rest changes what later texts mean, or is a statement without a text: nothing may be under way.
  if (must_wait()) return hold(command);
  if (which == Command::kInitDb) return on_init_db(command);
  if (which == Command::kChangeUser) return on_change_user(command);
  if (which == Command::kSetOption) return forward_plain(command);
  if (which == Command::kResetConnection) {
    refresh_view();
    return forward_plain(command);
  }
  on_statement_command(command, parser::mysql::command_row(which));
}

void SessionCore::on_query(const ClientCommand& command) {
  const auto query = parser::mysql::decode_query(command.payload.substr(1), server_capabilities_);
  if (query) return judge_text(command, query->text);
  if (must_wait()) return hold(command);
  services_.count("messages_malformed");
  on_unreadable(command, "malformed");
}

void SessionCore::on_execute(const ClientCommand& command) {
  const auto body = command.payload.substr(1);
  std::optional<uint32_t> id;
  if (static_cast<Command>(command.payload.front()) == Command::kStmtExecute) {
    if (const auto execute = parser::mysql::decode_execute(body)) id = execute->statement_id;
  } else if (const auto bulk = parser::mysql::decode_bulk_execute(body)) {
    id = bulk->statement_id;
  }
  const auto which = static_cast<Command>(command.payload.front());
  if (!id) {
    if (must_wait()) return hold(command);
    services_.count("messages_malformed");
    return refuse_with(command, parser::mysql::kErrMalformedPacket, "HY000", "Malformed communication packet");
  }
  const bool last = *id == parser::mysql::kLastStatementId;
  // Which statement the last one is depends on answers that are still due.
  if (last && must_wait()) return hold(command);
  const std::optional<uint32_t> meant = last ? statements_.last() : id;
  const PreparedRef* prepared = meant ? statements_.find(*meant) : nullptr;
  if (last && prepare_refused_) {
    // The server would run an older one (mysql-wire 37).
    return refuse_with(command, parser::mysql::kErrUnknownStatement, "HY000", unknown_statement(*id));
  }
  if (prepared != nullptr && !*prepared) {
    forward(command);
    pending_.push(PendingCommand(which, server_capabilities_));
    return;
  }
  if (must_wait()) return hold(command);
  refresh_view();
  if (prepared == nullptr) {
    if (view_->mode == policies::Mode::kEnforce) {
      return refuse_with(command, parser::mysql::kErrUnknownStatement, "HY000", unknown_statement(*id));
    }
    PendingCommand pending(which, server_capabilities_);
    pending.forgets = true;
    forward(command);
    pending_.push(std::move(pending));
    return;
  }
  const PreparedRef kept = *prepared;
  // Its values may be parameters, and it was read under settings that may have changed since.
  parser::mysql::ReadingState after = state_.reading;
  for (const StatementFacts& statement : kept->facts->statements) {
    if (!statement.settings.empty()) after.forget_settings();
  }
  judge_facts(command, kept->facts, kept->text, after, kept->reading.character_set, true);
}

void SessionCore::on_close_statement(const ClientCommand& command) {
  const auto id = parser::mysql::decode_statement_id(command.payload.substr(1));
  if (!id) return protocol_violation("schemaguard: malformed COM_STMT_CLOSE");
  statements_.remove(*id);
  forward(command);
}

void SessionCore::on_init_db(const ClientCommand& command) {
  const auto body = command.payload.substr(1);
  // Without a name the server changes nothing, and says so in its own words.
  const auto name = body.empty() ? std::optional(body) : parser::mysql::decode_init_db(body);
  if (!name) {
    // A NUL ends the name for the server, which says so in these words.
    return refuse_with(
        command, parser::mysql::kErrWrongDatabaseName, "42000",
        fmt::format("Incorrect database name '{}'", body.substr(0, std::min(body.find('\0'), kNameBytesShown))));
  }
  PendingCommand pending(Command::kInitDb, server_capabilities_);
  pending.details = std::make_unique<CommandDetails>();
  pending.details->name = std::string(*name);
  forward(command);
  pending_.push(std::move(pending));
}

void SessionCore::on_change_user(const ClientCommand& command) {
  const auto request = parser::mysql::decode_change_user(command.payload.substr(1), server_capabilities_);
  if (!request) return protocol_violation("schemaguard: malformed COM_CHANGE_USER");
  if (!request->plugin.empty()) auth_plugin_ = std::string(request->plugin);
  if (!relays(auth_plugin_, server_tls_)) return refuse_authentication(auth_plugin_);
  PendingCommand pending(Command::kChangeUser, server_capabilities_);
  pending.details = std::make_unique<CommandDetails>();
  pending.details->name = std::string(request->database);
  pending.details->user = std::string(request->user);
  forward(command);
  pending_.push(std::move(pending));
}

void SessionCore::on_statement_command(const ClientCommand& command, const CommandRow& row) {
  std::string_view statement = row.statement;
  StatementClass statement_class = row.statement_class.value_or(StatementClass::kUnread);
  if (static_cast<Command>(command.payload.front()) == Command::kRefresh) {
    const auto refresh = parser::mysql::decode_refresh(command.payload.substr(1));
    if (!refresh || refresh->resets_replication()) {
      statement = "RESET";
      statement_class = StatementClass::kCluster;
    }
  }
  refresh_view();
  judge_facts(command, facts_of(statement_class, statement), {}, state_.reading, state_.reading.character_set, true);
}

void SessionCore::on_replication(const ClientCommand& command, const CommandRow& row) {
  if (must_wait()) return hold(command);
  for (const std::string& listed : settings_.server->replication_users) {
    if (listed == user_) return forward_plain(command);
  }
  services_.count("replication_unlisted");
  refresh_view();
  judge_facts(command, facts_of(StatementClass::kCluster, row.statement), {}, state_.reading,
              state_.reading.character_set, true);
}

}  // namespace schemaguard::proxy::mysql
