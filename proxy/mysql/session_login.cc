// From the server's greeting to the OK that ends the login (mysql-wire 8-31).
//
// Both legs see the same nonce, so whatever a plugin computes from it holds. What changes between the legs is the
// capability bits, and the sequence numbers where only one of them has the extra packet of TLS.
#include <algorithm>

#include <fmt/format.h>

#include "parser/mysql/session_track.h"
#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::mysql::kPacketHeaderBytes;
using parser::mysql::LoginRequest;
using parser::mysql::PacketHeader;

namespace {

// Its answer depends on whether the peer sees TLS: a password in the clear inside, RSA outside of it. The full login
// of the next one is the same.
constexpr std::string_view kSha256 = "sha256_password";
constexpr std::string_view kCachingSha2 = "caching_sha2_password";
constexpr std::string_view kFastCachingSha2{"\x03", 1};
constexpr std::string_view kFullCachingSha2{"\x04", 1};

// What the program calls itself, by the attribute that its driver sends.
std::string_view application_of(const parser::mysql::ConnectAttributes& attributes) {
  std::string_view name;
  for (const auto& [key, value] : attributes) {
    if (key == "program_name") return value;
    if (key == "_client_name") name = value;
  }
  return name;
}

}  // namespace

void SessionCore::on_upstream_connected(std::string address) {
  release_written();
  upstream_address_ = std::move(address);
  phase_ = Phase::kGreeting;
}

void SessionCore::on_upstream_failed(std::string_view address, std::string_view cause) {
  release_written();
  if (phase_ == Phase::kClosing) return;
  services_.count("upstream_failures");
  close_with(parser::mysql::kErrCannotConnect, "HY000",
             fmt::format("schemaguard: cannot reach the server at {}: {}", address, cause));
}

size_t SessionCore::gather(std::string& partial, Text in, size_t bytes_max, std::string& packet) {
  size_t taken = 0;
  if (partial.size() < kPacketHeaderBytes) {
    taken = std::min(in.size(), kPacketHeaderBytes - partial.size());
    partial.append(in.substr(0, taken));
    if (partial.size() < kPacketHeaderBytes) return taken;
  }
  const PacketHeader header = parser::mysql::decode_packet_header(partial);
  if (header.length > bytes_max) {
    protocol_violation("schemaguard: a packet of the login is too long");
    return in.size();
  }
  const size_t total = kPacketHeaderBytes + header.length;
  const size_t more = std::min(in.size() - taken, total - partial.size());
  partial.append(in.substr(taken, more));
  if (partial.size() == total) packet = std::exchange(partial, std::string());
  return taken + more;
}

size_t SessionCore::login_from_server(Text in) {
  std::string packet;
  const size_t taken = gather(server_partial_, in, settings_.config->limits.authentication_bytes_max, packet);
  if (packet.empty()) return taken;
  if (phase_ == Phase::kGreeting) {
    on_greeting(Text(packet).substr(kPacketHeaderBytes));
  } else {
    authentication_from_server(packet);
  }
  return taken;
}

void SessionCore::on_greeting(Text body) {
  const auto greeting = parser::mysql::decode_greeting(body);
  if (!greeting) {
    if (const auto error = parser::mysql::decode_err(body)) {
      // "Too many connections", "host is blocked": the server's own last words.
      to_client_.own(parser::mysql::encode_message(body, 0));
      phase_ = Phase::kClosing;
      step_ = Step::kFlushThenClose;
      return;
    }
    protocol_violation("schemaguard: the server's greeting cannot be read");
    return;
  }
  greeting_version_ = std::string(greeting->server_version);
  connection_id_ = greeting->connection_id;
  parser::mysql::apply_server_version(greeting_version_, state_.reading);
  offered_ = {greeting->capabilities.base & parser::mysql::kDecodedCapabilities,
              greeting->capabilities.mariadb & parser::mysql::kDecodedMariaDbCapabilities};
  if (!offered_.has(parser::mysql::kClientProtocol41)) {
    protocol_violation("schemaguard: the server speaks the protocol of before 4.1, which the guard does not");
    return;
  }
  status_ = greeting->status;
  auth_plugin_ = std::string(greeting->plugin);
  const bool offer_tls = settings_.server->tls.mode != ClientTlsMode::kDisable;
  const auto masked = parser::mysql::masked_greeting(body, parser::mysql::kDecodedCapabilities,
                                                     parser::mysql::kDecodedMariaDbCapabilities, offer_tls);
  to_client_.own(parser::mysql::encode_message(*masked, 0));
  phase_ = Phase::kAwaitLogin;
}

size_t SessionCore::login_from_client(Text in) {
  std::string packet;
  const size_t taken = gather(client_partial_, in, settings_.config->limits.authentication_bytes_max, packet);
  if (packet.empty()) return taken;
  const PacketHeader header = parser::mysql::decode_packet_header(packet);
  client_sequence_ = client_tls_ ? 1 : 0;
  if (header_is_acceptable(header, false)) on_login_packet(packet);
  return taken;
}

void SessionCore::on_login_packet(Text packet) {
  const Text body = packet.substr(kPacketHeaderBytes);
  const auto request = parser::mysql::decode_login_request(body);
  if (!request) {
    services_.count("protocol_violations");
    close_with(parser::mysql::kErrBadHandshake, "08S01",
               "schemaguard: the login packet cannot be read, or is one of before MySQL 4.1");
    return;
  }
  if (request->is_ssl_request) {
    on_ssl_request(*request);
  } else {
    on_login_request(*request, body);
  }
}

void SessionCore::on_ssl_request(const LoginRequest& /*request*/) {
  if (client_tls_ || settings_.server->tls.mode == ClientTlsMode::kDisable) {
    services_.count("protocol_violations");
    close_with(parser::mysql::kErrBadHandshake, "08S01", "schemaguard: TLS was asked for, but not offered");
    return;
  }
  phase_ = Phase::kClientTls;
  step_ = Step::kStartClientTls;
}

void SessionCore::on_client_tls(std::string common_name) {
  release_written();
  if (phase_ != Phase::kClientTls) return;
  client_tls_ = true;
  client_certificate_ = std::move(common_name);
  phase_ = Phase::kAwaitLogin;
}

bool SessionCore::wants_upstream_tls() const {
  switch (settings_.server->upstream.tls) {
    case ServerTlsMode::kDisable:
      return false;
    case ServerTlsMode::kPrefer:
      // As the client has it: then both ends of every plugin see the same, and any of them can be relayed.
      return client_leg_is_secure() && offered_.has(parser::mysql::kClientSsl);
    case ServerTlsMode::kRequire:
    case ServerTlsMode::kVerifyCa:
    case ServerTlsMode::kVerifyFull:
      return true;
  }
  return true;
}

void SessionCore::on_login_request(const LoginRequest& request, Text body) {
  if (settings_.server->tls.mode == ClientTlsMode::kRequire && !client_tls_) {
    services_.count("statements_refused");
    close_with(parser::mysql::kErrSecureTransportRequired, "HY000",
               "schemaguard: connections without TLS are refused here (tls: { mode: require }); turn TLS on in the "
               "client");
    return;
  }
  const bool upstream_tls = wants_upstream_tls();
  if (upstream_tls && !offered_.has(parser::mysql::kClientSsl)) {
    on_upstream_failed(upstream_address_, "it offers no TLS, and upstream.tls asks for it");
    return;
  }
  user_ = std::string(request.user);
  state_.set_database(request.database);
  // In whatever character set the client means; a server that reports the name says what it has understood (M46).
  database_certain_ = is_seven_bit(request.database);
  application_ = std::string(application_of(request.attributes));
  if (!request.plugin.empty()) auth_plugin_ = std::string(request.plugin);
  const bool mariadb = !request.capabilities.has(parser::mysql::kClientMySql);
  client_capabilities_ = {request.capabilities.base & offered_.base,
                          mariadb ? request.capabilities.mariadb & offered_.mariadb : 0};
  server_capabilities_ = client_capabilities_;
  server_capabilities_.base |= offered_.base & parser::mysql::kClientSessionTrack;
  uint32_t set = offered_.base & parser::mysql::kClientSessionTrack;
  uint32_t keep = offered_.base | parser::mysql::kClientShapeOfLogin;
  keep &= ~parser::mysql::kClientSsl;
  if (upstream_tls) set |= parser::mysql::kClientSsl;
  login_body_ = *parser::mysql::masked_login_request(body, keep, offered_.mariadb, set);
  login_sequence_ = client_sequence_;
  open_audit();
  if (!relays(auth_plugin_, upstream_tls)) {
    refuse_authentication(auth_plugin_);
    return;
  }
  if (upstream_tls) {
    to_server_.own(parser::mysql::encode_message(parser::mysql::ssl_request(login_body_), 1));
    phase_ = Phase::kUpstreamTls;
    step_ = Step::kStartUpstreamTls;
    return;
  }
  send_login();
}

void SessionCore::on_upstream_tls() {
  release_written();
  if (phase_ != Phase::kUpstreamTls) return;
  server_tls_ = true;
  send_login();
}

void SessionCore::send_login() {
  const uint8_t sequence = server_tls_ ? 2 : 1;
  sequence_shift_ = static_cast<uint8_t>(login_sequence_ - sequence);
  to_server_.own(parser::mysql::encode_message(login_body_, sequence));
  // It may hold a password in the clear.
  std::fill(login_body_.begin(), login_body_.end(), '\0');
  login_body_ = std::string();
  phase_ = Phase::kAuthenticating;
}

void SessionCore::open_audit() {
  audit_session_ = std::make_shared<policies::AuditSession>(
      policies::AuditSession{.server = settings_.server->name,
                             .database = state_.database(),
                             .engine = "mysql",
                             .session = settings_.session_id,
                             .user = user_,
                             .application = application_,
                             .client = display(settings_.origin),
                             .certificate = client_certificate_,
                             .migration_listener = settings_.origin.migration_listener});
  refresh_view();
}

size_t SessionCore::answer_from_client(Text in) {
  std::string packet;
  const size_t taken = gather(client_partial_, in, settings_.config->limits.authentication_bytes_max, packet);
  if (packet.empty()) return taken;
  // After so many rounds an answer would have the number of a command.
  if (client_sequence_ == 0xFF) {
    protocol_violation("schemaguard: an authentication of too many rounds");
    return taken;
  }
  const PacketHeader header = parser::mysql::decode_packet_header(packet);
  if (!header_is_acceptable(header, false)) return taken;
  answer_due_ = false;
  const uint8_t shift = phase_ == Phase::kAuthenticating ? sequence_shift_ : 0;
  to_server_.own(parser::mysql::encode_message(Text(packet).substr(kPacketHeaderBytes),
                                               static_cast<uint8_t>(header.sequence - shift)));
  return taken;
}

bool SessionCore::relays(Text plugin, bool server_tls) const {
  return plugin != kSha256 || client_leg_is_secure() == server_leg_is_secure(server_tls);
}

bool SessionCore::admit_authentication(Text body) {
  const auto first = static_cast<uint8_t>(body.front());
  const bool switches = first == parser::mysql::kEofHeader;
  const bool next_factor = first == parser::mysql::kAuthNextFactorHeader &&
                           client_capabilities_.has(parser::mysql::kClientMultiFactorAuthentication);
  if (switches || next_factor) {
    const auto request =
        switches ? parser::mysql::decode_auth_switch(body) : parser::mysql::decode_auth_next_factor(body);
    if (!request) {
      protocol_violation("schemaguard: the server's choice of a plugin cannot be read");
      return false;
    }
    auth_plugin_ = std::string(request->plugin);
  }
  // Everything else is the plugin's own. MySQL marks all of it, MariaDB only what could be taken for another packet.
  const Text data = first == parser::mysql::kAuthMoreDataHeader ? body.substr(1) : body;
  const bool full = auth_plugin_ == kCachingSha2 && data == kFullCachingSha2;
  if (!relays(full ? kSha256 : auth_plugin_, server_tls_)) {
    refuse_authentication(auth_plugin_);
    return false;
  }
  // "The scramble was right": the OK follows by itself.
  answer_due_ = auth_plugin_ != kCachingSha2 || data != kFastCachingSha2;
  return true;
}

void SessionCore::refuse_authentication(std::string_view what) {
  // With TLS on one leg only one end would send its password in the clear and the other wait for an RSA block
  // (mysql-wire 26).
  services_.count("logins_not_relayed");
  audit_session_event("login_failed", parser::mysql::kErrAccessDenied);
  close_with(parser::mysql::kErrAccessDenied, "28000",
             fmt::format("schemaguard: the full login of {} cannot be relayed with TLS on the {} leg only; use TLS on "
                         "both legs or on none, or log in once directly so that the server has the password cached",
                         what, client_leg_is_secure() ? "client's" : "server's"));
}

void SessionCore::authentication_from_server(Text packet) {
  const PacketHeader header = parser::mysql::decode_packet_header(packet);
  const Text body = packet.substr(kPacketHeaderBytes);
  const uint8_t first = body.empty() ? 0xFF : static_cast<uint8_t>(body.front());
  const auto sequence = static_cast<uint8_t>(header.sequence + sequence_shift_);
  client_sequence_ = closing_sequence_ = sequence;
  if (answer_due_ && !client_partial_.empty()) {
    protocol_violation("schemaguard: the server has not waited for the client's answer");
    return;
  }
  answer_due_ = false;
  switch (first) {
    case parser::mysql::kOkHeader:
      on_login_done(body);
      return;
    case parser::mysql::kErrHeader: {
      const auto error = parser::mysql::decode_err(body);
      if (!error) {
        protocol_violation("schemaguard: the server's answer to the login cannot be read");
        return;
      }
      audit_session_event("login_failed", error->error);
      phase_ = Phase::kClosing;
      step_ = Step::kFlushThenClose;
      break;
    }
    default:
      if (!admit_authentication(body)) return;
      break;
  }
  to_client_.own(parser::mysql::encode_message(body, sequence));
}

void SessionCore::on_login_done(Text body) {
  const auto ok = parser::mysql::decode_ok(body, server_capabilities_);
  if (!ok) {
    protocol_violation("schemaguard: the server's OK cannot be read");
    return;
  }
  status_ = ok->status;
  if (!read_report(ok->session_track, nullptr)) return;
  if (reported_database_ && *reported_database_ != state_.database()) {
    state_.set_database(*reported_database_);
    open_audit();
  }
  database_certain_ = database_certain_ || reported_database_;
  reported_database_.reset();
  const bool stripped = !client_capabilities_.has(parser::mysql::kClientSessionTrack) &&
                        server_capabilities_.has(parser::mysql::kClientSessionTrack);
  const std::string answer =
      stripped ? parser::mysql::without_session_track(body, server_capabilities_).value_or(std::string(body))
               : std::string(body);
  const bool tracks = server_capabilities_.has(parser::mysql::kClientSessionTrack);
  std::string packet = parser::mysql::encode_message(answer, client_sequence_);
  phase_ = Phase::kReady;
  if (tracks && settings_.server->upstream.target == "primary") {
    login_ok_ = std::move(packet);
    closing_sequence_ = static_cast<uint8_t>(client_sequence_ - 1);
  } else {
    to_client_.own(std::move(packet));
    closing_sequence_ = 0;
  }
  logged_in_ = true;
  audit_session_event("login");
  if (!tracks) return;
  ask_server();
  force_tracking();
}

}  // namespace schemaguard::proxy::mysql
