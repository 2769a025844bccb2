// Any bytes from both peers of a MySQL session in enforce mode: never a crash, no budget kept when the session is over,
// and in whatever state the two have brought the session, a DROP TABLE that the client sends as a command of its own
// never reaches the server as one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mysql/login_request.h"
#include "parser/mysql/packet_header.h"
#include "parser/mysql/server_packets.h"
#include "parser/mysql/statement_reader.h"
#include "proxy/mysql/session.h"

namespace {

using namespace schemaguard;
using namespace schemaguard::proxy;
using namespace schemaguard::proxy::mysql;
using parser::mysql::kPacketHeaderBytes;

class FuzzServices : public SessionServices {
 public:
  const GuardView& view(std::string_view) override { return guard_view; }
  absl::Time now() override { return absl::UnixEpoch(); }
  std::shared_ptr<const parser::TextFacts> cached_facts(std::string_view, parser::postgres::Reading) override {
    return nullptr;
  }
  void start_parse(ParseJob job) override { jobs.push_back(std::move(job)); }
  uint64_t next_ticket() override { return ++tickets; }
  void audit(policies::AuditRecord record, bool wait) override {
    if (wait) awaited.push_back(record.ticket);
  }
  void random_bytes(std::span<std::byte> out) override { std::fill(out.begin(), out.end(), std::byte{0x5a}); }
  void register_cancel_key(const CancelKey&) override {}
  void unregister_cancel_key(const CancelKey&) override {}
  uint64_t next_reference() override { return ++tickets; }
  bool reserve_held_bytes(size_t bytes) override {
    held_bytes += bytes;
    return true;
  }
  void release_held_bytes(size_t bytes) override {
    if (bytes > held_bytes) std::abort();
    held_bytes -= bytes;
  }
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
  std::vector<ParseJob> jobs;
  std::vector<uint64_t> awaited;
  size_t held_bytes = 0;
  uint64_t tickets = 0;
};

// No reading takes it for anything but a schema change.
constexpr std::string_view kCanary = "DROP TABLE canary";

// No packet with number 0 that goes to the server is the canary.
void take(Session& session, std::string& to_server) {
  session.take_to_client();
  for (const Bytes piece : session.take_to_server()) {
    to_server.append(static_cast<const char*>(static_cast<const void*>(piece.data())), piece.size());
  }
  std::string_view rest = to_server;
  while (rest.size() >= kPacketHeaderBytes) {
    const auto header = parser::mysql::decode_packet_header(rest);
    if (rest.size() < kPacketHeaderBytes + header.length) break;
    const std::string_view payload = rest.substr(kPacketHeaderBytes, header.length);
    const bool is_text = payload.starts_with('\x03') || payload.starts_with('\x16');
    if (header.sequence == 0 && is_text && payload.substr(1) == kCanary) std::abort();
    rest.remove_prefix(kPacketHeaderBytes + header.length);
  }
  to_server = std::string(rest);
}

void feed(Session& session, FuzzServices& services, std::string& to_server, const std::string& bytes, bool client) {
  const Bytes span = std::as_bytes(std::span(bytes.data(), bytes.size()));
  if (client) {
    session.feed_client(span);
  } else {
    session.feed_server(span);
  }
  take(session, to_server);
  while (!services.jobs.empty() || !services.awaited.empty()) {
    if (!services.jobs.empty()) {
      const ParseJob job = services.jobs.front();
      services.jobs.erase(services.jobs.begin());
      auto state = std::get<parser::mysql::ReadingState>(job.reading);
      session.on_parsed(job.id,
                        std::make_shared<const parser::TextFacts>(parser::mysql::read_statements(job.text, state)));
    } else {
      const uint64_t ticket = services.awaited.front();
      services.awaited.erase(services.awaited.begin());
      session.on_audit_written(ticket, ticket % 4 != 0);
    }
    take(session, to_server);
  }
}

std::string greeting(uint32_t capabilities) {
  std::string body(
      "\x0a"
      "8.0.36\0"
      "\1\0\0\0nonce-01\0",
      21);
  body += {static_cast<char>(capabilities),       static_cast<char>(capabilities >> 8),  '\x2d', '\2', '\0',
           static_cast<char>(capabilities >> 16), static_cast<char>(capabilities >> 24), '\x15'};
  body.append(10, '\0');
  body += std::string("nonce-second\0mysql_native_password\0", 35);
  return parser::mysql::encode_message(body, 0);
}

std::string login(uint32_t capabilities) {
  std::string body;
  for (unsigned i = 0; i < 4; ++i) body.push_back(static_cast<char>(capabilities >> (8 * i)));
  body += std::string("\0\0\0\1\x2d", 5) + std::string(23, '\0') + std::string("app\0\0", 5);
  return parser::mysql::encode_message(body, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kConfig = [] {
    auto config = std::make_shared<Config>();
    config->servers.emplace_back().name = "shop";
    config->servers.back().engine = "mysql";
    config->servers.back().upstream.tls = ServerTlsMode::kDisable;
    config->limits.message_bytes_max = 4096;
    config->limits.authentication_bytes_max = 1024;
    config->limits.statements_per_session_max = 8;
    return config;
  }();
  static const auto kPolicy = [] {
    policies::PolicyOptions options;
    options.server = "shop";
    options.engine = "mysql";
    options.local_infile = true;
    return *policies::Policy::build(std::move(options));
  }();
  if (size < 5) return 0;
  FuzzServices services;
  services.guard_view.policy = kPolicy;
  services.guard_view.mode = policies::Mode::kEnforce;
  services.guard_view.audit_enabled = services.guard_view.audit_blocks = true;
  {
    Session session({.config = kConfig, .server = kConfig->servers.data(), .origin = {}, .session_id = "f"}, services);
    std::string to_server;
    session.step_done();
    session.on_upstream_connected("upstream");
    // The bits that change the shapes are the input's; those of the login packet itself are not.
    const uint32_t fuzzed = uint32_t{data[0]} << 24 | uint32_t{data[1]} << 16;
    const uint32_t shape = parser::mysql::kClientProtocol41 | parser::mysql::kClientSecureConnection;
    const uint32_t wanted = (fuzzed & ~parser::mysql::kClientShapeOfLogin) | parser::mysql::kClientMySql |
                            parser::mysql::kClientLocalFiles | shape;
    feed(session, services, to_server, greeting(wanted | parser::mysql::kClientPluginAuth), false);
    feed(session, services, to_server, login(wanted & ~parser::mysql::kClientSsl), true);
    std::string_view rest(static_cast<const char*>(static_cast<const void*>(data)), size);
    if ((data[2] & 1) != 0) {
      feed(session, services, to_server, parser::mysql::encode_ok(2, 2), false);
      if ((data[2] & 2) != 0) feed(session, services, to_server, parser::mysql::encode_ok(2, 1), false);
    }
    rest.remove_prefix(3);
    while (rest.size() >= 3 && session.step() == Step::kContinue) {
      const auto action = static_cast<uint8_t>(rest[0]);
      const auto sequence = static_cast<uint8_t>(rest[1]);
      const size_t length = std::min<size_t>(static_cast<unsigned char>(rest[2]), rest.size() - 3);
      const std::string body(rest.substr(3, length));
      rest.remove_prefix(3 + length);
      const bool client = action % 2 == 0;
      if (client ? !session.wants_client_bytes() : !session.wants_server_bytes()) continue;
      std::string bytes = body;
      if ((action & 2) != 0) bytes = parser::mysql::encode_message(body, sequence);
      if (client && (action & 4) != 0) {
        const char command = (action & 8) != 0 ? '\x16' : '\x03';
        bytes += parser::mysql::encode_message(command + std::string(kCanary), 0);
      }
      feed(session, services, to_server, bytes, client);
    }
  }
  if (services.held_bytes != 0) std::abort();
  return 0;
}
