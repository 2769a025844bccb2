#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/time/clock.h"
#include "policies/audit/audit_filter.h"
#include "policies/audit/audit_format.h"
#include "policies/audit/audit_print.h"
#include "policies/audit/audit_report.h"
#include "policies/audit/chain_verifier.h"
#include "policies/rules/glob.h"
#include "proxy/audit/checkpoint_key.h"
#include "proxy/audit/line_reader.h"
#include "proxy/cli/audit_files.h"
#include "proxy/cli/commands.h"

namespace schemaguard::proxy {
namespace {

using policies::AuditEntry;
using policies::AuditFilter;
using policies::OutcomeIndex;

struct AuditOptions {
  std::vector<std::string> files;
  AuditFilter filter;
  std::string since, until, format = "text";
  std::string head, key;        // verify
  std::string object;           // who
  std::string would = "block";  // report
  size_t lines = 10;            // tail
};

int fail(std::string_view command, std::string_view message) {
  std::cerr << "schemaguard audit " << command << ": " << message << '\n';
  return 1;
}

int fail(std::string_view command, const absl::Status& status) { return fail(command, std::string(status.message())); }

// Reads --since and --until, checks the filter and puts the files in order.
absl::Status prepare(AuditOptions& options) {
  for (const auto& [text, moment] :
       {std::pair{&options.since, &options.filter.since}, std::pair{&options.until, &options.filter.until}}) {
    if (text->empty()) continue;
    absl::StatusOr<std::string> parsed = policies::parse_moment(*text, absl::Now());
    if (!parsed.ok()) return parsed.status();
    *moment = *std::move(parsed);
  }
  if (absl::Status checked = options.filter.check(); !checked.ok()) return checked;
  absl::StatusOr<std::vector<std::string>> files = in_chain_order(std::move(options.files));
  if (!files.ok()) return files.status();
  options.files = *std::move(files);
  return absl::OkStatus();
}

// Prints entries in the format that was asked for.
class Printer {
 public:
  Printer(std::string format, AuditFilter filter) : format_(std::move(format)), filter_(std::move(filter)) {
    if (format_ == "csv") std::cout << policies::audit_csv_header();
  }

  // An outcome passes when its statement passed, so that JSON readers find both.
  void print(const AuditEntry& entry, std::string_view line, const OutcomeIndex& outcomes) {
    const uint64_t of = entry.is("outcome") ? entry.number("of") : 0;
    const OutcomeIndex::Outcome outcome = of == 0 ? outcomes.find(entry) : OutcomeIndex::Outcome{};
    const bool passes =
        (of != 0 && shown_.contains(of)) || filter_.matches(entry, of == 0 ? outcome.text : entry.text("outcome"));
    if (!passes) return;
    if (entry.is("statement")) remember(entry.seq());
    if (format_ == "json") {
      std::cout << line << '\n';
    } else if (format_ == "csv") {
      std::cout << policies::audit_entry_csv(entry, outcome);
    } else {
      std::cout << policies::audit_entry_text(entry, outcome);
    }
  }

 private:
  void remember(uint64_t seq) {
    shown_.insert(seq);
    if (shown_.size() > OutcomeIndex::kEntriesMax) shown_.erase(shown_.begin());
  }

  std::string format_;
  AuditFilter filter_;
  std::set<uint64_t> shown_;
};

// The outcomes come behind their statements, so they are read first. Standard input can be read only once.
absl::Status read_outcomes(const std::vector<std::string>& files, OutcomeIndex& outcomes) {
  if (files.size() == 1 && files.front() == "-") return absl::OkStatus();
  return for_each_entry(files, [&outcomes](const AuditEntry& entry, std::string_view) {
    outcomes.add(entry);
    return true;
  });
}

void report_skipped(std::string_view command, uint64_t skipped) {
  if (skipped == 0) return;
  std::cerr << "schemaguard audit " << command << ": " << skipped
            << " lines are no records; `schemaguard audit verify` tells where\n";
}

int show(AuditOptions options) {
  if (absl::Status ready = prepare(options); !ready.ok()) return fail("show", ready);
  OutcomeIndex outcomes;
  if (absl::Status read = read_outcomes(options.files, outcomes); !read.ok()) return fail("show", read);
  Printer printer(options.format, options.filter);
  uint64_t skipped = 0;
  const absl::Status read = for_each_entry(
      options.files,
      [&](const AuditEntry& entry, std::string_view line) {
        printer.print(entry, line, outcomes);
        return std::cout.good();
      },
      &skipped);
  if (!read.ok()) return fail("show", read);
  report_skipped("show", skipped);
  return 0;
}

bool was_replaced(const std::string& path, int descriptor) {
  struct stat at_path {};
  struct stat open_file {};
  return ::stat(path.c_str(), &at_path) == 0 && ::fstat(descriptor, &open_file) == 0 &&
         (at_path.st_ino != open_file.st_ino || at_path.st_dev != open_file.st_dev);
}

// The last lines of the file, then what comes; goes over to the new file when it was rotated. Ends with its caller.
int tail(AuditOptions options) {
  if (absl::Status ready = prepare(options); !ready.ok()) return fail("tail", ready);
  const std::string& path = options.files.back();
  absl::StatusOr<LineReader> reader = LineReader::open(path, policies::kAuditLineBytesMax);
  if (!reader.ok()) return fail("tail", reader.status());
  std::deque<std::string> last;
  while (const auto line = reader->next(true)) {
    if (line->oversized) continue;
    last.emplace_back(line->text);
    if (last.size() > options.lines) last.pop_front();
  }
  Printer printer(options.format, options.filter);
  const OutcomeIndex none;
  const auto print = [&](std::string_view text) {
    if (const auto entry = AuditEntry::parse(text); entry.has_value()) printer.print(*entry, text, none);
  };
  for (const std::string& text : last) print(text);
  constexpr int kLookAgainMilliseconds = 250;
  while (reader->status().ok() && std::cout.flush().good()) {
    bool any = false;
    while (const auto line = reader->next(true)) {
      any = true;
      if (!line->oversized) print(line->text);
    }
    if (any) continue;
    if (was_replaced(path, reader->descriptor())) {
      absl::StatusOr<LineReader> next = LineReader::open(path, policies::kAuditLineBytesMax);
      if (next.ok()) *reader = *std::move(next);
      continue;
    }
    ::poll(nullptr, 0, kLookAgainMilliseconds);
  }
  return reader->status().ok() ? 0 : fail("tail", reader->status());
}

bool creates(const AuditEntry& entry, std::string_view object) {
  const std::vector<std::string> names = entry.created_names();
  return std::any_of(names.begin(), names.end(),
                     [object](const std::string& name) { return policies::object_name_matches(object, name); });
}

int who(AuditOptions options) {
  options.filter.object = policies::glob_quote(options.object);
  if (absl::Status ready = prepare(options); !ready.ok()) return fail("who", ready);
  OutcomeIndex outcomes;
  if (absl::Status read = read_outcomes(options.files, outcomes); !read.ok()) return fail("who", read);
  Printer printer(options.format, options.filter);
  uint64_t found = 0;
  uint64_t first_seq = 0;
  std::string first_ts;
  bool created_here = false;
  const absl::Status read = for_each_entry(options.files, [&](const AuditEntry& entry, std::string_view line) {
    if (first_seq == 0) {
      first_seq = entry.seq();
      first_ts = std::string(entry.text("ts"));
    }
    if (!entry.is("statement") || !options.filter.matches(entry, "")) return true;
    if (found++ == 0) created_here = creates(entry, options.filter.object);
    printer.print(entry, line, outcomes);
    return true;
  });
  if (!read.ok()) return fail("who", read);
  if (first_seq == 0) return fail("who", "the files hold no record");
  if (!created_here) {
    std::cerr << (found == 0 ? "nothing is recorded about " : "the history of ") << policies::visible(options.object)
              << (found == 0 ? "; " : " began before this audit; ") << "the files begin with record " << first_seq
              << " of " << first_ts << '\n';
  }
  return found == 0 ? 3 : 0;
}

int report(AuditOptions options) {
  if (absl::Status ready = prepare(options); !ready.ok()) return fail("report", ready);
  policies::AuditReport groups;
  uint64_t skipped = 0;
  const absl::Status read = for_each_entry(
      options.files,
      [&](const AuditEntry& entry, std::string_view) {
        const bool wanted = entry.is("statement") && entry.text("would") == options.would;
        if (wanted && options.filter.matches(entry, "")) groups.add(entry);
        return true;
      },
      &skipped);
  if (!read.ok()) return fail("report", read);
  report_skipped("report", skipped);
  std::cout << (options.format == "json" ? policies::audit_report_json(groups) : policies::audit_report_text(groups));
  return 0;
}

void print_verification(const policies::ChainReport& report, bool head_given) {
  if (report.lines == 0) {
    std::cout << "no records\n";
  } else {
    std::cout << report.lines << " records, " << report.first_seq << " to " << report.last_seq << '\n';
    if (report.first_seq != 1) {
      std::cout << "the first one follows " << report.first_prev << ", which is not in these files\n";
    }
    std::cout << "head " << report.head << '\n';
  }
  for (const policies::ChainReport::Gap& gap : report.gaps) {
    std::cout << "gap: record " << gap.seq << " says that " << gap.lost_records << " records were lost";
    if (gap.unconfirmed_records > 0)
      std::cout << ", that " << gap.unconfirmed_records << " before it were not confirmed";
    if (gap.torn) std::cout << ", that a torn line of " << gap.torn_bytes << " bytes stands before it";
    std::cout << '\n';
  }
  if (report.gap_count > report.gaps.size()) std::cout << report.gap_count << " gaps in all\n";
  if (report.torn_tail_bytes > 0) {
    std::cout << "the last line is torn: " << report.torn_tail_bytes
              << " bytes; the next start of the guard closes it\n";
  }
  std::cout << report.checkpoints << " checkpoints with a good signature, " << report.lines_after_last_checkpoint
            << " records behind the last of them\n";
  for (const std::string& key : report.keys) std::cout << "key " << key << '\n';
  if (report.anchored) {
    std::cout << "anchored: the given head is record " << report.last_seq - report.lines_after_anchor << '\n';
  } else if (!head_given) {
    std::cout
        << "not anchored: without a known head (--head) a shortened or rewritten file cannot be told from a whole "
           "one\n";
  }
  for (const std::string& problem : report.problems) std::cout << "BROKEN: " << problem << '\n';
  if (report.problem_count > report.problems.size()) std::cout << report.problem_count << " problems in all\n";
  std::cout << (report.problem_count == 0 ? "the chain is whole\n" : "the chain is broken\n");
}

// The key as 64 hex digits, or a file that holds them.
absl::StatusOr<std::string> read_key(const std::string& text) {
  std::string key = text;
  constexpr size_t kKeyDigits = 64;
  if (key.size() != kKeyDigits) {
    std::ifstream file(text);
    if (!(file >> key)) return absl::NotFoundError("cannot read the public key from " + text);
  }
  for (char& one : key) one = one >= 'A' && one <= 'F' ? static_cast<char>(one - 'A' + 'a') : one;
  if (key.size() != kKeyDigits || key.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return absl::InvalidArgumentError("--key takes the 64 hex digits of the public key, or a file that holds them");
  }
  return key;
}

int verify(AuditOptions options) {
  if (absl::Status ready = prepare(options); !ready.ok()) return fail("verify", ready);
  if (!options.key.empty()) {
    absl::StatusOr<std::string> key = read_key(options.key);
    if (!key.ok()) return fail("verify", key.status());
    options.key = *std::move(key);
  }
  policies::ChainVerifier verifier(checkpoint_signature_is_good, options.head, options.key);
  for (const std::string& file : options.files) {
    absl::StatusOr<LineReader> reader = LineReader::open(file, policies::kAuditLineBytesMax);
    if (!reader.ok()) return fail("verify", reader.status());
    verifier.start_file(file);
    while (const auto line = reader->next()) {
      if (line->oversized) {
        verifier.add_oversized_line(line->bytes, line->terminated);
      } else {
        verifier.add_line(line->text, line->terminated);
      }
    }
    if (!reader->status().ok()) return fail("verify", reader->status());
  }
  const policies::ChainReport report = verifier.finish();
  print_verification(report, !options.head.empty());
  return report.problem_count == 0 ? 0 : 2;
}

void add_files(CLI::App& command, AuditOptions& options) {
  command.add_option("FILE", options.files, "Audit files in any order; -: standard input")->required();
}

void add_filters(CLI::App& command, AuditOptions& options) {
  command.add_option("--since", options.since, "7d, 12h, 30m, a date or a moment (UTC)");
  command.add_option("--until", options.until, "The same; not included");
  command.add_option("--database", options.filter.database, "Name or SERVER/NAME, a glob");
  command.add_option("--user", options.filter.user, "A glob on the login");
  command.add_option("--class", options.filter.statement_class, "schema, access, destructive, …");
  command.add_option("--ticket", options.filter.ticket, "A glob on the ticket");
}

void add_format(CLI::App& command, AuditOptions& options, const std::vector<std::string>& formats) {
  command.add_option("--format", options.format, "How to print")->check(CLI::IsMember(formats));
}

}  // namespace

void add_audit_command(CLI::App& app, int& status) {
  CLI::App* audit = app.add_subcommand("audit", "Read and verify audit files");
  audit->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, int (*run)(AuditOptions)) {
    CLI::App* command = audit->add_subcommand(name, about);
    auto options = std::make_shared<AuditOptions>();
    command->callback([options, run, &status] { status = run(*options); });
    return std::pair{command, options};
  };
  {
    const auto [command, options] = add("show", "Print entries", show);
    add_files(*command, *options);
    add_filters(*command, *options);
    command->add_option("--object", options->filter.object, "A glob on schema.object, or on the name in any schema");
    command->add_option("--outcome", options->filter.outcome, "What the statement came to")
        ->check(CLI::IsMember({"committed", "rolled_back", "failed", "unknown", "refused"}));
    add_format(*command, *options, {"text", "json", "csv"});
  }
  {
    const auto [command, options] = add("tail", "Print the last entries and those that come", tail);
    add_files(*command, *options);
    add_filters(*command, *options);
    command->add_option("--object", options->filter.object, "A glob on schema.object, or on the name in any schema");
    command->add_option("-n,--lines", options->lines, "Entries to begin with")->check(CLI::Range(0, 100000));
    add_format(*command, *options, {"text", "json", "csv"});
  }
  {
    const auto [command, options] = add("who", "Print what was done to an object, and by whom", who);
    command->add_option("OBJECT", options->object, "schema.object, or a name in any schema")->required();
    add_files(*command, *options);
    add_filters(*command, *options);
    add_format(*command, *options, {"text", "json", "csv"});
  }
  {
    const auto [command, options] =
        add("report", "Group what enforce would do, with rules that would allow it", report);
    add_files(*command, *options);
    add_filters(*command, *options);
    command->add_option("--object", options->filter.object, "A glob on schema.object, or on the name in any schema");
    command->add_option("--would", options->would, "What enforce would have done (default: block)")
        ->check(CLI::IsMember({"allow", "log", "warn", "block"}));
    add_format(*command, *options, {"text", "json"});
  }
  {
    const auto [command, options] = add("verify", "Check the chain and its signatures", verify);
    add_files(*command, *options);
    command->add_option("--head", options->head, "Hash of a record known from the system log or the metrics");
    command->add_option("--key", options->key, "The guard's public key: 64 hex digits, or a file that holds them");
  }
}

}  // namespace schemaguard::proxy
