// What one text does on MySQL and MariaDB. The numbers are those of mysql-wire and of the evasion catalogue.
#include "parser/mysql/statement_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser::mysql {
namespace {

using Strings = std::vector<std::string>;

ReadingState mariadb() { return {.flavour = Flavour::kMariaDb, .version = 101119}; }
ReadingState mysql() { return {.flavour = Flavour::kMySql, .version = 80036}; }

TextFacts read(std::string_view text, ReadingState state = mariadb()) { return read_statements(text, state); }

StatementFacts only(std::string_view text, const ReadingState& state = mariadb()) {
  TextFacts facts = read(text, state);
  EXPECT_EQ(facts.statements.size(), 1U) << text;
  return facts.statements.empty() ? StatementFacts{} : facts.statements.front();
}

Strings commands(std::string_view text, const ReadingState& state = mariadb()) {
  Strings result;
  for (const StatementFacts& one : read(text, state).statements) result.push_back(one.command);
  return result;
}

ClassSet classes_of(std::string_view text, const ReadingState& state = mariadb()) {
  ClassSet classes;
  const TextFacts facts = read(text, state);
  for (const StatementFacts& one : facts.statements) classes.add(one.classes);
  if (facts.unread) classes.add(StatementClass::kUnread);
  return classes;
}

// "kind object.member>new_name" for each change; '?' at the end when its shape is unknown.
Strings changes_of(std::string_view text, const ReadingState& state = mariadb()) {
  Strings result;
  for (const StatementFacts& one : read(text, state).statements) {
    for (const Change& change : one.changes) {
      std::string line = change.kind + " " + change.object.name.display();
      if (!change.member.empty()) line += "." + change.member;
      if (!change.new_name.empty()) line += ">" + change.new_name;
      if (change.shape_unknown) line += "?";
      result.push_back(line);
    }
  }
  return result;
}

constexpr StatementClass kQuery = StatementClass::kQuery;
constexpr StatementClass kSchema = StatementClass::kSchema;
constexpr StatementClass kUnread = StatementClass::kUnread;
constexpr StatementClass kOpaque = StatementClass::kOpaque;
constexpr StatementClass kCluster = StatementClass::kCluster;
constexpr StatementClass kAccess = StatementClass::kAccess;

// --- where statements end ------------------------------------------------------------------------------------------

TEST(SplittingTest, EndsStatementsAtSemicolons) {  // M1
  EXPECT_EQ(commands("SELECT 1; CREATE TABLE t(a int)"), (Strings{"SELECT", "CREATE TABLE"}));
  EXPECT_EQ(commands("select ';' ; # ;\n select `;`;;;"), (Strings{"SELECT", "SELECT"}));
  EXPECT_TRUE(read(" /* nothing */ ;").statements.empty());
}

TEST(SplittingTest, KeepsBodiesWhole) {
  EXPECT_EQ(commands("create procedure p() begin select 1; begin drop table t; end; end; drop table u"),
            (Strings{"CREATE PROCEDURE", "DROP TABLE"}));
  EXPECT_EQ(commands("create procedure p() select 1; drop table u"), (Strings{"CREATE PROCEDURE", "DROP TABLE"}));
  EXPECT_EQ(commands("create function f(a int) returns set('a','b') deterministic return if(a, 'a', 'b'); select 1"),
            (Strings{"CREATE FUNCTION", "SELECT"}));
  EXPECT_EQ(commands("create function f() returns int begin if 1 then return case when 1 then 2 end; end if; "
                     "return repeat('a', 2); end; select 1"),
            (Strings{"CREATE FUNCTION", "SELECT"}));
  EXPECT_EQ(commands("create trigger g before insert on t for each row begin set new.a = 1; end; select 1"),
            (Strings{"CREATE TRIGGER", "SELECT"}));
  EXPECT_EQ(commands("create trigger g before insert on t for each row follows h set new.a = 1; select 1"),
            (Strings{"CREATE TRIGGER", "SELECT"}));
  EXPECT_EQ(commands("create event e on schedule every 1 day do begin delete from t; end; select 1"),
            (Strings{"CREATE EVENT", "SELECT"}));
  EXPECT_EQ(commands("create definer = `a`@`%` procedure if not exists p() l: loop leave l; end loop l; select 1"),
            (Strings{"CREATE PROCEDURE", "SELECT"}));
}

TEST(SplittingTest, KnowsEveryBlock) {
  const std::string_view body =
      "create procedure p(in x int) begin declare a int default 1; declare c cursor for select 1; "
      "declare continue handler for sqlexception, sqlstate value '42000', not found begin set a = 2; end; "
      "case x when 1 then select 1; else select 2; end case; case when x then select 3; end case; "
      "while a do set a = case when 1 then 0 else 2 end; end while; repeat set a = 1; until a end repeat; "
      "for i in 1..3 do select i; end for; if a then select 1; elseif x then select 2; else select 3; end if; end; "
      "drop table t";
  EXPECT_EQ(commands(body), (Strings{"CREATE PROCEDURE", "DROP TABLE"}));
  EXPECT_FALSE(classes_of(body).has(kUnread));
}

TEST(SplittingTest, ReadsBlocksThatStandAlone) {  // M34
  EXPECT_EQ(changes_of("begin not atomic drop table t; end"), Strings{"drop_table t"});
  EXPECT_EQ(changes_of("if 1 then drop table t; end if"), Strings{"drop_table t"});
  EXPECT_EQ(changes_of("for i in 1..1 do drop table t; end for"), Strings{"drop_table t"});
  EXPECT_EQ(changes_of("while 1 do drop table t; end while; drop table u"), (Strings{"drop_table t", "drop_table u"}));
  EXPECT_EQ(changes_of("begin not atomic declare continue handler for sqlexception drop table t; select 1; end"),
            Strings{"drop_table t"});
  EXPECT_TRUE(classes_of("if 1 then drop table t; end if", mysql()).has(kUnread));
  EXPECT_EQ(commands("begin; drop table t"), (Strings{"START TRANSACTION", "DROP TABLE"}));
}

TEST(SplittingTest, ReadsBodiesOfOneStatement) {
  for (const std::string_view body : {"show grants for current_user", "kill 5", "flush tables t for export",
                                      "explain select 1", "commit", "resignal", "check table t for upgrade"}) {
    const std::string text = std::string("create procedure 1_p () sql security definer ").append(body);
    EXPECT_EQ(commands(text + "; drop table t"), (Strings{"CREATE PROCEDURE", "DROP TABLE"})) << body;
    EXPECT_FALSE(classes_of(text).has(kUnread)) << body;
  }
  EXPECT_EQ(commands("analyze tables t, u; optimize tables t"), (Strings{"ANALYZE TABLE", "OPTIMIZE TABLE"}));
}

TEST(SplittingTest, ReadsWhatStandsBehindSetStatement) {
  EXPECT_EQ(
      changes_of("set statement sql_mode='' for create procedure p() begin select 1; select 2; end; drop table t"),
      (Strings{"create_procedure p", "drop_table t"}));
  const std::string block = "set statement max_statement_time=1 for begin not atomic drop table t; select 1; end";
  EXPECT_EQ(changes_of(block), Strings{"drop_table t"});
  EXPECT_EQ(commands(block), Strings{"BEGIN NOT ATOMIC"});
  EXPECT_FALSE(classes_of(block).has(kUnread));
  EXPECT_EQ(
      changes_of("set statement a=(select 1 from t for update), b=1 for set statement c=1 for if 1 then drop table t; "
                 "end if"),
      Strings{"drop_table t"});
  EXPECT_EQ(changes_of("set statement a=1 for create event e on schedule at now() do begin drop table t; end"),
            (Strings{"create_event e", "drop_table t"}));
  EXPECT_TRUE(
      classes_of("set statement sql_log_bin=0 for begin not atomic select 1; end").has(StatementClass::kSetting));
  EXPECT_TRUE(classes_of("set statement a=1 for begin not atomic select 1").has(kUnread));
}

TEST(SplittingTest, ReadsBlocksOfTheOracleMode) {
  ReadingState oracle = mariadb();
  oracle.oracle = Certainty::kYes;
  EXPECT_EQ(changes_of("begin drop table t; end", oracle), Strings{"drop_table t"});
  EXPECT_EQ(changes_of("declare x int; begin drop table t; exception when others then drop table u; end", oracle),
            (Strings{"drop_table t", "drop_table u"}));
  const std::string block =
      "declare x, y int := 1; r t.a%type; cursor c (p int) is select a, rownum from t; exit handler for sqlexception "
      "null; begin open c(1); while c%found loop fetch c into x; x := x + 1; r.a := 2; t.a.b := 3; end loop; "
      "<<again>> for i in reverse x..10 loop null; end loop again; p1; p2(x); shop.pkg.p(1); goto again; end";
  EXPECT_EQ(commands(block + "; drop table t", oracle), (Strings{"COMPOUND STATEMENT", "DROP TABLE"}));
  EXPECT_FALSE(classes_of(block, oracle).has(kUnread));
  EXPECT_TRUE(classes_of("begin p1; end", oracle).has(kOpaque));
  EXPECT_TRUE(classes_of("declare cursor c is drop table t; begin null; end", oracle).has(kSchema));
  EXPECT_TRUE(classes_of("declare x int; drop table t", oracle).has(kUnread));
  EXPECT_TRUE(classes_of("begin p1 p2; end", oracle).has(kUnread));
  EXPECT_EQ(commands("select :1, :b from dual", oracle), Strings{"SELECT"});
  EXPECT_FALSE(classes_of("select :1, :b from dual", oracle).has(kUnread));
  EXPECT_FALSE(classes_of("create trigger r before insert on t for each row :new.a := 10", oracle).has(kUnread));
  EXPECT_FALSE(classes_of("create trigger r before insert on t for each row declare a int; begin a := 1; end", oracle)
                   .has(kUnread));
}

TEST(SplittingTest, ReadsRoutinesAndPackagesOfTheOracleMode) {
  ReadingState oracle = mariadb();
  oracle.oracle = Certainty::kYes;
  for (const std::string_view text :
       {"create or replace procedure p (a in out varchar2) as x int := 1; begin select x; end p",
        "create function f return int is begin return 1; end",
        "create package shop.p comment 'c' as function f (a int) return int; procedure q; end shop.p",
        "create package p as end",
        "create or replace package body p as x int := 0; procedure q; function f (a int) return int as y int; begin "
        "return "
        "a; exception when others then null; end f; procedure q as begin x := f(1); end; begin x := 5; end p"}) {
    EXPECT_EQ(commands(std::string(text).append("; drop table t"), oracle).back(), "DROP TABLE") << text;
    EXPECT_EQ(commands(text, oracle).size(), 1U) << text;
    EXPECT_FALSE(classes_of(text, oracle).has(kUnread)) << text;
    EXPECT_TRUE(classes_of(text, oracle).has(kSchema)) << text;
    EXPECT_FALSE(classes_of(text, oracle).has(kOpaque)) << text;
  }
  for (const std::string_view text :
       {"create package p", "create package p as procedure q", "create package p as x int end",
        "create package body p as procedure q as begin select 1; drop table t"}) {
    EXPECT_TRUE(classes_of(text, oracle).has(kUnread) || classes_of(text, oracle).has(kOpaque)) << text;
  }
  EXPECT_TRUE(classes_of("create package p procedure q(); end; drop table t").has(kOpaque));
}

// sql_mode=MSSQL: names in brackets. Whatever the mode, such a text is not read.
TEST(SplittingTest, DoesNotReadBrackets) {
  EXPECT_TRUE(classes_of("select 1 as [a'] ; drop table t; -- '").has(kUnread));
  EXPECT_TRUE(classes_of("create table [t] (a int)").has(kUnread));
  EXPECT_FALSE(classes_of("select '[', `[`, \"[\" /* [ */ -- [").has(kUnread));
}

TEST(SplittingTest, NeverTrustsWhatDoesNotNest) {
  EXPECT_TRUE(classes_of("create procedure p() begin select 1; if 1 then select 2; end; drop table t").has(kUnread));
  EXPECT_TRUE(classes_of("begin not atomic select 1").has(kUnread));
  EXPECT_TRUE(classes_of("begin drop table t; end").has(kUnread));
  std::string deep = "create procedure p() ";
  for (int i = 0; i < 5000; ++i) deep += "begin ";
  EXPECT_TRUE(classes_of(deep).has(kUnread));
}

// --- settings between statements -----------------------------------------------------------------------------------

TEST(SettingsTest, FollowConstantsInTheText) {  // M3, M4
  EXPECT_EQ(commands(R"(set sql_mode='NO_BACKSLASH_ESCAPES'; select '\'; drop table t; -- ')"),
            (Strings{"SET", "SELECT", "DROP TABLE"}));
  EXPECT_EQ(commands(R"(select '\'; drop table t; -- ')"), Strings{"SELECT"});
  EXPECT_EQ(changes_of("set session sql_mode='ansi_quotes'; drop table \"t\""), Strings{"drop_table t"});
  EXPECT_EQ(changes_of("set @@local.sql_mode:=4; drop table \"t\""), Strings{"drop_table t"});
  EXPECT_TRUE(classes_of("set names gbk; select '\xAA\x5C'; drop table t; -- '").has(kUnread));
  EXPECT_TRUE(classes_of("set names utf8mb4; select '\xC3\xA9'") == (ClassSet{StatementClass::kSession, kQuery}));
}

TEST(SettingsTest, ReadEveryWayAfterWhatIsNotConstant) {
  for (const std::string_view head : {"set @@sql_mode=concat('a')", "call p()", "execute s", "execute immediate @a",
                                      "set sql_mode=default", "begin not atomic set sql_mode='x'; end"}) {
    const Strings found = changes_of(std::string(head) + R"(; select '\'; drop table t; -- ')");
    EXPECT_EQ(found, Strings{"drop_table t"}) << head;
  }
  EXPECT_EQ(changes_of("set statement sql_mode='ansi_quotes' for select 1; drop table \"t\""),
            Strings{"change_other ?"});
}

TEST(SettingsTest, TellWhatIsKnownBehindTheText) {
  ReadingState state = mariadb();
  read_statements("call p()", state);
  EXPECT_EQ(state.ansi_quotes, Certainty::kUnknown);
  read_statements("select \"a\"", state);
  EXPECT_EQ(state.ansi_quotes, Certainty::kUnknown);
  read_statements("set sql_mode=''", state);
  EXPECT_EQ(state.ansi_quotes, Certainty::kNo);
}

TEST(SettingsTest, JudgeEveryVersionThatMayBe) {  // M40
  ReadingState unknown;
  EXPECT_TRUE(classes_of("/*!80000 drop table t */", unknown).has(kSchema));
  EXPECT_TRUE(classes_of("select 1 /*M!100100 into outfile 'x' */", unknown).has(StatementClass::kServerFile));
  EXPECT_TRUE(read("/*!80000 drop table t */").statements.empty());
  EXPECT_EQ(changes_of("/*! drop table t; */"), Strings{"drop_table t"});
}

TEST(SettingsTest, ClassifyScopes) {
  EXPECT_EQ(classes_of("set @a = 1, @b := (select 2)"), ClassSet{StatementClass::kSession});
  EXPECT_EQ(classes_of("set autocommit=0, time_zone='+00:00'"), ClassSet{StatementClass::kSession});
  EXPECT_TRUE(classes_of("set global event_scheduler = on").has(kCluster));
  EXPECT_TRUE(classes_of("set @@persist.max_connections = 1").has(kCluster));
  EXPECT_TRUE(classes_of("set persist_only a = 1").has(kCluster));
  EXPECT_TRUE(classes_of("set sql_log_bin=0").has(StatementClass::kSetting));
  EXPECT_TRUE(classes_of("set password for a@b = 'x'").has(kAccess));
  EXPECT_EQ(changes_of("set password for a@b = 'x'"), Strings{"alter_user a@b"});
  EXPECT_TRUE(classes_of("set password = 'x'").has(kAccess));
  EXPECT_EQ(changes_of("set default role r for a"), Strings{"alter_user a"});
  EXPECT_EQ(changes_of("set default role r to a, b@'%'", mysql()), (Strings{"alter_user a", "alter_user b@%"}));
  EXPECT_EQ(classes_of("set role r"), ClassSet{StatementClass::kSession});
  EXPECT_EQ(classes_of("set transaction isolation level read committed"), ClassSet{StatementClass::kSession});
  EXPECT_EQ(changes_of("set statement max_statement_time=1 for drop table t"), Strings{"drop_table t"});
}

// --- definitions ---------------------------------------------------------------------------------------------------

TEST(TableTest, ReadsColumns) {
  const StatementFacts facts = only(
      "create table if not exists d.`t` (id bigint unsigned not null auto_increment primary key, "
      "name varchar(20) character set latin1 collate latin1_bin default 'a,b' comment 'x', "
      "e enum('a','b') default null, total int generated always as (id + 1) stored not null, "
      "at timestamp(6) not null default current_timestamp(6) on update current_timestamp(6), "
      "key k (name(10)), constraint fk foreign key (id) references p (id) on delete cascade) engine=innodb");
  ASSERT_EQ(facts.changes.size(), 1U);
  const Change& change = facts.changes[0];
  EXPECT_EQ(change.object.name.display(), "d.t");
  EXPECT_TRUE(change.if_not_exists);
  EXPECT_FALSE(change.shape_unknown);
  ASSERT_EQ(change.columns.size(), 5U);
  EXPECT_EQ(change.columns[0].type, "bigint unsigned");
  EXPECT_TRUE(change.columns[0].not_null);
  EXPECT_TRUE(change.columns[0].primary_key);
  EXPECT_EQ(change.columns[0].constraints, Strings{"auto_increment"});
  EXPECT_EQ(change.columns[1].type, "varchar(20) character set latin1");
  EXPECT_EQ(change.columns[1].collation, "latin1_bin");
  EXPECT_EQ(change.columns[1].default_expression, "'a,b'");
  EXPECT_EQ(change.columns[2].type, "enum('a','b')");
  EXPECT_EQ(change.columns[2].default_expression, "null");
  EXPECT_EQ(change.columns[3].generated_expression, "(id + 1)");
  EXPECT_EQ(change.columns[3].generated, 's');
  EXPECT_TRUE(change.columns[3].not_null);
  EXPECT_EQ(change.columns[4].default_expression, "current_timestamp(6)");
  EXPECT_EQ(change.columns[4].constraints, Strings{"on update current_timestamp(6)"});
  EXPECT_NE(change.definition.find("references p"), std::string::npos);
}

TEST(TableTest, KnowsTheOtherFormsOfCreate) {
  EXPECT_EQ(changes_of("create table t like u"), Strings{"create_table t?"});
  EXPECT_EQ(changes_of("create table t (like u)"), Strings{"create_table t?"});
  EXPECT_EQ(changes_of("create table t as select 1"), Strings{"create_table t?"});
  EXPECT_EQ(changes_of("create table t ((select 1) limit 2)"), Strings{"create_table t?"});
  EXPECT_EQ(changes_of("create table t (a int) ignore select 1 as a"), Strings{"create_table t?"});
  EXPECT_EQ(changes_of("create or replace table t (a int)"), (Strings{"drop_table t", "create_table t"}));  // M49
  EXPECT_EQ(classes_of("create temporary table t (a int)"), ClassSet{StatementClass::kTemporary});
  EXPECT_EQ(changes_of("create table t (a int) with system versioning"), Strings{"create_table t"});
}

TEST(TableTest, DropsRenamesTruncates) {
  EXPECT_EQ(changes_of("drop table if exists a, b.c cascade"), (Strings{"drop_table a", "drop_table b.c"}));
  EXPECT_EQ(changes_of("drop tables a"), Strings{"drop_table a"});
  EXPECT_EQ(classes_of("drop temporary table a"), ClassSet{StatementClass::kTemporary});
  EXPECT_EQ(changes_of("rename table t to t_old, t_new to t"),
            (Strings{"rename_table t>t_old", "rename_table t_new>t"}));
  EXPECT_EQ(classes_of("truncate t"), ClassSet{StatementClass::kDestructive});
  EXPECT_EQ(changes_of("create unique index i on d.t (a)"), Strings{"create_index d.i"});
  EXPECT_EQ(changes_of("drop index i on t"), Strings{"drop_index i"});
  EXPECT_EQ(changes_of("drop table t what"), Strings{"drop_table t?"});
  EXPECT_EQ(only("rename table t to u").objects[0].persistence, Persistence::kByName);  // M30
  EXPECT_EQ(only("rename table t to u", mysql()).objects[0].persistence, Persistence::kPersistent);
}

struct Clause {
  std::string_view text;
  Strings changes;
};

TEST(AlterTableTest, ReadsEveryClause) {
  const std::vector<Clause> clauses = {
      {"add c int not null first, add column if not exists d int after c", {"add_column t.c", "add_column t.d"}},
      {"add (c int, d int, index i (c))", {"add_column t.c", "add_column t.d", "create_index i"}},
      {"add unique key u (a), add fulltext f (a), add spatial index s (g)",
       {"create_index u", "create_index f", "create_index s"}},
      {"add primary key (a)", {"add_constraint t.PRIMARY"}},
      {"add constraint k foreign key (a) references b (c)", {"add_constraint t.k"}},
      {"add constraint k check (a > 0) not enforced", {"add_constraint t.k"}},
      {"add check (a > 0)", {"add_constraint t"}},
      {"add constraint if not exists k check (a > 0), add constraint check (a > 1)",
       {"add_constraint t.k", "add_constraint t"}},
      {"add column if not exists (x int, y int), add period if not exists for p (s, e)",
       {"add_column t.x", "add_column t.y", "add_period t.p"}},
      {"drop period if exists for p", {"drop_period t"}},
      {"rename `a.b`", {"rename_table t>a.b?"}},
      {"add constraint k unique i (a), add constraint l unique (b)", {"add_constraint t.i", "add_constraint t.l"}},
      {"add constraint k primary key i (a)", {"add_constraint t.PRIMARY"}},
      {"add constraint k foreign key i (a) references b (c), add foreign key j (a) references b (c)",
       {"add_constraint t.k", "add_constraint t.j"}},
      {"drop c, drop column if exists d cascade", {"drop_column t.c", "drop_column t.d"}},
      {"drop constraint primary key", {"drop_constraint t.PRIMARY"}},
      {"drop primary key, drop foreign key k, drop constraint x, drop check y",
       {"drop_constraint t.PRIMARY", "drop_constraint t.k", "drop_constraint t.x", "drop_constraint t.y"}},
      {"drop index i, drop key if exists k", {"drop_index i", "drop_index k"}},
      {"modify c bigint default 1 after b", {"modify_column t.c"}},
      {"change a b int", {"rename_column t.a>b", "modify_column t.a"}},
      {"change column a a int", {"modify_column t.a"}},
      {"rename column a to b, rename index i to j", {"rename_column t.a>b", "rename_index i>j"}},
      {"rename to u", {"rename_table t>u"}},
      {"rename d.u", {"rename_table t>d.u"}},
      {"rename as u, algorithm=inplace, lock=none", {"rename_table t>u"}},
      {"alter a set default 5, alter column b drop default", {"set_default t.a", "drop_default t.b"}},
      {"alter c set invisible", {"alter_column t.c"}},
      {"alter index i invisible, alter index j not ignored", {"alter_index i", "alter_index j"}},
      {"alter constraint c not enforced", {"alter_constraint t.c"}},
      {"convert to character set utf8mb4 collate utf8mb4_bin", {"convert_character_set t"}},
      {"default character set utf8mb4", {"alter_options t"}},
      {"engine=innodb row_format=dynamic comment='x'", {"alter_options t"}},
      {"engine innodb", {"alter_options t"}},
      {"discard tablespace", {"discard_tablespace t"}},
      {"import tablespace", {"import_tablespace t"}},
      {"order by a, b desc", {"order_rows t"}},
      {"force", {"rebuild_table t"}},
      {"disable keys", {"alter_keys t"}},
      {"algorithm=copy", {"alter_table t"}},
      {"add system versioning", {"add_system_versioning t"}},
      {"drop system versioning", {"drop_system_versioning t"}},
      {"add period for system_time (a, b)", {"add_period t.system_time"}},
      {"drop period for p", {"drop_period t"}},
      {"partition by hash (a) partitions 4", {"partition_table t"}},
      {"remove partitioning", {"remove_partitioning t"}},
      {"add partition (partition p values less than (5))", {"add_partition t"}},
      {"drop partition p, q", {"drop_partition t"}},
      {"truncate partition all", {"truncate_partition t"}},
      {"reorganize partition p into (partition a values less than (1), partition b values less than (2))",
       {"reorganize_partition t"}},
      {"exchange partition p with table u without validation", {"exchange_partition t", "exchange_partition u"}},
      {"convert partition p to table u", {"convert_partition t.p", "create_table u?"}},
      {"convert table u to partition p values less than (9)", {"convert_partition t", "drop_table u"}},
      {"frobnicate c", {"alter_options t?"}},
      {"drop column c nonsense", {"drop_column t.c?"}},
  };
  for (const Clause& clause : clauses) {
    const std::string text = "alter table t " + std::string(clause.text);
    EXPECT_EQ(changes_of(text), clause.changes) << text;
    EXPECT_TRUE(classes_of(text).has(kSchema)) << text;
    EXPECT_FALSE(classes_of(text).has(kUnread)) << text;
  }
  EXPECT_EQ(changes_of("alter online ignore table if exists d.t wait 5 drop c"), Strings{"drop_column d.t.c"});
}

TEST(ObjectTest, ClassifiesEveryKind) {
  const std::vector<std::pair<std::string_view, StatementClass>> cases = {
      {"create or replace algorithm=merge definer=root@localhost sql security invoker view v as select 1", kSchema},
      {"alter view v as select 2", kSchema},
      {"drop view if exists v, w", kSchema},
      {"create function f returns string soname 'x.so'", kCluster},
      {"drop function f", kSchema},
      {"create sequence s start with 5", kSchema},
      {"alter sequence s restart 1", kSchema},
      {"drop sequence s", kSchema},
      {"create database d character set utf8mb4", kSchema},
      {"alter database character set utf8mb4", kSchema},
      {"drop database d", kCluster},
      {"drop schema if exists d", kCluster},
      {"create or replace database d", kCluster},
      {"create server s foreign data wrapper mysql options (host 'x')", kSchema},
      {"create tablespace ts add datafile 'x.ibd'", kCluster},
      {"create undo tablespace u add datafile 'x.ibu'", kCluster},
      {"create logfile group g add undofile 'x'", kCluster},
      {"create resource group g type = user", kCluster},
      {"create spatial reference system 4120 name 'x' definition 'y'", kSchema},
      {"alter instance rotate innodb master key", kCluster},
      {"create user 'a'@'%' identified by 'x'", kAccess},
      {"drop role r", kAccess},
      {"rename user a to b@c", kAccess},
      {"grant select on d.* to a@b", kAccess},
      {"revoke all privileges, grant option from a", kAccess},
      {"alter event e rename to f", kSchema},
      {"create library l language javascript as 'x'", kSchema},
      {"create whatever w", kSchema},
      {"import table from 'x.sdi'", kSchema},
      {"install plugin p soname 'x'", kCluster},
      {"uninstall component 'x'", kCluster},
      {"clone local data directory = '/x'", kCluster},
      {"change replication source to source_host='x'", kCluster},
      {"reset master", kCluster},
      {"purge binary logs to 'x'", kCluster},
      {"shutdown", kCluster},
      {"kill 5", StatementClass::kAdmin},
      {"flush tables with read lock", StatementClass::kAdmin},
      {"backup stage start", StatementClass::kAdmin},
      {"lock tables t write", StatementClass::kAdmin},
      {"unlock tables", StatementClass::kAdmin},
      {"optimize table t", StatementClass::kMaintenance},
      {"analyze local table t", StatementClass::kMaintenance},
      {"check table t", StatementClass::kMaintenance},
      {"binlog 'x'", StatementClass::kCatalogWrite},
      {"xa start 'x'", StatementClass::kTransaction},
      {"delimiter //", kUnread},
      {"frobnicate", kUnread},
      {"explain drop table t", kUnread},
  };
  for (const auto& [text, expected] : cases) EXPECT_TRUE(classes_of(text).has(expected)) << text;
  EXPECT_EQ(only("create user 'a'@'%' identified by 'x'").objects[0].name.name, "a@%");
  EXPECT_TRUE(only("create user a identified by 'secret'").changes[0].definition.empty());
  EXPECT_EQ(changes_of("create user a identified by 'x', b@'%' require ssl, c"),
            (Strings{"create_user a", "create_user b@%", "create_user c"}));
  EXPECT_EQ(changes_of("create user a, b default role r, s"), (Strings{"create_user a", "create_user b"}));
  EXPECT_EQ(changes_of("create role r with admin a"), Strings{"create_role r.a"});
  EXPECT_EQ(changes_of("grant select on d.t to a, b@'%' with grant option"), (Strings{"grant d.t.a", "grant d.t.b@%"}));
  EXPECT_EQ(changes_of("revoke r from a, b"), (Strings{"revoke .a", "revoke .b"}));
  EXPECT_EQ(classes_of("create event e on schedule at now() do drop table t").has(kSchema), true);  // M32
  EXPECT_EQ(changes_of("create event e on schedule at now() do drop table t"),
            (Strings{"create_event e", "drop_table t"}));
}

TEST(ObjectTest, LooksForTheOtherTableInTheDefaultDatabase) {
  EXPECT_EQ(changes_of("alter table d.t exchange partition p with table u"),
            (Strings{"exchange_partition d.t", "exchange_partition u"}));
  EXPECT_EQ(changes_of("alter table d.t convert partition p to table u"),
            (Strings{"convert_partition d.t.p", "create_table u?"}));
  EXPECT_EQ(changes_of("alter table d.t convert table u to partition p values less than (5)"),
            (Strings{"convert_partition d.t", "drop_table u"}));
}

TEST(ObjectTest, FindsTheNameOfADatabase) {
  EXPECT_EQ(changes_of("create database comment comment 'x'"), Strings{"create_database comment"});
  EXPECT_EQ(changes_of("drop database if exists charset"), Strings{"drop_database charset"});
  EXPECT_EQ(changes_of("alter database comment comment 'x'"), Strings{"alter_database comment"});
  EXPECT_EQ(changes_of("alter database comment = 'x'"), Strings{"alter_database "});
  EXPECT_EQ(changes_of("alter database charset charset latin1"), Strings{"alter_database charset"});
  EXPECT_EQ(changes_of("alter schema character set latin1"), Strings{"alter_database "});
}

TEST(ObjectTest, NamesBothSidesOfASwap) {  // M31
  const StatementFacts swap = only("rename table t to t_old, d.t_new to t");
  ASSERT_EQ(swap.objects.size(), 4U);
  EXPECT_EQ(swap.objects[2].name.display(), "d.t_new");
  EXPECT_EQ(changes_of("alter table t exchange partition p with table u"),
            (Strings{"exchange_partition t", "exchange_partition u"}));
}

TEST(ObjectTest, KnowsWhatChangesTheServerOrTheRightToDoSo) {
  EXPECT_EQ(classes_of("set role r"), ClassSet{StatementClass::kSession});  // M42
  EXPECT_EQ(only("set role r").settings[0].name, "role");
  EXPECT_EQ(only("xa prepare 'a'").transaction, TransactionControl::kPrepareTransaction);  // M44
  EXPECT_EQ(classes_of("xa commit 'a'"), ClassSet{StatementClass::kTransaction});
  EXPECT_EQ(classes_of("kill query 5"), ClassSet{StatementClass::kAdmin});  // M45
  EXPECT_TRUE(classes_of("binlog 'aGVsbG8='").has(kCluster));               // M47
  EXPECT_TRUE(classes_of("install soname 'x'").has(kCluster));              // M50
  EXPECT_TRUE(classes_of("create server s foreign data wrapper mysql options (host 'x')").has(kSchema));
  EXPECT_EQ(changes_of("create table t (a int) engine=federated connection='mysql://x'"),
            Strings{"create_table t"});                                             // M37
  EXPECT_EQ(only("create table `a.b`.`c` (d int)").objects[0].name.schema, "a.b");  // M46
}

TEST(ObjectTest, SaysWhatCommitsWhatIsOpen) {  // M6; each asked of MariaDB 10.11
  for (const std::string_view text : {"create table n (a int)",
                                      "drop table tt",
                                      "drop table if exists nosuch",
                                      "alter table tt add b int",
                                      "create index i on tt (a)",
                                      "rename table tt to uu",
                                      "truncate tt",
                                      "create table n select * from t",
                                      "create or replace table t2 (a int)",
                                      "create view n as select 1",
                                      "create procedure n() select 1",
                                      "drop trigger if exists n",
                                      "alter sequence sq restart",
                                      "create temporary sequence n",
                                      "create database d",
                                      "alter database comment 'x'",
                                      "drop server if exists n",
                                      "create user n",
                                      "grant select on *.* to nn",
                                      "set password for nn = ''",
                                      "set default role none for nn",
                                      "analyze table t",
                                      "optimize table t",
                                      "check table t",
                                      "repair table t",
                                      "lock tables t2 write",
                                      "flush tables",
                                      "flush status",
                                      "reset query cache",
                                      "install soname 'x'",
                                      "uninstall plugin x",
                                      "execute immediate 'create table n (a int)'",
                                      "begin not atomic create table n (a int); end",
                                      "set statement max_statement_time=1 for create table n (a int)",
                                      "backup stage start",
                                      "backup unlock",
                                      "begin",
                                      "start transaction",
                                      "reset slave"}) {
    EXPECT_TRUE(only(text).implicit_commit) << text;
  }
  for (const std::string_view text : {"create temporary table n (a int)",
                                      "drop temporary table tt",
                                      "create temporary table n select * from t",
                                      "create or replace temporary table tt (a int)",
                                      "set role none",
                                      "checksum table t2",
                                      "cache index t in default",
                                      "load index into cache t",
                                      "unlock tables",
                                      "set autocommit=0",
                                      "xa start 'a'",
                                      "savepoint x",
                                      "start slave",
                                      "change master to master_host='x'",
                                      "call pr()",
                                      "prepare s from 'create table n (a int)'",
                                      "execute ps",
                                      "analyze select 1",
                                      "show tables",
                                      "use ic",
                                      "do 1",
                                      "handler t2 open",
                                      "kill query 9",
                                      "purge binary logs to 'x'",
                                      "set global max_connections=151",
                                      "select setval(sq, 5)",
                                      "drop prepare ps",
                                      "insert into t values (1)",
                                      "commit"}) {
    EXPECT_FALSE(only(text).implicit_commit) << text;
  }
  EXPECT_TRUE(only("start replica", mysql()).implicit_commit);
  EXPECT_TRUE(only("cache index t in default", mysql()).implicit_commit);
}

// --- queries and code ------------------------------------------------------------------------------------------------

TEST(QueryTest, LeavesOrdinaryTrafficAlone) {
  for (const std::string_view text :
       {"select * from t where a = 'drop table t'", "insert into t (a) values (1) on duplicate key update a = 2",
        "update t set a = 1 where b in (select c from u)", "delete from t where a = 1", "replace into t values (1)",
        "(select 1) union (select 2)", "with x as (select 1) select * from x", "show create table t", "desc t",
        "explain select 1", "handler t open", "do sleep(0)", "values (1)", "select @x := @x + 1", "help 'x'",
        "analyze format=json select 1", "execute s using @a", "deallocate prepare s", "drop prepare s"}) {
    EXPECT_EQ(classes_of(text), ClassSet{kQuery}) << text;
  }
}

TEST(QueryTest, FindsFilesCatalogsAndFunctions) {
  EXPECT_TRUE(classes_of("select 1 into outfile '/x'").has(StatementClass::kServerFile));  // M38
  EXPECT_TRUE(classes_of("select 1 into /* x */ dumpfile '/x'").has(StatementClass::kServerFile));
  EXPECT_TRUE(classes_of("load data infile 'x' into table t").has(StatementClass::kServerFile));
  EXPECT_EQ(classes_of("load data local infile 'x' into table t"), ClassSet{kQuery});
  EXPECT_TRUE(classes_of("select load_file('/x')").has(StatementClass::kServerFile));
  EXPECT_TRUE(classes_of("select setval(s, 5)").has(StatementClass::kDestructive));
  EXPECT_TRUE(classes_of("insert into mysql.proc values (1)").has(StatementClass::kCatalogWrite));
  EXPECT_TRUE(classes_of("update t join `mysql`.`user` u set u.a = 1").has(StatementClass::kCatalogWrite));
  EXPECT_TRUE(classes_of("delete t from mysql.event t where 1").has(StatementClass::kCatalogWrite));
  EXPECT_FALSE(classes_of("select * from mysql.user").has(StatementClass::kCatalogWrite));
}

TEST(CodeTest, ReadsConstantTextAndDistrustsTheRest) {  // M9
  EXPECT_EQ(changes_of("prepare s from 'drop table t'"), Strings{"drop_table t"});
  EXPECT_EQ(changes_of(R"(execute immediate 'drop' ' table \'t')").size(), 1U);
  EXPECT_EQ(changes_of("execute immediate 'drop' ' table t'"), Strings{"drop_table t"});
  for (const std::string_view text :
       {"execute immediate concat('dr', concat('op', ' '), 'table t')", "execute immediate 0x64726f70207461626c652074",
        "execute immediate x'64726f70207461626c652074'", "prepare s from _latin1'drop table t'",
        "execute immediate ('drop table t')", "prepare s from _utf8mb4 0x64726f70207461626c652074"}) {
    EXPECT_EQ(changes_of(text), Strings{"drop_table t"}) << text;
    EXPECT_EQ(only(text).opaque, OpaqueReason::kNone) << text;
  }
  for (const std::string_view text :
       {"prepare s from @a", "execute immediate concat('drop', @a)", "execute immediate 'a' || 'b'",
        "prepare s from _utf16'drop table t'", "execute immediate 'drop table \xC3\xA9'",
        "execute immediate concat('drop'", "execute immediate lower('DROP TABLE T')", "execute immediate 0b01"}) {
    EXPECT_EQ(only(text).opaque, OpaqueReason::kDynamicCode) << text;
    EXPECT_TRUE(classes_of(text).has(kOpaque)) << text;
  }
  EXPECT_EQ(only("call d.p(1)").opaque, OpaqueReason::kProcedureCall);
  EXPECT_EQ(only("call sys.execute_prepared_stmt('x')").opaque, OpaqueReason::kRunsSqlText);  // M36
}

TEST(CodeTest, FoldsTheNamesOfPreparedStatements) {
  EXPECT_EQ(only("PREPARE Stmt FROM 'select 1'").prepared_name, "stmt");
  EXPECT_EQ(only("EXECUTE `STMT`").prepared_name, "stmt");
  EXPECT_EQ(only("DROP PREPARE stmT").prepared_name, "stmt");
}

TEST(CodeTest, DistrustsOddBytes) {  // M29
  EXPECT_TRUE(classes_of(std::string_view("drop table t\0", 13)).has(kUnread));
  EXPECT_TRUE(classes_of("select 'a").has(kUnread));
}

// Whatever the words: no crash, every statement lies inside the text, and a definition is never taken for a query.
TEST(CodeTest, HoldsForTextsMadeByChance) {
  const std::vector<std::string_view> words = {
      "create", "table", "drop",   "alter", "t",     "(",   ")",    ",",   ";",       "begin", "end",
      "if",     "then",  "case",   "when",  "loop",  "add", "int",  "'a'", "/*!",     "*/",    "select",
      "set",    "=",     "@a",     "from",  "index", "for", "each", "row", "do",      "event", "trigger",
      "on",     "not",   "atomic", "call",  "x:",    "\"",  "\\",   "`",   "sql_mode"};
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t count = 1 + random() % 24;
    for (size_t i = 0; i < count; ++i) {
      text += words[random() % words.size()];
      text += ' ';
    }
    ReadingState state = mariadb();
    if (round % 3 == 0) state.forget_settings();
    const TextFacts facts = read(text, state);
    for (const StatementFacts& one : facts.statements) {
      ASSERT_LE(one.offset + one.length, text.size()) << text;
      ASSERT_FALSE(one.classes.empty()) << text;
      const std::string head = text.substr(one.offset, 5);
      if (head == "drop " || head == "alter" || head == "creat") {
        ASSERT_FALSE(one.classes == ClassSet{kQuery}) << text;
      }
    }
  }
}

}  // namespace
}  // namespace schemaguard::parser::mysql
