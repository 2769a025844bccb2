// The audit writer: what a record costs the session that appends it, and how many a second the file takes.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "policies/audit/audit_record.h"
#include "policies/audit/redaction.h"
#include "proxy/audit/audit_log.h"

namespace schemaguard {
namespace {

class TemporaryAudit {
 public:
  TemporaryAudit() {
    std::string pattern = (std::filesystem::temp_directory_path() / "schemaguard-audit-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
    proxy::AuditLogOptions options;
    options.file = (directory_ / "audit.jsonl").string();
    options.system_log = false;
    log_ = proxy::AuditLog::open(options).value();
  }
  ~TemporaryAudit() {
    log_.reset();
    std::filesystem::remove_all(directory_);
  }
  TemporaryAudit(const TemporaryAudit&) = delete;
  TemporaryAudit& operator=(const TemporaryAudit&) = delete;
  proxy::AuditLog& log() { return *log_; }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<proxy::AuditLog> log_;
};

policies::AuditRecord alter_table() {
  static const auto session = [] {
    policies::AuditSession shared;
    shared.server = "shop";
    shared.database = "orders";
    shared.engine = "postgresql";
    shared.session = "184467";
    shared.user = "app";
    shared.application = "PostgreSQL JDBC Driver";
    shared.client = "10.1.2.3:40000";
    return std::make_shared<const policies::AuditSession>(shared);
  }();
  static const auto facts = [] {
    parser::StatementFacts built;
    built.classes = {parser::StatementClass::kSchema};
    built.command = "ALTER TABLE";
    parser::Change change;
    change.kind = "add_column";
    change.object = {parser::ObjectKind::kTable, {"", "public", "services"}, parser::Persistence::kPersistent};
    change.member = "price";
    change.column.emplace();
    change.column->name = "price";
    change.column->type = "numeric(4,2)";
    built.changes = {change};
    built.objects = {change.object};
    return std::make_shared<const parser::StatementFacts>(built);
  }();
  policies::AuditRecord record;
  record.session = session;
  record.message = 12;
  record.ts = absl::FromUnixSeconds(1'800'000'000);
  record.facts = facts;
  record.classes = facts->classes;
  record.policy = "0123456789abcdef";
  record.statement = "ALTER TABLE public.services ADD COLUMN price numeric(4,2)";
  record.fingerprint = "0123456789abcdef0123456789abcdef";
  record.rule = "builtin/schema";
  record.reason = "not_sanctioned";
  return record;
}

// Records through the queue, the chain and the disk: appended in bursts as large as the queue lets through.
void append_in_bursts(benchmark::State& state) {
  TemporaryAudit audit;
  const auto burst = static_cast<int64_t>(state.range(0));
  for (auto _ : state) {
    for (int64_t index = 0; index < burst; ++index) audit.log().append(alter_table(), {});
    audit.log().flush();
  }
  if (audit.log().lost_records() > 0) state.SkipWithError("records were lost");
  state.SetItemsProcessed(state.iterations() * burst);
}
BENCHMARK(append_in_bursts)->Arg(1)->Arg(100)->Arg(10'000)->Arg(50'000)->UseRealTime();

void encode_record(benchmark::State& state) {
  const policies::AuditRecord record = alter_table();
  for (auto _ : state) benchmark::DoNotOptimize(policies::audit_record_members(record, 0, "host:1"));
}
BENCHMARK(encode_record);

void redact_statement(benchmark::State& state) {
  const policies::AuditRecord record = alter_table();
  for (auto _ : state) benchmark::DoNotOptimize(policies::redact_postgres_statement(record.statement, *record.facts));
}
BENCHMARK(redact_statement);

void fingerprint_statement(benchmark::State& state) {
  const policies::AuditRecord record = alter_table();
  for (auto _ : state) benchmark::DoNotOptimize(policies::fingerprint_postgres(record.statement));
}
BENCHMARK(fingerprint_statement);

}  // namespace
}  // namespace schemaguard
