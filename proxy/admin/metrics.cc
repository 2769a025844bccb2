#include "proxy/admin/metrics.h"

#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "absl/strings/str_cat.h"

namespace schemaguard::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily gauge(std::string name, std::string help, double value) {
  ClientMetric metric;
  metric.gauge.value = value;
  return MetricFamily{std::move(name), std::move(help), MetricType::Gauge, {metric}};
}

// One series per database and mode, 1 for the mode that holds.
MetricFamily mode_family(const Snapshot& snapshot) {
  MetricFamily family{"schemaguard_mode", "1 for the mode that holds for a database.", MetricType::Gauge, {}};
  for (const auto& runtime : snapshot.servers) {
    for (const ServerConfig::Database& database : runtime->server->databases) {
      ClientMetric metric;
      metric.label = {{"database", database.name},
                      {"mode", std::string(policies::mode_name(snapshot.view(*runtime->server, database.name).mode))},
                      {"server", runtime->server->name}};
      metric.gauge.value = 1;
      family.metric.push_back(std::move(metric));
    }
  }
  return family;
}

}  // namespace

std::string metrics_text(const Guard& guard, const std::vector<const CounterSet*>& counters) {
  std::vector<MetricFamily> families;
  for (auto& [name, value] : sum_counters(counters)) {
    ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    families.push_back(MetricFamily{absl::StrCat("schemaguard_", name, "_total"),
                                    absl::StrCat("Counted as ", name, "."),
                                    MetricType::Counter,
                                    {metric}});
  }
  families.push_back(gauge("schemaguard_sessions", "Sessions that were let through to an upstream server.",
                           static_cast<double>(guard.sessions())));
  families.push_back(gauge("schemaguard_held_bytes", "Bytes of statement texts that wait for their judgement.",
                           static_cast<double>(guard.held_bytes())));
  families.push_back(gauge("schemaguard_parse_queue", "Texts that wait for the grammar.",
                           static_cast<double>(guard.parse_pool().queued())));
  families.push_back(gauge("schemaguard_reload_failed", "1 when the last reload changed nothing.",
                           guard.reload_error().empty() ? 0 : 1));
  if (const AuditLog* log = guard.audit_log(); log != nullptr) {
    families.push_back(
        gauge("schemaguard_audit_failing", "1 while the audit file cannot be written.", log->failing() ? 1 : 0));
    families.push_back(gauge("schemaguard_audit_head_seq", "Number of the last record in the audit file.",
                             static_cast<double>(log->head_seq())));
    families.push_back(gauge("schemaguard_audit_lost_records", "Records that could not be written.",
                             static_cast<double>(log->lost_records())));
    families.push_back(gauge("schemaguard_outcomes_waiting", "Transactions whose unknown outcome is being looked for.",
                             static_cast<double>(guard.settler()->waiting())));
    ClientMetric head;
    head.label = {{"hash", log->head_hash()}};
    head.gauge.value = 1;
    families.push_back(
        MetricFamily{"schemaguard_audit_head", "Hash of the last audit record.", MetricType::Gauge, {head}});
  }
  families.push_back(mode_family(*guard.snapshot()));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace schemaguard::proxy
