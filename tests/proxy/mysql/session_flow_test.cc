// Commands and answers on their way: pipelines, chains of packets, files, changes of user (mysql-wire 1-5, 18, 25, 30,
// 36, 49-52, evasion M10-M21).
#include <gtest/gtest.h>

#include "tests/proxy/mysql/session_script.h"

namespace schemaguard::proxy::mysql {
namespace {

using parser::mysql::Command;
using policies::Mode;
using policies::Outcome;

constexpr size_t kFullPacket = parser::mysql::kPacketBytesMax;

policies::PolicyOptions with_local_infile(policies::PolicyOptions options) {
  options.local_infile = true;
  return options;
}

TEST(MySqlSessionFlow, M21HarmlessQueriesArePipelined) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SELECT 1") + ping() + query("INSERT INTO t VALUES (1)"));
  script.server_passes(rows() + ok() + ok());
  script.play();
}

TEST(MySqlSessionFlow, M21RefusalWaitsForTheAnswersBeforeIt) {
  SessionScript script;
  script.logs_in();
  script.client(query("SELECT 1") + query("SELECT 2") + query("DROP TABLE t"), query("SELECT 1") + query("SELECT 2"));
  script.server_passes(rows());
  script.server_then_refused(rows(), "DROP TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, M21WhatComesBehindARefusalIsReadToo) {
  SessionScript script;
  script.logs_in();
  script.client(query("SELECT 1") + query("DROP TABLE t") + query("SELECT 2") + query("DROP TABLE u"),
                query("SELECT 1"));
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = rows();
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        const std::string answer = join(session.take_to_client());
        EXPECT_TRUE(answer.starts_with(bytes));
        EXPECT_NE(answer.find("DROP TABLE shop.t"), std::string::npos);
        EXPECT_EQ(answer.find("DROP TABLE shop.u"), std::string::npos);
      },
      query("SELECT 2"));
  script.server_then_refused(rows(), "DROP TABLE shop.u");
  script.play();
}

TEST(MySqlSessionFlow, M3M4NothingIsReadBehindASettingThatIsOnItsWay) {
  SessionScript script;
  script.logs_in();
  script.client(query("SET sql_mode='NO_BACKSLASH_ESCAPES'") + query(R"(SELECT '\'; DROP TABLE t; -- ')"),
                query("SET sql_mode='NO_BACKSLASH_ESCAPES'"));
  script.server_then_refused(ok(1, {.track = tracked("sql_mode", "NO_BACKSLASH_ESCAPES"), .info = {}}), "DROP TABLE",
                             ok());
  script.play();
}

TEST(MySqlSessionFlow, AClientThatTracksSeesWhatItHasChosenOnly) {
  SessionScript script;
  script.login.capabilities |= parser::mysql::kClientSessionTrack;
  script.logs_in();
  const std::string modes = ok(1, {.track = tracked("sql_mode", "ANSI_QUOTES"), .info = {}});
  const std::string both =
      ok(1, {.track = tracked("sql_mode", "ANSI_QUOTES") + tracked("character_set_client", "latin1"), .info = {}});
  script.client_passes(query("SET sql_mode='ANSI_QUOTES'"));
  script.server(modes, ok());
  script.client_passes(query("SET sql_mode='ANSI_QUOTES', character_set_client=latin1"));
  script.server(both, ok(1, {.track = tracked("character_set_client", "latin1"), .info = {}}));
  script.client_passes(query("SET session_track_system_variables='autocommit, SQL_MODE'"));
  script.server(ok(), ok(), tracking_request());
  script.server(tracking_ok("ANSI_QUOTES", "latin1"), {});
  script.client_passes(query("SET sql_mode='ANSI_QUOTES', character_set_client=latin1"));
  script.server(both, modes);
  script.play();
}

// A default database in ucs2 or utf32 makes MariaDB write the block behind zero bytes, which clients do not decode.
TEST(MySqlSessionFlow, WhatTheServerReportsInDatabasesOfWideCharacterSetsIsReadToo) {
  for (const bool asks : {false, true}) {
    for (const uint8_t padding : {uint8_t{1}, uint8_t{3}}) {
      SessionScript script;
      if (asks) script.login.capabilities |= parser::mysql::kClientSessionTrack;
      script.logs_in();
      const std::string schema = ok(1, {.track = tracked_schema("wide"), .padding = padding, .info = {}});
      script.client_passes(query("USE wide"));
      script.server(schema, asks ? schema : ok());
      script.client_passes(query("SET sql_mode=CONCAT('NO_BACKSLASH_ESCAPES')"));
      script.server(ok(1, {.track = tracked("sql_mode", "NO_BACKSLASH_ESCAPES"), .padding = padding, .info = {}}),
                    ok());
      script.client_refused(query(R"(SELECT '\'; DROP TABLE t; -- ')"), "DROP TABLE wide.t");
      script.play();
    }
  }
}

TEST(MySqlSessionFlow, M14NothingIsReadBehindAChangeOfTheDatabase) {
  for (const std::string& change : {query("USE mysql"), init_db("mysql")}) {
    SessionScript script;
    script.logs_in();
    script.client(change + query("INSERT INTO proc VALUES (1)"), change);
    script.server_then_refused(ok(), "INSERT");
    script.play();
  }
}

TEST(MySqlSessionFlow, M13NothingIsReadBehindAResetThatIsOnItsWay) {
  SessionScript script;
  script.logs_in();
  script.client(reset_connection() + query(R"(SELECT '\'; DROP TABLE t; -- ')"), reset_connection());
  script.server_releases(ok(), tracking_request());
  script.server_then_refused(tracking_ok("NO_BACKSLASH_ESCAPES"), "DROP TABLE", "");
  script.play();
}

TEST(MySqlSessionFlow, M16UnknownCommandsAreRefusedHere) {
  for (const int byte : {0x00, 0x05, 0x06, 0x0B, 0x0F, 0x10, 0x13, 0x14, 0x1D, 0x20, 0x21, 0x22, 0x40, 0xFB, 0xFE}) {
    SessionScript script;
    script.mode = Mode::kOff;
    script.logs_in();
    script.client_gets_error(command(static_cast<Command>(byte), "shop"), 1047, "Unknown command");
    script.client(query("SELECT 1") + command(static_cast<Command>(byte)), query("SELECT 1"));
    script.server(rows(), rows() + error(1047, "08S01", "Unknown command"));
    script.is_in_step();
    script.play();
  }
  SessionScript empty;
  empty.logs_in();
  empty.client_gets_error(packet({}, 0), 1047, "Unknown command");
  empty.is_in_step();
  empty.play();
}

TEST(MySqlSessionFlow, M17CommandsThatRuleTheServerAreJudged) {
  SessionScript script;
  script.logs_in();
  script.client_refused(command(Command::kShutdown, std::string(1, '\0')), "SHUTDOWN");
  script.client_refused(command(Command::kRefresh, "\x40"), "RESET");
  script.client_refused(command(Command::kBinlogDump, std::string(10, '\0')), "BINLOG DUMP");
  script.client_refused(command(Command::kRegisterSlave, "x"), "REGISTER");
  script.client_passes(command(Command::kRefresh, "\1"));
  script.server_passes(ok());
  script.client_passes(command(Command::kProcessKill, std::string("\1\0\0\0", 4)));
  script.server_passes(ok());
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, M17ReplicasThatAreListedGetTheirStream) {
  SessionScript script;
  script.server_config.replication_users = {"app"};
  script.logs_in();
  script.client_passes(command(Command::kRegisterSlave, "x"));
  script.server_passes(ok());
  const std::string dump = command(Command::kBinlogDump, std::string(10, '\0'));
  // What comes behind it is no way around the guard, whether the server answers with a stream or an error.
  script.client(dump + query("DROP TABLE t"), dump);
  script.server_passes(packet(std::string("\0event", 6), 1));
  script.server_then_refused(error(1236, "HY000", "no such file", 2), "DROP TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, M20CommandWithAWrongNumberEndsTheSession) {
  SessionScript script;
  script.logs_in();
  script.client_ends_session(packet("\3SELECT 1", 5), parser::mysql::kErrPacketsOutOfOrder);
  script.play();
  SessionScript chain;
  chain.logs_in();
  std::string bytes = query("SELECT '" + std::string(kFullPacket, 'x') + "'");
  bytes[kFullPacket + 7] = '\2';
  chain.client_ends_session(bytes, parser::mysql::kErrPacketsOutOfOrder);
  chain.play();
}

TEST(MySqlSessionFlow, M18VerbInTheSecondPacketIsFound) {
  SessionScript script;
  script.logs_in();
  const std::string text = "/*" + std::string(kFullPacket, ' ') + "*/DROP TABLE t";
  script.client_refused(query(text), "DROP TABLE", 2);
  script.is_in_step();
  // The same with a harmless end.
  const std::string harmless = query("/*" + std::string(kFullPacket, ' ') + "*/SELECT 1");
  script.client_passes(harmless);
  script.server_passes(rows(2));
  script.play();
}

TEST(MySqlSessionFlow, Wire2ExactMultiplesHaveAnEmptyEnd) {
  SessionScript script;
  script.logs_in();
  std::string text = "DROP TABLE t -- ";
  text.resize(kFullPacket - 1, 'x');
  const std::string bytes = query(text);
  ASSERT_EQ(bytes.size(), kFullPacket + 8);
  // Nothing is said before the end has come.
  script.client(bytes.substr(0, kFullPacket + 4), {});
  script.client_refused(bytes.substr(kFullPacket + 4), "DROP TABLE", 2);
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, TextBeyondTheLimitIsDrainedAndRefused) {
  SessionScript script;
  script.limits.message_bytes_max = 1'000'000;
  script.logs_in();
  script.client_refused(query("SELECT '" + std::string(2'000'000, 'x') + "'"), "message_bytes_max");
  script.client_refused(prepare("SELECT '" + std::string(2'000'000, 'x') + "'"), "message_bytes_max");
  script.client_refused(query("SELECT '" + std::string(kFullPacket + 5, 'x') + "'"), "message_bytes_max", 2);
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, TextBeyondTheLimitIsRefusedBehindAnswersThatAreDue) {
  SessionScript script;
  script.limits.message_bytes_max = 100'000;
  script.logs_in();
  script.client(query("SELECT 1") + query("DROP TABLE t /*" + std::string(200'000, 'x') + "*/") + query("SELECT 2"),
                query("SELECT 1"));
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = rows();
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        const std::string answer = join(session.take_to_client());
        EXPECT_NE(answer.find("message_bytes_max"), std::string::npos) << printable(answer);
      },
      query("SELECT 2"));
  script.server_passes(rows());
  script.play();
}

TEST(MySqlSessionFlow, TextBeyondTheLimitPassesWhereNothingIsRefused) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.limits.message_bytes_max = 100'000;
  script.logs_in();
  const std::string chain = query("SELECT '" + std::string(kFullPacket + 5, 'x') + "'");
  script.client_passes(chain);
  // Whatever it has done is unknown.
  script.server_releases(rows(2), tracking_request());
  script.server(tracking_ok(), {});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, MemoryThatIsUsedUpRefusesLongTextsOnly) {
  SessionScript script;
  script.held_bytes_max = 50'000;
  script.logs_in();
  script.client_refused(query("SELECT '" + std::string(200'000, 'x') + "'"), "memory_budget");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, OtherCommandsBeyondTheirLimitEndTheSession) {
  SessionScript script;
  script.logs_in();
  script.client_ends_session(init_db(std::string(70'000, 'x')).substr(0, 5), parser::mysql::kErrPacketTooLarge);
  script.play();
}

TEST(MySqlSessionFlow, ParametersOfAnyLengthPass) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("INSERT INTO t VALUES (?)"));
  script.server_passes(prepared(1, 1));
  const std::string parameters(kFullPacket + 100, 'x');
  script.client_passes(long_data(1, parameters) + execute(1, parameters));
  script.server_passes(ok(2));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, ChainKeepsItsNumbersWhileAnswersCome) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("INSERT INTO t VALUES (?)"));
  script.server_passes(prepared(1, 1));
  const std::string bytes = query("SELECT 1") + execute(1, std::string(kFullPacket + 100, 'x'));
  script.client_passes(bytes.substr(0, 1000));
  script.server_passes(rows());
  script.client_passes(bytes.substr(1000));
  script.server_passes(ok(2));
  script.play();
}

TEST(MySqlSessionFlow, Wire18FileIsAskedForOnlyWhereAStatementOffersIt) {
  SessionScript refused;
  refused.logs_in();
  refused.client_refused(query("LOAD DATA LOCAL INFILE 'a.txt' INTO TABLE t"), "LOAD DATA");
  refused.play();
  for (const char* innocent : {"SELECT 1", "INSERT INTO t VALUES (1)", "SET @a = 1"}) {
    SessionScript rogue;
    rogue.policy_options = with_local_infile(rogue.policy_options);
    rogue.logs_in();
    rogue.client_passes(query(innocent));
    rogue.server_ends_session(file_request("/etc/passwd"), parser::mysql::kErrMalformedPacket);
    rogue.play();
  }
}

TEST(MySqlSessionFlow, Wire18FileIsDataUpToItsEnd) {
  SessionScript script;
  script.policy_options = with_local_infile(script.policy_options);
  script.logs_in();
  const std::string load = query("LOAD DATA LOCAL INFILE 'a.txt' INTO TABLE t");
  script.client(load + packet("1\n2\n", 2), load);
  script.server_releases(file_request("a.txt"), packet("1\n2\n", 2));
  script.client(packet("DROP TABLE t", 3) + packet({}, 4) + query("DROP TABLE t"),
                packet("DROP TABLE t", 3) + packet({}, 4));
  script.server_then_refused(ok(5), "DROP TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, Wire18FileOfFullPackets) {
  SessionScript script;
  script.policy_options = with_local_infile(script.policy_options);
  script.logs_in();
  script.client_passes(query("LOAD DATA LOCAL INFILE 'a.txt' INTO TABLE t"));
  script.server_passes(file_request("a.txt"));
  const std::string full(kFullPacket, 'x');
  // The empty packet behind a full one ends the chain; only the next one ends the file.
  script.client_passes(packet(full, 2));
  script.client(packet({}, 4) + query("DROP TABLE t"), packet({}, 4));
  script.server_then_refused(ok(5), "DROP TABLE");
  script.play();
}

TEST(MySqlSessionFlow, M20FileKeepsItsNumbers) {
  // To the server such a packet ends the file with an error, and the next one is a command.
  for (const uint8_t sequence : {uint8_t{0}, uint8_t{1}, uint8_t{3}}) {
    SessionScript script;
    script.policy_options = with_local_infile(script.policy_options);
    script.logs_in();
    script.client_passes(query("LOAD DATA LOCAL INFILE 'a.txt' INTO TABLE t"));
    script.server_passes(file_request("a.txt"));
    script.client_ends_session(packet("x", sequence) + query("DROP TABLE t"), parser::mysql::kErrPacketsOutOfOrder);
    script.play();
  }
}

TEST(MySqlSessionFlow, Wire18ServerThatGivesUpOnTheFile) {
  SessionScript script;
  script.policy_options = with_local_infile(script.policy_options);
  script.logs_in();
  script.client_passes(query("LOAD DATA LOCAL INFILE 'a.txt' INTO TABLE t"));
  script.server_passes(file_request("a.txt"));
  script.client_passes(packet("1\n", 2));
  script.server_passes(error(1146, "42S02", "no such table", 3));
  script.client_refused(query("DROP TABLE t"));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, M13ChangeOfUserIsAnotherLogin) {
  SessionScript script;
  script.logs_in();
  script.client_passes(change_user("deploy", "other"));
  script.server_releases(ok(), tracking_request());
  script.server(tracking_ok(), {});
  script.expects([](Session& session, ScriptServices&) {
    EXPECT_EQ(session.user(), "deploy");
    EXPECT_EQ(session.database(), "other");
  });
  script.runs("DROP TABLE t");
  script.client_passes(change_user("app", "shop"));
  script.server_releases(ok(), tracking_request());
  script.server(tracking_ok(), {});
  script.client_refused(query("DROP TABLE t"));
  script.play();
}

TEST(MySqlSessionFlow, M13ChangeOfUserIsFollowedPacketByPacket) {
  SessionScript script;
  script.logs_in();
  script.client(change_user("deploy", "other", "mysql_native_password") + packet("scramble", 2) + query("DROP TABLE t"),
                change_user("deploy", "other", "mysql_native_password"));
  script.server_releases(auth_switch("mysql_native_password", 1), packet("scramble", 2));
  // What came behind the answer is a command, and judged as the one of whoever the session belongs to now.
  script.server_releases(error(1045, "28000", "Access denied", 3), tracking_request());
  script.server_then_refused(tracking_ok(), "DROP TABLE", "");
  script.play();
}

TEST(MySqlSessionFlow, M13FailedChangeOfUserLeavesTheOldOne) {
  SessionScript script;
  script.logs_in();
  script.runs("CREATE TEMPORARY TABLE t (a int)");
  script.client_passes(change_user("deploy", "other"));
  script.server_releases(error(1045, "28000", "Access denied"), tracking_request());
  script.server(tracking_ok(), {});
  script.expects([](Session& session, ScriptServices&) {
    EXPECT_EQ(session.user(), "app");
    EXPECT_EQ(session.database(), "shop");
  });
  // The temporary table is gone.
  script.client_refused(query("DROP TABLE t"));
  script.play();
}

TEST(MySqlSessionFlow, Wire29ChangeOfUserMayTakeSeveralRounds) {
  SessionScript script;
  script.logs_in();
  script.client_passes(change_user("other", "shop", "mysql_native_password"));
  script.server_passes(packet("\xfe", 1));
  script.client_passes(packet(std::string("oldscram\0", 9), 2));
  script.server_passes(packet("\2Are you sure?", 3));
  script.client_passes(packet(std::string("yes\0", 4), 4));
  script.server_releases(ok(5), tracking_request());
  script.server(tracking_ok(), {});
  script.does([](Session& session) { EXPECT_EQ(session.user(), "other"); });
  script.play();
}

TEST(MySqlSessionFlow, M20AnswersOfAChangeOfUserKeepTheirNumbers) {
  SessionScript script;
  script.logs_in();
  script.client_passes(change_user("deploy", "other", "mysql_native_password"));
  script.server_passes(auth_switch("mysql_native_password", 1));
  script.client_ends_session(query("DROP TABLE t"), parser::mysql::kErrPacketsOutOfOrder);
  script.play();
}

TEST(MySqlSessionFlow, Wire26FastAnswerOfAChangeOfUserWantsNoPacket) {
  SessionScript script;
  script.logs_in();
  const std::string change = change_user("deploy", "other", "caching_sha2_password");
  script.client_passes(change);
  script.client(query("DROP TABLE t"), {});
  script.server_passes(auth_more("\3", 1));
  script.server_releases(ok(2), tracking_request());
  script.server(tracking_ok(), {}, query("DROP TABLE t"));
  script.play();
}

TEST(MySqlSessionFlow, M13OldIdsAreUnknownBehindAReset) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("SET @a = 1"));
  script.server_passes(prepared(1));
  script.client_passes(reset_connection());
  script.server_releases(ok(), tracking_request());
  script.server(tracking_ok(), {});
  script.client_gets_error(execute(1), 1243, "Unknown prepared statement");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, M10CommandsWithoutReplyShiftNothing) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("SELECT ?"));
  script.server_passes(prepared(1, 1, 1));
  script.client_passes(long_data(1, "abc") + close_statement(1) + query("SELECT 1"));
  script.server_passes(rows());
  script.client_refused(query("DROP TABLE t"));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, M2MultiStatementsAreReadWhateverTheOptionSays) {
  SessionScript script;
  script.login.capabilities &= ~parser::mysql::kClientMultiStatements;
  script.logs_in();
  script.client_passes(set_option(0));
  script.server_passes(ok(1, {.track = {}, .info = {}, .header = parser::mysql::kEofHeader}));
  script.client_refused(query("SELECT 1; DROP TABLE t"), "DROP TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, Wire41ProgressReportsEndNothing) {
  SessionScript script;
  script.hello.mariadb = script.login.mariadb = parser::mysql::kMariaDbProgress;
  script.logs_in("deploy");
  script.client_passes(query("ALTER TABLE t ADD b int"));
  script.server_passes(packet(std::string("\xff\xff\xff\1\1\2\0\0\4copy", 13), 1));
  script.server_passes(ok(2));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionFlow, Wire50ServersLastWordsReachTheClient) {
  SessionScript script;
  script.logs_in();
  script.server_passes(error(1927, "70100", "Connection was killed", 0));
  script.expects_end();
  script.play();
}

TEST(MySqlSessionFlow, AnswersThatFitNoCommandEndTheSession) {
  const std::string long_ok = packet(std::string(1, '\0') + std::string(70'000, '\0'), 1);
  for (const std::string& answer : {ok(), rows(), packet({}, 1), long_ok, packet("\xff", 1)}) {
    SessionScript script;
    script.logs_in();
    script.server_ends_session(answer.substr(0, answer.size()), parser::mysql::kErrMalformedPacket);
    script.play();
  }
  for (const std::string& answer : {packet(std::string("\0\0\0", 3), 1), packet({}, 1), packet("\xff", 1),
                                    packet("\xfe", 1), packet(std::string("\0\0\0\2\0\0\0\5x", 9), 1)}) {
    SessionScript script;
    script.logs_in();
    script.client_passes(query("SELECT 1"));
    script.server_ends_session(answer, parser::mysql::kErrMalformedPacket);
    script.play();
  }
}

TEST(MySqlSessionFlow, ReportOfTheSessionThatCannotBeReadEndsIt) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SET @a = 1"));
  // In place of the answer: the client sees nothing of what the guard could not follow.
  script.server(ok(1, {.track = std::string("\0\5\4x", 4), .info = {}}),
                error(parser::mysql::kErrMalformedPacket, "HY000",
                      "schemaguard: what the server says of its session cannot be read"));
  script.expects_end();
  script.play();
}

TEST(MySqlSessionFlow, M25AttributesStandInFrontOfTheText) {
  SessionScript script;
  script.hello.version = "8.0.36";
  script.hello.capabilities |= parser::mysql::kClientMySql | parser::mysql::kClientQueryAttributes;
  script.login.capabilities |= parser::mysql::kClientMySql | parser::mysql::kClientQueryAttributes;
  script.logs_in();
  const std::string none("\0\1", 2);
  const std::string one = std::string("\1\1\0\1\xfd\0\1n\5DROP ", 14);
  script.client_refused(query(none + "DROP TABLE t"), "DROP TABLE");
  script.client_refused(query(one + "DROP TABLE t"), "DROP TABLE");
  script.client_passes(query(one + "SELECT 1"));
  script.server_passes(rows());
  // Cut short, or in two sets: whatever the server takes for the text.
  script.client_refused(query(std::string("\1\2\0\1\xfd\0\1n\5DROP SELECT 1", 22)), "malformed");
  script.client_refused(query("\5\1"), "malformed");
  script.client_passes(query(none + "SELECT 1"));
  script.server_passes(rows());
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
