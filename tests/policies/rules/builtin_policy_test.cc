// The class table of design section 5: class x application or migrator -> what happens by default.
#include "policies/rules/builtin_policy.h"

#include <gtest/gtest.h>

#include "policies/rules/policy.h"
#include "policies/rules/reason.h"

namespace schemaguard::policies {
namespace {

using parser::OpaqueReason;
using parser::StatementClass;
using parser::StatementFacts;

std::shared_ptr<const Policy> default_policy() {
  PolicyOptions options;
  options.server = "shop";
  options.migrators = {{.user = "deploy", .from = {}, .certificate = ""}};
  return *Policy::build(std::move(options));
}

Subject login(std::string user) {
  Subject subject;
  subject.user = std::move(user);
  subject.database = "orders";
  return subject;
}

StatementFacts of_class(StatementClass one) {
  StatementFacts facts;
  facts.classes.add(one);
  facts.command = "SOMETHING";
  return facts;
}

struct Expectation {
  StatementClass statement_class;
  Action application;
  Action migrator;
  std::string_view reason;  // for the application
};

TEST(BuiltinPolicy, ClassTable) {
  const std::vector<Expectation> table = {
      {StatementClass::kQuery, Action::kAllow, Action::kAllow, ""},
      {StatementClass::kSession, Action::kAllow, Action::kAllow, ""},
      {StatementClass::kTransaction, Action::kAllow, Action::kAllow, ""},
      {StatementClass::kTemporary, Action::kAllow, Action::kAllow, ""},
      {StatementClass::kSchema, Action::kBlock, Action::kAllow, reason::kNotSanctioned},
      {StatementClass::kSetting, Action::kBlock, Action::kLog, reason::kSetting},
      {StatementClass::kServerFile, Action::kBlock, Action::kLog, reason::kServerFile},
      {StatementClass::kAccess, Action::kBlock, Action::kAllow, reason::kNotSanctioned},
      {StatementClass::kCluster, Action::kBlock, Action::kBlock, reason::kCluster},
      {StatementClass::kDestructive, Action::kLog, Action::kLog, reason::kLoggedClass},
      {StatementClass::kMaintenance, Action::kLog, Action::kLog, reason::kLoggedClass},
      {StatementClass::kAdmin, Action::kLog, Action::kLog, reason::kLoggedClass},
      {StatementClass::kCatalogWrite, Action::kBlock, Action::kBlock, reason::kCatalogWrite},
      {StatementClass::kHistoryWrite, Action::kBlock, Action::kLog, reason::kHistoryWrite},
      {StatementClass::kUnread, Action::kBlock, Action::kBlock, reason::kUnread},
      {StatementClass::kOpaque, Action::kBlock, Action::kLog, reason::kUnreadableCode},
  };
  ASSERT_EQ(table.size(), parser::kStatementClassCount);
  const auto policy = default_policy();
  for (const Expectation& line : table) {
    SCOPED_TRACE(parser::class_name(line.statement_class));
    const StatementFacts facts = of_class(line.statement_class);
    const Verdict application = policy->judge(facts, login("app"), SessionNames{});
    EXPECT_EQ(action_name(application.action), action_name(line.application));
    EXPECT_EQ(application.reason, line.reason);
    EXPECT_EQ(action_name(policy->judge(facts, login("deploy"), SessionNames{}).action), action_name(line.migrator));
    EXPECT_EQ(application.message.empty(), line.application != Action::kBlock);
    EXPECT_EQ(application.hint.empty(), line.application != Action::kBlock);
    EXPECT_EQ(application.rule.rfind("builtin/", 0), 0U) << application.rule;
    EXPECT_TRUE(application.classes.has(line.statement_class));
    const bool ordinary = line.statement_class <= StatementClass::kTemporary && line.application == Action::kAllow;
    EXPECT_EQ(application.audited, !ordinary);
  }
}

struct OpaqueExpectation {
  OpaqueReason opaque;
  Action application;
  Action migrator;
};

TEST(BuiltinPolicy, OpaqueTable) {
  const std::vector<OpaqueExpectation> table = {
      {OpaqueReason::kUnprovedRoutine, Action::kAllow, Action::kAllow},
      {OpaqueReason::kProcedureCall, Action::kAllow, Action::kAllow},
      {OpaqueReason::kRunsSqlText, Action::kBlock, Action::kLog},
      {OpaqueReason::kDynamicCode, Action::kBlock, Action::kLog},
      {OpaqueReason::kUnreadableCode, Action::kBlock, Action::kLog},
      {OpaqueReason::kFunctionCall, Action::kBlock, Action::kBlock},
      {OpaqueReason::kUnknownPrepared, Action::kBlock, Action::kLog},
  };
  const auto policy = default_policy();
  for (const OpaqueExpectation& line : table) {
    SCOPED_TRACE(opaque_reason_name(line.opaque));
    StatementFacts facts = of_class(StatementClass::kQuery);
    facts.classes.add(StatementClass::kOpaque);
    facts.opaque = line.opaque;
    const Verdict application = policy->judge(facts, login("app"), SessionNames{});
    EXPECT_EQ(action_name(application.action), action_name(line.application));
    EXPECT_EQ(action_name(policy->judge(facts, login("deploy"), SessionNames{}).action), action_name(line.migrator));
    EXPECT_EQ(application.summarised, line.application == Action::kAllow);
    EXPECT_EQ(application.audited, line.application != Action::kAllow);
    const bool blocked = line.application == Action::kBlock;
    EXPECT_EQ(application.reason, blocked ? opaque_reason_name(line.opaque) : "");
  }
}

TEST(BuiltinPolicy, TheStrictestClassCounts) {
  const auto policy = default_policy();
  StatementFacts facts = of_class(StatementClass::kQuery);
  facts.classes.add(StatementClass::kDestructive);
  EXPECT_EQ(policy->judge(facts, login("app"), {}).action, Action::kLog);
  facts.classes.add(StatementClass::kCluster);
  EXPECT_EQ(policy->judge(facts, login("deploy"), {}).action, Action::kBlock);
  EXPECT_EQ(policy->judge(facts, login("deploy"), {}).reason, reason::kCluster);
}

TEST(BuiltinPolicy, ProgramsAreBlockedForMigratorsToo) {
  const auto policy = default_policy();
  StatementFacts facts = of_class(StatementClass::kServerFile);
  facts.command = "COPY";
  facts.copy = parser::CopyUse::kProgram;
  const Verdict verdict = policy->judge(facts, login("deploy"), {});
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.reason, reason::kServerProgram);
}

TEST(BuiltinPolicy, NothingWithoutAClassGetsThrough) {
  EXPECT_EQ(default_policy()->judge(StatementFacts{}, login("deploy"), {}).action, Action::kBlock);
}

TEST(BuiltinPolicy, UnreadTextSaysWhy) {
  const Verdict verdict = default_policy()->judge_unread("nul_byte", login("deploy"));
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.reason, reason::kUnread);
  EXPECT_EQ(verdict.message, "SQL text blocked: the text cannot be read with certainty (nul_byte)");
  EXPECT_FALSE(verdict.hint.empty());
}

TEST(BuiltinPolicy, ListedAndTrustedExtensionsAreSchema) {
  PolicyOptions options;
  options.migrators = {{.user = "deploy", .from = {}, .certificate = ""}};
  options.allowed_extensions = {"postgis"};
  const auto policy = *Policy::build(options);
  for (const auto& [name, action] : {std::pair{"citext", Action::kAllow}, std::pair{"postgis", Action::kAllow},
                                     std::pair{"dblink", Action::kBlock}}) {
    StatementFacts facts = of_class(StatementClass::kCluster);
    facts.command = "CREATE EXTENSION";
    facts.objects.push_back(
        {.kind = parser::ObjectKind::kExtension, .name = {.catalog = "", .schema = "", .name = name}});
    EXPECT_EQ(policy->judge(facts, login("deploy"), {}).action, action) << name;
    EXPECT_EQ(policy->judge(facts, login("app"), {}).action, Action::kBlock) << name;
  }
}

TEST(BuiltinPolicy, EveryReasonHasASentence) {
  for (const ReasonText& text : all_reasons()) {
    EXPECT_FALSE(text.code.empty());
    EXPECT_TRUE(text.sentence.ends_with('.')) << text.code;
  }
}

}  // namespace
}  // namespace schemaguard::policies
