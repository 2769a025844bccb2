#include "tests/proxy/session/services_script.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "parser/mysql/statement_reader.h"
#include "parser/postgres/statement_reader.h"

namespace schemaguard::proxy {

void answer_parse_job(WireSession& session, ScriptServices& services) {
  ASSERT_FALSE(services.jobs.empty());
  const ParseJob job = services.jobs.front();
  services.jobs.erase(services.jobs.begin());
  auto facts = std::make_shared<parser::TextFacts>();
  if (const auto* reading = std::get_if<parser::postgres::Reading>(&job.reading)) {
    *facts = parser::postgres::read_statements(job.text, *reading);
  } else {
    parser::mysql::ReadingState state = std::get<parser::mysql::ReadingState>(job.reading);
    *facts = parser::mysql::read_statements(job.text, state);
  }
  session.on_parsed(job.id, std::move(facts));
}

void answer_audit(WireSession& session, ScriptServices& services, bool ok) {
  ASSERT_FALSE(services.awaited.empty());
  const uint64_t ticket = services.awaited.front();
  services.awaited.erase(services.awaited.begin());
  session.on_audit_written(ticket, ok);
}

ScriptServices::ScriptServices() { guard_view.audit_enabled = true; }

const GuardView& ScriptServices::view(std::string_view database) {
  const auto own = database_views.find(database);
  latest_view_ = own == database_views.end() ? guard_view : own->second;
  return latest_view_;
}

std::shared_ptr<const parser::TextFacts> ScriptServices::cached_facts(std::string_view text,
                                                                      parser::postgres::Reading reading) {
  if (!knows_every_text) return nullptr;
  return std::make_shared<const parser::TextFacts>(parser::postgres::read_statements(text, reading));
}

void ScriptServices::audit(policies::AuditRecord record, bool wait) {
  if (wait) awaited.push_back(record.ticket);
  records.push_back(std::move(record));
}

void ScriptServices::random_bytes(std::span<std::byte> out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(0xa0 + references * 16 + i);
}

bool ScriptServices::reserve_held_bytes(size_t bytes) {
  if (held_bytes + bytes > held_bytes_max) return false;
  held_bytes += bytes;
  return true;
}

void ScriptServices::stash_prepared_transaction(std::string_view, std::string_view gid,
                                                std::vector<policies::LostStatement> stashed) {
  prepared.emplace_back(std::string(gid), std::move(stashed));
}

std::optional<std::vector<policies::LostStatement>> ScriptServices::take_prepared_transaction(std::string_view,
                                                                                              std::string_view gid) {
  for (auto it = prepared.begin(); it != prepared.end(); ++it) {
    if (it->first != gid) continue;
    std::vector<policies::LostStatement> found = std::move(it->second);
    prepared.erase(it);
    return found;
  }
  return std::nullopt;
}

std::vector<policies::Outcome> outcomes_of(const ScriptServices& services) {
  std::vector<policies::Outcome> found;
  for (const policies::AuditRecord& record : services.records) {
    if (record.event == policies::AuditEvent::kOutcome) found.push_back(record.outcome);
  }
  return found;
}

policies::Rule rule_on_class(std::string name, std::string class_name, policies::Action action) {
  policies::Rule rule;
  rule.name = std::move(name);
  rule.match.classes.push_back(std::move(class_name));
  rule.action = action;
  return rule;
}

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~') {
      text.push_back(c);
    } else {
      text += absl::StrFormat("\\%02x", static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::string join(const Pieces& pieces) {
  std::string bytes;
  for (const Bytes piece : pieces) {
    bytes.append(static_cast<const char*>(static_cast<const void*>(piece.data())), piece.size());
  }
  return bytes;
}

}  // namespace schemaguard::proxy
