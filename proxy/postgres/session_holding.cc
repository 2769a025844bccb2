// Messages that wait: for a parse job, for the audit file, or for answers that tell what a name means. Here is also
// what a message that goes on leaves behind in the in-flight layer (design section 8).
#include <algorithm>

#include "absl/strings/ascii.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

namespace frontend = parser::postgres::frontend;
using parser::OpaqueReason;
using parser::PreparedUse;
using parser::StatementFacts;
using parser::TextFacts;
using parser::TransactionControl;
using parser::postgres::Reading;

bool has_effects(const StatementFacts& facts) {
  return facts.transaction != TransactionControl::kNone || facts.prepared != PreparedUse::kNone ||
         !facts.settings.empty() || !facts.changes.empty() || facts.opaque != OpaqueReason::kNone ||
         facts.command.starts_with("DISCARD");
}

std::string_view statement_text(std::string_view text, const StatementFacts& facts) {
  if (facts.offset >= text.size()) return text;
  return text.substr(facts.offset, facts.length == 0 ? std::string_view::npos : facts.length);
}

std::string_view effect_text(const RequestedStatement& statement, std::string_view text) {
  return statement.facts == statement.written ? statement_text(text, *statement.written)
                                              : std::string_view("ON COMMIT DROP");
}

bool mentions_prepare(std::string_view text) {
  static constexpr std::string_view kWord = "prepare";
  const auto same = [](char a, char b) { return absl::ascii_tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), kWord.begin(), kWord.end(), same) != text.end();
}

void SessionCore::on_parsed(uint64_t job_id, const std::shared_ptr<const TextFacts>& facts) {
  if (!held_ || held_->job != job_id || phase_ == Phase::kClosing) return;
  if (!drop_held_if_skipped()) {
    HeldMessage held = std::move(*held_);
    held_.reset();
    held.job = 0;
    refresh_view();
    on_facts(std::move(held), facts);
    if (!held_) release_held();
  }
  resume_client();
}

bool SessionCore::drop_held_if_skipped() {
  if (!server_skips_) return false;
  TransactionJournal::Outcomes outcomes;
  if (held_->request.details) {
    for (const RequestedStatement& statement : held_->request.details->statements) {
      if (statement.ticket != 0)
        outcomes.push_back({.ticket = statement.ticket, .outcome = policies::Outcome::kFailed});
    }
  }
  held_.reset();
  release_held();
  audit_outcomes(outcomes);
  return true;
}

void SessionCore::hold_for_answers(char type, Text whole, const PreparedStatements& names, std::string_view name) {
  held_ =
      HeldMessage{.type = type, .message = std::string(whole), .open_names = &names, .open_name = std::string(name)};
}

void SessionCore::retry_held() {
  if (!held_ || held_->open_names == nullptr) return;
  if (server_skips_) {
    drop_held_if_skipped();
    return;
  }
  if (held_->open_names->is_open(held_->open_name, batch_)) return;
  const Text whole = to_server_.keep(std::move(held_->message));
  held_.reset();
  on_client_message(whole, whole.size());
  if (!held_) release_held();
}

void SessionCore::release_held() {
  if (held_reserved_ == 0) return;
  services_.release_held_bytes(held_reserved_);
  held_reserved_ = 0;
}

void SessionCore::on_audit_written(uint64_t ticket, bool ok) {
  if (!held_ || phase_ == Phase::kClosing) return;
  auto& awaited = held_->tickets;
  const auto found = std::find(awaited.begin(), awaited.end(), ticket);
  if (found == awaited.end()) return;
  awaited.erase(found);
  held_->audit_failed = held_->audit_failed || !ok;
  if (!awaited.empty()) return;
  if (drop_held_if_skipped()) {
    resume_client();
    return;
  }
  HeldMessage held = std::move(*held_);
  held_.reset();
  release_held();
  if (!held.audit_failed) {
    send_held(std::move(held));
  } else {
    services_.count("audit_blocked_statements");
    TransactionJournal::Outcomes outcomes;
    for (const RequestedStatement& statement : held.request.details->statements) {
      if (statement.ticket != 0)
        outcomes.push_back({.ticket = statement.ticket, .outcome = policies::Outcome::kRefused});
    }
    audit_outcomes(outcomes);
    refuse(held.type, held.name, policies::audit_unavailable(), reference());
  }
  resume_client();
}

void SessionCore::register_definition(const RequestedStatement& statement, const RequestDetails& details,
                                      Reading reading) {
  const StatementFacts& facts = *statement.facts;
  if (facts.prepared != PreparedUse::kPrepare || facts.inner.empty()) return;
  const auto inner = std::make_shared<StatementFacts>(facts.inner.front());
  inner->offset = inner->length = 0;  // the PREPARE as a whole is its text
  statements_.begin(
      facts.prepared_name,
      std::make_shared<const Prepared>(Prepared{.text = std::string(statement_text(details.text, *statement.written)),
                                                .reading = reading,
                                                .statement = inner}),
      batch_);
}

void SessionCore::send_held(HeldMessage held) {
  RequestDetails& details = *held.request.details;
  if (held.type == frontend::kParse) {
    statements_.begin(held.name, details.prepared, batch_);
    held.request.registered = true;
  } else if (held.type == frontend::kBind) {
    portals_.begin(held.name, details.prepared, batch_);
    held.request.registered = true;
  } else {
    for (const RequestedStatement& statement : details.statements) {
      if (!has_effects(*statement.facts)) continue;
      register_definition(statement, details, held.reading);
      apply_ahead(in_flight_, *statement.facts, effect_text(statement, details.text));
    }
    if (details.text_facts && details.text_facts->unread) {
      saw_unjudged_ = saw_unjudged_ || mentions_prepare(details.text);
      confirmed_.forget_certainty();
      in_flight_.forget_certainty();
    }
  }
  to_server_.own(std::move(held.message));
  push_request(std::move(held.request));
}

}  // namespace schemaguard::proxy::postgres
