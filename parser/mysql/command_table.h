// What each of the 256 command bytes is: its name, who may send it, what the server answers, where its text stands.
//
// One row a byte, so that a new byte is refused until somebody has written its row (mysql-wire 32-36, evasion M10-M17).
// The hint is for commands that do without SQL what a statement does: they are judged as that statement.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "parser/mysql/wire_format.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::mysql {

enum class Admission : uint8_t {
  kUnknown,      // no such command: ERR 1047 from the guard (mysql-wire 36)
  kForward,      // changes nothing that the guard tracks
  kJudge,        // holds SQL, runs a statement, or changes state that matters
  kReplication,  // for logins that are listed as replicas only (mysql-wire 34, 35)
  kRefuse,       // known, but nothing that a client may send through the guard
};

enum class ReplyShape : uint8_t {
  kNone,            // no reply at all
  kOk,              // OK or ERR
  kEndOfFile,       // EOF or OK, or ERR
  kResult,          // OK, text result sets, LOCAL INFILE
  kExecute,         // OK, binary result sets, maybe an open cursor, LOCAL INFILE
  kPrepare,         // statement id, definitions of parameters and columns
  kFetch,           // binary rows without definitions
  kFieldList,       // definitions without a count
  kString,          // one packet of plain text
  kAuthentication,  // the login exchange, with answers of the client in between
  kStream,          // binary log events until EOF
};

enum class TextPlace : uint8_t {
  kNowhere,
  kWholeBody,
  kBehindAttributes,  // COM_QUERY: behind the query attributes where these are in force (mysql-wire 12)
};

struct CommandRow {
  std::string_view name = "";
  Admission admission = Admission::kUnknown;
  ReplyShape reply = ReplyShape::kNone;
  TextPlace text = TextPlace::kNowhere;
  std::optional<StatementClass> statement_class;
  std::string_view statement = "";  // the SQL command it stands for: "KILL", "FLUSH"
};

namespace command_table_detail {

constexpr std::array<CommandRow, 256> make_command_table() {
  std::array<CommandRow, 256> rows{};
  const auto set = [&rows](Command command, const CommandRow& row) { rows[static_cast<uint8_t>(command)] = row; };
  using enum Admission;
  using enum ReplyShape;
  using enum TextPlace;
  using enum StatementClass;

  set(Command::kQuit, {"COM_QUIT", kForward, kNone, kNowhere, {}, ""});
  set(Command::kPing, {"COM_PING", kForward, kOk, kNowhere, {}, ""});
  set(Command::kStatistics, {"COM_STATISTICS", kForward, kString, kNowhere, {}, ""});
  set(Command::kFieldList, {"COM_FIELD_LIST", kForward, kFieldList, kNowhere, kQuery, "SHOW COLUMNS"});
  set(Command::kProcessInfo, {"COM_PROCESS_INFO", kForward, kResult, kNowhere, kQuery, "SHOW PROCESSLIST"});
  set(Command::kStmtSendLongData, {"COM_STMT_SEND_LONG_DATA", kForward, kNone, kNowhere, {}, ""});
  set(Command::kStmtReset, {"COM_STMT_RESET", kForward, kOk, kNowhere, {}, ""});
  set(Command::kStmtFetch, {"COM_STMT_FETCH", kForward, kFetch, kNowhere, {}, ""});

  set(Command::kQuery, {"COM_QUERY", kJudge, kResult, kBehindAttributes, {}, ""});
  set(Command::kStmtPrepare, {"COM_STMT_PREPARE", kJudge, kPrepare, kWholeBody, {}, ""});
  set(Command::kStmtExecute, {"COM_STMT_EXECUTE", kJudge, kExecute, kNowhere, {}, ""});
  set(Command::kStmtBulkExecute, {"COM_STMT_BULK_EXECUTE", kJudge, kExecute, kNowhere, {}, ""});
  set(Command::kStmtClose, {"COM_STMT_CLOSE", kJudge, kNone, kNowhere, {}, ""});
  set(Command::kInitDb, {"COM_INIT_DB", kJudge, kOk, kNowhere, kSession, "USE"});
  set(Command::kChangeUser, {"COM_CHANGE_USER", kJudge, kAuthentication, kNowhere, kSession, "CHANGE USER"});
  set(Command::kResetConnection, {"COM_RESET_CONNECTION", kJudge, kOk, kNowhere, kSession, "RESET CONNECTION"});
  set(Command::kSetOption, {"COM_SET_OPTION", kJudge, kEndOfFile, kNowhere, kSession, "SET OPTION"});

  // What mysqladmin sends. COM_REFRESH can reset replication too: see decode_refresh().
  set(Command::kRefresh, {"COM_REFRESH", kJudge, kOk, kNowhere, kAdmin, "FLUSH"});
  set(Command::kProcessKill, {"COM_PROCESS_KILL", kJudge, kOk, kNowhere, kAdmin, "KILL"});
  set(Command::kDebug, {"COM_DEBUG", kJudge, kEndOfFile, kNowhere, kAdmin, "DEBUG"});
  set(Command::kShutdown, {"COM_SHUTDOWN", kJudge, kEndOfFile, kNowhere, kCluster, "SHUTDOWN"});

  set(Command::kBinlogDump, {"COM_BINLOG_DUMP", kReplication, kStream, kNowhere, kCluster, "BINLOG DUMP"});
  set(Command::kBinlogDumpGtid, {"COM_BINLOG_DUMP_GTID", kReplication, kStream, kNowhere, kCluster, "BINLOG DUMP"});
  set(Command::kRegisterSlave, {"COM_REGISTER_SLAVE", kReplication, kOk, kNowhere, kCluster, "REGISTER REPLICA"});

  // DDL without SQL on the servers that still know them (mysql-wire 33).
  set(Command::kCreateDb, {"COM_CREATE_DB", kRefuse, kOk, kNowhere, kSchema, "CREATE DATABASE"});
  set(Command::kDropDb, {"COM_DROP_DB", kRefuse, kOk, kNowhere, kCluster, "DROP DATABASE"});
  // Leave the protocol, or nest commands in a way nobody speaks any more.
  set(Command::kTableDump, {"COM_TABLE_DUMP", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kClone, {"COM_CLONE", kRefuse, kNone, kNowhere, kCluster, "CLONE"});
  set(Command::kSubscribeGroupReplicationStream,
      {"COM_SUBSCRIBE_GROUP_REPLICATION_STREAM", kRefuse, kNone, kNowhere, kCluster, ""});
  set(Command::kMulti, {"COM_MULTI", kRefuse, kNone, kNowhere, {}, ""});
  // Names of the servers' own threads: never on the wire.
  set(Command::kSleep, {"COM_SLEEP", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kConnect, {"COM_CONNECT", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kTime, {"COM_TIME", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kDelayedInsert, {"COM_DELAYED_INSERT", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kConnectOut, {"COM_CONNECT_OUT", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kDaemon, {"COM_DAEMON", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kSlaveWorker, {"COM_SLAVE_WORKER", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kSlaveIo, {"COM_SLAVE_IO", kRefuse, kNone, kNowhere, {}, ""});
  set(Command::kSlaveSql, {"COM_SLAVE_SQL", kRefuse, kNone, kNowhere, {}, ""});
  return rows;
}

}  // namespace command_table_detail

inline constexpr std::array<CommandRow, 256> kCommandTable = command_table_detail::make_command_table();

constexpr const CommandRow& command_row(uint8_t command) { return kCommandTable[command]; }
constexpr const CommandRow& command_row(Command command) { return kCommandTable[static_cast<uint8_t>(command)]; }

}  // namespace schemaguard::parser::mysql
