#include "parser/mysql/body_reader.h"

#include <gtest/gtest.h>

#include "parser/mysql/packet_header.h"
#include "tests/parser/mysql/wire_bytes.h"

namespace schemaguard::parser::mysql {
namespace {

TEST(BodyReader, ReadsEveryFieldAndConsumesExactly) {
  const std::string body = bytes("01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 'ab' 00 'cd' 02 'ef' 'rest'");
  BodyReader reader(body);
  EXPECT_EQ(reader.uint1(), 0x01U);
  EXPECT_EQ(reader.uint2(), 0x0302U);
  EXPECT_EQ(reader.uint3(), 0x060504U);
  EXPECT_EQ(reader.uint4(), 0x0A090807U);
  EXPECT_EQ(reader.uint8(), 0x1211100F0E0D0C0BU);
  EXPECT_EQ(reader.terminated_string(), "ab");
  EXPECT_EQ(reader.bytes(2), "cd");
  EXPECT_EQ(reader.length_encoded_string(), "ef");
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(reader.rest(), "rest");
  EXPECT_TRUE(reader.finished());
}

TEST(BodyReader, LengthEncodedIntegersRoundTripInTheirShortestForm) {
  const std::pair<uint64_t, size_t> values[] = {{0, 1},       {250, 1},      {251, 3},       {0xFFFF, 3},
                                                {0x10000, 4}, {0xFFFFFF, 4}, {0x1000000, 9}, {UINT64_MAX, 9}};
  for (const auto& [value, size] : values) {
    std::string body;
    BodyWriter::append_length_encoded(body, value);
    EXPECT_EQ(body.size(), size) << value;
    BodyReader reader(body);
    EXPECT_EQ(reader.length_encoded(), value);
    EXPECT_TRUE(reader.finished());
    for (size_t cut = 0; cut < body.size(); ++cut) {
      BodyReader shorter(std::string_view(body).substr(0, cut));
      shorter.length_encoded();
      EXPECT_FALSE(shorter.ok()) << value << " cut at " << cut;
    }
  }
}

TEST(BodyReader, MarkersAreNoIntegers) {
  for (const std::string_view marker : {"fb", "ff"}) {
    const std::string body = bytes(marker) + "12345678";
    BodyReader reader(body);
    EXPECT_EQ(reader.length_encoded(), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(BodyReader, FailureSticks) {
  BodyReader reader("abc");
  EXPECT_EQ(reader.bytes(4), "");
  EXPECT_EQ(reader.uint1(), 0U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.finished());
  const std::string lying = bytes("fe ff ff ff ff ff ff ff ff 'abc'");
  BodyReader huge(lying);
  EXPECT_EQ(huge.length_encoded_string(), "");
  EXPECT_FALSE(huge.ok());
}

TEST(PacketHeader, DecodesWhatItAppends) {
  std::string out;
  append_packet_header(out, {0x030201, 0xFE});
  EXPECT_EQ(out, bytes("01 02 03 fe"));
  EXPECT_EQ(decode_packet_header(out), (PacketHeader{0x030201, 0xFE}));
}

TEST(PacketHeader, LongMessagesBecomeChains) {
  // mysql-wire 2: a payload of exactly the maximum is followed by an empty packet.
  const std::string exact = encode_message(std::string(kPacketBytesMax, 'x'), 255);
  EXPECT_EQ(exact.size(), kPacketBytesMax + 2 * kPacketHeaderBytes);
  EXPECT_TRUE(decode_packet_header(exact).continues());
  EXPECT_EQ(decode_packet_header(std::string_view(exact).substr(kPacketBytesMax + 4)), (PacketHeader{0, 0}));
  EXPECT_EQ(encode_message("", 3), bytes("00 00 00 03"));
}

}  // namespace
}  // namespace schemaguard::parser::mysql
