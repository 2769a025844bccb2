// What one pass of the scanner costs: everyday statements in nanoseconds, bulk text in bytes a second.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "parser/postgres/sql_lexer.h"
#include "parser/postgres/sql_scanner.h"

namespace {

using schemaguard::parser::postgres::Certainty;
using schemaguard::parser::postgres::Reading;
using schemaguard::parser::postgres::scan_sql;
using schemaguard::parser::postgres::StatementSpan;
using schemaguard::parser::postgres::StatementSplitter;

constexpr std::string_view kPointSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = 123456;";
constexpr std::string_view kMappedSelect =
    "SELECT \"users\".\"id\", \"users\".\"email\", \"users\".\"created_at\" FROM \"users\" WHERE \"users\".\"email\" = "
    "$1 "
    "AND \"users\".\"deleted_at\" IS NULL LIMIT $2";
constexpr std::string_view kMappedInsert =
    "INSERT INTO \"orders\" (\"customer_id\", \"total\", \"created_at\") VALUES ($1, $2, $3) RETURNING \"id\"";
constexpr std::string_view kPlainWords =
    "select u.id, u.email, u.created_at, count(*) from users u join orders o on o.user_id = u.id "
    "where u.deleted_at is null and o.total > 100 group by u.id order by u.id";

// About a megabyte of rows as a loader writes them.
std::string bulk_insert(std::string_view row) {
  std::string text = "INSERT INTO measurements (id, name, city, value, note) VALUES ";
  while (text.size() < 1'000'000) text.append(row).append(",");
  text.back() = ';';
  return text;
}

void scan(benchmark::State& state, std::string_view text, Reading reading = {}) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(scan_sql(text, reading));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(text.size()));
}

void scan_point_select(benchmark::State& state) { scan(state, kPointSelect); }
void scan_mapped_select(benchmark::State& state) { scan(state, kMappedSelect); }
void scan_mapped_insert(benchmark::State& state) { scan(state, kMappedInsert); }
void scan_plain_words(benchmark::State& state) { scan(state, kPlainWords); }
void scan_begin(benchmark::State& state) { scan(state, "BEGIN"); }
void scan_bulk_numbers_and_strings(benchmark::State& state) {
  scan(state, bulk_insert("(123456, 'some name of it', 'Zürich', 12.75, 'it''s a longer note, with text')"));
}
void scan_bulk_with_nulls(benchmark::State& state) {
  scan(state, bulk_insert("(123456, 'name', NULL, -12.75, DEFAULT)"));
}
void scan_bulk_short_numbers(benchmark::State& state) { scan(state, bulk_insert("(1,2,3,4,5)")); }
void scan_bulk_escape_strings(benchmark::State& state) {
  scan(state, bulk_insert("(123456, E'a name\\n of it', E'city', 12.75, E'\\\\x00ff')"));
}
void scan_bulk_backslashes_either_way(benchmark::State& state) {
  scan(state, bulk_insert("(123456, 'a\\\\b', 'city', 12.75, 'note')"),
       {.standard_conforming_strings = Certainty::kUnknown});
}
void scan_long_string(benchmark::State& state) {
  scan(state, "INSERT INTO files VALUES ('" + std::string(1'000'000, 'x') + "')");
}
void scan_ddl_of_one_megabyte(benchmark::State& state) {
  std::string text;
  while (text.size() < 1'000'000) text += "CREATE TABLE a_table (id int PRIMARY KEY, name text DEFAULT 'x');\n";
  scan(state, text);
}

void split_ddl_of_one_megabyte(benchmark::State& state) {
  std::string text;
  while (text.size() < 1'000'000) text += "CREATE TABLE a_table (id int PRIMARY KEY, name text DEFAULT 'x');\n";
  for (auto _ : state) {
    StatementSplitter splitter(text);
    size_t count = 0;
    for (StatementSpan span; splitter.next(span);) ++count;
    benchmark::DoNotOptimize(count);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(text.size()));
}

BENCHMARK(scan_point_select);
BENCHMARK(scan_mapped_select);
BENCHMARK(scan_mapped_insert);
BENCHMARK(scan_plain_words);
BENCHMARK(scan_begin);
BENCHMARK(scan_bulk_numbers_and_strings);
BENCHMARK(scan_bulk_with_nulls);
BENCHMARK(scan_bulk_short_numbers);
BENCHMARK(scan_bulk_escape_strings);
BENCHMARK(scan_bulk_backslashes_either_way);
BENCHMARK(scan_long_string);
BENCHMARK(scan_ddl_of_one_megabyte);
BENCHMARK(split_ddl_of_one_megabyte);

}  // namespace
