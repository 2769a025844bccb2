#include "policies/audit/audit_report.h"

#include <gtest/gtest.h>

#include "policies/audit/audit_filter.h"
#include "policies/audit/audit_print.h"

namespace schemaguard::policies {
namespace {

AuditEntry entry(std::string_view json) {
  std::optional<AuditEntry> parsed = AuditEntry::parse(json);
  EXPECT_TRUE(parsed.has_value()) << json;
  return parsed.value_or(AuditEntry());
}

const char* const kAlter =
    R"({"v":1,"seq":7,"ts":"2026-11-20T10:00:00.000000Z","event":"statement","server":"shop","database":"orders",)"
    R"("user":"app","application":"web","client":"10.0.0.7:4000","class":["schema"],"command":"ALTER TABLE",)"
    R"("objects":["public.t"],"changes":[{"kind":"rename_table","object":{"kind":"table","schema":"public","name":"t"},)"
    R"("new_name":"u"}],"statement":"ALTER TABLE t RENAME TO u","verdict":"allow","would":"block",)"
    R"("rule":"builtin/schema","reason":"not_sanctioned"})";

TEST(AuditEntry, reads_what_is_there_and_shrugs_at_the_rest) {
  const AuditEntry alter = entry(kAlter);
  EXPECT_EQ(alter.seq(), 7U);
  EXPECT_EQ(alter.object_names(), (std::vector<std::string>{"public.t", "public.u"}));
  EXPECT_EQ(alter.client_address(), "10.0.0.7");
  EXPECT_EQ(entry(R"({"client":"[::1]:5"})").client_address(), "::1");
  EXPECT_EQ(entry(R"({"client":"::1"})").client_address(), "::1");
  EXPECT_FALSE(AuditEntry::parse("[]").has_value());
  EXPECT_FALSE(AuditEntry::parse("{").has_value());
  const AuditEntry odd = entry(R"({"seq":-1,"objects":7,"changes":[1,{"object":2}],"ts":[]})");
  EXPECT_EQ(odd.seq(), 0U);
  EXPECT_TRUE(odd.object_names().empty());
  EXPECT_EQ(odd.text("ts"), "");
}

TEST(OutcomeIndex, the_last_outcome_counts) {
  OutcomeIndex index;
  index.add(entry(R"({"event":"outcome","of":7,"outcome":"unknown"})"));
  index.add(entry(R"({"event":"outcome","of":7,"outcome":"committed","sqlstate":"00000"})"));
  EXPECT_EQ(index.find(entry(kAlter)).text, "committed");
  EXPECT_EQ(index.find(entry(R"({"seq":8,"outcome":"refused"})")).text, "refused");
  EXPECT_EQ(index.find(entry(R"({"seq":9})")).text, "");
}

TEST(AuditFilter, every_condition_can_say_no) {
  const AuditEntry alter = entry(kAlter);
  const auto passes = [&alter](auto set) {
    AuditFilter filter;
    set(filter);
    EXPECT_TRUE(filter.check().ok());
    return filter.matches(alter, "committed");
  };
  EXPECT_TRUE(passes([](AuditFilter&) {}));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.since = "2026-11-20T10:00:00.000000Z"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.since = "2026-11-20T10:00:00.000001Z"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.until = "2026-11-20T10:00:00.000000Z"; }));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.database = "ord*"; }));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.database = "shop/orders"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.database = "other/orders"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.user = "ap"; }));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.object = "t"; }));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.object = "public.u"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.object = "private.t"; }));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.statement_class = "schema"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.statement_class = "access"; }));
  EXPECT_TRUE(passes([](AuditFilter& filter) { filter.outcome = "committed"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.outcome = "failed"; }));
  EXPECT_FALSE(passes([](AuditFilter& filter) { filter.ticket = "T-1"; }));
  AuditFilter wrong;
  wrong.statement_class = "quantum";
  EXPECT_FALSE(wrong.check().ok());
  wrong.statement_class = "";
  wrong.user = "lone\\";
  EXPECT_FALSE(wrong.check().ok());
}

TEST(AuditFilter, moments_are_read) {
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  EXPECT_EQ(*parse_moment("1d", now), "1970-01-11T13:46:40.000000Z");
  EXPECT_EQ(*parse_moment("30m", now), "1970-01-12T13:16:40.000000Z");
  EXPECT_EQ(*parse_moment("2026-11-21", now), "2026-11-21T00:00:00.000000Z");
  EXPECT_EQ(*parse_moment("2026-11-21T08:30:00+02:00", now), "2026-11-21T06:30:00.000000Z");
  for (const char* text : {"", "d", "7", "7w", "-7d", "99999999d", "yesterday", "2026-13-01"}) {
    EXPECT_FALSE(parse_moment(text, now).ok()) << text;
  }
}

TEST(AuditReport, groups_and_proposes_the_narrowest_rule) {
  AuditReport report;
  report.add(entry(kAlter));
  std::string second = kAlter;
  second.replace(second.find("10:00:00"), 8, "11:00:00");
  second.replace(second.find(":4000"), 5, ":4001");
  report.add(entry(second));
  report.add(entry(R"({"seq":9,"ts":"x","user":"o'\u001b","class":["unread"],"command":"SQL text"})"));
  const std::vector<AuditReportGroup> groups = report.groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].count, 2U);
  EXPECT_EQ(groups[0].first_seen, "2026-11-20T10:00:00.000000Z");
  EXPECT_EQ(groups[0].last_seen, "2026-11-20T11:00:00.000000Z");
  EXPECT_EQ(groups[0].example_seq, 7U);
  EXPECT_EQ(narrowest_rule(groups[0], 1),
            "- name: from-the-audit-1\n"
            "  match:\n"
            "    class: [\"schema\"]\n"
            "    command: [\"ALTER TABLE\"]\n"
            "    change: [\"rename_table\"]\n"
            "    object: [\"public.t\", \"public.u\"]\n"
            "    user: [\"app\"]\n"
            "    database: [\"orders\"]\n"
            "    from: [\"10.0.0.7\"]\n"
            "  action: allow\n");
  EXPECT_EQ(narrowest_rule(groups[1], 2).find("object"), std::string::npos);
  EXPECT_EQ(audit_report_text(report).find('\x1b'), std::string::npos);
  EXPECT_NE(audit_report_text(report).find("3 statements in 2 groups"), std::string::npos);
  EXPECT_TRUE(AuditEntry::parse(audit_report_json(report)).has_value());
}

TEST(AuditPrint, lines_are_safe_and_complete) {
  const std::string line = audit_entry_text(entry(kAlter), {"failed", "42P01"});
  EXPECT_EQ(line,
            "2026-11-20T10:00:00.000000Z  #7  statement  allow (would block)  failed 42P01  shop/orders  app from "
            "10.0.0.7:4000 (web)  ALTER TABLE public.t  [reason not_sanctioned, rule builtin/schema]\n"
            "    ALTER TABLE t RENAME TO u\n");
  EXPECT_EQ(visible("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(audit_entry_csv(entry(R"({"seq":1,"statement":"a,\"b\""})"), {"committed", ""}),
            "1,,,,,,,,,,,,,,,,,,,,,committed,,\"a,\"\"b\"\"\"\n");
}

}  // namespace
}  // namespace schemaguard::policies
