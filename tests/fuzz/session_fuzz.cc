// Any bytes from both peers of a session in enforce mode: never a crash, and no client text reaches the server
// unjudged: a Query behind the login is one that the scanner calls harmless, one that was read, or a substitute.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parser/postgres/message_body.h"
#include "parser/postgres/protocol_format.h"
#include "parser/postgres/sql_scanner.h"
#include "parser/postgres/startup_packet.h"
#include "parser/postgres/statement_reader.h"
#include "proxy/postgres/session.h"

namespace {

using namespace schemaguard;
using namespace schemaguard::proxy;
using namespace schemaguard::proxy::postgres;
using parser::postgres::MessageBuilder;

class FuzzServices : public SessionServices {
 public:
  const GuardView& view(std::string_view) override { return guard_view; }
  absl::Time now() override { return absl::UnixEpoch(); }
  std::shared_ptr<const parser::TextFacts> cached_facts(std::string_view, parser::postgres::Reading) override {
    return nullptr;
  }
  void start_parse(ParseJob job) override {
    read.push_back(job.text);
    jobs.push_back(std::move(job));
  }
  uint64_t next_ticket() override { return ++tickets; }
  void audit(policies::AuditRecord record, bool wait) override {
    if (wait) awaited.push_back(record.ticket);
  }
  void random_bytes(std::span<std::byte> out) override { std::fill(out.begin(), out.end(), std::byte{0x5a}); }
  void register_cancel_key(const CancelKey&) override {}
  void unregister_cancel_key(const CancelKey&) override {}
  uint64_t next_reference() override { return ++tickets; }
  bool reserve_held_bytes(size_t) override { return true; }
  void release_held_bytes(size_t) override {}
  void stash_prepared_transaction(std::string_view, std::string_view, std::vector<policies::LostStatement>) override {}
  std::optional<std::vector<policies::LostStatement>> take_prepared_transaction(std::string_view,
                                                                                std::string_view) override {
    return std::nullopt;
  }
  void settle_later(policies::LostTransaction) override {}
  bool is_first_use(std::string_view, std::string_view, std::string_view) override { return true; }
  void met_standby() override {}
  void warn(std::string_view /*line*/) override {}
  void count(std::string_view) override {}

  GuardView guard_view;
  std::vector<std::string> read;
  std::vector<ParseJob> jobs;
  std::vector<uint64_t> awaited;
  uint64_t tickets = 0;
};

bool may_reach_the_server(std::string_view text, const FuzzServices& services) {
  if (text.starts_with("sg_5a5a5a5a5a5a5a5a /* ")) return true;
  if (std::find(services.read.begin(), services.read.end(), text) != services.read.end()) return true;
  return parser::postgres::scan_sql(text, {}).verdict == parser::postgres::ScanVerdict::kHarmless ||
         parser::postgres::scan_sql(text, {.standard_conforming_strings = parser::postgres::Certainty::kNo,
                                           .ascii_safe_encoding = parser::postgres::Certainty::kYes})
                 .verdict == parser::postgres::ScanVerdict::kHarmless;
}

// Takes what the session has to write; checks every whole frame for the server.
void take(Session& session, const FuzzServices& services, std::string& to_server, bool logged_in) {
  session.take_to_client();
  for (const Bytes piece : session.take_to_server()) {
    to_server.append(static_cast<const char*>(static_cast<const void*>(piece.data())), piece.size());
  }
  if (!logged_in) {
    to_server.clear();
    return;
  }
  std::string_view rest = to_server;
  while (rest.size() >= parser::postgres::kHeaderBytes) {
    const size_t total = size_t{parser::postgres::MessageBody(rest.substr(1)).read_uint32()} + 1;
    if (total < parser::postgres::kHeaderBytes) std::abort();  // never forwards broken framing
    if (rest.size() < total) break;
    if (rest.front() == 'Q') {
      const std::string_view body = rest.substr(5, total - 5);
      if (body.empty() || body.back() != '\0') std::abort();
      if (!may_reach_the_server(body.substr(0, body.size() - 1), services)) std::abort();
    }
    rest.remove_prefix(total);
  }
  to_server = std::string(rest);
}

void feed(Session& session, FuzzServices& services, std::string& to_server, const std::string& bytes, bool client) {
  const bool logged_in = session.logged_in();
  const Bytes span = std::as_bytes(std::span(bytes.data(), bytes.size()));
  if (client) {
    session.feed_client(span);
  } else {
    session.feed_server(span);
  }
  take(session, services, to_server, logged_in);
  while (!services.jobs.empty() || !services.awaited.empty()) {
    if (!services.jobs.empty()) {
      const ParseJob job = services.jobs.front();
      services.jobs.erase(services.jobs.begin());
      session.on_parsed(job.id, std::make_shared<const parser::TextFacts>(parser::postgres::read_statements(
                                    job.text, std::get<parser::postgres::Reading>(job.reading))));
    } else {
      const uint64_t ticket = services.awaited.front();
      services.awaited.erase(services.awaited.begin());
      session.on_audit_written(ticket, ticket % 4 != 0);
    }
    take(session, services, to_server, logged_in);
  }
}

std::string frame(char type, std::string_view body) {
  std::string out;
  MessageBuilder::put_message(out, type, body);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kConfig = [] {
    auto config = std::make_shared<Config>();
    config->servers.emplace_back().name = "shop";
    config->servers.back().upstream.tls = ServerTlsMode::kDisable;
    return config;
  }();
  FuzzServices services;
  services.guard_view.policy = *policies::Policy::build({.server = "shop"});
  services.guard_view.mode = policies::Mode::kEnforce;
  services.guard_view.audit_enabled = services.guard_view.audit_blocks = true;
  Session session({.config = kConfig, .server = kConfig->servers.data(), .origin = {}, .session_id = "f"}, services);
  std::string to_server;
  feed(session, services, to_server,
       parser::postgres::encode_startup_message(parser::postgres::protocol_version(3, 0), {{"user", "app"}}), true);
  session.step_done();
  session.on_upstream_connected("upstream");
  feed(session, services, to_server, frame('R', std::string(4, '\0')) + frame('Z', "I"), false);
  std::string_view rest(static_cast<const char*>(static_cast<const void*>(data)), size);
  while (rest.size() >= 3 && session.step() == Step::kContinue) {
    const unsigned action = static_cast<unsigned char>(rest[0]) % 4;
    const char type = rest[1];
    const size_t length = std::min<size_t>(static_cast<unsigned char>(rest[2]), rest.size() - 3);
    const std::string body(rest.substr(3, length));
    rest.remove_prefix(3 + length);
    const bool client = action % 2 == 0;
    if (client && !session.wants_client_bytes()) continue;
    feed(session, services, to_server, action < 2 ? body : frame(type, body), client);
  }
  return 0;
}
