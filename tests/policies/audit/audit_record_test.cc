#include "policies/audit/audit_record.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "policies/audit/audit_format.h"
#include "policies/audit/facts_json.h"

namespace schemaguard::policies {
namespace {

using parser::StatementClass;
using parser::StatementFacts;

boost::json::object parsed(const AuditRecord& record, uint64_t of = 0) {
  const std::string members = audit_record_members(record, of, "here:1");
  EXPECT_TRUE(std::all_of(members.begin(), members.end(), [](char one) { return one >= 0x20 && one < 0x7F; }))
      << members;
  return boost::json::parse("{" + members + "}").as_object();
}

std::string names_in_order(const boost::json::object& object) {
  std::string names;
  for (const auto& member : object) names += std::string(member.key()) + " ";
  return names;
}

AuditRecord full_record() {
  AuditSession session;
  session.server = "shop";
  session.database = "orders";
  session.engine = "postgresql";
  session.session = "17";
  session.user = "app";
  session.application = "psql";
  session.client = "10.0.0.7:5000";
  session.certificate = "cn";
  session.migration_listener = true;
  AuditRecord record;
  record.session = std::make_shared<const AuditSession>(session);
  record.message = 3;
  record.part = 1;
  record.ts = absl::FromUnixMicros(1);
  record.policy = "p1";
  record.role = "owner";
  record.classes = {StatementClass::kSchema, StatementClass::kAccess};
  record.command = "ALTER TABLE";
  record.objects = {"public.t"};
  parser::Change change;
  change.kind = "drop_column";
  change.object = {parser::ObjectKind::kTable, {"", "public", "t"}, parser::Persistence::kPersistent};
  change.member = "c";
  record.changes = {change};
  record.statement = "ALTER TABLE t DROP c";
  record.fingerprint = "f";
  record.verdict = Action::kAllow;
  record.would = Action::kBlock;
  record.rule = "builtin/schema";
  record.reason = "not_sanctioned";
  record.ref = "shop/1";
  record.sanctioned = true;
  record.migration = "m";
  record.strength = "exact";
  record.approval = "a";
  record.ticket_id = "T-1";
  record.outcome = Outcome::kFailed;
  record.sqlstate = "42P01";
  record.duration_us = 12;
  record.temporary_names = {"x"};
  record.search_path = {"public"};
  record.detail = R"({"k":1})";
  return record;
}

TEST(AuditRecord, members_stand_in_the_order_of_the_contract) {
  const boost::json::object record = parsed(full_record(), 9);
  EXPECT_EQ(names_in_order(record),
            "ts of message part event instance policy server database engine session user role application client "
            "certificate class command objects changes statement fingerprint verdict would rule reason ref migration "
            "strength approval ticket outcome sqlstate duration_us listener sanctioned temporary_names search_path "
            "detail ");
  EXPECT_EQ(record.at("ts").as_string(), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(record.at("of").as_int64(), 9);
  EXPECT_EQ(record.at("would").as_string(), "block");
  EXPECT_EQ(boost::json::serialize(record.at("class")), R"(["schema","access"])");
  EXPECT_EQ(boost::json::serialize(record.at("changes")),
            R"([{"kind":"drop_column","object":{"kind":"table","schema":"public","name":"t"},"member":"c"}])");
}

TEST(AuditRecord, what_does_not_apply_is_left_out) {
  AuditRecord record;
  record.event = AuditEvent::kOutcome;
  record.outcome = Outcome::kCommitted;
  EXPECT_EQ(names_in_order(parsed(record, 4)), "ts of event instance outcome ");
}

TEST(AuditRecord, any_byte_makes_valid_ascii_json) {
  AuditRecord record;
  for (int byte = 0; byte < 256; ++byte) record.statement.push_back(static_cast<char>(byte));
  record.statement += "\xE2\x82\xAC \xF0\x9F\x98\x80 \xED\xA0\x80 \xC0\x80";
  record.detail = "{\"a\":\"\xE2\x82\xAC\",\n\"b\":2}";
  const boost::json::object json = parsed(record);
  const std::string text(json.at("statement").as_string().c_str(), json.at("statement").as_string().size());
  EXPECT_EQ(text.substr(0, 128), record.statement.substr(0, 128));
  EXPECT_NE(text.find("\\x80\\x81"), std::string::npos);
  EXPECT_NE(text.find("\xE2\x82\xAC \xF0\x9F\x98\x80 \\xed\\xa0\\x80 \\xc0\\x80"), std::string::npos);
  EXPECT_EQ(json.at("detail").as_object().at("a").as_string(), "\xE2\x82\xAC");
  record.detail = "no json\n";
  EXPECT_EQ(parsed(record).at("detail").as_string(), "no json\n");
}

TEST(AuditRecord, no_record_is_longer_than_a_line) {
  AuditRecord record = full_record();
  const std::string long_text(5'000, '\x01');
  std::string long_clause = "'";
  while (long_clause.size() < 5'000) long_clause += "\xC3\xA9";
  long_clause += "'";
  AuditSession session;
  session.server = session.database = session.engine = session.session = session.user = session.application =
      session.client = session.certificate = long_text;
  record.session = std::make_shared<const AuditSession>(session);
  record.policy = record.role = record.command = record.statement = record.fingerprint = record.rule = record.reason =
      record.ref = record.migration = record.strength = record.approval = record.ticket_id = record.sqlstate =
          long_text;
  record.statement.assign(40'000, '\x01');
  record.objects.assign(300, long_text);
  record.temporary_names = record.search_path = std::vector<std::string>(300, long_text);
  parser::Change change;
  change.kind = change.object.name.name = change.member = change.new_name = long_text;
  change.definition = long_clause;
  parser::ColumnDefinition column;
  column.name = column.type = long_text;
  column.default_expression = long_clause;
  column.constraints.assign(20, long_clause);
  change.columns.assign(20, column);
  change.column = column;
  record.changes.assign(60, change);
  StatementFacts facts;
  facts.functions.assign(300, long_text);
  facts.settings.assign(300, parser::SettingChange{.name = long_text, .value = long_text, .list = {}});
  facts.objects.assign(200, parser::ObjectUse{parser::ObjectKind::kTable, {long_text, long_text, long_text}, {}});
  record.facts = std::make_shared<const StatementFacts>(facts);
  record.detail = "{\"a\":\"" + std::string(32'000, '\xFF') + "\"}";
  std::string line;
  append_audit_line(line, UINT64_MAX, kAuditGenesisHash, audit_record_members(record, UINT64_MAX, long_text));
  EXPECT_LE(line.size(), kAuditLineBytesMax);
  EXPECT_TRUE(split_audit_line(std::string_view(line).substr(0, line.size() - 1)).has_value());
}

TEST(AuditRecord, facts_come_back_as_they_were_judged) {
  StatementFacts facts;
  facts.classes = {StatementClass::kSchema, StatementClass::kOpaque};
  facts.command = "ALTER TABLE";
  parser::Change change;
  change.kind = "add_column";
  change.object = {parser::ObjectKind::kTable, {"", "", "t.with \"dots\""}, parser::Persistence::kByName};
  change.relation = parser::ObjectUse{parser::ObjectKind::kTable, {"c", "s", "r"}, parser::Persistence::kTemporary};
  change.member = "price";
  change.new_name = "n";
  change.column = parser::ColumnDefinition{.name = "price",
                                           .type = "numeric(4,2)",
                                           .collation = "C",
                                           .default_expression = "1.5",
                                           .generated_expression = "a + 1",
                                           .not_null = true,
                                           .primary_key = true,
                                           .unique = true,
                                           .identity = 'a',
                                           .generated = 's',
                                           .constraints = {"CHECK (price > 0)"}};
  change.columns = {*change.column};
  change.definition = "SET STATISTICS 5";
  change.if_exists = change.if_not_exists = change.cascade = change.concurrently = change.shape_unknown = true;
  facts.changes = {change};
  facts.objects = {change.object, {parser::ObjectKind::kView, {"", "s", "v"}, parser::Persistence::kPersistent}};
  facts.written = {{parser::ObjectKind::kTable, {"", "pg_catalog", "pg_class"}, parser::Persistence::kPersistent}};
  facts.functions = {"s.f"};
  facts.opaque = parser::OpaqueReason::kRunsSqlText;
  facts.settings = {
      {.name = "search_path", .value = "x", .list = {}, .scope = parser::SettingChange::Scope::kLocal, .reset = true}};
  facts.copy = parser::CopyUse::kProgram;
  facts.explain = true;
  facts.embedded_commit = true;
  facts.unread_reason = "syntax";
  AuditRecord record;
  record.facts = std::make_shared<const StatementFacts>(facts);
  record.classes = {StatementClass::kTemporary};  // what the session made of it
  const auto read = facts_from_record(parsed(record));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, facts);
}

TEST(AuditRecord, facts_of_another_version_are_an_error) {
  EXPECT_FALSE(facts_from_record(boost::json::parse(R"({"class":["quantum"]})").as_object()).ok());
  EXPECT_FALSE(facts_from_record(boost::json::parse(R"({"facts":{"opaque":"x"}})").as_object()).ok());
  EXPECT_FALSE(facts_from_record(boost::json::parse(R"({"changes":[{"object":{"kind":"x"}}]})").as_object()).ok());
  EXPECT_FALSE(facts_from_record(boost::json::parse(R"({"changes":7})").as_object()).ok());
}

TEST(AuditRecord, secrets_in_changes_do_not_come_out) {
  parser::Change change;
  change.kind = "create_user_mapping";
  change.definition = "OPTIONS (password 'Marker7')";
  parser::Change column;
  column.kind = "add_column";
  column.column.emplace();
  column.column->name = "api_token";
  column.column->default_expression = "'Marker7'";
  parser::Change body;
  body.kind = "create_function";
  body.definition = "AS $$ SELECT dblink('password=Marker7') $$";
  AuditRecord record;
  record.changes = {change, column, body};
  StatementFacts facts;
  facts.settings = {{.name = "app.token", .value = "Marker7", .list = {"Marker7"}}};
  record.facts = std::make_shared<const StatementFacts>(facts);
  EXPECT_EQ(audit_record_members(record, 0).find("Marker7"), std::string::npos) << audit_record_members(record, 0);
}

}  // namespace
}  // namespace schemaguard::policies
