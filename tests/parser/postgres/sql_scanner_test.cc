#include "parser/postgres/sql_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser::postgres {
namespace {

constexpr Reading kOff{.standard_conforming_strings = Certainty::kNo};
constexpr Reading kEither{.standard_conforming_strings = Certainty::kUnknown};

ScanVerdict verdict(std::string_view text, Reading reading = {}) { return scan_sql(text, reading).verdict; }

// Everyday texts of drivers and object-relational mappers: they must stay on the fast path.
constexpr const char* kHarmless[] = {
    "",
    " ; /* x */ ;; -- y",
    "SELECT abalance FROM pgbench_accounts WHERE aid = 123456;",
    "select 1",
    "SELECT 1; SELECT 2",
    "SELECT \"users\".* FROM \"users\" WHERE \"users\".\"email\" = $1 ORDER BY \"users\".\"id\" ASC LIMIT $2",
    "SELECT COUNT(*) FROM t",
    "SELECT count ( * ) FROM t",
    "SELECT pg_catalog.count(*), pg_catalog.now()",
    "SELECT \"lower\"(x) FROM t",
    "SELECT version()",
    "SELECT COALESCE(a, b), NULLIF(a, b), GREATEST(1,2), CAST(x AS numeric(10,2)), x::varchar(10) FROM t",
    "SELECT x::timestamp(3) with time zone, 'a'::character varying(10), '1'::bit varying (3) FROM t",
    "SELECT EXTRACT(EPOCH FROM ts), substring(a from 1 for 2), trim(both ' ' from a), position('a' in b) FROM t",
    "SELECT sum(x) OVER (PARTITION BY y ORDER BY z), count(*) FILTER (WHERE a > 1) FROM t",
    "SELECT row_number() OVER w FROM t WINDOW w AS (PARTITION BY (a) ORDER BY (b))",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t",
    "SELECT * FROM a JOIN b USING (id) LEFT JOIN (SELECT 1 AS x) c ON (a.x = c.x) WHERE EXISTS (SELECT 1)",
    "SELECT * FROM a AS x JOIN (SELECT 2) y ON true INNER JOIN LATERAL (SELECT 3) z ON true",
    "SELECT * FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS t(a, b, n)",
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, name)",
    "SELECT left(a, 2), right(a, 2) FROM t",
    "SELECT a FROM t WHERE (a, b) IN ((1,2),(3,4)) AND x = ANY($1) AND y <> ALL (ARRAY[1,2]) AND NOT (z)",
    "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b",
    "SELECT t.created_at, t.position, t.login, p.post_id, l.transaction FROM t",
    "SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind = 'r'",
    "SELECT current_setting('x'), pg_backend_pid(), CURRENT_TIMESTAMP(3), current_date, CURRENT_SCHEMA",
    "SELECT * FROM t FOR UPDATE SKIP LOCKED",
    "SELECT U&'d\\0061t'",
    "SELECT nextval('s'), pg_notify('c', 'x'), pg_advisory_xact_lock(1), gen_random_uuid()",
    "SELECT CASE WHEN a THEN (b) ELSE (c) END FROM t GROUP BY (a) HAVING (count(*) > 1)",
    "SELECT $$;DROP TABLE t;$$, E'\\';DROP TABLE t', ';DROP TABLE t' /* ; DROP TABLE t */ -- ;DROP TABLE t",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "((VALUES (1)))",
    "TABLE t",
    "VALUES (1,2),(3,4)",
    "INSERT INTO t (a, b) VALUES ($1, $2) RETURNING id",
    "INSERT INTO \"Users\" (\"a\") VALUES (1) ON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a WHERE (1=1)",
    "INSERT INTO s.t AS x (a) VALUES (DEFAULT) ON CONFLICT ON CONSTRAINT k DO NOTHING",
    "INSERT INTO groups (a) VALUES (1) ON CONFLICT (lower(a)) DO UPDATE SET (a, b) = (1, 2)",
    "INSERT INTO t SELECT * FROM u",
    "UPDATE t SET (a, b) = (1, 2), c = now() WHERE id = 1",
    "UPDATE ONLY t SET a = 1",
    "DELETE FROM t WHERE id IN (SELECT id FROM u LIMIT (10))",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "WITH RECURSIVE x(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM x), y (m) AS NOT MATERIALIZED (SELECT 1) SELECT 1",
    "WITH x AS (INSERT INTO t (a) VALUES (1) RETURNING id) SELECT id FROM x",
    "WITH x AS (SELECT 1) INSERT INTO t (a) SELECT * FROM x",
    "WITH x AS MATERIALIZED (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM x ON CONFLICT (a) DO NOTHING",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    "FETCH 10 FROM c",
    "MOVE ALL IN c",
    "CLOSE c",
    "LISTEN c; UNLISTEN *; NOTIFY c, 'x'",
    "SHOW ALL",
    "BEGIN",
    "BEGIN; INSERT INTO t VALUES (1); COMMIT AND CHAIN",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY",
    "SAVEPOINT s; RELEASE SAVEPOINT s; ROLLBACK TO SAVEPOINT s; ABORT; END",
};

TEST(SqlScanner, EverydayTextIsHarmless) {
  for (const char* text : kHarmless) {
    EXPECT_EQ(verdict(text), ScanVerdict::kHarmless) << text;
    EXPECT_EQ(verdict(text, kOff), ScanVerdict::kHarmless) << text;
    EXPECT_EQ(verdict(text, kEither), ScanVerdict::kHarmless) << text;
    const std::string spread = "/* /* nested */ ; */\n\t" + std::string(text) + " -- x";
    EXPECT_EQ(verdict(spread), ScanVerdict::kHarmless) << spread;
  }
}

// Texts that run something else than queries and plain functions, or might: the full grammar must see them.
constexpr const char* kNotHarmless[] = {
    // Other statements.
    "CREATE TABLE t(a int)",
    "SELECT 1; CREATE TABLE t(a int)",
    ";;/* hi */;CREATE TABLE t(a int)",
    "DROP/**/TABLE/**/t",
    "EXPLAIN SELECT 1",
    "COPY t FROM STDIN",
    "SET x = 1",
    "RESET ALL",
    "DO $$BEGIN END$$",
    "CALL p()",
    "EXECUTE p",
    "PREPARE p AS SELECT 1",
    "PREPARE TRANSACTION 'g'",
    "COMMIT PREPARED 'g'",
    "ROLLBACK /**/ PREPARED 'g'",
    "TRUNCATE t",
    "VACUUM",
    "LOCK TABLE t",
    "DECLARE c CURSOR FOR SELECT 1",
    "DEALLOCATE ALL",
    "drop\xC2\xA0table t",
    "1",
    "\"select\" 1",
    "(CREATE TABLE t(a int))",
    "(BEGIN)",
    // INTO (evasion 7, 8, 13).
    "SELECT 1 AS a INTO t",
    "SELECT 1 AS a INTO t UNION SELECT 2",
    "(SELECT 1 AS a INTO t)",
    "SELECT/**/1/**/INTO/**/t",
    "SELECT 1into t",
    "SELECT 1e5into t",
    "SELECT 1.into t",
    "SELECT 'a'into t",
    "SELECT 1 insert INTO t",
    "SELECT (1) insert INTO t",
    "SELECT 1 AS insert INTO t",
    "SELECT insert INTO t",
    "SELECT (insert) INTO t",
    "SELECT merge INTO t",
    "WITH x AS (SELECT 1) SELECT (1) insert INTO t",
    "WITH x AS (SELECT 1) SELECT 1 INTO t",
    "INSERT INTO t SELECT 1 insert INTO u",
    "VALUES (1); SELECT 1 INTO t",
    // Catalog targets.
    "INSERT INTO pg_catalog.pg_class VALUES (1)",
    "INSERT INTO \"pg_catalog\".x VALUES (1)",
    "UPDATE pg_settings SET setting = 'off'",
    "UPDATE ONLY pg_settings SET setting = 'off'",
    "UPDATE ONLY (pg_settings) SET setting = 'off'",
    "UPDATE PG_SETTINGS SET setting = 'off'",
    "UPDATE \"pg_settings\" SET setting = 'off'",
    "UPDATE/**/pg_settings/**/SET setting = 'off'",
    "UPDATE db.pg_catalog.pg_class SET relname = 'x'",
    "UPDATE U&\"pg!005fsettings\" UESCAPE '!' SET setting = 'off'",
    "DELETE FROM pg_class",
    "DELETE FROM ONLY pg_class",
    "DELETE FROM information_schema.sql_features",
    "WITH x AS (DELETE FROM pg_class RETURNING 1) SELECT 1",
    "WITH x AS (UPDATE pg_class SET relname = '' RETURNING 1) SELECT 1",
    "MERGE INTO pg_class USING u ON true WHEN MATCHED THEN DELETE",
    // Calls.
    "SELECT f()",
    "SELECT f ()",
    "SELECT f/**/()",
    "SELECT f--\n()",
    "SELECT \"f\"()",
    "SELECT \"Lower\"(x)",
    "SELECT public.lower(x)",
    "SELECT public . lower (x)",
    "SELECT \"PG_CATALOG\".lower(x)",
    "SELECT db.pg_catalog.lower(x)",
    "SELECT U&\"f\"()",
    "SELECT set_config('a', 'b', false)",
    "SELECT pg_catalog.set_config('a', 'b', false)",
    "SELECT SET_CONFIG('a', 'b', false)",
    "SELECT setval('s', 1)",
    "SELECT * FROM dblink('x', 'y')",
    "SELECT * FROM query_to_xml('x', true, true, '')",
    "SELECT ts_rewrite(a, 'x') FROM t",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_create(0), 1",
    "SELECT a FROM t WHERE f(a)",
    "INSERT INTO t VALUES (f(1))",
    "INSERT INTO t (a) SELECT f(1)",
    "UPDATE t SET a = f(1)",
    "SELECT TREAT ('/etc/passwd' AS pg_read_file)",
    // Functions with the names of unreserved words.
    "SELECT over(1)",
    "SELECT DISTINCT ON (a) over(1) FROM t",
    "SELECT DISTINCT ON (a) filter(1) FROM t",
    "SELECT DISTINCT ON (a) join(1) FROM t",
    "SELECT join(1)",
    "SELECT a LIKE b ESCAPE join(1)",
    "SELECT set(1)",
    "SELECT by(1)",
    "SELECT varying(1)",
    "SELECT NOT materialized(1)",
    "SELECT * FROM a JOIN b ON conflict(1)",
    "INSERT INTO t SELECT * FROM a JOIN b ON conflict(1)",
    "SELECT * FROM XMLTABLE('x' PASSING y COLUMNS a int path join(1))",
    "SELECT 1 OPERATOR(pg_catalog.+) over(1)",
    // Functions in column notation.
    "SELECT t.pg_read_file FROM lower('/ETC/PASSWD') t",
    "SELECT t.\"pg_read_file\" FROM lower('/ETC/PASSWD') t",
    "SELECT ('x'::text).ts_stat",
    "SELECT $1.Pg_Read_File",
    "SELECT \"a\".\"t\".\"pg_read_file\" FROM t",
    "SELECT \"a\".\"b\".\"pg_catalog\".\"lower\"(x) FROM t",
    "SELECT \"a\".\"lower\"(x) FROM t",
    "SELECT lower.(x) FROM t",
    "INSERT INTO \"pg_catalog\".\"pg_class\" VALUES (1)",
    "INSERT INTO \"a\".\"pg_class\" VALUES (1)",
    "SELECT t./**/pg_read_file FROM t",
    // Names that the server clips, and the byte that it folds to 'i' in Turkish.
    "SELECT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa FROM t",
    "SELECT \"t\".\"pg_read_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" FROM t",
    "SELECT t.pg_read_f\xDDle FROM t",
};

TEST(SqlScanner, WhatMayMatterNeedsTheGrammar) {
  for (const char* text : kNotHarmless) {
    EXPECT_EQ(verdict(text), ScanVerdict::kNeedsGrammar) << text;
    EXPECT_NE(verdict(text, kOff), ScanVerdict::kHarmless) << text;
    EXPECT_NE(verdict(text, kEither), ScanVerdict::kHarmless) << text;
    // The same behind a long list of literals, where text is read block by block.
    std::string long_list = "INSERT INTO t VALUES (1";
    for (int row = 0; row < 40; ++row) long_list += ",'it''s (;',-2.5,\n( 3 ),''";
    EXPECT_EQ(verdict(long_list + ");"), ScanVerdict::kHarmless);
    EXPECT_EQ(verdict(long_list + ");" + text), ScanVerdict::kNeedsGrammar) << text;
  }
}

TEST(SqlScanner, LiteralRunsAreReadLikeSingleTokens) {
  // Every alignment of the interesting bytes to the blocks of the run.
  for (size_t shift = 0; shift < 70; ++shift) {
    std::string list = "SELECT 1 FROM t WHERE a IN (";
    for (size_t i = 0; i < shift; ++i) list += "1";
    for (int row = 0; row < 30; ++row) list += row % 3 == 0 ? ",NULL, true" : ",2.5,'a'";
    const std::string tail(130, ' ');
    EXPECT_EQ(verdict(list + ",3.5e5)" + tail), ScanVerdict::kHarmless);
    EXPECT_EQ(verdict(list + ",'\\')" + tail), ScanVerdict::kHarmless);
    EXPECT_EQ(verdict(list + ",3)INTO x" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",3into x" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",3.into x" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",3.5e5into x" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",nullx(1)" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",defaults(1)" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",x.false(1)" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",FALSE,DEFAULT , null\n)" + tail), ScanVerdict::kHarmless);
    EXPECT_EQ(verdict(list + ",f(1)" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",'a\\', f(1)" + tail), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(verdict(list + ",'a\\', f(1)'" + tail, kOff), ScanVerdict::kHarmless);
    EXPECT_EQ(verdict(list + ",'a\\'', f(1)" + tail, kOff), ScanVerdict::kNeedsGrammar);
    EXPECT_EQ(scan_sql(list + ");--;'\nSELECT 1;/*;'*/SELECT 2" + tail, {}).statement_count, 3U);
    EXPECT_EQ(scan_sql(list + ",'a' -- x\n'b'" + tail, {}).verdict, ScanVerdict::kUnreadable);
    EXPECT_EQ(scan_sql(list + ",'a" + tail, {}).verdict, ScanVerdict::kUnreadable);
    EXPECT_EQ(scan_sql(list + ",-- 'a\n 1)" + tail, {}).verdict, ScanVerdict::kHarmless);
  }
}

struct CountCase {
  const char* text;
  uint32_t count;
};

TEST(SqlScanner, CountsStatementsAsTheServerPartsThem) {
  const CountCase cases[] = {
      {"", 0},
      {";;", 0},
      {"/* SELECT 1; */ -- SELECT 1;", 0},
      {"SELECT 1", 1},
      {"SELECT 1;", 1},
      {"SELECT ';'; SELECT $a$;$a$;; SELECT \";\"", 3},
      {"CREATE TABLE t(a int); CREATE TABLE u(b text DEFAULT ';');", 2},
      {"SELECT 1 /* a /* b */ ; DROP TABLE t; */", 1},
      {"SELECT E'a'\n'\\'; DROP TABLE t; --'", 1},
      {"SELECT '\\'; DROP TABLE t; --'", 2},
      {") ; (", 2},
      {"( ; )", 2},
      {"; 'a' ; b", 2},
      {"U&\"a\" ; 1 ; $$ $$ ; .5", 4},
  };
  for (const CountCase& one : cases) EXPECT_EQ(scan_sql(one.text, {}).statement_count, one.count) << one.text;
  EXPECT_EQ(scan_sql("SELECT '\\'; DROP TABLE t; --'", kOff).statement_count, 1U);
  // Read either way, the larger number holds.
  EXPECT_EQ(scan_sql("SELECT '\\'; DROP TABLE t; --'", kEither).statement_count, 2U);
}

TEST(SqlScanner, TellsTransactionControl) {
  EXPECT_FALSE(scan_sql("SELECT 1; VALUES (1)", {}).has_transaction_control);
  EXPECT_FALSE(scan_sql("SELECT commit FROM t", {}).has_transaction_control);
  for (const char* text : {"BEGIN", "select 1;commit", "end; select 1", "START TRANSACTION", "ROLLBACK TO s", "abort",
                           "SAVEPOINT s", "release s"}) {
    EXPECT_TRUE(scan_sql(text, {}).has_transaction_control) << text;
  }
}

struct UnreadableCase {
  std::string_view text;
  const char* reason;
};

TEST(SqlScanner, RefusesToGuess) {
  using namespace std::string_view_literals;
  const UnreadableCase cases[] = {
      {"SELECT 1\0CREATE TABLE t(a int)"sv, "nul_byte"},  // evasion 55
      {"SELECT 'a\0'"sv, "nul_byte"},                     //
      {"SELECT 'a' -- c\n'b'", "string_comment_string"},  // evasion 40
      {"SELECT E'a' --c\n'\\' -- x'; DROP TABLE t;\nSELECT $$'--$$", "string_comment_string"},
      {"SELECT 'a' /* c */ 'b'", "string_comment_string"},
      {"DROP TABLE t; SELECT 'a'\n-- c\n'b'", "string_comment_string"},
      {"SELECT f('a') , 'a' /* c */ -- d\n 'b'", "string_comment_string"},
      {"SELECT 'a", "unterminated"},
      {"SELECT \"a", "unterminated"},
      {"SELECT /* /* */", "unterminated"},
      {"SELECT $a$ $b$", "unterminated"},
      {"SELECT E'\\'", "unterminated"},
      {"DROP TABLE t; SELECT 'a", "unterminated"},
  };
  for (const UnreadableCase& one : cases) {
    const ScanResult result = scan_sql(one.text, {});
    EXPECT_EQ(result.verdict, ScanVerdict::kUnreadable) << one.text;
    EXPECT_STREQ(result.reason, one.reason) << one.text;
  }
}

TEST(SqlScanner, FindsBytesWhereverTheyStand) {
  for (size_t length = 1; length < 140; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, ' ');
      text[at] = '\0';
      EXPECT_STREQ(scan_sql(text, {}).reason, "nul_byte");
      text[at] = '\xE9';
      EXPECT_STREQ(scan_sql(text, {.ascii_safe_encoding = Certainty::kNo}).reason, "unsafe_encoding");
    }
  }
}

TEST(SqlScanner, WordsAndNamesMayStandAnywhere) {
  // Every alignment to the blocks of sixty-four bytes in which words and quoted names are found.
  for (size_t shift = 0; shift < 140; ++shift) {
    const std::string front = "SELECT" + std::string(shift + 1, ' ');
    for (size_t behind = 0; behind < 70; behind += 7) {
      const std::string back(behind, ' ');
      EXPECT_EQ(verdict(front + "\"a\".\"bc\", de FROM \"f\"" + back), ScanVerdict::kHarmless);
      EXPECT_EQ(verdict(front + "\"a\".\"pg_read_file\"" + back), ScanVerdict::kNeedsGrammar);
      EXPECT_EQ(verdict(front + "\"a\"\"b\".\"c INTO d\"" + back), ScanVerdict::kHarmless);
      EXPECT_EQ(verdict(front + "\"a\"INTO b" + back), ScanVerdict::kNeedsGrammar);
      EXPECT_STREQ(scan_sql(front + "\"a\".\"b" + back, {}).reason, "unterminated");
    }
  }
}

TEST(SqlScanner, UnsafeEncodingsAllowSevenBitTextOnly) {
  const Reading unsafe{.ascii_safe_encoding = Certainty::kNo};
  const Reading unknown{.ascii_safe_encoding = Certainty::kUnknown};
  // evasion 52: the second byte of a SJIS character is a backslash.
  const std::string_view trick = "SELECT E'\x95\x5C'; DROP TABLE t; --'";
  EXPECT_EQ(scan_sql(trick, unsafe).verdict, ScanVerdict::kUnreadable);
  EXPECT_STREQ(scan_sql(trick, unknown).reason, "unsafe_encoding");
  EXPECT_EQ(scan_sql("SELECT 'a'", unsafe).verdict, ScanVerdict::kHarmless);
  EXPECT_EQ(scan_sql("SELECT '\xC3\xA9'", {}).verdict, ScanVerdict::kHarmless);
}

TEST(SqlScanner, BothReadingsOfBackslashesAreJudged) {
  // evasion 45: one harmless string, or a string and a DROP.
  EXPECT_EQ(verdict("SELECT '\\''; DROP TABLE t; --'", kOff), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT '\\''; DROP TABLE t; --'"), ScanVerdict::kHarmless);
  EXPECT_EQ(verdict("SELECT '\\''; DROP TABLE t; --'", kEither), ScanVerdict::kNeedsGrammar);
  EXPECT_EQ(verdict("SELECT '\\'; DROP TABLE t; --'", kEither), ScanVerdict::kNeedsGrammar);
  // A reading under which the text is not terminated is one that the server rejects.
  EXPECT_EQ(verdict("SELECT 'C:\\'", kEither), ScanVerdict::kHarmless);
  EXPECT_EQ(verdict("SELECT 'C:\\", kEither), ScanVerdict::kUnreadable);
  EXPECT_EQ(verdict("SELECT 'a\\b'", kEither), ScanVerdict::kHarmless);
}

TEST(SqlScanner, ReadsNothingBehindTheText) {
  // Every prefix in a buffer of its exact size: run under AddressSanitizer.
  std::string all;
  for (const char* text : kHarmless) all += std::string(text) + ";";
  for (size_t length = 1; length < all.size(); ++length) {
    const size_t start = length > 200 ? length - 200 : 0;
    const std::vector<char> prefix(all.begin() + static_cast<std::ptrdiff_t>(start),
                                   all.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_LE(scan_sql({prefix.data(), prefix.size()}, kEither).statement_count, prefix.size());
  }
}

}  // namespace
}  // namespace schemaguard::parser::postgres
