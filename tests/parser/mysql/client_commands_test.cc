#include "parser/mysql/client_commands.h"

#include <gtest/gtest.h>

#include "parser/mysql/command_table.h"
#include "tests/parser/mysql/wire_bytes.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr Capabilities kPlain{kClientProtocol41, 0};
constexpr Capabilities kAttributes{kClientProtocol41 | kClientQueryAttributes, 0};

TEST(ClientCommands, QueryIsTheWholeBody) {
  const std::string body = bytes("01 01 'drop table t'");
  const auto query = decode_query(body, kPlain);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->text.size(), 14U);
  EXPECT_EQ(decode_query("", kPlain)->text, "");
}

TEST(ClientCommands, QueryBehindAttributes) {
  // The example of MySQL's documentation of COM_QUERY.
  const std::string body = bytes("01 01 00 01 fe 00 01 'a' 01 '1' 'select @@version_comment limit 1'");
  const auto query = decode_query(body, kAttributes);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->text, "select @@version_comment limit 1");
  EXPECT_EQ(query->attribute_names, std::vector<std::string_view>{"a"});
  EXPECT_EQ(decode_query(bytes("00 01 'select 1'"), kAttributes)->text, "select 1");
  for (size_t size = 0; size < body.size() - query->text.size(); ++size) {
    EXPECT_FALSE(decode_query(std::string_view(body).substr(0, size), kAttributes).has_value()) << size;
  }
}

TEST(ClientCommands, QueryAttributesOfEveryType) {
  const auto text = [](std::string_view type, std::string_view value) -> std::string {
    const std::string body =
        bytes(std::string("01 01 00 01 ") + std::string(type) + " 00 00 " + std::string(value) + " 'drop table t'");
    const auto query = decode_query(body, kAttributes);
    return query.has_value() ? std::string(query->text) : "refused";
  };
  EXPECT_EQ(text("01", "07"), "drop table t");
  EXPECT_EQ(text("02", "07 00"), "drop table t");
  EXPECT_EQ(text("03", "07 00 00 00"), "drop table t");
  EXPECT_EQ(text("04", "07 00 00 00"), "drop table t");
  EXPECT_EQ(text("05", "07 00 00 00 00 00 00 00"), "drop table t");
  EXPECT_EQ(text("08", "07 00 00 00 00 00 00 00"), "drop table t");
  EXPECT_EQ(text("0c", "04 da 07 0a 11"), "drop table t");
  EXPECT_EQ(text("0b", "00"), "drop table t");
  EXPECT_EQ(text("fd", "03 'abc'"), "drop table t");
  EXPECT_EQ(text("f6", "03 '1.5'"), "drop table t");
  // How much of the text such a value would swallow is not certain.
  EXPECT_EQ(text("06", ""), "refused");
  EXPECT_EQ(text("09", "07 00 00 00"), "refused");
  EXPECT_EQ(text("10", "01 01"), "refused");
  EXPECT_EQ(text("fd", "fb"), "refused");
  EXPECT_EQ(text("fd", "7f"), "refused");
}

TEST(ClientCommands, QueryAttributesThatAreNullHaveNoValue) {
  const std::string body = bytes("02 01 01 01 03 00 01 'a' fd 00 00 02 'xy' 'select 1'");
  const auto query = decode_query(body, kAttributes);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->text, "select 1");
  EXPECT_EQ(query->attribute_names, (std::vector<std::string_view>{"a", ""}));
}

TEST(ClientCommands, QueryAttributesInUnknownShapesAreRefused) {
  EXPECT_FALSE(decode_query(bytes("00 02 'select 1'"), kAttributes).has_value());                 // two sets
  EXPECT_FALSE(decode_query(bytes("01 01 00 00 fe 00 00 01 '1' 'x'"), kAttributes).has_value());  // types left out
  EXPECT_FALSE(decode_query(bytes("fe ff ff ff ff ff ff ff ff 01 'x'"), kAttributes).has_value());
  EXPECT_FALSE(decode_query("select 1", kAttributes).has_value());
}

TEST(ClientCommands, StatementsById) {
  const std::string execute = bytes("02 00 00 00 09 01 00 00 00 00 01 03 00");
  EXPECT_EQ(decode_execute(execute)->statement_id, 2U);
  EXPECT_TRUE(decode_execute(execute)->opens_cursor());
  EXPECT_FALSE(decode_execute(bytes("02 00 00 00 08 01 00 00 00"))->opens_cursor());
  EXPECT_EQ(decode_execute(execute)->iterations, 1U);
  EXPECT_EQ(decode_execute(execute)->parameters.size(), 4U);
  for (size_t size = 0; size < 9; ++size) {
    EXPECT_FALSE(decode_execute(std::string_view(execute).substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(decode_execute(bytes("ff ff ff ff 00 01 00 00 00"))->statement_id, kLastStatementId);
  const auto bulk = decode_bulk_execute(bytes("04 00 00 00 80 00 03 00 fd 00"));
  EXPECT_EQ(bulk->statement_id, 4U);
  EXPECT_EQ(bulk->flags, 128U);
  EXPECT_EQ(bulk->parameters.size(), 4U);
  EXPECT_FALSE(decode_bulk_execute(bytes("04 00 00 00 80")).has_value());
  EXPECT_EQ(decode_fetch(bytes("01 00 00 00 02 00 00 00"))->rows, 2U);
  EXPECT_FALSE(decode_fetch(bytes("01 00 00 00 02 00 00 00 00")).has_value());
  EXPECT_EQ(decode_long_data_prefix(bytes("01 00 00 00 02 00 'data'"))->parameter, 2U);
  EXPECT_FALSE(decode_long_data_prefix(bytes("01 00 00 00 02")).has_value());
  EXPECT_EQ(decode_statement_id(bytes("07 00 00 00")), 7U);
  EXPECT_FALSE(decode_statement_id(bytes("07 00 00")).has_value());
  EXPECT_FALSE(decode_statement_id(bytes("07 00 00 00 00")).has_value());
}

TEST(ClientCommands, SmallOnes) {
  EXPECT_EQ(decode_init_db("shop"), "shop");
  EXPECT_FALSE(decode_init_db("").has_value());
  EXPECT_FALSE(decode_init_db(bytes("'shop' 00 'x'")).has_value());
  EXPECT_EQ(decode_set_option(bytes("01 00")), 1U);
  EXPECT_FALSE(decode_set_option(bytes("01")).has_value());
  EXPECT_EQ(decode_process_kill(bytes("09 00 00 00")), 9U);
  EXPECT_EQ(decode_field_list(bytes("'t' 00 'a%'"))->wildcard, "a%");
  EXPECT_FALSE(decode_field_list("t").has_value());
  EXPECT_FALSE(decode_refresh(bytes("01"))->resets_replication());
  EXPECT_TRUE(decode_refresh(bytes("80"))->resets_replication());
  EXPECT_FALSE(decode_refresh("").has_value());
}

TEST(CommandTable, EveryByteHasOneVerdict) {
  for (size_t byte = 0; byte < kCommandTable.size(); ++byte) {
    const CommandRow& row = kCommandTable[byte];
    EXPECT_EQ(row.name.empty(), row.admission == Admission::kUnknown) << byte;
    if (row.admission == Admission::kUnknown) {
      EXPECT_EQ(row.reply, ReplyShape::kNone) << byte;
    }
  }
  EXPECT_EQ(command_row(0x40).admission, Admission::kUnknown);
  EXPECT_EQ(command_row(0x22).admission, Admission::kUnknown);
}

TEST(CommandTable, NothingThatHoldsTextOrPowerIsForwardedUnseen) {
  for (const Command command :
       {Command::kQuery, Command::kStmtPrepare, Command::kStmtExecute, Command::kStmtBulkExecute, Command::kInitDb,
        Command::kChangeUser, Command::kResetConnection, Command::kSetOption, Command::kShutdown, Command::kRefresh,
        Command::kProcessKill, Command::kDebug, Command::kStmtClose}) {
    EXPECT_EQ(command_row(command).admission, Admission::kJudge) << command_row(command).name;
  }
  for (const Command command :
       {Command::kCreateDb, Command::kDropDb, Command::kClone, Command::kMulti, Command::kTableDump, Command::kSleep}) {
    EXPECT_EQ(command_row(command).admission, Admission::kRefuse) << command_row(command).name;
  }
  for (const Command command : {Command::kBinlogDump, Command::kBinlogDumpGtid, Command::kRegisterSlave}) {
    EXPECT_EQ(command_row(command).admission, Admission::kReplication) << command_row(command).name;
  }
}

TEST(CommandTable, CommandsWithoutReply) {
  for (const Command command : {Command::kQuit, Command::kStmtClose, Command::kStmtSendLongData}) {
    EXPECT_EQ(command_row(command).reply, ReplyShape::kNone) << command_row(command).name;  // evasion M10
  }
}

}  // namespace
}  // namespace schemaguard::parser::mysql
