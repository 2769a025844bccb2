#include "proxy/postgres/refusal.h"

#include <gtest/gtest.h>

#include "parser/postgres/frontend_messages.h"

namespace schemaguard::proxy::postgres {
namespace {

using parser::postgres::ErrorFields;

Refusal refusal_of(char type) {
  return {.type = type, .token = refusal_token(0xabc), .text = {.message = "no", .detail = "d", .hint = "h"}};
}

ErrorFields error_fields(std::string_view sqlstate, std::string_view text) {
  ErrorFields error;
  error.fields = {{'S', "FEHLER"}, {'V', "ERROR"}, {'C', sqlstate}, {'M', text}, {'P', "1"}, {'W', "w"}};
  return error;
}

TEST(Refusal, TokenIsOneWord) { EXPECT_EQ(refusal_token(0xabc), "sg_0000000000000abc"); }

TEST(Refusal, SubstituteCannotBeClosedByTheRulesName) {
  const std::string message = substitute_message(refusal_of('Q'), {}, "x */ DROP TABLE t; --");
  EXPECT_EQ(message, parser::postgres::encode_query("sg_0000000000000abc /* x....DROP.TABLE.t..-- */"));
}

TEST(Refusal, EveryTypeHasItsSubstitute) {
  const std::string token = refusal_token(0xabc);
  EXPECT_EQ(substitute_message(refusal_of('P'), "s", "r"), parser::postgres::encode_parse("s", token + " /* r */"));
  EXPECT_EQ(substitute_message(refusal_of('B'), "p", "r"), parser::postgres::encode_bind("p", token));
  EXPECT_EQ(substitute_message(refusal_of('E'), "p", "r"), parser::postgres::encode_execute(token));
  EXPECT_EQ(substitute_message(refusal_of('F'), {}, "r"), parser::postgres::encode_function_call(0));
}

TEST(Refusal, OnlyTheRejectionOfItsOwnSubstituteIsTaken) {
  const std::string named = "syntax error at or near \"" + refusal_token(0xabc) + "\"";
  EXPECT_TRUE(is_rejection_of(refusal_of('Q'), error_fields("42601", named)));
  EXPECT_TRUE(is_rejection_of(refusal_of('P'), error_fields("42601", named)));
  EXPECT_FALSE(is_rejection_of(refusal_of('Q'), error_fields("42601", "syntax error at or near \"sg_1\"")));
  EXPECT_FALSE(is_rejection_of(refusal_of('Q'), error_fields("57014", named)));
  EXPECT_TRUE(is_rejection_of(refusal_of('B'), error_fields("26000", named)));
  EXPECT_FALSE(is_rejection_of(refusal_of('B'), error_fields("34000", named)));
  EXPECT_TRUE(is_rejection_of(refusal_of('E'), error_fields("34000", named)));
  EXPECT_TRUE(is_rejection_of(refusal_of('F'), error_fields("42883", "function with OID 0 does not exist")));
  EXPECT_TRUE(is_rejection_of(refusal_of('F'), error_fields("25P02", "current transaction is aborted")));
  EXPECT_FALSE(is_rejection_of(refusal_of('Q'), ErrorFields{}));
}

TEST(Refusal, RewrittenErrorKeepsTheSeverityAndDropsThePosition) {
  const std::string message = rewrite_rejection(refusal_of('Q'), error_fields("42601", "x"));
  const auto fields = parser::postgres::decode_error_fields(std::string_view(message).substr(5));
  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(fields->get('S'), "FEHLER");
  EXPECT_EQ(fields->get('V'), "ERROR");
  EXPECT_EQ(fields->get('C'), "42501");
  EXPECT_EQ(fields->get('M'), "no");
  EXPECT_EQ(fields->get('D'), "d");
  EXPECT_EQ(fields->get('H'), "h");
  EXPECT_EQ(fields->get('P'), "");
  EXPECT_EQ(fields->get('W'), "");
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
