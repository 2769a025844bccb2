#include "parser/postgres/backend_messages.h"

#include <gtest/gtest.h>

namespace schemaguard::parser::postgres {
namespace {

std::string body_of(const std::string& message) { return message.substr(kHeaderBytes); }

template <typename Decoder>
void expect_exact(const std::string& body, Decoder decode) {
  ASSERT_TRUE(decode(body).has_value());
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode(std::string_view(body).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode(body + "x").has_value());
}

std::string full_error() {
  return body_of(encode_error({.severity = "ERROR",
                               .severity_localised = "FEHLER",
                               .sqlstate = "42501",
                               .message = "m",
                               .detail = "d",
                               .hint = "h"}));
}

TEST(BackendMessages, ErrorFieldsAreReadAndMayBeMissing) {
  expect_exact(full_error(), decode_error_fields);
  const std::string body = full_error();
  const auto error = decode_error_fields(body);
  EXPECT_EQ(error->get('S'), "FEHLER");
  EXPECT_EQ(error->get('V'), "ERROR");
  EXPECT_EQ(error->get('C'), "42501");
  EXPECT_EQ(error->get('P'), "");
  EXPECT_FALSE(error->is_fatal());
  const auto empty = decode_error_fields(std::string_view("\0", 1));
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->get('C'), "");
  EXPECT_FALSE(empty->is_fatal());
}

TEST(BackendMessages, SeverityIsTheUnlocalisedOneWhereItIsGiven) {
  EXPECT_TRUE(decode_error_fields(std::string_view("SFATAL\0\0", 8))->is_fatal());
  EXPECT_TRUE(decode_error_fields(std::string_view("SPANIK\0VPANIC\0\0", 15))->is_fatal());
  EXPECT_FALSE(decode_error_fields(std::string_view("SFATAL\0VERROR\0\0", 15))->is_fatal());
}

TEST(BackendMessages, PrefixOfAnErrorHasItsCompleteFields) {
  const std::string body = full_error();
  for (size_t size = 0; size <= body.size(); ++size) {
    const std::string prefix = body.substr(0, size);
    for (const auto& [code, value] : decode_error_prefix(prefix).fields) {
      EXPECT_EQ(value, decode_error_fields(body)->get(code)) << size;
    }
  }
  EXPECT_EQ(decode_error_prefix(body).fields.size(), 6U);
}

TEST(BackendMessages, EveryAuthenticationHasItsShape) {
  const auto decode = [](const std::string& body) { return decode_authentication(body); };
  EXPECT_TRUE(decode(std::string("\0\0\0\0", 4)));
  EXPECT_FALSE(decode(std::string("\0\0\0\0x", 5)));
  EXPECT_FALSE(decode(std::string("\0\0\0", 3)));
  EXPECT_TRUE(decode(std::string("\0\0\0\5salt", 8)));
  EXPECT_FALSE(decode(std::string("\0\0\0\5sal", 7)));
  EXPECT_TRUE(decode(std::string("\0\0\0\x0b", 4) + "r=x"));
  EXPECT_FALSE(decode(std::string("\0\0\0\x63", 4)));
  expect_exact(body_of(encode_sasl_mechanisms({"A", "B"})), decode_authentication);
  const std::string list = body_of(encode_sasl_mechanisms({"A", "B"}));
  EXPECT_EQ(decode_authentication(list)->mechanisms, (std::vector<std::string_view>{"A", "B"}));
}

TEST(BackendMessages, SmallMessagesAreConsumedExactly) {
  expect_exact("I", decode_ready_for_query);
  EXPECT_FALSE(decode_ready_for_query("X").has_value());
  expect_exact(std::string("name\0value\0", 11), decode_parameter_status);
  expect_exact(std::string("SELECT 1\0", 9), decode_command_complete);
}

TEST(BackendMessages, KeysAreBetween4And256Bytes) {
  for (const size_t length : {4UL, 32UL, 256UL}) {
    const std::string body = body_of(encode_backend_key_data(9, std::string(length, 'k')));
    ASSERT_TRUE(decode_backend_key_data(body).has_value()) << length;
    EXPECT_EQ(decode_backend_key_data(body)->process_id, 9U);
    EXPECT_EQ(decode_backend_key_data(body)->secret.size(), length);
  }
  for (const size_t length : {0UL, 3UL, 257UL}) {
    EXPECT_FALSE(decode_backend_key_data(body_of(encode_backend_key_data(9, std::string(length, 'k')))).has_value());
  }
}

TEST(BackendMessages, NegotiationIsReadAndItsCountIsNotTrusted) {
  const std::string body = body_of(encode_negotiate_protocol_version(2, {"_pq_.a", "_pq_.b"}));
  expect_exact(body, decode_negotiate_protocol_version);
  EXPECT_EQ(decode_negotiate_protocol_version(body)->newest_minor, 2U);
  EXPECT_EQ(decode_negotiate_protocol_version(body)->unknown_options.size(), 2U);
  EXPECT_FALSE(decode_negotiate_protocol_version(std::string_view("\0\3\0\0\xff\xff\xff\xff", 8)).has_value());
}

TEST(BackendMessages, WarningNoticeIsAWarning) {
  const std::string message = encode_warning_notice("text", "detail", "hint");
  EXPECT_EQ(message[0], 'N');
  const std::string body = body_of(message);
  EXPECT_EQ(decode_error_fields(body)->get('V'), "WARNING");
  EXPECT_EQ(decode_error_fields(body)->get('C'), "01000");
}

}  // namespace
}  // namespace schemaguard::parser::postgres
