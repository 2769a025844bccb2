// What one pass of the MySQL scanner costs: everyday statements in nanoseconds, bulk text in bytes a second.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "parser/mysql/sql_scanner.h"
#include "parser/mysql/statement_reader.h"

namespace {

using schemaguard::parser::mysql::Flavour;
using schemaguard::parser::mysql::read_statements;
using schemaguard::parser::mysql::ReadingState;
using schemaguard::parser::mysql::scan_sql;
using schemaguard::parser::mysql::ScanVerdict;

constexpr ReadingState kState = {.flavour = Flavour::kMariaDb, .version = 101119};

constexpr std::string_view kMappedSelect =
    "select `users`.`id`, `users`.`email`, `users`.`created_at` from `users` where `users`.`email` = ? and "
    "`users`.`deleted_at` is null order by `id` limit 1";
constexpr std::string_view kMappedInsert =
    "insert into `orders` (`customer_id`, `total`, `created_at`) values (?, ?, ?)";
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

void scan(benchmark::State& state, std::string_view text) {
  if (scan_sql(text, kState).verdict != ScanVerdict::kHarmless) state.SkipWithError("not harmless");
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(scan_sql(text, kState));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(text.size()));
}

void mysql_scan_point_select(benchmark::State& state) { scan(state, "SELECT c FROM sbtest1 WHERE id=?"); }
void mysql_scan_point_select_literal(benchmark::State& state) { scan(state, "SELECT c FROM sbtest1 WHERE id=500016"); }
void mysql_scan_mapped_select(benchmark::State& state) { scan(state, kMappedSelect); }
void mysql_scan_mapped_insert(benchmark::State& state) { scan(state, kMappedInsert); }
void mysql_scan_plain_words(benchmark::State& state) { scan(state, kPlainWords); }
void mysql_scan_begin(benchmark::State& state) { scan(state, "BEGIN"); }
void mysql_scan_bulk_numbers_and_strings(benchmark::State& state) {
  scan(state, bulk_insert("(123456, 'some name of it', 'Zürich', 12.75, 'it''s a longer note, with text')"));
}
void mysql_scan_bulk_with_nulls(benchmark::State& state) {
  scan(state, bulk_insert("(123456, 'name', NULL, -12.75, DEFAULT)"));
}
void mysql_scan_bulk_short_numbers(benchmark::State& state) { scan(state, bulk_insert("(1,2,3,4,5)")); }
void mysql_scan_bulk_with_escapes(benchmark::State& state) {
  scan(state, bulk_insert("(123456, 'a name of it', 'a longer note\\nwith it\\'s lines', 'city', 12.75)"));
}
void mysql_scan_bulk_double_quotes(benchmark::State& state) {
  scan(state, bulk_insert("(123456, \"some name of it\", \"a longer note\", 12.75)"));
}
void mysql_scan_long_string(benchmark::State& state) {
  scan(state, "INSERT INTO files VALUES ('" + std::string(1'000'000, 'x') + "')");
}
void mysql_read_point_select(benchmark::State& state) {
  for (auto _ : state) {
    ReadingState reading = kState;
    benchmark::DoNotOptimize(read_statements("SELECT c FROM sbtest1 WHERE id=?", reading));
  }
}

BENCHMARK(mysql_scan_point_select);
BENCHMARK(mysql_scan_point_select_literal);
BENCHMARK(mysql_scan_mapped_select);
BENCHMARK(mysql_scan_mapped_insert);
BENCHMARK(mysql_scan_plain_words);
BENCHMARK(mysql_scan_begin);
BENCHMARK(mysql_scan_bulk_numbers_and_strings);
BENCHMARK(mysql_scan_bulk_with_nulls);
BENCHMARK(mysql_scan_bulk_short_numbers);
BENCHMARK(mysql_scan_bulk_with_escapes);
BENCHMARK(mysql_scan_bulk_double_quotes);
BENCHMARK(mysql_scan_long_string);
BENCHMARK(mysql_read_point_select);

}  // namespace
