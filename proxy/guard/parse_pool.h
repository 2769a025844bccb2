// ParsePool: the threads on which the SQL grammar runs, away from the workers.
//
// Fixed threads whose stacks fit the deepest text that the reader's limits admit (evasion finding 2). The queue is
// bounded in jobs and in bytes; a job that does not fit is answered at once as unread ("guard_busy"), so a flood
// becomes refusals, never memory. The answer runs on a pool thread, or inside submit() when the queue is full: the
// caller posts it to its own worker.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <pthread.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "parser/postgres/statement_reader.h"
#include "parser/statement_facts.h"
#include "proxy/session/session_services.h"

namespace schemaguard::proxy {

class ParsePool {
 public:
  struct Options {
    unsigned threads = 1;
    size_t queued_jobs_max = 10'000;
    size_t queued_bytes_max = 512ULL * 1024 * 1024;
    parser::postgres::ReaderLimits limits;
  };
  // Gives the text back, so that the caller can cache it without a copy.
  using Answer = absl::AnyInvocable<void(std::string text, std::shared_ptr<const parser::TextFacts> facts)>;

  static absl::StatusOr<std::unique_ptr<ParsePool>> start(const Options& options);
  // Waits for the jobs that are being parsed; those still queued are dropped without an answer.
  ~ParsePool();
  ParsePool(const ParsePool&) = delete;
  ParsePool& operator=(const ParsePool&) = delete;

  void submit(std::string text, TextReading reading, Answer answer);
  [[nodiscard]] size_t queued() const;

 private:
  struct Job {
    std::string text;
    TextReading reading;
    Answer answer;
  };
  explicit ParsePool(const Options& options) : options_(options) {}
  void work();
  [[nodiscard]] parser::TextFacts read(const Job& job) const;

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> jobs_;
  size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::vector<pthread_t> threads_;
};

}  // namespace schemaguard::proxy
