// Rules: what matches what, in which order, and which way doubt falls (design section 6).
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "policies/rules/policy.h"
#include "policies/rules/reason.h"

namespace schemaguard::policies {
namespace {

using parser::Change;
using parser::ObjectKind;
using parser::ObjectUse;
using parser::OpaqueReason;
using parser::Persistence;
using parser::StatementClass;
using parser::StatementFacts;

std::shared_ptr<const Policy> policy_of(std::vector<Rule> rules) {
  PolicyOptions options;
  options.server = "shop";
  options.migrators = {{.user = "deploy", .from = {}, .certificate = ""}};
  options.rules = std::move(rules);
  auto policy = Policy::build(std::move(options));
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

Rule rule_of(
    std::string name, Action action, const std::function<void(Rule&)>& fill = [](Rule&) {}) {
  Rule rule;
  rule.name = std::move(name);
  rule.action = action;
  fill(rule);
  return rule;
}

Subject login(std::string user) {
  Subject subject;
  subject.user = std::move(user);
  subject.database = "orders";
  subject.client_address = "10.0.0.7";
  return subject;
}

ObjectUse table(std::string schema, std::string name, Persistence persistence = Persistence::kByName) {
  if (!schema.empty() && persistence == Persistence::kByName) persistence = Persistence::kPersistent;
  return {.kind = ObjectKind::kTable,
          .name = {.catalog = "", .schema = std::move(schema), .name = std::move(name)},
          .persistence = persistence};
}

StatementFacts statement(std::string command, std::vector<std::pair<std::string, ObjectUse>> changes) {
  StatementFacts facts;
  facts.command = std::move(command);
  facts.classes.add(StatementClass::kSchema);
  for (auto& [kind, object] : changes) {
    Change change;
    change.kind = std::move(kind);
    change.object = std::move(object);
    facts.changes.push_back(std::move(change));
  }
  return facts;
}

StatementFacts drop(std::vector<ObjectUse> tables) {
  std::vector<std::pair<std::string, ObjectUse>> changes;
  for (ObjectUse& one : tables) changes.emplace_back("drop_table", std::move(one));
  return statement("DROP TABLE", std::move(changes));
}

SessionNames path(std::vector<std::string> schemas, bool certain = true) {
  SessionNames names;
  names.search_path = std::move(schemas);
  names.search_path_certain = certain;
  return names;
}

Rule allow_ghost_tables() {
  return rule_of("ghost", Action::kAllow, [](Rule& rule) {
    rule.match.classes = {"schema"};
    rule.match.objects = {"_*_gho", "_*_del"};
    rule.match.users = {"ghost"};
  });
}

TEST(Rules, PreparingIsBlockedWhenRunningItWouldBe) {
  StatementFacts prepare;
  prepare.command = "PREPARE";
  prepare.classes.add(StatementClass::kSession);
  prepare.prepared = parser::PreparedUse::kPrepare;
  prepare.inner.push_back(statement("SELECT INTO", {{"create_table", table("public", "users")}}));
  const auto policy = policy_of({});
  const Verdict refused = policy->judge(prepare, login("app"), path({"public"}));
  EXPECT_EQ(refused.action, Action::kBlock);
  EXPECT_EQ(refused.subject, "SELECT INTO public.users");
  EXPECT_EQ(policy->judge(prepare, login("deploy"), path({"public"})).action, Action::kAllow);
  prepare.inner.front() = StatementFacts{};
  prepare.inner.front().classes.add(StatementClass::kQuery);
  EXPECT_EQ(policy->judge(prepare, login("app"), path({"public"})).action, Action::kAllow);
}

TEST(Rules, FirstMatchWinsAndTheBuiltInPolicyIsLast) {
  const auto policy = policy_of({rule_of("first", Action::kLog, [](Rule& r) { r.match.classes = {"schema"}; }),
                                 rule_of("second", Action::kBlock, [](Rule& r) { r.match.classes = {"schema"}; })});
  const Verdict verdict = policy->judge(drop({table("public", "users")}), login("app"), {});
  EXPECT_EQ(verdict.rule, "first");
  EXPECT_EQ(verdict.action, Action::kLog);
  EXPECT_EQ(verdict.reason, reason::kRule);
  EXPECT_TRUE(verdict.audited);
  EXPECT_EQ(policy->all_rules().front().name, "first");
  EXPECT_EQ(policy->all_rules().back().name, "builtin/everything-else");
}

TEST(Rules, EveryPairMustBeAllowed) {
  const auto policy = policy_of({allow_ghost_tables()});
  EXPECT_EQ(policy->judge(drop({table("public", "_t_gho")}), login("ghost"), {}).action, Action::kAllow);
  EXPECT_EQ(policy->judge(drop({table("public", "_t_gho")}), login("app"), {}).action, Action::kBlock);
  const Verdict verdict =
      policy->judge(drop({table("public", "_t_gho"), table("public", "users")}), login("ghost"), {});
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.subject, "DROP TABLE public.users");
}

TEST(Rules, BlockRulesHoldForMigratorsToo) {
  const auto policy = policy_of({rule_of("no-drops", Action::kBlock, [](Rule& r) {
    r.match.changes = {"drop_table", "drop_column"};
    r.hint = "ask in #db";
    r.after = Verdict::After::kDisconnect;
  })});
  const Verdict verdict = policy->judge(drop({table("public", "users")}), login("deploy"), {});
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.rule, "no-drops");
  EXPECT_EQ(verdict.hint, "ask in #db");
  EXPECT_EQ(verdict.after, Verdict::After::kDisconnect);
  EXPECT_EQ(verdict.message, "DROP TABLE public.users blocked: a rule forbids it");
  const auto create = statement("CREATE TABLE", {{"create_table", table("public", "users")}});
  EXPECT_EQ(policy->judge(create, login("deploy"), {}).action, Action::kAllow);
}

TEST(Rules, UnlessAWindow) {
  const auto policy = policy_of({rule_of("no-drops", Action::kBlock, [](Rule& r) {
    r.match.changes = {"drop_table"};
    r.unless = Rule::Match{};
    r.unless->windows = {"sat,sun 02:00-04:00 UTC"};
  })});
  Subject subject = login("deploy");
  subject.now = absl::FromCivil(absl::CivilMinute(2026, 11, 21, 3, 0), absl::UTCTimeZone());
  EXPECT_EQ(policy->judge(drop({table("public", "users")}), subject, {}).action, Action::kAllow);
  subject.now += absl::Hours(1);
  const Verdict verdict = policy->judge(drop({table("public", "users")}), subject, {});
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_NE(verdict.message.find("outside the window sat,sun 02:00-04:00 UTC"), std::string::npos) << verdict.message;
}

TEST(Rules, EveryMatchKey) {
  struct Case {
    std::string key;
    std::function<void(Rule::Match&)> fill;
    std::function<void(Subject&, StatementFacts&)> miss;  // changes what matches into what does not
  };
  const std::vector<Case> table_of_keys = {
      {"class", [](auto& m) { m.classes = {"schema"}; },
       [](auto&, auto& facts) { facts.classes = {StatementClass::kAccess}; }},
      {"command", [](auto& m) { m.commands = {"drop  table"}; },
       [](auto&, auto& facts) { facts.command = "DROP VIEW"; }},
      {"change", [](auto& m) { m.changes = {"drop_*"}; },
       [](auto&, auto& facts) { facts.changes[0].kind = "create_table"; }},
      {"object", [](auto& m) { m.objects = {"public.us*"}; },
       [](auto&, auto& facts) { facts.changes[0].object.name.name = "orders"; }},
      {"user", [](auto& m) { m.users = {"dep*"}; }, [](auto& subject, auto&) { subject.user = "other"; }},
      {"database", [](auto& m) { m.databases = {"orders"}; }, [](auto& subject, auto&) { subject.database = "x"; }},
      {"application", [](auto& m) { m.applications = {"psql*"}; },
       [](auto& subject, auto&) { subject.application = "flyway"; }},
      {"from", [](auto& m) { m.from = {"10.0.0.0/8"}; },
       [](auto& subject, auto&) { subject.client_address = "192.168.0.1"; }},
      {"certificate", [](auto& m) { m.certificates = {"deploy.example"}; },
       [](auto& subject, auto&) { subject.client_certificate = ""; }},
      {"sanctioned", [](auto& m) { m.sanctioned = true; }, [](auto& subject, auto&) { subject.user = "app"; }},
      {"window", [](auto& m) { m.windows = {"sat 00:00-24:00 UTC"}; },
       [](auto& subject, auto&) { subject.now += absl::Hours(24); }},
  };
  for (const Case& one : table_of_keys) {
    SCOPED_TRACE(one.key);
    const auto policy = policy_of({rule_of("the-rule", Action::kBlock, [&](Rule& r) { one.fill(r.match); })});
    Subject subject = login("deploy");
    subject.application = "psql 15";
    subject.client_certificate = "deploy.example";
    subject.now = absl::FromCivil(absl::CivilMinute(2026, 11, 21, 3, 0), absl::UTCTimeZone());
    StatementFacts facts = drop({table("public", "users")});
    EXPECT_EQ(policy->judge(facts, subject, {}).rule, "the-rule");
    one.miss(subject, facts);
    EXPECT_NE(policy->judge(facts, subject, {}).rule, "the-rule");
  }
}

TEST(Rules, KeysWithoutMeaningInThisVersionNeverMatchAndSaySo) {
  const auto policy = policy_of({rule_of("hazard", Action::kBlock, [](Rule& r) { r.match.hazards = {"rewrite"}; }),
                                 rule_of("approved", Action::kAllow, [](Rule& r) {
                                   r.match.approval = true;
                                   r.match.classes = {"cluster"};
                                 })});
  EXPECT_EQ(policy->warnings().size(), 2U);
  EXPECT_EQ(policy->judge(drop({table("public", "users")}), login("deploy"), {}).rule, "builtin/migrator");
}

// What a name certainly is, what it may be, and what a rule makes of it.
TEST(Rules, NamesInDoubtMatchBlockRulesAndNeverAllowRules) {
  const auto allow = policy_of({rule_of("r", Action::kAllow, [](Rule& r) { r.match.objects = {"scratch.*"}; })});
  const auto block = policy_of({rule_of("r", Action::kBlock, [](Rule& r) { r.match.objects = {"scratch.*"}; })});
  const auto log = policy_of({rule_of("r", Action::kLog, [](Rule& r) { r.match.objects = {"scratch.*"}; })});
  struct Case {
    ObjectUse object;
    SessionNames names;
    bool allows, blocks;
  };
  const std::vector<Case> cases = {
      {table("scratch", "t"), path({"public"}), true, true},
      {table("public", "t"), path({"scratch"}), false, false},
      {table("", "t"), path({"scratch"}), true, true},
      {table("", "t"), path({"public"}), false, false},
      {table("", "t"), path({"scratch", "public"}), false, true},
      {table("", "t"), path({"scratch"}, false), false, true},
      {table("", "t"), path({"public"}, false), false, true},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.object.name.display() + " under " + one.names.search_path.front());
    const StatementFacts facts = drop({one.object});
    EXPECT_EQ(allow->judge(facts, login("app"), one.names).action == Action::kAllow, one.allows);
    EXPECT_EQ(block->judge(facts, login("deploy"), one.names).action == Action::kBlock, one.blocks);
    // A log rule lifts the application's refusal only when it is certain, and is at least noted when it is not.
    EXPECT_EQ(log->judge(facts, login("app"), one.names).action, one.allows ? Action::kLog : Action::kBlock);
    EXPECT_EQ(log->judge(facts, login("deploy"), one.names).action, one.blocks ? Action::kLog : Action::kAllow);
  }
}

TEST(Rules, AGlobWithoutADotNeedsNoSchema) {
  const auto policy = policy_of({allow_ghost_tables()});
  EXPECT_EQ(policy->judge(drop({table("", "_t_gho")}), login("ghost"), path({"public"}, false)).action, Action::kAllow);
}

TEST(Rules, ExceptionsInDoubtDoNotHelp) {
  const auto policy = policy_of({rule_of("no-drops", Action::kBlock, [](Rule& r) {
    r.match.changes = {"drop_table"};
    r.unless = Rule::Match{};
    r.unless->objects = {"scratch.*"};
  })});
  EXPECT_EQ(policy->judge(drop({table("scratch", "t")}), login("deploy"), {}).action, Action::kAllow);
  EXPECT_EQ(policy->judge(drop({table("", "t")}), login("deploy"), path({"scratch"})).action, Action::kAllow);
  EXPECT_EQ(policy->judge(drop({table("", "t")}), login("deploy"), path({"scratch"}, false)).action, Action::kBlock);
}

TEST(Rules, AnIndexIsAllowedByItsTableNotByItsName) {
  const auto allow = policy_of({rule_of("r", Action::kAllow, [](Rule& r) { r.match.objects = {"scratch.*"}; })});
  StatementFacts facts = statement("CREATE INDEX", {{"create_index", table("scratch", "i")}});
  facts.changes[0].object.kind = ObjectKind::kIndex;
  facts.changes[0].relation = table("public", "users");
  EXPECT_EQ(allow->judge(facts, login("app"), {}).action, Action::kBlock);
  facts.changes[0].relation = table("scratch", "t");
  EXPECT_EQ(allow->judge(facts, login("app"), {}).action, Action::kAllow);
  const auto block = policy_of({rule_of("r", Action::kBlock, [](Rule& r) { r.match.objects = {"public.users"}; })});
  facts.changes[0].relation = table("public", "users");
  EXPECT_EQ(block->judge(facts, login("deploy"), {}).action, Action::kBlock);
}

TEST(Rules, ARenameTouchesBothNames) {
  const auto allow = policy_of({allow_ghost_tables()});
  StatementFacts facts = statement("ALTER TABLE", {{"rename_table", table("public", "_t_gho")}});
  facts.changes[0].new_name = "users";
  EXPECT_EQ(allow->judge(facts, login("ghost"), {}).action, Action::kBlock);
  facts.changes[0].new_name = "_t_del";
  EXPECT_EQ(allow->judge(facts, login("ghost"), {}).action, Action::kAllow);
}

TEST(Rules, DroppingASchemaTouchesWhatIsInIt) {
  const auto block = policy_of({rule_of("r", Action::kBlock, [](Rule& r) { r.match.objects = {"public.*"}; })});
  StatementFacts facts = statement("DROP SCHEMA", {{"drop_schema", table("", "public", Persistence::kPersistent)}});
  facts.changes[0].object.kind = ObjectKind::kSchema;
  EXPECT_EQ(block->judge(facts, login("deploy"), {}).action, Action::kBlock);
  const auto allow = policy_of({rule_of("r", Action::kAllow, [](Rule& r) { r.match.objects = {"public.*"}; })});
  EXPECT_EQ(allow->judge(facts, login("app"), {}).action, Action::kBlock);
}

TEST(Rules, SomeRefusalsAreLiftedOnlyByName) {
  for (const StatementClass one :
       {StatementClass::kUnread, StatementClass::kCatalogWrite, StatementClass::kCluster, StatementClass::kOpaque}) {
    SCOPED_TRACE(parser::class_name(one));
    StatementFacts facts;
    facts.command = "SOMETHING";
    facts.classes.add(one);
    facts.opaque = one == StatementClass::kOpaque ? OpaqueReason::kDynamicCode : OpaqueReason::kNone;
    for (const Action action : {Action::kAllow, Action::kLog, Action::kWarn}) {
      const auto general = policy_of({rule_of("r", action, [](Rule& r) { r.match.users = {"app"}; })});
      EXPECT_EQ(general->judge(facts, login("app"), {}).action, Action::kBlock);
      const auto named = policy_of({rule_of("r", action, [&](Rule& r) {
        r.match.users = {"app"};
        r.match.classes = {std::string(parser::class_name(one))};
      })});
      EXPECT_EQ(named->judge(facts, login("app"), {}).action, action);
    }
  }
}

TEST(Rules, AllowingOneFunctionDoesNotAllowAnother) {
  const auto policy = policy_of({rule_of("xml", Action::kAllow, [](Rule& r) {
    r.match.classes = {"opaque"};
    r.match.objects = {"query_to_xml"};
  })});
  StatementFacts facts;
  facts.command = "SELECT";
  facts.classes = {StatementClass::kQuery, StatementClass::kOpaque};
  facts.opaque = OpaqueReason::kRunsSqlText;
  facts.functions = {"query_to_xml", "my_function"};
  EXPECT_EQ(policy->judge(facts, login("app"), {}).action, Action::kAllow);
  facts.functions = {"query_to_xml", "dblink_exec"};
  const Verdict verdict = policy->judge(facts, login("app"), {});
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.subject, "SELECT dblink_exec()");
  EXPECT_EQ(verdict.reason, reason::kRunsSqlText);
}

TEST(Rules, PlainFunctionsAreOrdinaryWork) {
  PolicyOptions options;
  options.plain_functions = {"app.*", "crosstab"};
  const auto policy = *Policy::build(options);
  StatementFacts facts;
  facts.command = "SELECT";
  facts.classes = {StatementClass::kQuery, StatementClass::kOpaque};
  facts.opaque = OpaqueReason::kUnprovedRoutine;
  facts.functions = {"app.price", "app.total"};
  Verdict verdict = policy->judge(facts, login("app"), {});
  EXPECT_FALSE(verdict.classes.has(StatementClass::kOpaque));
  EXPECT_FALSE(verdict.summarised);
  EXPECT_FALSE(verdict.audited);
  facts.functions = {"app.price", "other.total"};
  EXPECT_TRUE(policy->judge(facts, login("app"), {}).summarised);
  facts.opaque = OpaqueReason::kRunsSqlText;
  facts.functions = {"crosstab"};
  EXPECT_EQ(policy->judge(facts, login("app"), {}).action, Action::kAllow);
  facts.functions = {"app.dblink"};  // a pattern does not make a risky function plain
  EXPECT_EQ(policy->judge(facts, login("app"), {}).action, Action::kBlock);
}

TEST(Rules, TheStricterOfLoginAndRoleWins) {
  const auto block = policy_of({rule_of("r", Action::kBlock, [](Rule& r) { r.match.users = {"app"}; })});
  const auto allow = policy_of({rule_of("r", Action::kAllow, [](Rule& r) {
    r.match.users = {"ghost"};
    r.match.classes = {"schema"};
  })});
  const StatementFacts facts = drop({table("public", "t")});
  Subject subject = login("deploy");
  EXPECT_EQ(block->judge(facts, subject, {}).action, Action::kAllow);
  subject.role = "app";
  EXPECT_EQ(block->judge(facts, subject, {}).action, Action::kBlock);
  subject = login("ghost");
  EXPECT_EQ(allow->judge(facts, subject, {}).action, Action::kAllow);
  subject.role = "somebody";
  EXPECT_EQ(allow->judge(facts, subject, {}).action, Action::kBlock);
  subject.role.clear();
  subject.role_certain = false;
  EXPECT_EQ(allow->judge(facts, subject, {}).action, Action::kBlock);
  subject = login("app");
  subject.role = "ghost";
  EXPECT_EQ(allow->judge(facts, subject, {}).action, Action::kBlock);
}

TEST(Rules, WatchedRulesAreNotedAndTheSearchGoesOn) {
  const auto policy = policy_of({rule_of("watched", Action::kBlock,
                                         [](Rule& r) {
                                           r.match.changes = {"drop_table"};
                                           r.mode = Mode::kObserve;
                                         }),
                                 rule_of("switched-off", Action::kBlock, [](Rule& r) { r.mode = Mode::kOff; })});
  const Verdict verdict = policy->judge(drop({table("public", "t")}), login("deploy"), {});
  EXPECT_EQ(verdict.action, Action::kAllow);
  EXPECT_EQ(verdict.rule, "builtin/migrator");
  EXPECT_EQ(verdict.would_by_rule, "watched");
  EXPECT_EQ(verdict.would_by_rule_action, Action::kBlock);
  EXPECT_TRUE(verdict.audited);
  // Watched and of the same opinion as what decides: nothing to note.
  EXPECT_TRUE(policy->judge(drop({table("public", "t")}), login("app"), {}).would_by_rule.empty());
}

TEST(Rules, AWatchedRuleInModeWarnWarns) {
  const auto policy = policy_of({rule_of("soon", Action::kBlock, [](Rule& r) {
    r.match.changes = {"drop_table"};
    r.mode = Mode::kWarn;
  })});
  const Verdict verdict = policy->judge(drop({table("public", "t")}), login("deploy"), {});
  EXPECT_EQ(verdict.action, Action::kWarn);
  EXPECT_EQ(verdict.rule, "soon");
  EXPECT_EQ(verdict.would_by_rule, "soon");
  EXPECT_FALSE(verdict.message.empty());
}

TEST(Rules, OrdinaryQueriesAreJudgedWhenARuleSpeaksOfThem) {
  StatementFacts facts;
  facts.command = "DELETE";
  facts.classes.add(StatementClass::kQuery);
  facts.written = {table("public", "users")};
  const auto without = policy_of({allow_ghost_tables()});
  EXPECT_FALSE(without->judges_harmless_texts());
  EXPECT_EQ(without->judge(facts, login("app"), {}).rule, "builtin/plain");
  const auto with = policy_of({rule_of("no-deletes", Action::kBlock, [](Rule& r) {
    r.match.commands = {"DELETE"};
    r.match.objects = {"public.users"};
  })});
  EXPECT_TRUE(with->judges_harmless_texts());
  const Verdict verdict = with->judge(facts, login("app"), {});
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.subject, "DELETE public.users");
  facts.written = {table("public", "orders")};
  EXPECT_EQ(with->judge(facts, login("app"), {}).action, Action::kAllow);
}

TEST(Names, TemporaryTablesShadow) {
  const auto policy = policy_of({});
  SessionNames names;
  names.temporary = {"users"};
  const StatementFacts alter = statement("ALTER TABLE", {{"add_column", table("", "users")}});
  const Verdict verdict = policy->judge(alter, login("app"), names);
  EXPECT_EQ(verdict.action, Action::kAllow);
  EXPECT_TRUE(verdict.classes.has(StatementClass::kTemporary));
  EXPECT_FALSE(verdict.classes.has(StatementClass::kSchema));
  EXPECT_FALSE(verdict.audited);
  // With a schema it is the other one.
  EXPECT_EQ(
      policy->judge(statement("ALTER TABLE", {{"add_column", table("public", "users")}}), login("app"), names).action,
      Action::kBlock);
  // In doubt it is the other one.
  SessionNames doubtful = names;
  doubtful.temporary_certain = false;
  EXPECT_EQ(policy->judge(alter, login("app"), doubtful).action, Action::kBlock);
  // pg_temp listed behind public: public.users is found first.
  for (const bool certain : {true, false}) {
    SessionNames behind = names;
    behind.search_path = {"public", "pg_temp"};
    behind.search_path_certain = certain;
    EXPECT_EQ(policy->judge(alter, login("app"), behind).action, Action::kBlock);
    behind.search_path = {"pg_temp", "public"};
    EXPECT_EQ(policy->judge(alter, login("app"), behind).action, Action::kAllow);
  }
}

TEST(Names, OneStatementMayTouchBoth) {
  const auto policy = policy_of({});
  SessionNames names;
  names.temporary = {"mine"};
  const Verdict verdict = policy->judge(drop({table("", "mine"), table("", "users")}), login("app"), names);
  EXPECT_EQ(verdict.action, Action::kBlock);
  EXPECT_EQ(verdict.subject, "DROP TABLE users");
}

TEST(Names, ANewTableIsNotShadowed) {
  const auto policy = policy_of({});
  SessionNames names = path({"public"});
  names.temporary = {"users"};
  const StatementFacts create = statement("CREATE TABLE", {{"create_table", table("", "users")}});
  EXPECT_EQ(policy->judge(create, login("app"), names).action, Action::kBlock);
  names.search_path = {"pg_temp", "public"};
  EXPECT_EQ(policy->judge(create, login("app"), names).action, Action::kAllow);
  // An index goes where its table is.
  StatementFacts index = statement("CREATE INDEX", {{"create_index", table("", "i")}});
  index.changes[0].relation = table("", "users");
  EXPECT_EQ(policy->judge(index, login("app"), names).action, Action::kAllow);
  index.changes[0].relation = table("", "orders");
  EXPECT_EQ(policy->judge(index, login("app"), names).action, Action::kBlock);
}

TEST(Names, TruncatingTemporaryTablesIsNothingToRecord) {
  const auto policy = policy_of({});
  StatementFacts facts;
  facts.command = "TRUNCATE TABLE";
  facts.classes.add(StatementClass::kDestructive);
  facts.objects = {table("", "mine")};
  SessionNames names;
  names.temporary = {"mine"};
  EXPECT_EQ(policy->judge(facts, login("app"), names).action, Action::kAllow);
  facts.objects.push_back(table("", "users"));
  EXPECT_EQ(policy->judge(facts, login("app"), names).action, Action::kLog);
}

TEST(Migrators, ByLoginNetworkAndCertificateOrByTheirDoor) {
  PolicyOptions options;
  options.migrators = {{.user = "deploy", .from = {"10.1.0.0/16", "unix"}, .certificate = ""},
                       {.user = "ci-*", .from = {}, .certificate = "ci.example"}};
  const auto policy = *Policy::build(options);
  Subject subject = login("deploy");
  EXPECT_FALSE(policy->is_migrator(subject));
  const Verdict verdict = policy->judge(drop({table("public", "t")}), subject, {});
  EXPECT_EQ(verdict.message,
            "DROP TABLE public.t blocked: schema changes are for migrators only (login deploy is one, but not from "
            "10.0.0.7 with this certificate)");
  subject.client_address = "10.1.2.3";
  EXPECT_TRUE(policy->is_migrator(subject));
  subject.role = "owner";  // SET ROLE neither gives nor takes it
  EXPECT_TRUE(policy->is_migrator(subject));
  subject.client_address = "";
  EXPECT_TRUE(policy->is_migrator(subject));
  subject = login("ci-7");
  EXPECT_FALSE(policy->is_migrator(subject));
  subject.client_certificate = "ci.example";
  EXPECT_TRUE(policy->is_migrator(subject));
  subject = login("anybody");
  subject.role = "deploy";
  subject.client_address = "10.1.2.3";
  EXPECT_FALSE(policy->is_migrator(subject));
  subject.migration_listener = true;
  EXPECT_TRUE(policy->is_migrator(subject));
}

TEST(Messages, HoldOnOneShortLine) {
  const auto policy = policy_of({});
  const Verdict verdict =
      policy->judge(drop({table("public", "a\nb\x1b[31m" + std::string(500, 'x'))}), login("evil\r\nuser"), {});
  EXPECT_EQ(verdict.message.find('\n'), std::string::npos);
  EXPECT_EQ(verdict.message.find('\x1b'), std::string::npos);
  EXPECT_EQ(verdict.message.find('\r'), std::string::npos);
  EXPECT_LT(verdict.message.size(), 400U);
}

TEST(Messages, TheUsualRefusal) {
  const auto policy = policy_of({});
  const Verdict verdict =
      policy->judge(statement("ALTER TABLE", {{"add_column", table("", "services")}}), login("app"), path({"public"}));
  EXPECT_EQ(verdict.subject, "ALTER TABLE public.services");
  EXPECT_EQ(verdict.message,
            "ALTER TABLE public.services blocked: schema changes are for migrators only (login app is not one)");
  EXPECT_EQ(verdict.rule, "builtin/schema");
  EXPECT_EQ(verdict.reason, "not_sanctioned");
}

TEST(Policy, BuildNamesTheRuleAndTheKey) {
  const std::vector<std::pair<std::string, std::function<void(Rule&)>>> table_of_errors = {
      {"class", [](Rule& r) { r.match.classes = {"schemas"}; }},
      {"command", [](Rule& r) { r.match.commands = {"DROP;TABLE"}; }},
      {"change", [](Rule& r) { r.match.changes = {"DROP TABLE"}; }},
      {"object", [](Rule& r) { r.match.objects = {"public."}; }},
      {"user", [](Rule& r) { r.match.users = {"x\\"}; }},
      {"from", [](Rule& r) { r.match.from = {"10.0.0.0/99"}; }},
      {"window", [](Rule& r) { r.match.windows = {"sat"}; }},
      {"unless", [](Rule& r) { r.unless = Rule::Match{}; }},
  };
  for (const auto& [key, fill] : table_of_errors) {
    PolicyOptions options;
    options.rules = {rule_of("the-rule", Action::kBlock, fill)};
    options.rules[0].origin = "guard.yaml:7";
    const auto policy = Policy::build(options);
    ASSERT_FALSE(policy.ok()) << key;
    const std::string text(policy.status().message());
    EXPECT_NE(text.find("rule the-rule at guard.yaml:7"), std::string::npos) << text;
    EXPECT_NE(text.find(key), std::string::npos) << text;
  }
  PolicyOptions taken;
  taken.rules = {rule_of("builtin/schema", Action::kAllow)};
  EXPECT_FALSE(Policy::build(taken).ok());
}

TEST(Policy, VersionFollowsTheRules) {
  const auto one = policy_of({allow_ghost_tables()});
  EXPECT_EQ(one->version(), policy_of({allow_ghost_tables()})->version());
  EXPECT_NE(one->version(), policy_of({})->version());
  Rule moved = allow_ghost_tables();
  moved.origin = "elsewhere.yaml:3";  // where a rule stands does not change what it does
  EXPECT_EQ(one->version(), policy_of({moved})->version());
}

TEST(PassesUnseen, IsOnlySaidOfWhatJudgeAllowsWithoutARecord) {
  const auto plain = policy_of({});
  StatementFacts commit;
  commit.command = "COMMIT";
  commit.classes.add(StatementClass::kTransaction);
  EXPECT_TRUE(plain->passes_unseen(commit));
  const Verdict verdict = plain->judge(commit, login("app"), {});
  EXPECT_EQ(verdict.action, Action::kAllow);
  EXPECT_FALSE(verdict.audited);
  EXPECT_FALSE(verdict.summarised);

  // Any other class, a change, a name whose meaning counts, code, or another statement inside.
  for (size_t index = 0; index < parser::kStatementClassCount; ++index) {
    const auto one = static_cast<StatementClass>(index);
    StatementFacts facts = commit;
    facts.classes.add(one);
    const bool ordinary =
        one == StatementClass::kQuery || one == StatementClass::kSession || one == StatementClass::kTransaction;
    EXPECT_EQ(plain->passes_unseen(facts), ordinary) << index;
  }
  StatementFacts changing = statement("CREATE TABLE", {{"create_table", table("public", "t")}});
  changing.classes = commit.classes;
  EXPECT_FALSE(plain->passes_unseen(changing));
  StatementFacts opaque = commit;
  opaque.opaque = OpaqueReason::kUnprovedRoutine;
  EXPECT_FALSE(plain->passes_unseen(opaque));
  for (const auto use : {parser::PreparedUse::kPrepare, parser::PreparedUse::kExecute, parser::PreparedUse::kDeallocate,
                         parser::PreparedUse::kDeallocateAll}) {
    StatementFacts prepared = commit;
    prepared.prepared = use;
    EXPECT_FALSE(plain->passes_unseen(prepared));
  }
  EXPECT_FALSE(plain->passes_unseen(StatementFacts{}));
}

TEST(PassesUnseen, IsNeverSaidWhereARuleSpeaksOfOrdinaryStatements) {
  StatementFacts commit;
  commit.command = "COMMIT";
  commit.classes.add(StatementClass::kTransaction);
  EXPECT_FALSE(policy_of({rule_of("stop", Action::kBlock, [](Rule& rule) {
                 rule.match.users = {"app"};
               })})->passes_unseen(commit));
  EXPECT_FALSE(policy_of({rule_of("note", Action::kLog, [](Rule& rule) {
                 rule.match.classes = {"transaction"};
               })})->passes_unseen(commit));
  EXPECT_TRUE(policy_of({rule_of("drops", Action::kBlock, [](Rule& rule) {
                rule.match.classes = {"schema"};
              })})->passes_unseen(commit));
}

// set_config() with a computed name: for a superuser that may be any setting.
TEST(Judge, ASettingWithoutANameIsRefusedToSuperusers) {
  StatementFacts facts;
  facts.command = "SELECT";
  facts.classes = {StatementClass::kQuery, StatementClass::kSession};
  facts.settings.emplace_back();
  const auto policy = policy_of({});
  Subject app = login("app");
  EXPECT_EQ(policy->judge(facts, app, {}).action, Action::kAllow);
  app.superuser = true;
  EXPECT_EQ(policy->judge(facts, app, {}).action, Action::kBlock);
  EXPECT_EQ(policy->judge(facts, app, {}).reason, "protected_setting");
  EXPECT_FALSE(policy->passes_unseen(facts));
  facts.settings.front().value = "view, foreign-table";
  EXPECT_EQ(policy->judge(facts, app, {}).action, Action::kAllow);
}

// A persistent parent is changed by its temporary child.
TEST(Judge, InheritanceIsAsLastingAsTheParent) {
  StatementFacts facts = statement("ALTER TABLE", {{"add_inherit", table("", "child")}});
  facts.changes.front().relation = table("", "parent");
  const auto policy = policy_of({});
  SessionNames names;
  names.temporary = {"child"};
  EXPECT_EQ(policy->judge(facts, login("app"), names).action, Action::kBlock);
  names.temporary = {"child", "parent"};
  EXPECT_EQ(policy->judge(facts, login("app"), names).action, Action::kAllow);
}

}  // namespace
}  // namespace schemaguard::policies
