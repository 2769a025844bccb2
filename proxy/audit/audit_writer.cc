#include "proxy/audit/audit_writer.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "policies/audit/audit_format.h"
#include "policies/json/json_text.h"
#include "proxy/audit/file_tail.h"
#include "proxy/audit/system_log.h"

namespace schemaguard::proxy {

namespace {

using policies::AuditEvent;
using policies::AuditRecord;
using policies::Outcome;

// Bounds the memory of a group and how long its first record waits for its last.
constexpr size_t kGroupBytesMax = 4UL * 1024 * 1024;

std::string default_instance() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {'?'};
  return absl::StrCat(host.data(), ":", ::getpid());
}

AuditLogOptions with_defaults(AuditLogOptions options) {
  if (options.instance.empty()) options.instance = default_instance();
  if (options.signing_key_file.empty()) options.signing_key_file = options.file + ".key";
  return options;
}

// What a queued record holds in memory, near enough for a limit.
size_t weight(const AuditRecord& record) {
  constexpr size_t kChangeBytes = 512;
  size_t bytes =
      sizeof(AuditRecord) + record.statement.size() + record.detail.size() + record.changes.size() * kChangeBytes;
  if (record.facts != nullptr) bytes += record.facts->changes.size() * kChangeBytes;
  for (const std::string& object : record.objects) bytes += object.size() + sizeof(std::string);
  return bytes;
}

bool is_final(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCommitted:
    case Outcome::kRolledBack:
    case Outcome::kFailed:
    case Outcome::kRefused:
      return true;
    case Outcome::kNone:
    case Outcome::kUnknown:
    case Outcome::kPrepared:
      return false;
  }
  return false;
}

// Whether a file that cannot be opened is a mistake to be told at start, rather than a disk that may come back.
bool is_mistake(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsPermissionDenied(status) || absl::IsFailedPrecondition(status) ||
         absl::IsInvalidArgument(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditWriter::open(AuditLogOptions options, std::unique_ptr<AuditFile> file) {
  std::unique_ptr<AuditWriter> writer(new AuditWriter(with_defaults(std::move(options)), std::move(file)));
  absl::Status status = writer->attach();
  if (!status.ok() && is_mistake(status)) return status;
  absl::StatusOr<std::unique_ptr<CheckpointKey>> key = CheckpointKey::load_or_create(writer->options_.signing_key_file);
  if (key.ok()) {
    writer->key_ = *std::move(key);
  } else if (is_mistake(key.status())) {
    return key.status();
  }
  // A torn line is closed now, not when the first statement comes.
  if (!writer->gap_.empty() || !status.ok()) {
    Group group = writer->start_group();
    writer->finish_group(group, std::move(status));
  }
  {
    const std::lock_guard lock(writer->mutex_);
    writer->published_head_ = writer->head_;
  }
  writer->thread_ = std::thread([raw = writer.get()] { raw->run(); });
  return writer;
}

AuditWriter::AuditWriter(AuditLogOptions options, std::unique_ptr<AuditFile> file)
    : options_(std::move(options)), file_(std::move(file)) {
  head_.hash = std::string(policies::kAuditGenesisHash);
}

AuditWriter::~AuditWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void AuditWriter::append(AuditRecord record, Written written) {
  if (record.ts == absl::Time()) record.ts = absl::Now();
  const size_t bytes = weight(record);
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = queue_.empty();
    const bool full =
        queued_records_ >= options_.queued_records_max || queued_bytes_ + bytes > options_.queued_bytes_max;
    if (full) {
      ++overflowed_;
      // The answer still comes from the writer's thread. As many of these as there are sessions that wait.
      if (!written) return;
      queue_.push_back(Entry{.kind = EntryKind::kOverflow, .record = {}, .written = std::move(written)});
    } else {
      ++queued_records_;
      queued_bytes_ += bytes;
      queue_.push_back(Entry{.kind = EntryKind::kRecord, .record = std::move(record), .written = std::move(written)});
    }
    ++appended_;
  }
  // The writer looks at the queue before it sleeps: only the first entry has to wake it.
  if (wake) work_.notify_one();
}

void AuditWriter::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t goal = appended_;
  idle_.wait(lock, [&] { return handled_ >= goal; });
}

void AuditWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(Entry{.kind = EntryKind::kReopen, .record = {}, .written = {}});
    ++appended_;
  }
  work_.notify_one();
}

uint64_t AuditWriter::head_seq() const {
  const std::lock_guard lock(mutex_);
  return published_head_.seq;
}

std::string AuditWriter::head_hash() const {
  const std::lock_guard lock(mutex_);
  return published_head_.hash;
}

void AuditWriter::run() {
  std::vector<Entry> batch;
  absl::Time next_checkpoint = absl::Now() + options_.checkpoint_interval;
  bool stopping = false;
  while (!stopping) {
    uint64_t overflowed = 0;
    {
      std::unique_lock lock(mutex_);
      const auto deadline = absl::ToChronoTime(next_checkpoint);
      work_.wait_until(lock, deadline, [&] { return stopping_ || !queue_.empty(); });
      batch.swap(queue_);
      queued_records_ = 0;
      queued_bytes_ = 0;
      overflowed = std::exchange(overflowed_, 0);
      // Nobody appends once the destructor has begun, so this batch is the last.
      stopping = stopping_;
    }
    handle_batch(batch);
    if (overflowed > 0) {
      count_lost(overflowed);
      gap_.cause = "more records than the queue holds";
    }
    const absl::Time now = absl::Now();
    if (stopping || now >= next_checkpoint) {
      if (checkpoint_is_due()) commit_checkpoint();
      next_checkpoint = now + options_.checkpoint_interval;
    }
    {
      const std::lock_guard lock(mutex_);
      handled_ += batch.size();
    }
    batch.clear();
    idle_.notify_all();
  }
}

void AuditWriter::handle_batch(std::vector<Entry>& batch) {
  size_t next = 0;
  while (next < batch.size()) {
    if (batch[next].kind == EntryKind::kReopen) {
      switch_file();
      ++next;
    } else {
      next = commit_some(batch, next);
    }
  }
}

size_t AuditWriter::commit_some(std::vector<Entry>& batch, size_t begin) {
  absl::Status status = make_ready();
  Group group = start_group();
  size_t end = begin;
  while (end < batch.size() && batch[end].kind != EntryKind::kReopen && group.bytes.size() < kGroupBytesMax) {
    Entry& entry = batch[end++];
    if (entry.kind == EntryKind::kOverflow) continue;
    if (status.ok()) {
      add_record(group, entry.record);
    } else {
      ++group.records;
    }
  }
  const bool good = finish_group(group, std::move(status));
  for (size_t index = begin; index < end; ++index) {
    Entry& entry = batch[index];
    if (entry.written) entry.written(good && entry.kind == EntryKind::kRecord);
    entry = Entry{};
  }
  return end;
}

void AuditWriter::commit_checkpoint() {
  absl::Status status = make_ready();
  Group group = start_group();
  if (status.ok()) add_checkpoint(group);
  if (!finish_group(group, std::move(status)) || !options_.system_log) return;
  send_to_system_log(absl::StrCat("audit head seq=", head_.seq, " hash=", head_.hash, " file=", options_.file));
}

void AuditWriter::switch_file() {
  if (checkpoint_is_due()) commit_checkpoint();
  file_->close();
  attached_ = false;
  Group nothing{.bytes = {}, .head = head_, .opened_tickets = {}};
  if (absl::Status status = attach(); !status.ok()) finish_group(nothing, std::move(status));
}

absl::Status AuditWriter::attach() {
  if (absl::Status opened = file_->open(); !opened.ok()) return opened;
  const absl::StatusOr<AuditFile::State> state = file_->state();
  if (!state.ok()) return state.status();
  cuttable_ = state->regular;
  good_bytes_ = state->bytes;
  gap_.torn = false;
  gap_.torn_bytes = 0;
  line_end_missing_ = false;
  if (cuttable_) {
    absl::StatusOr<FileTail> tail = find_file_tail(*file_, state->bytes);
    if (!tail.ok()) {
      return absl::Status(tail.status().code(), absl::StrCat(options_.file, ": ", tail.status().message()));
    }
    gap_.torn = tail->torn;
    gap_.torn_bytes = tail->torn_bytes;
    line_end_missing_ = tail->line_end_missing;
    if (tail->torn && gap_.cause.empty()) gap_.cause = "the last line was not written to its end";
    adopt_tail(tail->seq, std::move(tail->hash));
  }
  failed_group_records_ = 0;
  attached_ = true;
  return absl::OkStatus();
}

void AuditWriter::adopt_tail(uint64_t tail_seq, std::string tail_hash) {
  if (tail_seq <= head_.seq) return;
  const uint64_t more = tail_seq - head_.seq;
  // At start the file's last line is the head. Later it is so only when lines of the group that failed last are in the
  // file after all; any other file is left as it is, and the chain goes on from this writer's own head.
  if (head_.seq > 0) {
    if (more > failed_group_records_) return;
    gap_.unconfirmed_records += more;
    const uint64_t found = std::min(more, gap_.lost_records);
    gap_.lost_records -= found;
    lost_records_.fetch_sub(found, std::memory_order_relaxed);
  }
  head_ = Head{.seq = tail_seq, .hash = std::move(tail_hash)};
}

absl::Status AuditWriter::make_ready() {
  if (!attached_) return attach();
  if (!cuttable_) return absl::OkStatus();
  const absl::StatusOr<AuditFile::State> state = file_->state();
  if (!state.ok()) return state.status();
  if (state->linked && state->bytes == good_bytes_) return absl::OkStatus();
  // Deleted, emptied by a rotation that copies, or written to by somebody else.
  attached_ = false;
  return attach();
}

absl::Status AuditWriter::write_group(const Group& group) {
  std::string_view rest = group.bytes;
  while (!rest.empty()) {
    const absl::StatusOr<size_t> taken = file_->append(rest);
    if (!taken.ok()) return taken.status();
    if (*taken == 0) return absl::UnavailableError(absl::StrCat(options_.file, " takes no more bytes"));
    rest.remove_prefix(*taken);
  }
  return file_->sync();
}

bool AuditWriter::finish_group(Group& group, absl::Status status) {
  if (status.ok() && !group.bytes.empty()) status = write_group(group);
  if (!status.ok()) {
    on_failure(group, status);
    return false;
  }
  if (group.bytes.empty()) return true;
  good_bytes_ += group.bytes.size();
  head_ = std::move(group.head);
  head_is_checkpoint_ = group.ends_with_checkpoint;
  gap_ = Gap{};
  line_end_missing_ = false;
  if (failing_.exchange(false)) spdlog::info("audit: {} can be written again", options_.file);
  const std::lock_guard lock(mutex_);
  published_head_ = head_;
  return true;
}

void AuditWriter::on_failure(const Group& group, const absl::Status& status) {
  if (!failing_.exchange(true)) spdlog::error("audit: {}; records are being lost", std::string(status.message()));
  // Whatever of the group got into the file is taken out again; attach() finds out whether that worked.
  if (attached_ && cuttable_) file_->truncate(good_bytes_).IgnoreError();
  file_->close();
  if (attached_) failed_group_records_ = group.head.seq - head_.seq;
  attached_ = false;
  for (const uint64_t ticket : group.opened_tickets) seq_by_ticket_.erase(ticket);
  count_lost(group.records);
  gap_.cause = std::string(status.message());
}

void AuditWriter::count_lost(uint64_t records) {
  gap_.lost_records += records;
  lost_records_.fetch_add(records, std::memory_order_relaxed);
}

AuditWriter::Group AuditWriter::start_group() const {
  Group group;
  group.head = head_;
  if (line_end_missing_) group.bytes.push_back('\n');
  if (gap_.empty()) return group;
  AuditRecord record;
  record.event = AuditEvent::kGap;
  record.ts = absl::Now();
  record.detail = absl::StrCat("{\"lost_records\":", gap_.lost_records);
  if (gap_.unconfirmed_records > 0) {
    absl::StrAppend(&record.detail, ",\"unconfirmed_records\":", gap_.unconfirmed_records);
  }
  if (gap_.torn) absl::StrAppend(&record.detail, ",\"torn_bytes\":", gap_.torn_bytes);
  record.detail += ",\"cause\":";
  policies::append_json_string(record.detail, gap_.cause);
  record.detail += "}";
  add_line(group, record, 0);
  return group;
}

void AuditWriter::add_record(Group& group, AuditRecord& record) {
  uint64_t of_seq = record.of_seq;
  if (record.of_ticket != 0) {
    const auto found = seq_by_ticket_.find(record.of_ticket);
    if (found != seq_by_ticket_.end()) {
      of_seq = found->second;
      if (is_final(record.outcome)) seq_by_ticket_.erase(found);
    }
  }
  add_line(group, record, of_seq);
  ++group.records;
  if (record.ticket != 0 && !is_final(record.outcome)) remember_ticket(group, record.ticket);
}

void AuditWriter::add_checkpoint(Group& group) {
  if (key_ == nullptr) {
    absl::StatusOr<std::unique_ptr<CheckpointKey>> key = CheckpointKey::load_or_create(options_.signing_key_file);
    if (!key.ok()) {
      if (!std::exchange(key_complained_, true)) spdlog::error("audit: {}", std::string(key.status().message()));
      return;
    }
    key_ = *std::move(key);
  }
  AuditRecord record;
  record.event = AuditEvent::kCheckpoint;
  record.ts = absl::Now();
  const std::string signature = key_->sign(
      policies::checkpoint_message(group.head.seq + 1, policies::audit_timestamp(record.ts), group.head.hash));
  record.detail = absl::StrCat(R"({"key":")", key_->public_key(), R"(","signature":")", signature, R"("})");
  add_line(group, record, 0);
  group.ends_with_checkpoint = true;
}

void AuditWriter::add_line(Group& group, const AuditRecord& record, uint64_t of_seq) const {
  const std::string members = policies::audit_record_members(record, of_seq, options_.instance);
  group.head.hash = policies::append_audit_line(group.bytes, group.head.seq + 1, group.head.hash, members);
  ++group.head.seq;
}

void AuditWriter::remember_ticket(Group& group, uint64_t ticket) {
  seq_by_ticket_.insert_or_assign(ticket, group.head.seq);
  group.opened_tickets.push_back(ticket);
  // Tickets rise, so the first is the oldest.
  if (seq_by_ticket_.size() > options_.open_tickets_max) seq_by_ticket_.erase(seq_by_ticket_.begin());
}

}  // namespace schemaguard::proxy
