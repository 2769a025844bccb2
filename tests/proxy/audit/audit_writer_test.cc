#include "proxy/audit/audit_writer.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/proxy/audit/audit_test_files.h"

namespace schemaguard::proxy {
namespace {

using policies::AuditEvent;
using policies::AuditRecord;
using policies::Outcome;
using testing::lines_of;
using testing::member;
using testing::MemoryDisk;
using testing::read_file;
using testing::TemporaryDirectory;

AuditLogOptions options_for(const std::string& file) {
  AuditLogOptions options;
  options.file = file;
  options.instance = "here:1";
  options.checkpoint_interval = absl::Hours(1);
  options.system_log = false;
  return options;
}

std::unique_ptr<AuditLog> open_or_die(AuditLogOptions options) {
  absl::StatusOr<std::unique_ptr<AuditLog>> log = AuditLog::open(std::move(options));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

AuditRecord statement(std::string text) {
  AuditRecord record;
  record.event = AuditEvent::kStatement;
  record.ts = absl::FromUnixMicros(1'700'000'000'123'456);
  record.command = "ALTER TABLE";
  record.statement = std::move(text);
  return record;
}

// The format as its header words it, computed without the code under test.
std::string digest(const std::string& text) {
  std::string bytes(32, '\0');
  unsigned int length = 32;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(bytes.data()), &length, EVP_sha256(), nullptr);
  return absl::BytesToHexString(bytes);
}

// Every line's seq, prev and hash, from `seq` and `prev` on. Lines that do not parse are counted, not accepted.
void expect_chain(const std::vector<std::string>& lines, uint64_t seq, std::string prev) {
  for (const std::string& line : lines) {
    EXPECT_EQ(member(line, "seq"), absl::StrCat(seq)) << line;
    EXPECT_EQ(member(line, "prev"), prev) << line;
    const size_t members_end = line.rfind(",\"prev\":");
    const std::string hash = digest(prev + line.substr(1, members_end - 1));
    EXPECT_EQ(member(line, "hash"), hash) << line;
    prev = hash;
    ++seq;
  }
}

const std::string kGenesis(64, '0');

TEST(AuditWriter, writes_chained_lines_and_a_checkpoint_at_the_end) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("audit.jsonl");
  {
    const auto log = open_or_die(options_for(file));
    EXPECT_EQ(log->head_seq(), 0U);
    for (int index = 0; index < 3; ++index) log->append(statement(absl::StrCat("ALTER TABLE t", index)), {});
    log->flush();
    const std::vector<std::string> lines = lines_of(read_file(file));
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(log->head_seq(), 3U);
    EXPECT_EQ(log->head_hash(), member(lines.back(), "hash"));
  }
  const std::vector<std::string> lines = lines_of(read_file(file));
  ASSERT_EQ(lines.size(), 4U);
  expect_chain(lines, 1, kGenesis);
  EXPECT_EQ(member(lines[0], "ts"), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(member(lines[1], "statement"), "ALTER TABLE t1");
  EXPECT_EQ(member(lines[1], "instance"), "here:1");
  EXPECT_EQ(member(lines[3], "event"), "checkpoint");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((file + ".key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(AuditWriter, goes_on_in_the_same_chain_after_a_restart) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("audit.jsonl");
  for (int run = 0; run < 3; ++run) {
    const auto log = open_or_die(options_for(file));
    log->append(statement("one"), {});
  }
  const std::vector<std::string> lines = lines_of(read_file(file));
  EXPECT_EQ(lines.size(), 6U);
  expect_chain(lines, 1, kGenesis);
}

TEST(AuditWriter, an_outcome_names_its_statement) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("audit.jsonl");
  {
    const auto log = open_or_die(options_for(file));
    log->append(statement("someone else's"), {});
    AuditRecord first = statement("first");
    first.ticket = log->next_ticket();
    AuditRecord outcome;
    outcome.event = AuditEvent::kOutcome;
    outcome.of_ticket = first.ticket;
    outcome.outcome = Outcome::kUnknown;
    log->append(std::move(first), {});
    log->append(outcome, {});
    log->flush();
    outcome.outcome = Outcome::kCommitted;
    log->append(outcome, {});
    outcome.of_ticket = 999;
    log->append(outcome, {});
  }
  const std::vector<std::string> lines = lines_of(read_file(file));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(member(lines[2], "of"), "2");
  EXPECT_EQ(member(lines[2], "outcome"), "unknown");
  EXPECT_EQ(member(lines[3], "of"), "2");
  EXPECT_EQ(member(lines[3], "outcome"), "committed");
  EXPECT_EQ(member(lines[4], "of"), "");
}

TEST(AuditWriter, open_tickets_are_bounded_and_the_oldest_go_first) {
  const TemporaryDirectory directory;
  AuditLogOptions options = options_for(directory.file("audit.jsonl"));
  options.open_tickets_max = 2;
  {
    const auto log = open_or_die(options);
    for (uint64_t index = 0; index < 3; ++index) {
      AuditRecord record = statement("s");
      record.ticket = log->next_ticket();
      log->append(std::move(record), {});
    }
    for (uint64_t ticket = 1; ticket <= 3; ++ticket) {
      AuditRecord outcome;
      outcome.event = AuditEvent::kOutcome;
      outcome.of_ticket = ticket;
      outcome.outcome = Outcome::kCommitted;
      log->append(outcome, {});
    }
  }
  const std::vector<std::string> lines = lines_of(read_file(options.file));
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(member(lines[3], "of"), "");
  EXPECT_EQ(member(lines[4], "of"), "2");
  EXPECT_EQ(member(lines[5], "of"), "3");
}

TEST(AuditWriter, many_threads_make_one_chain_and_every_caller_hears_back) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("audit.jsonl");
  constexpr int kThreads = 4;
  constexpr int kRecords = 500;
  std::atomic<int> heard{0};
  {
    const auto log = open_or_die(options_for(file));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&log, &heard] {
        for (int index = 0; index < kRecords; ++index) {
          log->append(statement("ALTER TABLE t ADD a int"), [&heard](bool ok) { heard += ok ? 1 : 0; });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    log->flush();
    EXPECT_EQ(heard, kThreads * kRecords);
  }
  const std::vector<std::string> lines = lines_of(read_file(file));
  EXPECT_EQ(lines.size(), size_t{kThreads * kRecords + 1});
  expect_chain(lines, 1, kGenesis);
}

TEST(AuditWriter, what_does_not_fit_into_the_queue_is_lost_by_count) {
  const TemporaryDirectory directory;
  AuditLogOptions options = options_for(directory.file("audit.jsonl"));
  options.queued_bytes_max = 10;
  {
    const auto log = open_or_die(options);
    bool answer = true;
    log->append(statement("too big"), [&answer](bool ok) { answer = ok; });
    log->flush();
    EXPECT_FALSE(answer);
    EXPECT_EQ(log->lost_records(), 1U);
  }
  const std::vector<std::string> lines = lines_of(read_file(options.file));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(member(lines[0], "event"), "gap");
  EXPECT_EQ(member(lines[0], "detail"), R"({"lost_records":1,"cause":"more records than the queue holds"})");
  expect_chain(lines, 1, kGenesis);
}

TEST(AuditWriter, a_renamed_file_is_left_with_a_checkpoint_and_the_chain_goes_on_in_a_new_one) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("audit.jsonl");
  const std::string old_file = directory.file("audit.jsonl.1");
  {
    const auto log = open_or_die(options_for(file));
    log->append(statement("before"), {});
    log->flush();
    ASSERT_EQ(std::rename(file.c_str(), old_file.c_str()), 0);
    log->reopen();
    log->append(statement("after"), {});
    log->flush();
    log->reopen();  // without a rename nothing but a checkpoint happens
    log->append(statement("still"), {});
  }
  const std::vector<std::string> old_lines = lines_of(read_file(old_file));
  const std::vector<std::string> new_lines = lines_of(read_file(file));
  ASSERT_EQ(old_lines.size(), 2U);
  ASSERT_EQ(new_lines.size(), 4U);
  EXPECT_EQ(member(old_lines[1], "event"), "checkpoint");
  EXPECT_EQ(member(new_lines[0], "statement"), "after");
  expect_chain(old_lines, 1, kGenesis);
  expect_chain(new_lines, 3, member(old_lines[1], "hash"));
}

TEST(AuditWriter, a_deleted_or_emptied_file_does_not_swallow_records) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("audit.jsonl");
  const auto log = open_or_die(options_for(file));
  log->append(statement("one"), {});
  log->flush();
  std::filesystem::remove(file);
  log->append(statement("two"), {});
  log->flush();
  ASSERT_EQ(lines_of(read_file(file)).size(), 1U);
  EXPECT_EQ(member(lines_of(read_file(file))[0], "seq"), "2");
  std::filesystem::resize_file(file, 0);
  log->append(statement("three"), {});
  log->flush();
  ASSERT_EQ(lines_of(read_file(file)).size(), 1U);
  EXPECT_EQ(member(lines_of(read_file(file))[0], "seq"), "3");
  EXPECT_FALSE(log->failing());
}

TEST(AuditWriter, refuses_files_that_cannot_be_its_own) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(AuditLog::open(options_for(directory.file("no/such/folder/audit.jsonl"))).ok());
  AuditLogOptions folder = options_for(directory.file("."));
  EXPECT_FALSE(AuditLog::open(folder).ok());
  std::filesystem::copy_file("/etc/passwd", directory.file("passwd"));
  EXPECT_FALSE(AuditLog::open(options_for(directory.file("passwd"))).ok());
  const auto log = open_or_die(options_for(directory.file("audit.jsonl")));
  const auto second = AuditLog::open(options_for(directory.file("audit.jsonl")));
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("another process"), std::string::npos) << second.status();
}

TEST(AuditWriter, a_key_file_open_to_others_is_refused) {
  const TemporaryDirectory directory;
  const AuditLogOptions options = options_for(directory.file("audit.jsonl"));
  open_or_die(options).reset();
  ASSERT_EQ(::chmod((options.file + ".key").c_str(), 0644), 0);
  EXPECT_FALSE(AuditLog::open(options).ok());
}

}  // namespace
}  // namespace schemaguard::proxy
