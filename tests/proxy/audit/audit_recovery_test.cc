// What is left of the audit when the disk, the process or somebody's editor fails it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "policies/audit/chain_verifier.h"
#include "proxy/audit/audit_writer.h"
#include "proxy/audit/checkpoint_key.h"
#include "proxy/audit/line_reader.h"
#include "tests/proxy/audit/audit_test_files.h"

namespace schemaguard::proxy {
namespace {

using policies::AuditEvent;
using policies::AuditRecord;
using policies::ChainReport;
using testing::lines_of;
using testing::member;
using testing::memory_file;
using testing::MemoryDisk;
using testing::read_file;
using testing::TemporaryDirectory;

class AuditRecovery : public ::testing::Test {
 protected:
  AuditLogOptions options() const {
    AuditLogOptions options;
    options.file = directory_.file("audit.jsonl");
    options.instance = "here:1";
    options.checkpoint_interval = absl::Hours(1);
    options.system_log = false;
    return options;
  }
  std::unique_ptr<AuditLog> open_on(const std::shared_ptr<MemoryDisk>& disk) const {
    auto log = AuditWriter::open(options(), memory_file(disk));
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  const TemporaryDirectory directory_;
};

AuditRecord statement(const std::string& text) {
  AuditRecord record;
  record.ts = absl::FromUnixMicros(1'700'000'000'123'456);
  record.command = "ALTER TABLE";
  record.statement = text;
  return record;
}

bool append_and_wait(AuditLog& log, const std::string& text) {
  bool answer = false;
  log.append(statement(text), [&answer](bool ok) { answer = ok; });
  log.flush();
  return answer;
}

ChainReport verify(const std::string& content) {
  policies::ChainVerifier verifier(checkpoint_signature_is_good, "", "");
  verifier.start_file("audit");
  size_t at = 0;
  while (at < content.size()) {
    const size_t end = content.find('\n', at);
    const bool terminated = end != std::string::npos;
    const size_t length = (terminated ? end : content.size()) - at;
    if (length > 1024UL * 1024) {
      verifier.add_oversized_line(length, terminated);
    } else {
      verifier.add_line(std::string_view(content).substr(at, length), terminated);
    }
    at += length + 1;
  }
  return verifier.finish();
}

void expect_good(const ChainReport& report, const std::string& what) {
  EXPECT_EQ(report.problem_count, 0U) << what << ": " << (report.problems.empty() ? "" : report.problems.front());
}

TEST_F(AuditRecovery, a_disk_that_is_full_at_any_byte_loses_one_record_and_says_so) {
  auto probe = std::make_shared<MemoryDisk>();
  open_on(probe)->append(statement("the first one"), {});
  const size_t first_line = probe->content.find('\n') + 1;
  for (uint64_t room = first_line; room < 2 * first_line + 4; ++room) {
    auto disk = std::make_shared<MemoryDisk>();
    {
      const auto log = open_on(disk);
      ASSERT_TRUE(append_and_wait(*log, "the first one"));
      {
        const std::lock_guard lock(disk->mutex);
        disk->room = room;
      }
      const bool fits = room >= 2 * first_line;
      ASSERT_EQ(append_and_wait(*log, "the other one"), fits) << room;
      ASSERT_EQ(log->failing(), !fits);
      ASSERT_EQ(log->lost_records(), fits ? 0U : 1U);
      {
        const std::lock_guard lock(disk->mutex);
        ASSERT_EQ(disk->content.size(), fits ? 2 * first_line : first_line);
        disk->room = UINT64_MAX;
      }
      ASSERT_TRUE(append_and_wait(*log, "the third one"));
      ASSERT_FALSE(log->failing());
    }
    const ChainReport report = verify(disk->content);
    expect_good(report, std::to_string(room));
    ASSERT_EQ(report.gap_count, room >= 2 * first_line ? 0U : 1U);
    if (report.gap_count > 0) {
      EXPECT_EQ(report.gaps[0].lost_records, 1U);
      EXPECT_EQ(report.gaps[0].torn_bytes, 0U);
      EXPECT_EQ(report.gaps[0].seq, 2U);
    }
    EXPECT_EQ(disk->content.find("the other one") != std::string::npos, room >= 2 * first_line);
  }
}

TEST_F(AuditRecovery, bytes_that_cannot_be_cut_off_again_are_closed_and_counted) {
  auto probe = std::make_shared<MemoryDisk>();
  open_on(probe)->append(statement("the first one"), {});
  const size_t first_line = probe->content.find('\n') + 1;
  for (uint64_t room = first_line + 1; room < 3 * first_line; ++room) {
    auto disk = std::make_shared<MemoryDisk>();
    {
      const auto log = open_on(disk);
      ASSERT_TRUE(append_and_wait(*log, "the first one"));
      {
        const std::lock_guard lock(disk->mutex);
        disk->room = room;
        disk->truncate_fails = true;
      }
      int good = 0;
      log->append(statement("the other one"), [&good](bool ok) { good += ok ? 1 : 0; });
      log->append(statement("the third one"), [&good](bool ok) { good += ok ? 1 : 0; });
      log->flush();
      ASSERT_LT(good, 2);
      ASSERT_FALSE(append_and_wait(*log, "in between"));
      {
        const std::lock_guard lock(disk->mutex);
        disk->room = UINT64_MAX;
      }
      ASSERT_TRUE(append_and_wait(*log, "the last one"));
    }
    const ChainReport report = verify(disk->content);
    expect_good(report, std::to_string(room));
    ASSERT_EQ(report.gap_count, 1U) << room;
    // Every record is either confirmed in the file, or unconfirmed, or lost: the first, three more, the last.
    const uint64_t records = report.lines - report.gap_count - report.checkpoints;
    EXPECT_EQ(records + report.gaps[0].lost_records, 5U) << room;
  }
}

TEST_F(AuditRecovery, a_failing_sync_is_a_failing_write) {
  auto disk = std::make_shared<MemoryDisk>();
  {
    const auto log = open_on(disk);
    ASSERT_TRUE(append_and_wait(*log, "one"));
    {
      const std::lock_guard lock(disk->mutex);
      disk->sync_fails = true;
    }
    EXPECT_FALSE(append_and_wait(*log, "two"));
    EXPECT_TRUE(log->failing());
    {
      const std::lock_guard lock(disk->mutex);
      disk->sync_fails = false;
      disk->open_fails = true;
    }
    EXPECT_FALSE(append_and_wait(*log, "three"));
    {
      const std::lock_guard lock(disk->mutex);
      disk->open_fails = false;
    }
    EXPECT_TRUE(append_and_wait(*log, "four"));
    EXPECT_EQ(log->lost_records(), 2U);
  }
  const ChainReport report = verify(disk->content);
  expect_good(report, "sync");
  ASSERT_EQ(report.gap_count, 1U);
  EXPECT_EQ(report.gaps[0].lost_records, 2U);
  EXPECT_EQ(disk->content.find("two"), std::string::npos);
}

TEST_F(AuditRecovery, short_writes_are_continued) {
  auto disk = std::make_shared<MemoryDisk>();
  disk->piece_bytes = 7;
  ASSERT_TRUE(append_and_wait(*open_on(disk), "in small pieces"));
  const ChainReport report = verify(disk->content);
  expect_good(report, "pieces");
  EXPECT_EQ(report.lines, 2U);
}

TEST_F(AuditRecovery, a_disk_that_is_broken_at_start_does_not_keep_the_guard_from_starting) {
  auto disk = std::make_shared<MemoryDisk>();
  disk->open_fails = true;
  const auto log = open_on(disk);
  ASSERT_NE(log, nullptr);
  EXPECT_TRUE(log->failing());
  EXPECT_FALSE(append_and_wait(*log, "lost"));
  {
    const std::lock_guard lock(disk->mutex);
    disk->open_fails = false;
  }
  EXPECT_TRUE(append_and_wait(*log, "kept"));
  EXPECT_EQ(log->lost_records(), 1U);
}

TEST_F(AuditRecovery, a_device_that_is_always_full_answers_no) {
  AuditLogOptions full = options();
  full.file = "/dev/full";
  full.signing_key_file = directory_.file("key");
  auto log = AuditLog::open(full);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_FALSE(append_and_wait(**log, "one"));
  EXPECT_TRUE((*log)->failing());
  EXPECT_EQ((*log)->lost_records(), 1U);
}

TEST_F(AuditRecovery, a_file_torn_at_any_byte_is_closed_at_the_next_start) {
  auto whole = std::make_shared<MemoryDisk>();
  {
    const auto log = open_on(whole);
    ASSERT_TRUE(append_and_wait(*log, "one"));
    ASSERT_TRUE(append_and_wait(*log, "two"));
  }
  const std::vector<std::string> lines = lines_of(whole->content);
  for (size_t kept = 1; kept <= whole->content.size(); ++kept) {
    auto disk = std::make_shared<MemoryDisk>();
    disk->content = whole->content.substr(0, kept);
    const size_t last_end = disk->content.rfind('\n');
    const size_t torn = last_end == std::string::npos ? kept : kept - last_end - 1;
    ASSERT_EQ(verify(disk->content).torn_tail_bytes, torn);
    expect_good(verify(disk->content), "before the restart");
    open_on(disk).reset();
    const ChainReport report = verify(disk->content);
    expect_good(report, std::to_string(kept));
    // A record that lacks only its line end gets it.
    const bool record_torn = torn > 0 && whole->content[kept] != '\n';
    ASSERT_EQ(report.gap_count, record_torn ? 1U : 0U) << kept;
    if (record_torn) {
      EXPECT_EQ(report.gaps[0].torn_bytes, torn);
      EXPECT_EQ(disk->content.substr(0, kept), whole->content.substr(0, kept)) << "torn bytes must be kept";
    }
  }
}

TEST_F(AuditRecovery, a_second_tear_on_top_of_the_first_is_closed_as_well) {
  auto disk = std::make_shared<MemoryDisk>();
  ASSERT_TRUE(append_and_wait(*open_on(disk), "one"));
  disk->content += "{\"v\":1,\"seq\":3";
  const std::string torn_once = disk->content;
  open_on(disk).reset();
  const std::string closed = disk->content;
  for (size_t kept = torn_once.size(); kept < closed.size(); ++kept) {
    disk->content = closed.substr(0, kept);
    open_on(disk).reset();
    expect_good(verify(disk->content), std::to_string(kept));
  }
}

TEST_F(AuditRecovery, zeros_and_garbage_behind_the_last_record_are_torn_bytes_too) {
  for (const std::string& tail : {std::string(5000, '\0'), std::string("garbage\n"), std::string("a\nb\nc"),
                                  std::string(3'000'000, 'x'), std::string("\n"), std::string("\n\n")}) {
    auto disk = std::make_shared<MemoryDisk>();
    ASSERT_TRUE(append_and_wait(*open_on(disk), "one"));
    disk->content += tail;
    open_on(disk).reset();
    expect_good(verify(disk->content), tail.substr(0, 10));
  }
}

// A child appends as fast as it can and tells through a pipe what was confirmed; it is killed after a random number of
// confirmations. What it was told is on disk must be there, and the next run goes on in the same chain.
void append_until_killed(const AuditLogOptions& options, int pipe_end) {
  auto log = AuditLog::open(options);
  if (!log.ok()) _exit(1);
  for (uint64_t number = 1;; ++number) {
    AuditRecord record = statement("ALTER TABLE t ADD COLUMN c int");
    record.message = number;
    (*log)->append(std::move(record), [pipe_end, number](bool ok) {
      if (!ok || ::write(pipe_end, &number, sizeof(number)) != sizeof(number)) _exit(2);
    });
    if (number % 64 == 0) (*log)->flush();
  }
}

// Returns the last number that the child got confirmed.
uint64_t run_and_kill(const AuditLogOptions& options, uint64_t confirmations) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_until_killed(options, ends[1]);
  }
  ::close(ends[1]);
  uint64_t number = 0;
  uint64_t last = 0;
  bool killed = false;
  while (::read(ends[0], &number, sizeof(number)) == sizeof(number)) {
    last = number;
    if (!killed && number >= confirmations) {
      ::kill(child, SIGKILL);
      killed = true;
    }
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  return last;
}

TEST_F(AuditRecovery, a_killed_writer_leaves_everything_that_it_confirmed_and_a_chain_that_goes_on) {
  std::mt19937 random(20261121);  // NOLINT(cert-msc51-cpp): the same moments in every run, as far as the machine allows
  uint64_t records_before = 0;
  for (int round = 0; round < 40; ++round) {
    const uint64_t last = run_and_kill(options(), 1 + random() % 400);
    const std::string content = read_file(options().file);
    const ChainReport report = verify(content);
    expect_good(report, std::to_string(round));
    uint64_t found = 0;
    for (const std::string& line : lines_of(content)) found += line.find("ADD COLUMN") != std::string::npos ? 1 : 0;
    EXPECT_GE(found, records_before + last) << "a confirmed record is missing after round " << round;
    records_before = report.lines - report.gap_count - report.checkpoints;
  }
  {
    auto log = AuditLog::open(options());
    ASSERT_TRUE(log.ok());
    EXPECT_TRUE(append_and_wait(**log, "the end"));
  }
  const ChainReport report = verify(read_file(options().file));
  expect_good(report, "at the end");
  EXPECT_EQ(report.torn_tail_bytes, 0U);
}

}  // namespace
}  // namespace schemaguard::proxy
