#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "policies/audit/audit_print.h"
#include "policies/audit/facts_json.h"
#include "policies/rules/concatenate.h"
#include "proxy/cli/audit_files.h"
#include "proxy/cli/commands.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {
namespace {

using policies::AuditEntry;

struct PolicyTestOptions {
  std::string config_file, format = "text";
  std::vector<std::string> files;
};

struct Counts {
  uint64_t judged = 0;
  uint64_t changed = 0;
  uint64_t cut = 0;                                 // the record does not hold all facts
  std::map<std::string, uint64_t> unknown_servers;  // not in the configuration
};

const ServerConfig* find_server(const Config& config, std::string_view name) {
  for (const ServerConfig& server : config.servers) {
    if (server.name == name) return &server;
  }
  return nullptr;
}

policies::Subject subject_of(const AuditEntry& entry) {
  policies::Subject subject;
  subject.user = std::string(entry.text("user"));
  if (entry.text("role") != entry.text("user")) subject.role = std::string(entry.text("role"));
  subject.database = std::string(entry.text("database"));
  subject.application = std::string(entry.text("application"));
  subject.client_address = entry.client_address();
  subject.client_certificate = std::string(entry.text("certificate"));
  subject.migration_listener = entry.text("listener") == "migration";
  std::string ignored;
  absl::ParseTime(absl::RFC3339_full, std::string(entry.text("ts")), &subject.now, &ignored);
  return subject;
}

bool facts_were_cut(const AuditEntry& entry) {
  return entry.number("changes_left_out") + entry.number("objects_left_out") > 0;
}

void print_change(const PolicyTestOptions& options, const AuditEntry& entry, const policies::Verdict& verdict) {
  const std::string before(entry.text("would"));
  const std::string after(policies::action_name(verdict.action));
  if (options.format == "json") {
    std::cout << boost::json::serialize(boost::json::object{{"seq", entry.seq()},
                                                            {"ts", std::string(entry.text("ts"))},
                                                            {"server", std::string(entry.text("server"))},
                                                            {"database", std::string(entry.text("database"))},
                                                            {"user", std::string(entry.text("user"))},
                                                            {"subject", verdict.subject},
                                                            {"before", before},
                                                            {"before_rule", std::string(entry.text("rule"))},
                                                            {"after", after},
                                                            {"after_rule", verdict.rule},
                                                            {"after_reason", verdict.reason}})
              << '\n';
    return;
  }
  const std::string line = policies::concatenate({entry.text("ts"),
                                                  "  #",
                                                  std::to_string(entry.seq()),
                                                  "  ",
                                                  entry.text("server"),
                                                  "/",
                                                  entry.text("database"),
                                                  "  ",
                                                  entry.text("user"),
                                                  "  ",
                                                  verdict.subject,
                                                  "  ",
                                                  before,
                                                  " (",
                                                  entry.text("rule"),
                                                  ") -> ",
                                                  after,
                                                  " (",
                                                  verdict.rule,
                                                  ")"});
  std::cout << policies::visible(line) << '\n';
  if (!entry.text("statement").empty()) std::cout << "    " << policies::visible(entry.text("statement")) << '\n';
}

// Judges one recorded statement again. An error names what cannot be judged.
absl::Status judge_again(const PolicyTestOptions& options, const Config& config, const AuditEntry& entry,
                         Counts& counts) {
  const ServerConfig* server = find_server(config, entry.text("server"));
  if (server == nullptr) {
    ++counts.unknown_servers[std::string(entry.text("server"))];
    return absl::OkStatus();
  }
  const absl::StatusOr<parser::StatementFacts> facts = policies::facts_from_record(entry.members());
  if (!facts.ok()) return facts.status();
  ++counts.judged;
  if (facts_were_cut(entry)) ++counts.cut;
  const policies::Policy& policy = *server->database(entry.text("database")).policy;
  const policies::Verdict verdict =
      policy.judge(*facts, subject_of(entry), policies::names_from_record(entry.members()));
  if (policies::action_name(verdict.action) == entry.text("would")) return absl::OkStatus();
  ++counts.changed;
  print_change(options, entry, verdict);
  return absl::OkStatus();
}

int test_policy(PolicyTestOptions options) {
  const auto fail = [](const std::string& message) {
    std::cerr << "schemaguard policy test: " << message << '\n';
    return 1;
  };
  const absl::StatusOr<std::shared_ptr<const Config>> config = load_config(options.config_file);
  if (!config.ok()) return fail(std::string(config.status().message()));
  absl::StatusOr<std::vector<std::string>> files = in_chain_order(options.files);
  if (!files.ok()) return fail(std::string(files.status().message()));
  Counts counts;
  absl::Status judged;
  uint64_t failed_seq = 0;
  const absl::Status read = for_each_entry(*files, [&](const AuditEntry& entry, std::string_view) {
    if (!entry.is("statement")) return true;
    judged = judge_again(options, **config, entry, counts);
    failed_seq = entry.seq();
    return judged.ok();
  });
  if (!read.ok()) return fail(std::string(read.message()));
  if (!judged.ok()) {
    return fail(policies::concatenate({"record ", std::to_string(failed_seq), ": ", std::string(judged.message())}));
  }
  for (const auto& [server, count] : counts.unknown_servers) {
    std::cerr << "not judged: " << count << " statements of server \"" << policies::visible(server)
              << "\", which the configuration does not have\n";
  }
  if (counts.cut > 0) {
    std::cerr << counts.cut << " statements were judged by a part of their changes: the record holds no more\n";
  }
  std::cerr << counts.judged << " recorded statements judged, " << counts.changed << " verdicts change\n";
  return counts.changed == 0 ? 0 : 2;
}

}  // namespace

void add_policy_test_command(CLI::App& app, int& status) {
  const std::vector<CLI::App*> found =
      app.get_subcommands([](const CLI::App* command) { return command->get_name() == "policy"; });
  CLI::App* policy = found.empty() ? app.add_subcommand("policy", "The rules that decide") : found.front();
  CLI::App* test = policy->add_subcommand("test", "Judge recorded statements by another configuration");
  auto options = std::make_shared<PolicyTestOptions>();
  test->add_option("--config", options->config_file, "The configuration to try")->required();
  test->add_option("--audit", options->files, "Audit files in any order")->required();
  test->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  test->callback([options, &status] { status = test_policy(*options); });
}

}  // namespace schemaguard::proxy
