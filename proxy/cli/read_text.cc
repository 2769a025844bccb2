#include "proxy/cli/read_text.h"

#include <pthread.h>

#include "parser/postgres/statement_reader.h"

namespace schemaguard::proxy {
namespace {

struct Job {
  std::string_view text;
  parser::postgres::Reading reading;
  parser::postgres::ReaderLimits limits;
  parser::TextFacts facts;
};

void* run_job(void* argument) {
  Job& job = *static_cast<Job*>(argument);
  job.facts = parser::postgres::read_statements(job.text, job.reading, job.limits);
  return nullptr;
}

}  // namespace

absl::StatusOr<parser::TextFacts> read_text(std::string_view text, parser::postgres::Reading reading,
                                            const Limits& limits) {
  Job job{.text = text, .reading = reading, .limits = {}, .facts = {}};
  job.limits.statement_bytes_max = limits.parse_bytes_max;
  job.limits.statements_max = limits.statements_max;
  pthread_attr_t attributes;
  pthread_t thread{};
  if (pthread_attr_init(&attributes) != 0) return absl::ResourceExhaustedError("no thread can be started");
  const bool started = pthread_attr_setstacksize(&attributes, parser::postgres::kParseStackBytes) == 0 &&
                       pthread_create(&thread, &attributes, run_job, &job) == 0;
  pthread_attr_destroy(&attributes);
  if (!started) return absl::ResourceExhaustedError("no thread can be started");
  pthread_join(thread, nullptr);
  return std::move(job.facts);
}

}  // namespace schemaguard::proxy
