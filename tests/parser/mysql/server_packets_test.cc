#include "parser/mysql/server_packets.h"

#include <gtest/gtest.h>

#include "parser/mysql/session_track.h"
#include "tests/parser/mysql/wire_bytes.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr Capabilities kPlain{kClientProtocol41, 0};
constexpr Capabilities kTracked{kClientProtocol41 | kClientSessionTrack | kClientDeprecateEof, 0};
constexpr Capabilities kOptional{kClientProtocol41 | kClientOptionalResultsetMetadata, 0};

// All recorded from mariadb-server 10.11.19 unless a comment says otherwise.
const std::string kUpdateOk = bytes("00 01 00 02 00 00 00 28 'Rows matched: 1  Changed: 1  Warnings: 0'");
const std::string kSqlModeOk = bytes("00 00 00 02 c0 00 00 00 1a 00 15 08 'sql_mode' 0b 'ANSI_QUOTES' 02 01 31");
const std::string kBeginOk =
    bytes("00 00 00 03 c0 00 00 00 39 05 09 08 'T_R_____' 04 2c 2b 'START TRANSACTION WITH CONSISTENT SNAPSHOT;'");

TEST(ServerPackets, OkInfoIsLengthEncodedWithAndWithoutTracking) {
  for (const Capabilities capabilities : {kPlain, kTracked}) {
    const auto ok = decode_ok(kUpdateOk, capabilities);
    ASSERT_TRUE(ok.has_value());
    EXPECT_EQ(ok->affected_rows, 1U);
    EXPECT_EQ(ok->insert_id, 0U);
    EXPECT_EQ(ok->status, kStatusAutocommit);
    EXPECT_EQ(ok->warnings, 0U);
    EXPECT_EQ(ok->info, "Rows matched: 1  Changed: 1  Warnings: 0");
    EXPECT_EQ(ok->track_at, 0U);
    EXPECT_EQ(ok->status_at, 3U);
    EXPECT_EQ(ok->info_at, 7U);
    EXPECT_EQ(encode_ok_body(*ok), kUpdateOk);
  }
}

TEST(ServerPackets, OkWithSessionTrackBlock) {
  const auto ok = decode_ok(kSqlModeOk, kTracked);
  ASSERT_TRUE(ok.has_value());
  EXPECT_EQ(ok->status, kStatusAutocommit | kStatusSessionStateChanged | kStatusAnsiQuotes);
  EXPECT_EQ(ok->info, "");
  EXPECT_EQ(ok->track_at, 8U);
  EXPECT_EQ(ok->session_track.size(), 0x1AU);
  EXPECT_EQ(encode_ok_body(*ok), kSqlModeOk);
  // Without the capability the same bytes are malformed: nothing may stand behind the info.
  EXPECT_FALSE(decode_ok(kSqlModeOk, kPlain).has_value());
}

// As MariaDB 10.11 sends it where the default database's character set is ucs2, utf16 or utf32.
TEST(ServerPackets, OkWithASessionTrackBlockBehindZeroBytes) {
  for (const std::string zeros : {"00", "00 00 00"}) {
    const std::string body = bytes("00 00 00 02 40 00 00 00 " + zeros + " 05 01 03 02 'd1'");
    const auto ok = decode_ok(body, kTracked);
    ASSERT_TRUE(ok.has_value());
    EXPECT_EQ(ok->session_track, bytes("01 03 02 'd1'"));
    EXPECT_EQ(encode_ok_body(*ok), body);
    EXPECT_FALSE(decode_ok(body + "x", kTracked).has_value());
    EXPECT_FALSE(decode_ok(body, kPlain).has_value());
    EXPECT_EQ(without_session_track(body, kTracked), bytes("00 00 00 02 00 00 00"));
    const std::string_view names[] = {"sql_mode"};
    EXPECT_EQ(without_tracked_variables(body, kTracked, names), body);
    const std::string modes = bytes("00 00 00 02 40 00 00 00 " + zeros + " 0c 00 0a 08 'sql_mode' 00");
    EXPECT_EQ(without_tracked_variables(modes, kTracked, names), bytes("00 00 00 02 00 00 00"));
  }
  EXPECT_FALSE(decode_ok(bytes("00 00 00 02 40 00 00 00 00 00 05 01 03 02 'd1'"), kTracked).has_value());
  EXPECT_FALSE(decode_ok(bytes("00 00 00 02 40 00 00 00 00 01 00 05 01 03 02 'd1'"), kTracked).has_value());
  EXPECT_FALSE(decode_ok(bytes("00 00 00 02 40 00 00 00 00 00"), kTracked).has_value());
}

TEST(ServerPackets, OkEveryTruncationIsMalformed) {
  for (const std::string& body : {kUpdateOk, kSqlModeOk, kBeginOk}) {
    for (size_t size = 0; size < body.size(); ++size) {
      // Cut right behind the warnings an OK without info is whole.
      const bool whole = size == 7 && body == kUpdateOk;
      EXPECT_EQ(decode_ok(std::string_view(body).substr(0, size), kTracked).has_value(), whole) << size;
    }
    EXPECT_FALSE(decode_ok(body + "x", kTracked).has_value());
  }
}

TEST(ServerPackets, OkInPlaceOfEofOnlyWhereEofIsDeprecated) {
  const std::string end = bytes("fe 00 00 22 00 00 00");
  EXPECT_TRUE(decode_ok(end, kTracked).has_value());
  EXPECT_FALSE(decode_ok(end, kPlain).has_value());
  EXPECT_FALSE(decode_eof(end).has_value());
  const auto eof = decode_eof(bytes("fe 01 00 22 00"));
  ASSERT_TRUE(eof.has_value());
  EXPECT_EQ(eof->warnings, 1U);
  EXPECT_EQ(eof->status, kStatusAutocommit | kStatusNoIndexUsed);
  EXPECT_FALSE(decode_eof(bytes("fe")).has_value());
}

TEST(ServerPackets, ErrWithAndWithoutSqlstate) {
  const std::string body = bytes("ff 87 07 '#70100Connection was killed'");
  const auto err = decode_err(body);
  ASSERT_TRUE(err.has_value());
  EXPECT_EQ(err->error, 1927U);
  EXPECT_EQ(err->sqlstate, "70100");
  EXPECT_EQ(err->message, "Connection was killed");
  // Before the greeting, as older servers send it (mysql-wire 31).
  const std::string bare = bytes("ff 6a 04 'Host is blocked'");
  EXPECT_EQ(decode_err(bare)->sqlstate, "");
  EXPECT_EQ(decode_err(bare)->message, "Host is blocked");
  EXPECT_EQ(decode_err(bytes("ff 6a 04"))->message, "");
  EXPECT_FALSE(decode_err(bytes("ff 6a")).has_value());
  EXPECT_FALSE(decode_err("").has_value());
}

TEST(ServerPackets, ProgressReportIsNoError) {
  const auto progress = decode_err(bytes("ff ff ff 01 02 02 00 00 00 0d 'Enabling keys'"));
  ASSERT_TRUE(progress.has_value());
  EXPECT_TRUE(progress->is_progress());
  EXPECT_EQ(progress->sqlstate, "");
}

TEST(ServerPackets, PrepareOk) {
  const std::string body = bytes("00 01 00 00 00 02 00 01 00 00 00 00");
  const auto prepared = decode_prepare_ok(body, kPlain);
  ASSERT_TRUE(prepared.has_value());
  EXPECT_EQ(prepared->statement_id, 1U);
  EXPECT_EQ(prepared->columns, 2U);
  EXPECT_EQ(prepared->parameters, 1U);
  EXPECT_TRUE(prepared->definitions_follow);
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_prepare_ok(std::string_view(body).substr(0, size), kPlain).has_value()) << size;
  }
  // MySQL 8 with optional metadata has one byte more.
  EXPECT_FALSE(decode_prepare_ok(body, kOptional).has_value());
  EXPECT_FALSE(decode_prepare_ok(body + '\0', kOptional)->definitions_follow);
  EXPECT_TRUE(decode_prepare_ok(body + '\1', kOptional)->definitions_follow);
  EXPECT_FALSE(decode_prepare_ok(body + '\2', kOptional).has_value());
  EXPECT_FALSE(decode_prepare_ok(body + '\1', kPlain).has_value());
}

TEST(ServerPackets, AuthenticationRequests) {
  const std::string body = bytes("fe 'mysql_native_password' 00 'Ga2smKl^rB3uvpOy5;h{' 00");
  const auto request = decode_auth_switch(body);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->plugin, "mysql_native_password");
  EXPECT_EQ(request->data.size(), 21U);
  EXPECT_EQ(decode_auth_switch(bytes("fe"))->plugin, "mysql_old_password");
  EXPECT_FALSE(decode_auth_switch(bytes("ff")).has_value());
  EXPECT_FALSE(decode_auth_next_factor(bytes("02")).has_value());
  EXPECT_FALSE(decode_auth_switch(bytes("fe 'plugin'")).has_value());
  EXPECT_EQ(decode_auth_next_factor(bytes("02 'webauthn' 00 'x'"))->plugin, "webauthn");
  EXPECT_EQ(decode_auth_more_data(bytes("01 03")), std::string_view("\3"));
  EXPECT_FALSE(decode_auth_more_data("").has_value());
  EXPECT_EQ(decode_local_infile(bytes("fb 'nosuch'")), "nosuch");
}

TEST(ServerPackets, EncodedErrDecodes) {
  EXPECT_EQ(encode_err(1142, "42000", "no", 2), bytes("0b 00 00 02 ff 76 04 '#42000no'"));
  EXPECT_EQ(encode_err(1040, "", "full", 0), bytes("07 00 00 00 ff 10 04 'full'"));
  EXPECT_EQ(encode_ok(kStatusAutocommit, 1), bytes("07 00 00 01 00 00 00 02 00 00 00"));
}

TEST(SessionTrack, ReadsEveryKindMariaDbSends) {
  using Changes = std::vector<SessionChange>;
  const auto block = [](const std::string& body) { return decode_ok(body, kTracked)->session_track; };
  EXPECT_EQ(decode_session_track(block(kSqlModeOk)),
            (Changes{{SessionChangeKind::kSystemVariable, "sql_mode", "ANSI_QUOTES"},
                     {SessionChangeKind::kStateChange, "", "1"}}));
  EXPECT_EQ(
      decode_session_track(block(kBeginOk)),
      (Changes{{SessionChangeKind::kTransactionState, "", "T_R_____"},
               {SessionChangeKind::kTransactionCharacteristics, "", "START TRANSACTION WITH CONSISTENT SNAPSHOT;"}}));
  EXPECT_EQ(decode_session_track(bytes("01 05 04 'wire'")), (Changes{{SessionChangeKind::kSchema, "", "wire"}}));
  // MySQL's GTIDs, and a type nobody knows yet.
  EXPECT_EQ(decode_session_track(bytes("03 05 00 03 'a:1'")), (Changes{{SessionChangeKind::kGtids, "", "a:1"}}));
  EXPECT_EQ(decode_session_track(bytes("09 02 'zz'")), (Changes{{SessionChangeKind::kUnknown, "", "zz"}}));
  EXPECT_EQ(decode_session_track(bytes("00 08 01 'a' 01 'b' 01 'c' 01 'd'")),
            (Changes{{SessionChangeKind::kSystemVariable, "a", "b"}, {SessionChangeKind::kSystemVariable, "c", "d"}}));
}

TEST(SessionTrack, MalformedBlocks) {
  const std::string block = bytes("00 15 08 'sql_mode' 0b 'ANSI_QUOTES'");
  for (size_t size = 1; size < block.size(); ++size) {
    EXPECT_FALSE(decode_session_track(std::string_view(block).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_session_track(bytes("01 06 04 'wirex'")).has_value());
  EXPECT_FALSE(decode_session_track(bytes("00 00")).has_value());
  EXPECT_FALSE(decode_session_track(bytes("02 02 01 31")).has_value());
  std::string many;
  for (size_t i = 0; i <= kSessionChangesMax; ++i) many += bytes("02 01 31");
  EXPECT_FALSE(decode_session_track(many).has_value());
}

TEST(SessionTrack, TakenAwayForClientsThatDidNotAsk) {
  EXPECT_EQ(without_session_track(kSqlModeOk, kTracked), bytes("00 00 00 02 80 00 00"));
  EXPECT_EQ(without_session_track(kUpdateOk, kTracked), kUpdateOk);
  const std::string both = bytes("fe 00 00 02 40 00 00 04 'info' 07 01 05 04 'wire'");
  EXPECT_EQ(without_session_track(both, kTracked), bytes("fe 00 00 02 00 00 00 04 'info'"));
  EXPECT_FALSE(without_session_track(bytes("00 00 00 02 40 00 00"), kTracked).has_value());
}

TEST(SessionTrack, VariablesOfTheGuardAreTakenAway) {
  const std::string_view names[] = {"sql_mode"};
  EXPECT_EQ(without_tracked_variables(kSqlModeOk, kTracked, names), bytes("00 00 00 02 c0 00 00 00 03 02 01 31"));
  EXPECT_EQ(without_tracked_variables(kBeginOk, kTracked, names), kBeginOk);
  EXPECT_EQ(without_tracked_variables(kUpdateOk, kTracked, names), kUpdateOk);
  EXPECT_EQ(without_tracked_variables(bytes("00 00 00 02 40 00 00 00 0c 00 0a 08 'sql_mode' 00"), kTracked, names),
            bytes("00 00 00 02 00 00 00"));
  EXPECT_EQ(without_tracked_variables(bytes("00 00 00 02 40 00 00 00 13 00 11 08 'sql_mode' 00 04 'time' 01 'x'"),
                                      kTracked, names),
            bytes("00 00 00 02 40 00 00 00 09 00 07 04 'time' 01 'x'"));
  EXPECT_FALSE(without_tracked_variables(bytes("00 00 00 02 40 00 00 00 02 00 05"), kTracked, names).has_value());
}

}  // namespace
}  // namespace schemaguard::parser::mysql
