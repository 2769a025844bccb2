#include "parser/postgres/frontend_messages.h"

#include <gtest/gtest.h>

#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {
namespace {

std::string body_of(const std::string& message) { return message.substr(kHeaderBytes); }

TEST(FrontendMessages, LengthsCountThemselves) {
  for (const std::string& message : {encode_query("SELECT 1"), encode_parse("s", "SELECT 1"), encode_bind("p", "s"),
                                     encode_execute("p"), encode_function_call(7)}) {
    EXPECT_EQ(static_cast<size_t>(message[4]), message.size() - 1);
  }
}

TEST(FrontendMessages, QueryEndsAtItsOneNul) {
  const std::string body = body_of(encode_query("SELECT 1"));
  EXPECT_EQ(decode_query(body), "SELECT 1");
  EXPECT_EQ(decode_query(std::string_view("\0", 1)), "");
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_query(std::string_view(body).substr(0, size)).has_value());
  }
  EXPECT_FALSE(decode_query(body + '\0').has_value());
  EXPECT_FALSE(decode_query(std::string_view("a\0b\0", 4)).has_value());
}

TEST(FrontendMessages, ParseIsConsumedExactly) {
  std::string body = std::string("s\0SELECT $1\0\0\2\0\0\0\x17\0\0\0\x19", 22);
  const auto parse = decode_parse(body);
  ASSERT_TRUE(parse.has_value());
  EXPECT_EQ(parse->statement, "s");
  EXPECT_EQ(parse->text, "SELECT $1");
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_parse(std::string_view(body).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_parse(body + "x").has_value());
  EXPECT_FALSE(decode_parse(std::string_view("s\0SELECT\0\xff\xff", 11)).has_value());
}

TEST(FrontendMessages, BindNamesNeedTheirFrontOnly) {
  const std::string body = body_of(encode_bind("portal", "statement"));
  const size_t names_bytes = std::string_view("portal").size() + std::string_view("statement").size() + 2;
  for (size_t size = 0; size <= body.size(); ++size) {
    const auto names = decode_bind_names(std::string_view(body).substr(0, size));
    ASSERT_EQ(names.has_value(), size >= names_bytes) << size;
    if (!names) continue;
    EXPECT_EQ(names->portal, "portal");
    EXPECT_EQ(names->statement, "statement");
  }
}

TEST(FrontendMessages, TargetsAreStatementsOrPortals) {
  const auto target = decode_target(std::string_view("Pname\0", 6));
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->kind, 'P');
  EXPECT_EQ(target->name, "name");
  EXPECT_FALSE(decode_target(std::string_view("Xname\0", 6)).has_value());
  EXPECT_FALSE(decode_target("Pname").has_value());
  EXPECT_FALSE(decode_target(std::string_view("Pname\0x", 7)).has_value());
  EXPECT_FALSE(decode_target("").has_value());
}

TEST(FrontendMessages, ExecuteIsConsumedExactly) {
  const std::string body = std::string("p\0\0\0\1\0", 6);
  const auto execute = decode_execute(body);
  ASSERT_TRUE(execute.has_value());
  EXPECT_EQ(execute->portal, "p");
  EXPECT_EQ(execute->rows_max, 256U);
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_execute(std::string_view(body).substr(0, size)).has_value());
  }
  EXPECT_FALSE(decode_execute(body + "x").has_value());
}

TEST(FrontendMessages, FunctionCallsNameTheirOid) {
  EXPECT_EQ(decode_function_oid(body_of(encode_function_call(957))), 957U);
  EXPECT_FALSE(decode_function_oid("abc").has_value());
}

TEST(FrontendMessages, Evasion81NamesAreClippedTo63Bytes) {
  EXPECT_EQ(clip_name(std::string(64, 'n')), std::string(63, 'n'));
  EXPECT_EQ(clip_name("short"), "short");
}

}  // namespace
}  // namespace schemaguard::parser::postgres
