// Every reply that a real server has given must be followed to exactly its last packet, however its bytes are cut.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "parser/mysql/reply_reader.h"

namespace schemaguard::parser::mysql {
namespace {

struct Recorded {
  std::string name;
  ReplyShape shape = ReplyShape::kNone;
  Capabilities capabilities;
  ReplyEvent last = ReplyEvent::kViolation;
  std::vector<std::string> packets;
};

ReplyShape shape_named(const std::string& name) {
  static const std::map<std::string, ReplyShape> kShapes = {{"ok", ReplyShape::kOk},
                                                            {"end_of_file", ReplyShape::kEndOfFile},
                                                            {"result", ReplyShape::kResult},
                                                            {"execute", ReplyShape::kExecute},
                                                            {"prepare", ReplyShape::kPrepare},
                                                            {"fetch", ReplyShape::kFetch},
                                                            {"string", ReplyShape::kString},
                                                            {"field_list", ReplyShape::kFieldList},
                                                            {"authentication", ReplyShape::kAuthentication}};
  return kShapes.at(name);
}

ReplyEvent event_named(const std::string& name) {
  static const std::map<std::string, ReplyEvent> kEvents = {{"end", ReplyEvent::kReplyEnd},
                                                            {"error", ReplyEvent::kError},
                                                            {"cursor", ReplyEvent::kCursorOpen},
                                                            {"prepared", ReplyEvent::kPrepared}};
  return kEvents.at(name);
}

// One file a server; MySQL's is written by tests/e2e/mysql/record_mysql.py.
void read_corpus(const std::string& name, std::vector<Recorded>& replies) {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/parser/mysql/" + name);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("#")) continue;
    if (!line.starts_with(": ")) {
      replies.back().packets.push_back(absl::HexStringToBytes(line));
      continue;
    }
    const std::vector<std::string> fields = absl::StrSplit(line.substr(2), " | ");
    const auto flags = [](const std::string& hex) { return static_cast<uint32_t>(std::stoul(hex, nullptr, 16)); };
    replies.push_back({fields.at(0),
                       shape_named(fields.at(1)),
                       {flags(fields.at(2)), flags(fields.at(3))},
                       event_named(fields.at(4)),
                       {}});
  }
}

std::vector<Recorded> read_corpus() {
  std::vector<Recorded> replies;
  read_corpus("replies.corpus", replies);
  read_corpus("mysql_replies.corpus", replies);
  return replies;
}

// The event of the last packet; kViolation when the reply was over before or the reader broke.
ReplyEvent follow(const Recorded& reply, bool byte_by_byte) {
  ReplyReader reader(reply.shape, reply.capabilities);
  ReplyEvent event = ReplyEvent::kContinue;
  for (const std::string& packet : reply.packets) {
    if (reader.done()) return ReplyEvent::kViolation;
    const PacketHeader header = decode_packet_header(packet);
    const std::string_view payload = std::string_view(packet).substr(kPacketHeaderBytes);
    size_t size = byte_by_byte ? 0 : payload.size();
    while (size < reader.wanted_bytes(header, payload.substr(0, size))) ++size;
    event = reader.on_packet(header, payload.substr(0, size));
    if (event == ReplyEvent::kViolation) return event;
  }
  return reader.done() ? event : ReplyEvent::kViolation;
}

TEST(ReplyCorpus, EveryRecordedReplyEndsWhereItEnds) {
  const std::vector<Recorded> replies = read_corpus();
  ASSERT_GT(replies.size(), 400U);
  for (const Recorded& reply : replies) {
    EXPECT_EQ(follow(reply, false), reply.last) << reply.name;
    EXPECT_EQ(follow(reply, true), reply.last) << reply.name;
  }
}

TEST(ReplyCorpus, NoReplyEndsBeforeItsLastPacket) {
  for (Recorded reply : read_corpus()) {
    while (reply.packets.size() > 1) {
      reply.packets.pop_back();
      EXPECT_EQ(follow(reply, false), ReplyEvent::kViolation) << reply.name << ", " << reply.packets.size();
    }
  }
}

}  // namespace
}  // namespace schemaguard::parser::mysql
