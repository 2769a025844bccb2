// What an answered command leaves behind: state, outcomes, and what the server tells of itself (design section 8).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "parser/mysql/session_track.h"
#include "parser/words.h"
#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::OpaqueReason;
using parser::PreparedUse;
using parser::StatementFacts;
using parser::mysql::Command;
using parser::mysql::ReadingState;
using parser::mysql::ReplyEvent;
using parser::mysql::SessionChangeKind;
using policies::Outcome;

namespace {

// One statement makes the server report both variables from now on, and what they are now: an assignment is reported
// though it changes nothing (mysql-wire 46). The list that the session had is kept; MySQL refuses one that names a
// variable twice.
constexpr std::string_view kTrackingText =
    "SET @@session.session_track_system_variables = IF(@@session.session_track_system_variables = '*', '*', "
    "CONCAT_WS(',', NULLIF(@@session.session_track_system_variables, ''), "
    "IF(FIND_IN_SET('sql_mode', REPLACE(@@session.session_track_system_variables, ' ', '')), NULL, 'sql_mode'), "
    "IF(FIND_IN_SET('character_set_client', REPLACE(@@session.session_track_system_variables, ' ', '')), NULL, "
    "'character_set_client'))), @@session.sql_mode = @@session.sql_mode, @@session.character_set_client = "
    "@@session.character_set_client";

// One row of two letters: lower_case_table_names, and whether the server takes writes. read_only is a number or a word.
constexpr std::string_view kServerText =
    "SELECT CONCAT(@@global.lower_case_table_names, IF(CONCAT(@@global.read_only) IN ('0', 'OFF'), 'w', 'r'))";

bool same_modes(const ReadingState& a, const ReadingState& b) {
  return a.ansi_quotes == b.ansi_quotes && a.no_backslash_escapes == b.no_backslash_escapes && a.oracle == b.oracle;
}

// Whether the statement may have told the server what to report.
bool touches_tracking(const StatementFacts& facts) {
  for (const parser::SettingChange& setting : facts.settings) {
    if (setting.name.empty() || setting.name == "all" || setting.name == "session_track_system_variables") return true;
  }
  return false;
}

// Code of which neither the text nor the effect is known. What a routine sets ends with it: the server brings back
// sql_mode and the character set of its caller (measured, mysql-wire 46).
bool ran_unknown_text(const StatementFacts& facts) {
  return facts.opaque == OpaqueReason::kDynamicCode || facts.opaque == OpaqueReason::kUnreadableCode ||
         facts.opaque == OpaqueReason::kUnknownPrepared;
}

}  // namespace

PendingCommand& SessionCore::send_internal(Text text) {
  std::string payload(1, static_cast<char>(Command::kQuery));
  // No attributes, in one set of them.
  if (server_capabilities_.has(parser::mysql::kClientQueryAttributes)) payload.append("\x00\x01", 2);
  payload.append(text);
  to_server_.own(parser::mysql::encode_message(payload, 0));
  PendingCommand pending(Command::kQuery, server_capabilities_);
  pending.internal = true;
  pending_.push(std::move(pending));
  return pending_.back();
}

void SessionCore::ask_server() { send_internal(kServerText).asks_server = true; }

void SessionCore::on_server_row(Text row) {
  if (row.size() != kServerRowBytes || row[0] != '\2' || row[1] < '0' || row[1] > '2') return;
  state_.name_case = row[1] == '0' ? policies::NameCase::kExact : policies::NameCase::kFolded;
  if (row[2] != 'r' || login_ok_.empty()) return;
  services_.met_standby();
  services_.count("standbys_met");
  login_ok_.clear();
  close_with(
      parser::mysql::kErrReadOnly, "HY000",
      fmt::format("schemaguard: the server at {} is read-only, and upstream.target asks for the primary; connect "
                  "again: the guard tries the other addresses first now",
                  upstream_address_));
}

void SessionCore::on_server_asked() {
  if (login_ok_.empty()) return;
  to_client_.own(std::exchange(login_ok_, std::string()));
  closing_sequence_ = 0;
}

void SessionCore::force_tracking() {
  tracking_doubted_ = false;
  tracks_ = false;
  if (!server_capabilities_.has(parser::mysql::kClientSessionTrack)) return;
  state_.reading.forget_settings();
  send_internal(kTrackingText);
}

void SessionCore::note_status() {
  const parser::mysql::ReplyReader& reply = pending_.front().reply;
  if (!reply.has_status()) return;
  status_ = reply.status();
  if ((status_ & parser::mysql::kStatusDatabaseDropped) != 0) state_.set_database("");
}

void SessionCore::on_reply_event(ReplyEvent event, parser::mysql::PacketHeader header) {
  PendingCommand& command = pending_.front();
  switch (event) {
    case ReplyEvent::kContinue:
    case ReplyEvent::kProgress:
    case ReplyEvent::kViolation:
      return;
    case ReplyEvent::kPrepared:
      apply_prepared(command);
      if (command.reply.done()) finish_command(false);
      return;
    case ReplyEvent::kResultEnd: {
      const std::string before = state_.database();
      on_result(command);
      settle_database(before);
      return;
    }
    case ReplyEvent::kReplyEnd:
    case ReplyEvent::kCursorOpen:
      finish_command(false);
      return;
    case ReplyEvent::kError:
      finish_command(true);
      return;
    case ReplyEvent::kLocalInfile:
      file_follows_ = true;
      client_sequence_ = header.sequence;
      return;
    case ReplyEvent::kAuthentication:
      client_sequence_ = header.sequence;
      return;
  }
}

bool SessionCore::apply_report(PendingCommand& command, ReplyEvent event) {
  if (event != ReplyEvent::kResultEnd && event != ReplyEvent::kReplyEnd && event != ReplyEvent::kCursorOpen)
    return true;
  reported_database_.reset();
  note_status();
  const parser::mysql::OkPacket* ok = command.reply.ok();
  return ok == nullptr || read_report(ok->session_track, &command);
}

bool SessionCore::read_report(Text session_track, PendingCommand* command) {
  if (session_track.empty()) return true;
  const auto changes = parser::mysql::decode_session_track(session_track);
  if (!changes) {
    protocol_violation("schemaguard: what the server says of its session cannot be read");
    return false;
  }
  for (const parser::mysql::SessionChange& change : *changes) {
    if (change.kind == SessionChangeKind::kSchema) reported_database_ = std::string(change.value);
    if (change.kind != SessionChangeKind::kSystemVariable || command == nullptr) continue;
    if (change.name == "sql_mode") {
      parser::mysql::apply_sql_mode(change.value, state_.reading);
      command->modes_reported = true;
    } else if (change.name == "character_set_client") {
      state_.reading.character_set = parser::mysql::character_set_by_name(change.value);
      command->character_set_reported = true;
    }
  }
  return true;
}

void SessionCore::on_result(PendingCommand& command) {
  CommandDetails* details = command.details.get();
  if (details == nullptr || details->parts_unclear || details->statements.size() < 2) return;
  if (details->parts_done < details->statements.size()) complete_part(*details, details->parts_done++);
}

void SessionCore::settle_database(const std::string& before) {
  if (reported_database_) {
    state_.set_database(*std::exchange(reported_database_, std::nullopt));
    database_certain_ = true;
  } else if (state_.database() != before) {
    database_certain_ =
        is_seven_bit(state_.database()) || state_.reading.character_set == parser::mysql::CharacterSet::kUtf8;
  }
}

void SessionCore::note_chosen_tracking(const StatementFacts& facts) {
  for (const parser::SettingChange& setting : facts.settings) {
    if (setting.name != "session_track_system_variables") continue;
    if (setting.reset) {
      client_tracks_ = {};
      continue;
    }
    const auto chooses = [&](std::string_view name) {
      if (!setting.value) return true;  // computed: better too much than too little
      const std::vector<std::string> listed = absl::StrSplit(absl::StrReplaceAll(*setting.value, {{" ", ""}}), ',');
      return std::any_of(listed.begin(), listed.end(), [&](const std::string& word) {
        return word == "*" || parser::equals_ignoring_case(word, name);
      });
    };
    client_tracks_ = {.sql_mode = chooses("sql_mode"), .character_set = chooses("character_set_client")};
  }
}

void SessionCore::complete_part(CommandDetails& details, size_t part) {
  RequestedStatement& statement = details.statements[part];
  const StatementFacts& facts = *statement.facts;
  state_.apply(facts);
  note_chosen_tracking(facts);
  const std::string name = parser::to_lower(facts.prepared_name);
  if (facts.prepared == PreparedUse::kDeallocate) named_statements_.erase(name);
  if (facts.prepared == PreparedUse::kPrepare) {
    named_statements_.erase(name);
    if (!facts.inner.empty() && named_statements_.size() < settings_.config->limits.statements_per_session_max) {
      named_statements_[name] = std::make_shared<const StatementFacts>(facts.inner.front());
    }
  }
  // A procedure prepares statements for its caller too.
  if (facts.opaque == OpaqueReason::kProcedureCall || ran_unknown_text(facts)) named_statements_.clear();
  TransactionJournal::Outcomes outcomes;
  journal_.on_complete(std::exchange(statement.ticket, 0), &facts, in_transaction(), outcomes);
  audit_outcomes(outcomes);
}

void SessionCore::fail_parts(PendingCommand& command) {
  CommandDetails& details = *command.details;
  const parser::mysql::ErrPacket& error = command.reply.error();
  TransactionJournal::Outcomes outcomes;
  for (size_t part = details.parts_done; part < details.statements.size(); ++part) {
    RequestedStatement& statement = details.statements[part];
    const uint64_t ticket = std::exchange(statement.ticket, 0);
    // A routine that failed in its middle may have done what it had done so far.
    if (statement.facts->opaque != OpaqueReason::kNone) state_.forget_temporary();
    if (part == details.parts_done && !details.parts_unclear) {
      journal_.on_error(ticket, statement.facts, error.error, error.sqlstate, outcomes);
    } else if (ticket != 0) {
      // Not run; or, where the results could not be told apart, maybe run.
      outcomes.push_back({.ticket = ticket,
                          .outcome = details.parts_unclear ? Outcome::kUnknown : Outcome::kFailed,
                          .sqlstate = std::string(error.sqlstate)});
    }
  }
  audit_outcomes(outcomes);
}

void SessionCore::finish_command(bool failed) {
  PendingCommand command = std::move(pending_.front());
  pending_.pop();
  if (answer_due_ && !client_partial_.empty()) {
    protocol_violation("schemaguard: the server has not waited for the client's answer");
    return;
  }
  answer_due_ = false;
  file_follows_ = false;
  if (command.asks_server) return on_server_asked();
  if (command.internal) {
    tracks_ = !failed && command.modes_reported && command.character_set_reported;
    return;
  }
  closing_sequence_ = 0;  // what comes next is the answer to a command
  const std::string database = command.details ? state_.database() : std::string();
  if (command.details) {
    if (failed) {
      fail_parts(command);
    } else {
      while (command.details->parts_done < command.details->statements.size()) {
        complete_part(*command.details, command.details->parts_done++);
      }
    }
    follow_reading(command, failed);
  } else if (!journal_.empty() && !failed) {
    TransactionJournal::Outcomes outcomes;
    journal_.on_complete(0, nullptr, in_transaction(), outcomes);
    audit_outcomes(outcomes);
  }
  const bool executes = command.command == Command::kStmtExecute || command.command == Command::kStmtBulkExecute;
  const bool unknown = executes && failed && command.reply.error().error == parser::mysql::kErrUnknownStatement;
  if (command.forgets && !unknown) {
    state_.forget_temporary();
    named_statements_.clear();
    state_.reading.forget_settings();
    tracking_doubted_ = true;
  }
  apply_command(command, failed);
  if (command.details || reported_database_) settle_database(database);
  if (tracking_doubted_ && pending_.empty()) force_tracking();
}

void SessionCore::follow_reading(const PendingCommand& command, bool failed) {
  const CommandDetails& details = *command.details;
  if (details.statements.empty()) return;
  ReadingState expected = details.reading_after;
  bool unknown_text = false;
  bool settings = false;
  for (const RequestedStatement& statement : details.statements) {
    unknown_text = unknown_text || ran_unknown_text(*statement.facts);
    settings = settings || !statement.facts->settings.empty();
    tracking_doubted_ = tracking_doubted_ || touches_tracking(*statement.facts);
  }
  if (command.command == Command::kStmtPrepare) return;  // nothing has run
  if (failed && settings) expected.forget_settings();
  if (failed && !settings && !unknown_text) return;
  const ReadingState& before = details.reading_before;
  const bool modes_moved = !same_modes(expected, before) && !command.modes_reported;
  const bool set_moved = expected.character_set != before.character_set && !command.character_set_reported;
  if (!modes_moved && !set_moved) return;
  if (!tracks_) {
    if (modes_moved) {
      state_.reading.ansi_quotes = expected.ansi_quotes;
      state_.reading.no_backslash_escapes = expected.no_backslash_escapes;
      state_.reading.oracle = expected.oracle;
    }
    if (set_moved) state_.reading.character_set = expected.character_set;
    return;
  }
  // The server reports what moves. Where only the reader lost track, behind a routine or a value that it cannot
  // compute, silence says that nothing has; where text ran that nobody knows, or a constant was set and nothing
  // reported, somebody has turned the reports off.
  if (!settings && !unknown_text) return;
  state_.reading.forget_settings();
  tracking_doubted_ = true;
}

void SessionCore::apply_prepared(PendingCommand& command) {
  const uint32_t id = command.reply.prepared().statement_id;
  statements_.add(id, command.details ? command.details->prepared : nullptr);
  prepare_refused_ = false;
}

void SessionCore::apply_command(PendingCommand& command, bool failed) {
  if (command.command == Command::kInitDb && !failed) state_.set_database(command.details->name);
  if (command.command != Command::kResetConnection && command.command != Command::kChangeUser) return;
  if (failed && command.command == Command::kResetConnection) return;
  // What was open is rolled back; the session starts anew, whoever it belongs to now (mysql-wire 30).
  TransactionJournal::Outcomes outcomes;
  journal_.on_end(Outcome::kRolledBack, outcomes);
  audit_outcomes(outcomes);
  named_statements_.clear();
  if (failed) {
    state_.forget_temporary();
    audit_session_event("login_failed", command.reply.error().error);
  } else {
    state_.reset();
    statements_.clear();
    client_tracks_ = {};
  }
  if (!failed && command.command == Command::kChangeUser) {
    user_ = command.details->user;
    state_.set_database(reported_database_.value_or(command.details->name));
    open_audit();
    audit_session_event("login");
  }
  force_tracking();
}

}  // namespace schemaguard::proxy::mysql
