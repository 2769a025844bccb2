// What one text does, case by case: statement shapes, lexing, failures and limits of the grammar, hidden code. The
// numbers are those of the evasion catalogue.
#include "parser/postgres/statement_reader.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

namespace schemaguard::parser::postgres {
namespace {

constexpr Reading kConforming = {};
constexpr Reading kEscaping = {.standard_conforming_strings = Certainty::kNo, .ascii_safe_encoding = Certainty::kYes};
constexpr Reading kEither = {.standard_conforming_strings = Certainty::kUnknown,
                             .ascii_safe_encoding = Certainty::kYes};

ClassSet all_classes(const TextFacts& facts) {
  ClassSet classes;
  if (facts.unread) classes.add(StatementClass::kUnread);
  for (const StatementFacts& statement : facts.statements) classes.add(statement.classes);
  return classes;
}

ClassSet classes_of(std::string_view text, Reading reading = kConforming) {
  return all_classes(read_statements(text, reading));
}

// The facts of a text that must be one statement.
StatementFacts only(std::string_view text) {
  TextFacts facts = read_statements(text, kConforming);
  EXPECT_FALSE(facts.unread) << text;
  EXPECT_EQ(facts.statements.size(), 1U) << text;
  return facts.statements.empty() ? StatementFacts{} : facts.statements.front();
}

std::vector<std::string> commands(std::string_view text, Reading reading = kConforming) {
  std::vector<std::string> names;
  for (const StatementFacts& statement : read_statements(text, reading).statements) names.push_back(statement.command);
  return names;
}

// Runs on a thread whose stack is as big as a parse thread's must be.
void on_parse_thread(const std::function<void()>& work) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kParseStackBytes), 0);
  pthread_t thread = 0;
  const auto run = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  auto copy = work;
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &copy), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  ASSERT_EQ(pthread_attr_destroy(&attributes), 0);
}

std::string repeated(std::string_view piece, size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

constexpr StatementClass kQuery = StatementClass::kQuery;
constexpr StatementClass kSchema = StatementClass::kSchema;
constexpr StatementClass kUnread = StatementClass::kUnread;
constexpr StatementClass kOpaque = StatementClass::kOpaque;

using Strings = std::vector<std::string>;

// --- statement shape ---------------------------------------------------------------------------------------------

TEST(StatementShapeTest, JudgesEveryStatementOfAMessage) {  // 1 to 5
  EXPECT_EQ(commands("SELECT 1; CREATE TABLE t(a int)"), (Strings{"SELECT", "CREATE TABLE"}));
  EXPECT_EQ(commands(";;/* hi */;CREATE TABLE t(a int)"), Strings{"CREATE TABLE"});
  EXPECT_EQ(commands("CREATE TABLE t(a int); COMMIT; SELECT 1/0"), (Strings{"CREATE TABLE", "COMMIT", "SELECT"}));
  EXPECT_EQ(commands("COPY x FROM STDIN; CREATE TABLE t(a int)"), (Strings{"COPY", "CREATE TABLE"}));
  EXPECT_TRUE(read_statements("", kConforming).statements.empty());
  EXPECT_TRUE(read_statements(" ; /* nothing */ ; -- at all", kConforming).statements.empty());
}

TEST(StatementShapeTest, SaysWhereEachStatementStands) {
  const TextFacts facts = read_statements("/* a */ SELECT 1 ; -- b\n DROP TABLE t /* c */ ;", kConforming);
  ASSERT_EQ(facts.statements.size(), 2U);
  EXPECT_EQ(facts.statements[0].offset, 8U);
  EXPECT_EQ(facts.statements[0].length, 8U);
  EXPECT_EQ(facts.statements[1].offset, 25U);
  EXPECT_EQ(facts.statements[1].length, 12U);
}

TEST(StatementShapeTest, ResolvesElementsInsideTheirNewSchema) {  // 6
  const StatementFacts facts = only("CREATE SCHEMA s CREATE TABLE t(a int) CREATE INDEX i ON t(a)");
  ASSERT_EQ(facts.changes.size(), 3U);
  EXPECT_EQ(facts.changes[1].object.name.display(), "s.t");
  EXPECT_EQ(facts.changes[2].object.name.display(), "s.i");
}

TEST(StatementShapeTest, FindsIntoAtTheLeftmostLeaf) {  // 7, 8, 11, 13
  EXPECT_TRUE(classes_of("SELECT 1 AS a INTO t UNION SELECT 2").has(kSchema));
  EXPECT_TRUE(classes_of("(SELECT 1 AS a INTO t UNION SELECT 2) UNION SELECT 3").has(kSchema));
  EXPECT_TRUE(classes_of("EXPLAIN ANALYZE SELECT 1 AS a INTO t").has(kSchema));
  EXPECT_TRUE(classes_of("WITH x AS (SELECT 1 AS a) SELECT a INTO t FROM x").has(kSchema));
  const StatementFacts prepared = only("PREPARE p AS SELECT 1 AS a INTO t");
  EXPECT_EQ(prepared.prepared, PreparedUse::kPrepare);
  ASSERT_EQ(prepared.inner.size(), 1U);
  EXPECT_TRUE(prepared.inner[0].classes.has(kSchema));
}

TEST(StatementShapeTest, KnowsTemporaryObjects) {  // 18
  EXPECT_EQ(classes_of("CREATE TABLE pg_temp.x(a int)"), ClassSet{StatementClass::kTemporary});
  EXPECT_EQ(classes_of("CREATE TEMP TABLE x AS SELECT 1"), ClassSet{StatementClass::kTemporary});
  EXPECT_EQ(only("CREATE TABLE x(a int)").changes.at(0).object.persistence, Persistence::kByName);
  EXPECT_EQ(only("ALTER TABLE x ADD a int").changes.at(0).object.persistence, Persistence::kByName);
  EXPECT_EQ(only("ALTER TABLE public.x ADD a int").changes.at(0).object.persistence, Persistence::kPersistent);
  EXPECT_EQ(only("CREATE INDEX i ON pg_temp.x(a)").changes.at(0).object.persistence, Persistence::kTemporary);
  EXPECT_TRUE(classes_of("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'").has(kSchema));
  EXPECT_TRUE(classes_of("DROP TABLE pg_temp.x, y").has(kSchema));
}

TEST(StatementShapeTest, MarksShapesThatTheTextDoesNotShow) {  // 10, 19
  for (const std::string_view text :
       {"CREATE TABLE t (LIKE u INCLUDING ALL)", "CREATE TABLE t OF ty", "CREATE TABLE t AS SELECT 1",
        "CREATE TABLE t PARTITION OF p DEFAULT", "CREATE TABLE t () INHERITS (p)", "SELECT 1 AS a INTO t"}) {
    EXPECT_TRUE(only(text).changes.at(0).shape_unknown) << text;
  }
  EXPECT_FALSE(only("CREATE TABLE t (a int)").changes.at(0).shape_unknown);
}

TEST(StatementShapeTest, NotesHowFarAChangeGoes) {  // 20, 22
  const StatementFacts facts = only("ALTER TABLE IF EXISTS t DROP COLUMN IF EXISTS a CASCADE, ADD b int");
  ASSERT_EQ(facts.changes.size(), 2U);
  EXPECT_TRUE(facts.changes.at(0).cascade);
  EXPECT_TRUE(facts.changes.at(0).if_exists);
  EXPECT_FALSE(facts.changes[1].cascade);
  EXPECT_TRUE(only("CREATE INDEX CONCURRENTLY i ON t(a)").changes.at(0).concurrently);
  EXPECT_TRUE(only("DROP TABLE p CASCADE").changes.at(0).cascade);
}

TEST(StatementShapeTest, SplitsByGrammarOnly) {  // 15, 16
  EXPECT_EQ(commands("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3"),
            (Strings{"CREATE RULE", "SELECT"}));
  EXPECT_EQ(commands("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; "
                     "DROP TABLE t"),
            (Strings{"CREATE FUNCTION", "DROP TABLE"}));
}

// --- columns -----------------------------------------------------------------------------------------------------

TEST(ColumnTest, ReadsDefinitionsInFull) {
  const StatementFacts facts = only(
      "ALTER TABLE t ADD COLUMN a pg_catalog.int4 DEFAULT (1 + f(2, 3)) /* why */ NOT NULL CONSTRAINT positive CHECK "
      "(a > 0) REFERENCES u (a, b) ON DELETE CASCADE");
  ASSERT_TRUE(facts.changes.at(0).column.has_value());
  const ColumnDefinition& column = *facts.changes.at(0).column;
  EXPECT_EQ(column.name, "a");
  EXPECT_EQ(column.type, "integer");
  EXPECT_EQ(column.default_expression, "(1 + f(2, 3))");
  EXPECT_TRUE(column.not_null);
  EXPECT_EQ(column.constraints,
            (Strings{"CONSTRAINT positive CHECK (a > 0)", "REFERENCES u (a, b) ON DELETE CASCADE"}));
}

TEST(ColumnTest, ReadsTablesColumnByColumn) {
  const StatementFacts facts = only(
      "CREATE TABLE s.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"Odd name\" text COLLATE \"C\" UNIQUE, "
      "total numeric(10, 2) DEFAULT 'a,b'::text, twice int GENERATED ALWAYS AS (id * 2) STORED, "
      "CONSTRAINT pair UNIQUE (id, total), FOREIGN KEY (id) REFERENCES u)");
  const std::vector<ColumnDefinition>& columns = facts.changes.at(0).columns;
  ASSERT_EQ(columns.size(), 4U);
  EXPECT_EQ(columns[0].identity, 'a');
  EXPECT_TRUE(columns[0].primary_key);
  EXPECT_EQ(columns[1].name, "Odd name");
  EXPECT_EQ(columns[1].collation, "C");
  EXPECT_TRUE(columns[1].unique);
  EXPECT_EQ(columns[2].type, "numeric(10,2)");
  EXPECT_EQ(columns[2].default_expression, "'a,b'::text");
  EXPECT_EQ(columns[3].generated, 's');
  EXPECT_EQ(columns[3].generated_expression, "id * 2");
  EXPECT_EQ(facts.changes.at(0).definition, "CONSTRAINT pair UNIQUE (id, total)\nFOREIGN KEY (id) REFERENCES u");
}

TEST(ColumnTest, PrintsTypesAsTheServerDoes) {
  const std::vector<std::pair<std::string, std::string>> types = {
      {"int", "integer"},
      {"int8", "bigint"},
      {"serial", "serial"},
      {"varchar(10)", "character varying(10)"},
      {"varchar", "character varying"},
      {"char", "character(1)"},
      {"char(3)", "character(3)"},
      {"\"char\"", "\"char\""},
      {"bpchar", "bpchar"},
      {"timestamp", "timestamp without time zone"},
      {"timestamptz(3)", "timestamp(3) with time zone"},
      {"time(2) with time zone", "time(2) with time zone"},
      {"interval day to second(3)", "interval day to second(3)"},
      {"interval(2)", "interval(2)"},
      {"bit varying(5)", "bit varying(5)"},
      {"dec(4,2)", "numeric(4,2)"},
      {"float(10)", "real"},
      {"text[][]", "text[]"},
      {"my.\"Type\"", "my.\"Type\""},
      {"geometry(Point, 4326)", "geometry(point,4326)"},
  };
  for (const auto& [written, printed] : types) {
    EXPECT_EQ(only("ALTER TABLE t ADD c " + written).changes.at(0).column->type, printed) << written;
  }
}

// --- lexing ------------------------------------------------------------------------------------------------------

TEST(LexingTest, NestsComments) {  // 37, 38
  EXPECT_EQ(classes_of("SELECT 1 /* a /* b */ ; DROP TABLE t; */"), ClassSet{kQuery});
  EXPECT_EQ(commands("/* /* */ */ DROP TABLE t"), Strings{"DROP TABLE"});
  EXPECT_EQ(commands("DROP/**/TABLE/**/t"), Strings{"DROP TABLE"});
}

TEST(LexingTest, TakesCommentsWhereTheServerTakesThem) {  // finding 1, 39, 41
  EXPECT_EQ(commands("DROP TABLE t; SELECT 1 NOT /**/ BETWEEN 0 AND 2"), (Strings{"DROP TABLE", "SELECT"}));
  EXPECT_EQ(commands("ALTER TABLE t ADD c TIME WITH /**/ TIME ZONE"), Strings{"ALTER TABLE"});
  EXPECT_EQ(commands("CREATE INDEX ON t(a NULLS /**/ FIRST)"), Strings{"CREATE INDEX"});
  EXPECT_EQ(commands("ALTER TABLE t ADD CHECK (b NOT /**/ LIKE 'z')"), Strings{"ALTER TABLE"});
  EXPECT_EQ(only("CREATE TABLE U&\"k!0032\" /**/ UESCAPE '!' (a int)").changes.at(0).object.name.name, "k2");
}

TEST(LexingTest, RefusesAStringThatGoesOnBehindAComment) {  // 40
  for (const std::string_view text :
       {"ALTER TABLE t ALTER b SET DEFAULT 'x' --\n'y'", "SELECT E'a' --c\n'\\' -- x'; DROP TABLE t;\nSELECT $$'--$$",
        "SELECT 'a' /* c */\n'b'"}) {
    const TextFacts facts = read_statements(text, kConforming);
    EXPECT_TRUE(facts.unread) << text;
    EXPECT_EQ(facts.unread_reason, "string_comment_string") << text;
  }
  EXPECT_EQ(classes_of("SELECT 'a'\n'b', 'c' /* d */, 'e'"), ClassSet{kQuery});
}

TEST(LexingTest, ContinuesEscapeStrings) {  // 44
  EXPECT_EQ(classes_of("SELECT E'a'\n'\\'; DROP TABLE t; --'"), ClassSet{kQuery});
}

TEST(LexingTest, ReadsBackslashesBothWaysUnlessOneIsProved) {  // 45, 49
  constexpr std::string_view kText = "SELECT '\\''; DROP TABLE t; --'";
  EXPECT_EQ(classes_of(kText, kConforming), ClassSet{kQuery});
  EXPECT_EQ(commands(kText, kEscaping), (Strings{"SELECT", "DROP TABLE"}));
  EXPECT_TRUE(classes_of(kText, kEither).has(kSchema));
  EXPECT_EQ(commands("SELECT 'a'; SELECT 'b'", kEither), (Strings{"SELECT", "SELECT"}));
  EXPECT_EQ(commands("SELECT 'a\\\\b'", kEither), Strings{"SELECT"}) << "equal readings are listed once";
  EXPECT_TRUE(classes_of("SELECT 'a\\'", kEscaping).has(kUnread));
}

TEST(LexingTest, RefusesWhatItCannotRead) {  // 52, 55
  const Reading unsafe = {.standard_conforming_strings = Certainty::kYes, .ascii_safe_encoding = Certainty::kUnknown};
  EXPECT_EQ(read_statements("SELECT E'\x95\x5c'; DROP TABLE t; --'", unsafe).unread_reason, "unsafe_encoding");
  EXPECT_EQ(classes_of("SELECT 1", unsafe), ClassSet{kQuery});
  EXPECT_EQ(read_statements(std::string_view("SELECT 1\0DROP TABLE t", 21), kConforming).unread_reason, "nul_byte");
  EXPECT_EQ(read_statements("SELECT 'a; DROP TABLE t", kConforming).unread_reason, "unterminated");
  EXPECT_EQ(read_statements("SELECT 1 /* a; DROP TABLE t", kConforming).unread_reason, "unterminated");
  EXPECT_EQ(read_statements("SELECT $a$ ; DROP TABLE t", kConforming).unread_reason, "unterminated");
}

TEST(LexingTest, KeepsNamesByteForByte) {  // 54, 59, 60, 61
  EXPECT_EQ(only("CREATE TABLE \"Users\"(a int)").changes.at(0).object.name.name, "Users");
  EXPECT_EQ(only("CREATE TABLE Users(a int)").changes.at(0).object.name.name, "users");
  EXPECT_EQ(only("CREATE TABLE \xC3\x89"
                 "COLE(a int)")
                .changes.at(0)
                .object.name.name,
            "\xC3\x89"
            "cole");
  EXPECT_EQ(only("CREATE TABLE caf\xE9(a int)").changes.at(0).object.name.name, "caf\xE9");
  EXPECT_EQ(only("DROP TABLE " + std::string(64, 'a')).changes.at(0).object.name.name, std::string(63, 'a'));
  EXPECT_EQ(only("DROP TABLE " + repeated("\xC3\xA9", 40)).changes.at(0).object.name.name, repeated("\xC3\xA9", 31));
  EXPECT_EQ(only("DROP TABLE \"a\"\"b\".\"c.d\"").changes.at(0).object.name, (ObjectName{"", "a\"b", "c.d"}));
}

TEST(LexingTest, KnowsOperatorsAndOtherDialects) {  // 62, 63
  EXPECT_EQ(classes_of("SELECT 1 */ 2"), ClassSet{kQuery});
  EXPECT_EQ(classes_of("SELECT 1 @-- y\n"), ClassSet{kQuery});
  EXPECT_EQ(classes_of("/*!50000 DROP TABLE t */ SELECT 1"), ClassSet{kQuery});
  EXPECT_EQ(classes_of("SELECT 1 # 2"), ClassSet{kQuery});
}

// --- newer grammar and limits ------------------------------------------------------------------------------------

TEST(FallbackTest, BlocksSchemaChangesThatTheGrammarDoesNotKnow) {  // 64
  for (const std::string_view text : {"ALTER TABLE t ALTER a FROBNICATE", "CREATE PROPERTY GRAPH g", "REPACK t",
                                      "WAIT FOR LSN '0/1'", "ALTER TABLE t SPLIT PARTITIONS p", "EXPLAIN FROBNICATE",
                                      "COMMIT PREPARED", "SELECT 1 INTO STRICT 0x1F FROM", "SELECT 1 + INTO t"}) {
    const TextFacts facts = read_statements(text, kConforming);
    ASSERT_EQ(facts.statements.size(), 1U) << text;
    EXPECT_TRUE(facts.statements[0].classes.has(kUnread)) << text;
    EXPECT_EQ(facts.statements[0].unread_reason, "syntax") << text;
  }
}

TEST(FallbackTest, LetsNewerQueriesThrough) {  // 65
  for (const std::string_view text :
       {"SELECT 0x1F FROM (SELECT 1)", "SELECT a IS JSON WITH UNIQUE KEYS OBJECT FROM t",
        "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE FROBNICATE",
        "INSERT INTO t VALUES (1) RETURNING WITH (OLD AS o) o.a", "(SELECT 1) FROBNICATE 2"}) {
    EXPECT_EQ(classes_of(text), ClassSet{kQuery}) << text;
  }
}

TEST(FallbackTest, LooksIntoStatementsAroundAQuery) {  // 65, 86
  for (const std::string_view text :
       {"EXPLAIN SELECT 1 FROBNICATE 2", "EXPLAIN ANALYZE VERBOSE UPDATE t SET a = 1 FROBNICATE",
        "EXPLAIN (ANALYZE, COSTS (off)) (SELECT 1) FROBNICATE 2", "EXPLAIN ((SELECT 1)) FROBNICATE",
        "EXPLAIN VALUES (1) FROBNICATE", "DECLARE c CURSOR FOR SELECT 1 FROBNICATE 2",
        "DECLARE c NO SCROLL CURSOR WITHOUT HOLD FOR WITH a AS (SELECT 1) SELECT 1 FROBNICATE 2",
        "COPY (SELECT 1 FROBNICATE 2) TO STDOUT", "COPY (DELETE FROM t FROBNICATE) TO STDOUT WITH (FORMAT csv)"}) {
    EXPECT_EQ(classes_of(text), ClassSet{kQuery}) << text;
  }
  for (const std::string_view text : {"EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1 FROBNICATE 2",
                                      "EXPLAIN (ANALYZE) EXECUTE p FROBNICATE",
                                      "EXPLAIN (VALUES) CREATE TABLE t AS SELECT 1 FROBNICATE 2",
                                      "EXPLAIN (SELECT) CREATE TABLE t (a int) INTO",
                                      "EXPLAIN ANALYZE SELECT 1 AS a INTO t FROBNICATE 2",
                                      "EXPLAIN (ANALYZE",
                                      "EXPLAIN (ANALYZE)",
                                      "EXPLAIN DECLARE c CURSOR FOR SELECT 1 FROBNICATE 2",
                                      "EXPLAIN EXPLAIN SELECT 1 FROBNICATE 2",
                                      "DECLARE c CURSOR FOR CREATE TABLE t (a int)",
                                      "DECLARE c CURSOR FOR EXECUTE p FROBNICATE",
                                      "DECLARE c CURSOR FOR",
                                      "DECLARE c CURSOR FOR SELECT 1 INTO t FROBNICATE",
                                      "COPY (SELECT 1 FROBNICATE 2) TO PROGRAM 'x'",
                                      "COPY (SELECT 1 FROBNICATE 2) TO '/tmp/x'",
                                      "COPY (SELECT 1 FROBNICATE 2",
                                      "COPY (SELECT 1 FROBNICATE 2) TO",
                                      "COPY () TO STDOUT",
                                      "COPY (SELECT 1 INTO t FROBNICATE) TO STDOUT",
                                      "COPY t FROM STDIN FROBNICATE FROBNICATE"}) {
    EXPECT_TRUE(classes_of(text).has(kUnread)) << text;
  }
  EXPECT_TRUE(classes_of("EXPLAIN SELECT dblink_exec('x', 'y') FROBNICATE 1").has(kOpaque));
  EXPECT_TRUE(
      classes_of("DECLARE c CURSOR FOR SELECT lo_export(1, 'x') FROBNICATE 1").has(StatementClass::kServerFile));
  EXPECT_TRUE(
      classes_of("COPY (UPDATE pg_class SET relname = 'x' FROBNICATE) TO STDOUT").has(StatementClass::kCatalogWrite));
  EXPECT_TRUE(classes_of("EXPLAIN ANALYZE DELETE FROM pg_proc FROBNICATE").has(StatementClass::kCatalogWrite));
  const StatementFacts explained = only("EXPLAIN SELECT 1 FROBNICATE 2");
  EXPECT_TRUE(explained.explain);
  EXPECT_EQ(explained.command, "EXPLAIN");
  EXPECT_EQ(only("COPY (SELECT 1 FROBNICATE 2) TO STDOUT").copy, CopyUse::kToStdout);
}

TEST(FallbackTest, KnowsRiskyNamesAndSystemTables) {
  EXPECT_TRUE(classes_of("SELECT dblink_exec('x', 'y') FROBNICATE 1").has(kOpaque));
  EXPECT_TRUE(classes_of("SELECT \"lo_export\"(1, 'x') FROBNICATE 1").has(StatementClass::kServerFile));
  EXPECT_TRUE(classes_of("SELECT U&\"d\\0062link\"('x') FROBNICATE 1").has(kUnread));
  EXPECT_TRUE(classes_of("UPDATE ONLY pg_class SET relname = 'x' FROBNICATE").has(StatementClass::kCatalogWrite));
  EXPECT_TRUE(classes_of("DELETE FROM pg_catalog.pg_proc FROBNICATE").has(StatementClass::kCatalogWrite));
  EXPECT_TRUE(classes_of("UPDATE pg_settings SET setting = 'x' FROBNICATE").has(StatementClass::kSetting));
}

TEST(FallbackTest, LetsNoStatementHideTheOthers) {  // 66
  const TextFacts facts = read_statements("DROP TABLE t; SELECT 0x1F FROBNICATE 2; CREATE TABLE u(a int)", kConforming);
  ASSERT_EQ(facts.statements.size(), 3U);
  EXPECT_EQ(facts.statements[0].command, "DROP TABLE");
  EXPECT_EQ(facts.statements[1].classes, ClassSet{kQuery});
  EXPECT_EQ(facts.statements[2].changes.at(0).object.name.name, "u");
  EXPECT_EQ(facts.unread_reason, "syntax") << "for the counter that says the grammar is old";
  EXPECT_FALSE(facts.unread);
}

TEST(LimitTest, ReadsLongTextsStatementByStatement) {  // 68, 74
  on_parse_thread([] {
    const std::string text = repeated("INSERT INTO t VALUES (1, 'x');\n", 20'000) + "DROP TABLE t;" +
                             repeated("INSERT INTO t VALUES (2, 'y');\n", 20'000);
    const TextFacts facts = read_statements(text, kConforming);
    ASSERT_EQ(facts.statements.size(), 40'001U);
    EXPECT_EQ(facts.statements[20'000].command, "DROP TABLE");
    EXPECT_EQ(facts.statements[20'000].offset, 20'000U * 31);
    EXPECT_EQ(facts.unread_reason, "");
  });
  ReaderLimits limits;
  limits.statements_max = 10;
  EXPECT_FALSE(read_statements(repeated("SELECT 1;", 10), kConforming, limits).unread);
  EXPECT_EQ(read_statements(repeated("SELECT 1;", 11), kConforming, limits).unread_reason, "too_many_statements");
}

TEST(LimitTest, FallsBackForOneLongStatement) {  // 68
  on_parse_thread([] {
    const std::string rows = "INSERT INTO t VALUES (0)" + repeated(", (1)", 100'000);
    EXPECT_EQ(classes_of(rows), ClassSet{kQuery});
    const std::string table = "CREATE TABLE t (a int" + repeated(", b int", 50'000) + ")";
    const TextFacts facts = read_statements(table, kConforming);
    EXPECT_EQ(facts.statements.at(0).unread_reason, "too_long");
    EXPECT_TRUE(facts.statements.at(0).classes.has(kUnread));
  });
}

TEST(LimitTest, SurvivesHostileDepth) {  // findings 2 and 3, 69, 73
  on_parse_thread([] {
    for (const size_t bytes : {47'000U, 1'000'000U}) {
      for (const std::string_view unit : {"+1",
                                          "::a",
                                          "(",
                                          "NOT ",
                                          "-",
                                          "[",
                                          "CASE WHEN ",
                                          "1 UNION SELECT ",
                                          "a JOIN ",
                                          ".a",
                                          "a(",
                                          " COLLATE x",
                                          "|| 'a' ",
                                          "IS NULL ",
                                          "ARRAY[",
                                          "SELECT (",
                                          "WITH x AS (",
                                          "x AND y OR ",
                                          "BETWEEN 1 AND ",
                                          "'a' AT TIME ZONE "}) {
        const std::string text = "SELECT 1" + repeated(unit, bytes / unit.size());
        const TextFacts facts = read_statements(text, kConforming);
        EXPECT_FALSE(facts.statements.empty()) << unit;
      }
    }
    EXPECT_TRUE(classes_of("CREATE VIEW v AS SELECT 1" + repeated("+1", 5'000)).has(kUnread));
    EXPECT_EQ(classes_of("SELECT 1" + repeated("+1", 5'000)), ClassSet{kQuery});
  });
}

TEST(LimitTest, TakesLongButFlatStatements) {  // 69
  on_parse_thread([] {
    const std::string conditions = "SELECT 1 WHERE a = 1" + repeated(" OR a = 2", 5'000);
    EXPECT_EQ(read_statements(conditions, kConforming).unread_reason, "") << "not deep";
    const std::string rows = "INSERT INTO t VALUES (1 + 1)" + repeated(", (f(1) + 1)", 10'000);
    EXPECT_EQ(read_statements(rows, kConforming).unread_reason, "");
    const std::string branches = "SELECT CASE" + repeated(" WHEN a = 1 THEN -1", 2'000) + " END";
    EXPECT_EQ(read_statements(branches, kConforming).unread_reason, "");
  });
}

// --- settings and identity ---------------------------------------------------------------------------------------

TEST(SettingFactsTest, KnowsTheDoorsToTheSameSwitch) {  // 45, 46, 53
  EXPECT_TRUE(classes_of("SET standard_conforming_strings = off").has(StatementClass::kSetting));
  EXPECT_TRUE(
      classes_of("SELECT set_config('standard'||'_conforming_strings','off',false)").has(StatementClass::kSetting));
  EXPECT_TRUE(
      classes_of("SELECT pg_catalog.set_config('client_encoding', 'GBK', false)").has(StatementClass::kSetting));
  EXPECT_TRUE(classes_of("UPDATE pg_settings SET setting='off' WHERE name='x'").has(StatementClass::kSetting));
  EXPECT_TRUE(classes_of("INSERT INTO t SELECT set_config('role', 'x', true)").has(StatementClass::kSession));
  EXPECT_EQ(classes_of("SET standard_conforming_strings = on; SET client_encoding = 'UTF8'"),
            ClassSet{StatementClass::kSession});
  const StatementFacts unknown = only("SELECT set_config(name, 'x', false) FROM names");
  ASSERT_EQ(unknown.settings.size(), 1U);
  EXPECT_EQ(unknown.settings[0].name, "");
}

TEST(SettingFactsTest, KeepsNamesValuesAndScope) {
  const StatementFacts path = only("SET LOCAL search_path = a, \"B\"");
  ASSERT_EQ(path.settings.size(), 1U);
  EXPECT_EQ(path.settings[0].name, "search_path");
  EXPECT_EQ(path.settings[0].list, (Strings{"a", "B"}));
  EXPECT_EQ(path.settings[0].scope, SettingChange::Scope::kLocal);
  EXPECT_TRUE(only("RESET ROLE").settings[0].reset);
  EXPECT_EQ(only("SET ROLE \"Admin\"").settings[0].value, "Admin");
  EXPECT_EQ(only("DISCARD ALL").settings[0].name, "all");
}

// --- hidden code -------------------------------------------------------------------------------------------------

TEST(HiddenCodeTest, ReadsDoBlocks) {  // 136
  EXPECT_TRUE(classes_of("DO $$BEGIN EXECUTE 'cre'||'ate table t(a int)'; END$$").has(kSchema));
  EXPECT_EQ(only("DO $$BEGIN EXECUTE 'cre'||x; END$$").opaque, OpaqueReason::kDynamicCode);
  EXPECT_EQ(only("DO $$BEGIN garbage ( END$$").opaque, OpaqueReason::kUnreadableCode);
  EXPECT_EQ(only("DO LANGUAGE plpython3u $$x$$").opaque, OpaqueReason::kUnreadableCode);
  EXPECT_TRUE(only("DO $$BEGIN COMMIT; END$$").embedded_commit);
  EXPECT_EQ(classes_of("DO $$DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP RAISE NOTICE '%', r; END LOOP; END$$"),
            ClassSet{kQuery});
  const StatementFacts nested = only("DO $a$BEGIN DO $b$BEGIN DROP TABLE t; END$b$; END$a$");
  ASSERT_EQ(nested.changes.size(), 1U);
  EXPECT_EQ(nested.changes.at(0).kind, "drop_table");
  std::string deep = "DROP TABLE t";
  for (char tag = 'a'; tag < 'z'; ++tag) {
    const std::string quote = std::string("$") + tag + "$";
    deep = "DO " + quote + "BEGIN " + deep + "; END" + quote;
  }
  EXPECT_EQ(only(deep).opaque, OpaqueReason::kUnreadableCode);
}

TEST(HiddenCodeTest, FindsCallsEverywhere) {  // 138, 17, 137
  for (const std::string_view text : {"SELECT f()",
                                      "SELECT 1 WHERE f()",
                                      "SELECT 1 ORDER BY f()",
                                      "SELECT 1 LIMIT f()",
                                      "SELECT * FROM f()",
                                      "VALUES (f())",
                                      "INSERT INTO t VALUES (1) RETURNING f()",
                                      "UPDATE t SET a = f()",
                                      "DELETE FROM t WHERE f()",
                                      "COPY (SELECT f()) TO STDOUT",
                                      "EXPLAIN SELECT f()",
                                      "DECLARE c CURSOR FOR SELECT f()",
                                      "CALL f()",
                                      "CREATE TABLE x AS SELECT f()",
                                      "CREATE INDEX i ON t (f(a))",
                                      "ALTER TABLE t ADD a int DEFAULT f()",
                                      "EXECUTE p(f())",
                                      "SELECT count(*) FILTER (WHERE f())",
                                      "SELECT sum(1) OVER (ORDER BY f())",
                                      "WITH x AS (SELECT f()) SELECT 1",
                                      "SELECT CASE WHEN f() THEN 1 END",
                                      "SELECT ARRAY[f()]",
                                      "SELECT (f()).a",
                                      "MERGE INTO t USING u ON f() WHEN MATCHED THEN DELETE",
                                      "COPY t FROM STDIN WHERE f()"}) {
    const StatementFacts facts = only(text);
    EXPECT_EQ(facts.functions, Strings{"f"}) << text;
    EXPECT_TRUE(facts.classes.has(kOpaque)) << text;
  }
}

TEST(HiddenCodeTest, KnowsWhatFunctionsDo) {  // 31, 144 to 149, 155, 158
  EXPECT_EQ(classes_of("SELECT lower('a'), count(*), now()"), ClassSet{kQuery});
  EXPECT_EQ(only("SELECT query_to_xml('SELECT 1', true, true, '')").opaque, OpaqueReason::kRunsSqlText);
  EXPECT_EQ(only("SELECT * FROM s.dblink('x', 'y')").opaque, OpaqueReason::kRunsSqlText);
  EXPECT_TRUE(classes_of("SELECT pg_read_file('x')").has(StatementClass::kServerFile));
  EXPECT_TRUE(classes_of("SELECT x.pg_read_file FROM lower('x') x").has(StatementClass::kServerFile));
  EXPECT_TRUE(classes_of("SELECT (lower('x')).pg_read_file").has(StatementClass::kServerFile));
  EXPECT_TRUE(classes_of("SELECT setval('s', 1)").has(StatementClass::kDestructive));
  EXPECT_TRUE(classes_of("SELECT pg_terminate_backend(1)").has(StatementClass::kAdmin));
  EXPECT_TRUE(classes_of("SELECT pg_reload_conf()").has(StatementClass::kCluster));
}

TEST(HiddenCodeTest, KnowsCatalogWrites) {
  for (const std::string_view text :
       {"DELETE FROM pg_class", "UPDATE pg_catalog.pg_proc SET proname = 'x'",
        "INSERT INTO information_schema.x VALUES (1)", "WITH gone AS (DELETE FROM pg_depend RETURNING 1) SELECT 1",
        "COPY pg_class FROM STDIN", "TRUNCATE pg_depend"}) {
    EXPECT_TRUE(classes_of(text).has(StatementClass::kCatalogWrite)) << text;
  }
  EXPECT_EQ(classes_of("SELECT * FROM pg_class"), ClassSet{kQuery});
}

TEST(GrammarTest, NamesItsVersion) { EXPECT_NE(grammar_version().find("libpg_query"), std::string_view::npos); }

}  // namespace
}  // namespace schemaguard::parser::postgres
