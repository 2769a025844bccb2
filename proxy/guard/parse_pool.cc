#include "proxy/guard/parse_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/mysql/statement_reader.h"

namespace schemaguard::proxy {

absl::StatusOr<std::unique_ptr<ParsePool>> ParsePool::start(const Options& options) {
  std::unique_ptr<ParsePool> pool(new ParsePool(options));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int error = pthread_attr_setstacksize(&attributes, parser::postgres::kParseStackBytes);
  const unsigned threads = std::max(1U, options.threads);
  for (unsigned i = 0; i < threads && error == 0; ++i) {
    pthread_t thread{};
    error = pthread_create(
        &thread, &attributes,
        [](void* self) -> void* {
          static_cast<ParsePool*>(self)->work();
          return nullptr;
        },
        pool.get());
    if (error == 0) {
      pthread_setname_np(thread, "parse");
      pool->threads_.push_back(thread);
    }
  }
  pthread_attr_destroy(&attributes);
  if (error != 0) return absl::ResourceExhaustedError(absl::StrCat("cannot start a parse thread: error ", error));
  return pool;
}

ParsePool::~ParsePool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void ParsePool::submit(std::string text, TextReading reading, Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < options_.queued_jobs_max && queued_bytes_ + text.size() <= options_.queued_bytes_max) {
      queued_bytes_ += text.size();
      jobs_.push_back(Job{.text = std::move(text), .reading = reading, .answer = std::move(answer)});
      arrived_.notify_one();
      return;
    }
  }
  auto facts = std::make_shared<parser::TextFacts>();
  facts->unread = true;
  facts->unread_reason = "guard_busy";
  answer(std::move(text), std::move(facts));
}

size_t ParsePool::queued() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

parser::TextFacts ParsePool::read(const Job& job) const {
  if (const auto* reading = std::get_if<parser::postgres::Reading>(&job.reading)) {
    return parser::postgres::read_statements(job.text, *reading, options_.limits);
  }
  parser::mysql::ReadingState state = std::get<parser::mysql::ReadingState>(job.reading);
  return parser::mysql::read_statements(job.text, state, {.statements_max = options_.limits.statements_max});
}

void ParsePool::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    auto facts = std::make_shared<const parser::TextFacts>(read(job));
    const size_t bytes = job.text.size();
    job.answer(std::move(job.text), std::move(facts));
    lock.lock();
    queued_bytes_ -= bytes;
  }
}

}  // namespace schemaguard::proxy
