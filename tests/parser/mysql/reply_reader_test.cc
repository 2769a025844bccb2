#include "parser/mysql/reply_reader.h"

#include <gtest/gtest.h>

#include "tests/parser/mysql/wire_bytes.h"

namespace schemaguard::parser::mysql {
namespace {

using enum ReplyEvent;
using Events = std::vector<ReplyEvent>;
using Packets = std::vector<std::string>;

constexpr uint32_t kBase = kClientProtocol41 | kClientLocalFiles | kClientMultiResults;
constexpr Capabilities kEof{kBase, 0};
constexpr Capabilities kNoEof{kBase | kClientDeprecateEof | kClientSessionTrack, 0};
constexpr uint32_t kExtended =
    kMariaDbProgress | kMariaDbStmtBulkOperations | kMariaDbExtendedMetadata | kMariaDbCacheMetadata;
constexpr Capabilities kMaria{kBase | kClientDeprecateEof | kClientSessionTrack, kExtended};
constexpr Capabilities kMariaEof{kBase, kExtended};
constexpr Capabilities kOptional{kBase | kClientOptionalResultsetMetadata, 0};

// Payloads recorded from mariadb-server 10.11.19.
const std::string kColumnA =
    bytes("03 'def' 04 'wire' 01 't' 01 't' 01 'a' 01 'a' 0c 3f 00 0b 00 00 00 03 03 50 00 00 00");
const std::string kColumnAExtended =
    bytes("03 'def' 04 'wire' 01 't' 01 't' 01 'a' 01 'a' 00 0c 3f 00 0b 00 00 00 03 03 50 00 00 00");
const std::string kParameter = bytes("03 'def' 00 00 00 01 '?' 00 0c 3f 00 00 00 00 00 06 80 00 00 00 00");
const std::string kEofPacket = bytes("fe 00 00 22 00");
const std::string kEofMore = bytes("fe 00 00 0a 80");
const std::string kEofCursor = bytes("fe 00 00 42 40");
const std::string kOkEnd = bytes("fe 00 00 22 00 00 00");
const std::string kOkEndMore = bytes("fe 00 00 0a 80 00 00");
const std::string kOkPacket = bytes("00 00 00 02 00 00 00");
const std::string kOkMore = bytes("00 00 00 0a 80 00 00");
const std::string kRow = bytes("01 '2' 03 'two'");
const std::string kBinaryRow = bytes("00 00 02 00 00 00 03 'two'");
const std::string kErr = bytes("ff 28 04 '#42000You have an error'");
const std::string kProgressPacket = bytes("ff ff ff 01 02 02 00 00 00 0d 'Enabling keys'");

// Feeds whole payloads, or each payload byte by byte: then exactly as much is handed over as was asked for.
Events read_reply(ReplyReader& reader, const Packets& payloads, bool byte_by_byte) {
  Events events;
  uint8_t sequence = 1;
  for (const std::string& payload : payloads) {
    const PacketHeader header{static_cast<uint32_t>(payload.size()), sequence++};
    size_t size = byte_by_byte ? 0 : payload.size();
    while (size < reader.wanted_bytes(header, std::string_view(payload).substr(0, size))) {
      if (++size > payload.size()) {
        ADD_FAILURE() << "more bytes wanted than the packet has";
        return events;
      }
    }
    events.push_back(reader.on_packet(header, std::string_view(payload).substr(0, size)));
    if (reader.done()) break;
  }
  return events;
}

// The events of a reply that must be used up exactly, fed in both ways.
Events events_of(ReplyShape shape, Capabilities capabilities, const Packets& payloads) {
  ReplyReader whole(shape, capabilities);
  const Events events = read_reply(whole, payloads, false);
  ReplyReader cut(shape, capabilities);
  EXPECT_EQ(read_reply(cut, payloads, true), events);
  EXPECT_EQ(whole.done(), cut.done());
  if (!events.empty() && events.back() != kViolation) {
    EXPECT_TRUE(whole.done());
    EXPECT_EQ(events.size(), payloads.size());
  }
  return events;
}

TEST(ReplyReader, Ok) {
  EXPECT_EQ(events_of(ReplyShape::kOk, kEof, {kOkPacket}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {kOkPacket}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kExecute, kMaria, {kOkPacket}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kOk, kEof, {kErr}), Events{kError});
  EXPECT_EQ(events_of(ReplyShape::kOk, kEof, {kEofPacket}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kOk, kEof, {""}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kNone, kEof, {kOkPacket}).size(), 1U);
}

TEST(ReplyReader, TextResult) {
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {"\1", kColumnA, kEofPacket, kRow, kRow, kEofPacket}),
            (Events{kContinue, kContinue, kContinue, kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kNoEof, {"\1", kColumnA, kRow, kOkEnd}),
            (Events{kContinue, kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kMaria, {"\1\1", kColumnAExtended, kRow, kOkEnd}),
            (Events{kContinue, kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {"\1", kColumnA, kEofPacket, kRow, kErr}),
            (Events{kContinue, kContinue, kContinue, kContinue, kError}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kNoEof, {"\1", kColumnA, kErr}), (Events{kContinue, kContinue, kError}));
}

TEST(ReplyReader, MoreColumnsThanSixteenBitsCount) {
  constexpr size_t kColumns = 0x10000;
  Packets packets = {bytes("fd 00 00 01")};
  packets.insert(packets.end(), kColumns, kColumnA);
  packets.push_back(kOkEnd);
  const Events events = events_of(ReplyShape::kResult, kNoEof, packets);
  EXPECT_EQ(events.size(), kColumns + 2);
  EXPECT_EQ(events.back(), kReplyEnd);
}

TEST(ReplyReader, StatusAndTrackOfTheLastPacket) {
  ReplyReader reader(ReplyShape::kResult, kNoEof);
  const Packets packets = {"\1", kColumnA, kRow, bytes("fe 00 00 03 c0 00 00 00 0b 05 09 08 'T_R___S_'")};
  EXPECT_EQ(read_reply(reader, packets, true).back(), kReplyEnd);
  ASSERT_TRUE(reader.has_status());
  EXPECT_EQ(reader.status(), 0xC003U);
  ASSERT_NE(reader.ok(), nullptr);
  EXPECT_EQ(reader.ok()->session_track.size(), 11U);
  ReplyReader older(ReplyShape::kResult, kEof);
  const Packets old_packets = {"\1", kColumnA, kEofPacket, kEofPacket};
  read_reply(older, old_packets, true);
  EXPECT_TRUE(older.has_status());
  EXPECT_EQ(older.ok(), nullptr);
}

TEST(ReplyReader, RowsCostOneByte) {
  ReplyReader reader(ReplyShape::kResult, kNoEof);
  read_reply(reader, {"\1", kColumnA}, false);
  EXPECT_EQ(reader.wanted_bytes({5'000'000, 3}, ""), 1U);
  EXPECT_EQ(reader.wanted_bytes({5'000'000, 3}, "\xFD"), 1U);
  EXPECT_EQ(reader.on_packet({5'000'000, 3}, "\xFD"), kContinue);
}

TEST(ReplyReader, RowsBeyond16MegabytesAreFollowed) {
  for (const std::string_view start : {"\xFE", "\xFD"}) {
    ReplyReader reader(ReplyShape::kResult, kNoEof);
    read_reply(reader, {"\1", kColumnA}, false);
    EXPECT_EQ(reader.on_packet({kPacketBytesMax, 3}, start), kContinue);
    // Whatever a continuation begins with, it is neither an end nor an error.
    EXPECT_EQ(reader.wanted_bytes({kPacketBytesMax, 4}, ""), 0U);
    EXPECT_EQ(reader.on_packet({kPacketBytesMax, 4}, kErr), kContinue);
    EXPECT_EQ(reader.on_packet({7, 5}, kOkEnd), kContinue);
    EXPECT_EQ(reader.on_packet({7, 6}, kOkEnd), kReplyEnd);
  }
  ReplyReader exact(ReplyShape::kResult, kNoEof);
  read_reply(exact, {"\1", kColumnA}, false);
  EXPECT_EQ(exact.on_packet({kPacketBytesMax, 3}, "\xFD"), kContinue);
  EXPECT_EQ(exact.on_packet({0, 4}, ""), kContinue);  // mysql-wire 2
  EXPECT_EQ(exact.on_packet({7, 5}, kOkEnd), kReplyEnd);
}

TEST(ReplyReader, EndsThatAreNoneAreViolations) {
  ReplyReader reader(ReplyShape::kResult, kEof);
  read_reply(reader, {"\1", kColumnA, kEofPacket}, false);
  ReplyReader long_one = reader;
  EXPECT_EQ(long_one.on_packet({kPacketBytesMax - 1, 4}, "\xFE\0\0\2"), kViolation);
  ReplyReader wrong_form = reader;
  EXPECT_EQ(wrong_form.on_packet({7, 4}, kOkEnd), kViolation);
  ReplyReader empty = reader;
  EXPECT_EQ(empty.on_packet({0, 4}, ""), kViolation);
  ReplyReader newer(ReplyShape::kResult, kNoEof);
  read_reply(newer, {"\1", kColumnA}, false);
  EXPECT_EQ(newer.on_packet({5, 3}, kEofPacket), kViolation);
  EXPECT_FALSE(newer.done());
  EXPECT_EQ(newer.on_packet({7, 4}, kOkEnd), kViolation);  // broken for good
}

TEST(ReplyReader, BadColumnCounts) {
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {bytes("01 00")}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kResult, kMaria, {bytes("01")}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kResult, kMaria, {bytes("01 02")}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {bytes("fe 01 00 00 20 00 00 00 00")}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {kEofPacket}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {"\1", "def"}), (Events{kContinue, kViolation}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {"\1", bytes("03 'de'")}), (Events{kContinue, kViolation}));
}

TEST(ReplyReader, SkippedDefinitions) {
  // MariaDB's second execution of the same statement.
  EXPECT_EQ(events_of(ReplyShape::kExecute, kMaria, {bytes("02 00"), kBinaryRow, kOkEnd}),
            (Events{kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kExecute, kMariaEof, {bytes("02 00"), kEofPacket, kBinaryRow, kEofPacket}),
            (Events{kContinue, kContinue, kContinue, kReplyEnd}));
  // MySQL with resultset_metadata = NONE.
  EXPECT_EQ(events_of(ReplyShape::kResult, kOptional, {bytes("02 00"), kEofPacket, kRow, kEofPacket}),
            (Events{kContinue, kContinue, kContinue, kReplyEnd}));
}

TEST(ReplyReader, SeveralResults) {
  // CALL p() with two SELECTs, and a multi-statement packet that ends in an error.
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof,
                      {"\1", kColumnA, kEofMore, kRow, kEofMore, "\1", kColumnA, kEofMore, kRow, kEofMore, kOkPacket}),
            (Events{kContinue, kContinue, kContinue, kContinue, kResultEnd, kContinue, kContinue, kContinue, kContinue,
                    kResultEnd, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kNoEof, {"\1", kColumnA, kRow, kOkEndMore, kOkMore, kErr}),
            (Events{kContinue, kContinue, kContinue, kResultEnd, kResultEnd, kError}));
}

TEST(ReplyReader, LocalInfile) {
  ReplyReader reader(ReplyShape::kResult, kEof);
  const Packets request = {bytes("fb 'nosuch'")};
  EXPECT_EQ(read_reply(reader, request, true), Events{kLocalInfile});
  EXPECT_EQ(reader.file_name(), "nosuch");
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(read_reply(reader, {kOkPacket}, true), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {bytes("fb 'x'"), kErr}), (Events{kLocalInfile, kError}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {bytes("fb 'x'"), kOkMore, kOkPacket}),
            (Events{kLocalInfile, kResultEnd, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {bytes("fb 'x'"), "\1"}), (Events{kLocalInfile, kViolation}));
  EXPECT_EQ(events_of(ReplyShape::kExecute, kEof, {bytes("fb 'x'"), kOkPacket}), (Events{kLocalInfile, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, {kClientProtocol41, 0}, {bytes("fb 'x'")}), Events{kViolation});
}

TEST(ReplyReader, BinaryRows) {
  EXPECT_EQ(events_of(ReplyShape::kExecute, kEof, {"\1", kColumnA, kEofPacket, kBinaryRow, kEofPacket}),
            (Events{kContinue, kContinue, kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kExecute, kEof, {"\1", kColumnA, kEofPacket, kRow}),
            (Events{kContinue, kContinue, kContinue, kViolation}));
}

TEST(ReplyReader, Cursors) {
  EXPECT_EQ(events_of(ReplyShape::kExecute, kEof, {"\1", kColumnA, kEofCursor}),
            (Events{kContinue, kContinue, kCursorOpen}));
  EXPECT_EQ(events_of(ReplyShape::kExecute, kMaria, {"\1\1", kColumnAExtended, bytes("fe 00 00 42 00 00 00")}),
            (Events{kContinue, kContinue, kCursorOpen}));
  EXPECT_EQ(events_of(ReplyShape::kFetch, kEof, {kBinaryRow, kBinaryRow, kEofCursor}),
            (Events{kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kFetch, kMaria, {kBinaryRow, bytes("fe 00 00 82 00 00 00")}),
            (Events{kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kFetch, kEof, {bytes("ff 8d 05 '#HY000no open cursor'")}), Events{kError});
  // A block that is executed has left the flag behind: with more results to come, these are its rows.
  const std::string left_behind = bytes("fe 00 00 6a 00");
  EXPECT_EQ(events_of(ReplyShape::kExecute, kEof, {"\1", kColumnA, left_behind, kBinaryRow, left_behind, kOkPacket}),
            (Events{kContinue, kContinue, kContinue, kContinue, kResultEnd, kReplyEnd}));
  // The flag means nothing in the reply to a text query.
  EXPECT_EQ(events_of(ReplyShape::kResult, kEof, {"\1", kColumnA, kEofCursor, kRow, kEofPacket}),
            (Events{kContinue, kContinue, kContinue, kContinue, kReplyEnd}));
}

TEST(ReplyReader, Prepare) {
  const std::string head = bytes("00 01 00 00 00 01 00 01 00 00 00 00");
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kEof, {head, kParameter, kEofPacket, kColumnA, kEofPacket}),
            (Events{kPrepared, kContinue, kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kNoEof, {head, kParameter, kColumnA}),
            (Events{kPrepared, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kEof, {bytes("00 02 00 00 00 00 00 00 00 00 00 00")}), Events{kPrepared});
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kEof,
                      {bytes("00 04 00 00 00 00 00 02 00 00 00 00"), kParameter, kParameter, kEofPacket}),
            (Events{kPrepared, kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kEof, {bytes("00 04 00 00 00 01 00 00 00 00 00 00"), kColumnA, kEofPacket}),
            (Events{kPrepared, kContinue, kReplyEnd}));
  // MySQL 9.7 with resultset_metadata = NONE: no definitions, but the EOF packets behind them.
  const Capabilities optional_without_eof{kOptional.base | kClientDeprecateEof, 0};
  const std::string columns_only = bytes("00 04 00 00 00 01 00 00 00 00 00 00 00");
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kOptional, {head + '\0', kEofPacket, kEofPacket}),
            (Events{kPrepared, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kOptional, {columns_only, kEofPacket}), (Events{kPrepared, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kPrepare, optional_without_eof, {head + '\0'}), Events{kPrepared});
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kEof, {kErr}), Events{kError});
  EXPECT_EQ(events_of(ReplyShape::kPrepare, kEof, {head + "x"}), Events{kViolation});
  ReplyReader reader(ReplyShape::kPrepare, kEof);
  read_reply(reader, {head}, true);
  EXPECT_EQ(reader.prepared().statement_id, 1U);
}

TEST(ReplyReader, FieldList) {
  EXPECT_EQ(events_of(ReplyShape::kFieldList, kEof, {kColumnA + bytes("01 '0'"), kColumnA + bytes("fb"), kEofPacket}),
            (Events{kContinue, kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kFieldList, kMaria, {kColumnAExtended, kOkEnd}), (Events{kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kFieldList, kEof, {kErr}), Events{kError});
  EXPECT_EQ(events_of(ReplyShape::kFieldList, kEof, {kRow}), Events{kViolation});
}

TEST(ReplyReader, SmallShapes) {
  EXPECT_EQ(events_of(ReplyShape::kString, kEof, {"Uptime: 95  Threads: 2"}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kString, kEof, {kErr}), Events{kError});
  EXPECT_EQ(events_of(ReplyShape::kEndOfFile, kEof, {kEofPacket}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kEndOfFile, kMaria, {kOkEnd}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kEndOfFile, kEof, {kOkPacket}), Events{kReplyEnd});
  EXPECT_EQ(events_of(ReplyShape::kEndOfFile, kEof, {kRow}), Events{kViolation});
  EXPECT_EQ(events_of(ReplyShape::kStream, kMaria, {bytes("00 'event'"), kEofPacket}), (Events{kContinue, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kStream, kMaria, {bytes("00 'event'"), kErr}), (Events{kContinue, kError}));
  EXPECT_EQ(events_of(ReplyShape::kStream, kMaria, {kOkEnd}), Events{kViolation});
}

TEST(ReplyReader, ChangeUser) {
  const std::string auth_switch = bytes("fe 'mysql_native_password' 00 'Ga2smKl^rB3uvpOy5;h{' 00");
  EXPECT_EQ(events_of(ReplyShape::kAuthentication, kEof, {auth_switch, kOkPacket}),
            (Events{kAuthentication, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kAuthentication, kEof, {auth_switch, bytes("01 03"), kOkPacket}),
            (Events{kAuthentication, kAuthentication, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kAuthentication, kEof, {bytes("ff 15 04 '#28000Access denied'")}), Events{kError});
  EXPECT_EQ(events_of(ReplyShape::kAuthentication, kEof, {bytes("fe"), kOkPacket}),
            (Events{kAuthentication, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kAuthentication, kEof, {bytes("fe 'p'")}), Events{kViolation});
  // The plugin's own, marked or not.
  EXPECT_EQ(events_of(ReplyShape::kAuthentication, kEof, {bytes("02 'p' 00"), bytes("03"), kOkPacket}),
            (Events{kAuthentication, kAuthentication, kReplyEnd}));
}

TEST(ReplyReader, ProgressReports) {
  EXPECT_EQ(events_of(ReplyShape::kResult, kMaria, {kProgressPacket, kProgressPacket, kOkPacket}),
            (Events{kProgress, kProgress, kReplyEnd}));
  EXPECT_EQ(events_of(ReplyShape::kResult, kNoEof, {kProgressPacket}), Events{kViolation});
}

TEST(ReplyReader, OversizedPacketsAreRefusedEarly) {
  for (const ReplyShape shape : {ReplyShape::kOk, ReplyShape::kResult, ReplyShape::kPrepare, ReplyShape::kFieldList,
                                 ReplyShape::kAuthentication, ReplyShape::kEndOfFile}) {
    ReplyReader reader(shape, kMaria);
    const PacketHeader header{kWholePacketBytesMax + 1, 1};
    EXPECT_LE(reader.wanted_bytes(header, std::string_view("\0\0\0\0", 4)), 4U);
    EXPECT_EQ(reader.on_packet(header, std::string_view("\0\0\0\0", 4)), kViolation);
  }
}

}  // namespace
}  // namespace schemaguard::parser::mysql
