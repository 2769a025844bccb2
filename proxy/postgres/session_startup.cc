// From the first byte to the first ReadyForQuery, both legs (G1-G12, evasion section 5).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "parser/postgres/message_body.h"
#include "parser/postgres/settings.h"
#include "parser/words.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

namespace backend = parser::postgres::backend;
namespace frontend = parser::postgres::frontend;
using parser::postgres::AuthenticationKind;
using parser::postgres::SettingKind;
using parser::postgres::StartupKind;
using parser::postgres::StartupPacket;

namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kStartupBytesMin = 8;
constexpr size_t kSecretBytesProtocol30 = 4;
constexpr size_t kSecretBytesProtocol32 = 32;

uint32_t big_endian_32(std::string_view bytes) { return parser::postgres::MessageBody(bytes).read_uint32(); }

bool says_no(std::string_view replication) {
  const std::string value = parser::to_lower(replication);
  return value == "false" || value == "off" || value == "no" || value == "0" || value == "f" || value == "n" ||
         value.empty();
}

// What the server waits for behind an authentication request, in its own words; empty: for nothing.
std::string_view answer_to(AuthenticationKind kind) {
  switch (kind) {
    case AuthenticationKind::kCleartextPassword:
    case AuthenticationKind::kMd5Password:
      return "password";
    case AuthenticationKind::kSasl:
    case AuthenticationKind::kSaslContinue:
      return "SASL";
    case AuthenticationKind::kOk:
    case AuthenticationKind::kKerberosV5:
    case AuthenticationKind::kScmCredential:
    case AuthenticationKind::kGss:
    case AuthenticationKind::kGssContinue:
    case AuthenticationKind::kSspi:
    case AuthenticationKind::kSaslFinal:
      return {};
  }
  return {};
}

}  // namespace

void SessionCore::protocol_violation(std::string_view message) {
  services_.count("protocol_violations");
  close_with("08P01", message);
}

size_t SessionCore::startup_from_client(Text in) {
  const size_t wanted = client_partial_.size() < kLengthBytes ? kLengthBytes : big_endian_32(client_partial_);
  const size_t taken = std::min(in.size(), wanted - client_partial_.size());
  client_partial_.append(in.substr(0, taken));
  if (client_partial_.size() < kLengthBytes) return taken;
  const uint32_t length = big_endian_32(client_partial_);
  if (length < kStartupBytesMin || length > settings_.config->limits.startup_bytes_max) {
    // Without a word, as the server does. Drivers count on it: node-postgres sends Terminate in place of a startup
    // packet when it is told to end before it has begun, and takes an error for one of its own.
    services_.count("protocol_violations");
    phase_ = Phase::kClosing;
    step_ = Step::kFlushThenClose;
    return taken;
  }
  if (client_partial_.size() < length) return taken;
  const std::string packet_bytes = std::move(client_partial_);
  client_partial_.clear();
  const auto packet = parser::postgres::decode_startup_packet(std::string_view(packet_bytes).substr(kLengthBytes));
  if (!packet.ok()) {
    protocol_violation(std::string_view(packet.status().message().data(), packet.status().message().size()));
    return taken;
  }
  // G2: whatever was read together with a negotiation request came before the answer to it and may have been put
  // there by somebody else.
  const bool negotiates = packet->kind == StartupKind::kSslRequest || packet->kind == StartupKind::kGssEncRequest;
  if (negotiates && taken < in.size()) {
    protocol_violation(packet->kind == StartupKind::kSslRequest
                           ? "received unencrypted data after SSL request"
                           : "received unencrypted data after GSSAPI encryption request");
    return taken;
  }
  on_startup_packet(*packet);
  return taken;
}

void SessionCore::on_startup_packet(const StartupPacket& packet) {
  switch (packet.kind) {
    case StartupKind::kSslRequest:
      if (saw_ssl_request_ || client_tls_) {
        close_with("0A000", "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2");
        return;
      }
      saw_ssl_request_ = true;
      if (settings_.server->tls.mode == ClientTlsMode::kDisable) {
        to_client_.own("N");
        return;
      }
      to_client_.own("S");
      phase_ = Phase::kClientTls;
      step_ = Step::kStartClientTls;
      return;
    case StartupKind::kGssEncRequest:
      if (saw_gss_request_ || client_tls_) {
        close_with("0A000", "unsupported frontend protocol 1234.5680: server supports 3.0 to 3.2");
        return;
      }
      saw_gss_request_ = true;
      to_client_.own("N");  // never relayed: it would be a tunnel past the guard (evasion 107)
      return;
    case StartupKind::kCancelRequest:
      cancel_request_ = {packet.cancel_process_id, packet.cancel_secret, settings_.origin.listener};
      phase_ = Phase::kClosing;
      step_ = Step::kSendCancel;
      return;
    case StartupKind::kStartup:
      on_startup_message(packet);
      return;
  }
}

void SessionCore::on_startup_message(const StartupPacket& packet) {
  if (packet.major != 3) {
    services_.count("protocol_violations");
    close_with("0A000", fmt::format("unsupported frontend protocol {}.{}: server supports 3.0 to 3.2", packet.major,
                                    packet.minor));
    return;
  }
  if (settings_.server->tls.mode == ClientTlsMode::kRequire && !client_tls_) {
    close_with("28000", "schemaguard: this listener accepts TLS connections only",
               "Connect with sslmode=require or stricter.");
    return;
  }
  std::vector<std::string> unknown_options;
  std::vector<std::string> seen;
  for (const auto& [key, value] : packet.parameters) {
    const std::string name = parser::to_lower(key);
    // The server takes the last of two, a careless guard the first (evasion 113).
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      close_with("08P01", fmt::format("schemaguard: startup parameter \"{}\" is given twice", name));
      return;
    }
    seen.push_back(name);
    if (key.starts_with("_pq_.")) {
      unknown_options.push_back(key);
      continue;
    }
    startup_parameters_.emplace_back(key, value);
    // The server clips both to the length of a name.
    if (key == "user") user_ = std::string(parser::postgres::clip_name(value));
    if (key == "database") database_ = std::string(parser::postgres::clip_name(value));
    if (name == "application_name") application_ = value;
  }
  if (user_.empty()) {
    close_with("28000", "no PostgreSQL user name specified in startup packet");
    return;
  }
  if (database_.empty()) database_ = user_;
  session_authorization_ = user_;
  audit_session_ = std::make_shared<policies::AuditSession>(
      policies::AuditSession{.server = settings_.server->name,
                             .database = database_,
                             .engine = "postgresql",
                             .session = settings_.session_id,
                             .user = user_,
                             .application = application_,
                             .client = display(settings_.origin),
                             .certificate = client_certificate_,
                             .migration_listener = settings_.origin.migration_listener});
  refresh_view();
  client_minor_ = packet.minor >= parser::postgres::kMinorMax ? parser::postgres::kMinorMax : 0;
  if (!admit_startup_settings(packet)) return;
  if (packet.minor > parser::postgres::kMinorMax || packet.minor == 1 || !unknown_options.empty()) {
    to_client_.own(parser::postgres::encode_negotiate_protocol_version(client_minor_, unknown_options));
  }
  // 3.2 differs from 3.0 in the length of the cancel key only, so each leg may speak its own (evasion 112).
  upstream_version_ = parser::postgres::protocol_version(3, client_minor_);
  phase_ = Phase::kConnecting;
  step_ = Step::kConnectUpstream;
}

bool SessionCore::admit_startup_settings(const StartupPacket& packet) {
  parser::StatementFacts facts;
  facts.command = "STARTUP";
  // Whatever the order in the packet, the server applies `options` first and the other keys on top.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::pair<std::string, std::string>> in_options;
  for (const auto& [key, value] : packet.parameters) {
    const std::string name = parser::to_lower(key);
    if (name == "user" || name == "database" || name.starts_with("_pq_.")) continue;
    if (name == "replication") {
      if (!admit_replication(value)) return false;
      continue;
    }
    if (name == "options") {
      const parser::postgres::StartupOptions options = parser::postgres::split_startup_options(value);
      in_options = options.settings;
      if (!options.complete) in_options.emplace_back("options", value);
      continue;
    }
    settings.emplace_back(name, value);
  }
  settings.insert(settings.begin(), in_options.begin(), in_options.end());
  for (const auto& [name, value] : settings) {
    bool guarded = name == "options";
    switch (parser::postgres::setting_kind(name)) {
      case SettingKind::kOrdinary:
      case SettingKind::kNamePath:
        break;
      case SettingKind::kReading:
        guarded = guarded || !parser::postgres::setting_value_is_safe(name, value);
        break;
      case SettingKind::kIdentity:
        guarded = guarded || name != "role";
        break;
      case SettingKind::kProtection:
      case SettingKind::kLoading:
      case SettingKind::kReplication:
        guarded = true;
        break;
    }
    confirmed_.set_startup_setting(name, value);
    if (!guarded) continue;
    facts.classes.add(parser::StatementClass::kSetting);
    facts.settings.push_back({.name = name, .value = value, .list = {}});
    facts.objects.push_back({.kind = parser::ObjectKind::kOther, .name = {.catalog = {}, .schema = {}, .name = name}});
  }
  in_flight_ = confirmed_;
  if (facts.classes.empty() || view().mode == policies::Mode::kOff) return true;
  const policies::Verdict verdict = view().policy->judge(facts, subject(confirmed_), confirmed_.names(user_));
  const bool refused = refuses(verdict);
  const std::string ref = refused ? reference() : std::string();
  std::string text = "STARTUP";
  for (const parser::SettingChange& setting : facts.settings) text += " " + setting.name;
  if (verdict.audited) audit_statement(facts, verdict, text, 0, refused, ref, false);
  if (!refused) return true;
  services_.count("statements_refused");
  close_with("42501",
             fmt::format("schemaguard: startup setting {} refused: it changes how statements are read, who acts or "
                         "what code is loaded (rule {}, ref {})",
                         facts.settings.front().name, verdict.rule, ref),
             "Remove it from the connection string, or allow class setting for this user by a rule.");
  return false;
}

bool SessionCore::admit_replication(std::string_view value) {
  if (says_no(value)) return true;
  replication_ = true;
  const auto& listed = settings_.server->replication_users;
  if (std::find(listed.begin(), listed.end(), user_) != listed.end()) return true;
  if (view().mode != policies::Mode::kEnforce) {
    services_.count("replication_unlisted");
    return true;
  }
  services_.count("statements_refused");
  close_with("28000", fmt::format("schemaguard: replication connection refused: user \"{}\" is not listed", user_),
             "Add the user to replication_users of this server in the guard's configuration.");
  return false;
}

bool SessionCore::upstream_wants_tls() const { return settings_.server->upstream.tls != ServerTlsMode::kDisable; }

void SessionCore::on_upstream_connected(std::string address) {
  if (phase_ != Phase::kConnecting) return;
  upstream_address_ = std::move(address);
  // TLS makes no sense on a Unix socket; libpq does not ask for it there either.
  if (upstream_wants_tls() && !upstream_address_.starts_with('/')) {
    to_server_.own(parser::postgres::encode_ssl_request());
    phase_ = Phase::kUpstreamTlsReply;
    return;
  }
  send_startup();
}

void SessionCore::on_upstream_tls() {
  if (phase_ != Phase::kUpstreamTls) return;
  server_tls_ = true;
  send_startup();
}

void SessionCore::on_upstream_failed(std::string_view address, std::string_view cause) {
  services_.count("upstream_failures");
  close_with("08006", fmt::format("schemaguard: could not connect to the server at {}: {}", address, cause),
             "Check that the server is running and that the guard's upstream address is right.");
}

void SessionCore::on_client_tls(std::string common_name) {
  // Without a request before it: direct TLS (G4).
  const bool direct = phase_ == Phase::kAwaitStartup && !saw_ssl_request_ && client_partial_.empty();
  if (phase_ != Phase::kClientTls && !direct) return;
  client_tls_ = true;
  client_certificate_ = std::move(common_name);
  phase_ = Phase::kAwaitStartup;
}

void SessionCore::send_startup() {
  to_server_.own(parser::postgres::encode_startup_message(upstream_version_, startup_parameters_));
  startup_parameters_.clear();
  startup_parameters_.shrink_to_fit();
  phase_ = Phase::kAuthenticating;
}

size_t SessionCore::authentication_from_client(Text in) {
  // Takes one whole message at a time.
  if (client_partial_.empty() && in[0] != frontend::kPassword && in[0] != frontend::kTerminate) {
    if (!awaited_answer_.empty()) {
      protocol_violation(fmt::format("expected {} response, got message type {}", awaited_answer_,
                                     static_cast<int>(static_cast<uint8_t>(in[0]))));
      return in.size();
    }
    // Requests pipelined behind the login wait, unjudged and unsent, until the server is ready for them.
    client_paused_ = true;
    client_backlog_.append(in);
    return in.size();
  }
  const size_t header = std::min(
      in.size(), parser::postgres::kHeaderBytes - std::min(client_partial_.size(), parser::postgres::kHeaderBytes));
  client_partial_.append(in.substr(0, header));
  if (client_partial_.size() < parser::postgres::kHeaderBytes) return header;
  const char type = client_partial_[0];
  const uint32_t length = big_endian_32(std::string_view(client_partial_).substr(1));
  if (length < kLengthBytes || length > settings_.config->limits.authentication_bytes_max) {
    protocol_violation("invalid message length");
    return header;
  }
  const size_t body = std::min(in.size() - header, length + 1 - client_partial_.size());
  client_partial_.append(in.substr(header, body));
  if (client_partial_.size() < size_t{length} + 1) return header + body;
  const std::string message = std::move(client_partial_);
  client_partial_.clear();
  if (type == frontend::kTerminate) {
    step_ = Step::kFlushThenClose;
    phase_ = Phase::kClosing;
  } else if (!sasl_offered_ || sasl_answered_ ||
             sasl_response_can_be_relayed(std::string_view(message).substr(parser::postgres::kHeaderBytes))) {
    sasl_answered_ = sasl_offered_;
    awaited_answer_ = {};
    to_server_.own(message);
  }
  return header + body;
}

bool SessionCore::sasl_response_can_be_relayed(Text body) {
  parser::postgres::MessageBody reader(body);
  reader.read_cstring();
  reader.read_uint32();
  const std::string_view first = reader.read_rest();
  if (!reader.ok()) {
    protocol_violation("malformed SASL response");
    return false;
  }
  // The proof signs the gs2 flag and the server compares the flag with its own TLS state: only "n" fits both legs
  // when both use TLS (postgres-wire section 2).
  if (!client_tls_ || !server_tls_ || first.starts_with('n')) return true;
  close_with("28000",
             "schemaguard: this login cannot be relayed: SCRAM channel binding needs one TLS connection from end to "
             "end, and here the guard stands between two",
             "Set channel_binding=disable in the client, or use TLS on one of the guard's two legs only, or another "
             "authentication method for this user.");
  return false;
}

void SessionCore::relay_sasl_mechanisms(const parser::postgres::Authentication& authentication, Text whole) {
  sasl_offered_ = true;
  if (!server_tls_) {
    to_client_.own(std::string(whole));
    return;
  }
  // The server leg has TLS: PLUS would bind to the wrong connection and is taken off the list.
  std::vector<std::string_view> mechanisms;
  for (const std::string_view mechanism : authentication.mechanisms) {
    if (!mechanism.ends_with("-PLUS")) mechanisms.push_back(mechanism);
  }
  if (mechanisms.empty()) {
    close_with("28000", "schemaguard: the server offers SASL with channel binding only, which cannot be relayed",
               "Allow SCRAM-SHA-256 without channel binding for this user, or turn off TLS on the server leg.");
    return;
  }
  to_client_.own(parser::postgres::encode_sasl_mechanisms(mechanisms));
}

void SessionCore::authentication_from_server(char type, Text body, Text whole) {
  switch (type) {
    case backend::kAuthentication: {
      const auto authentication = parser::postgres::decode_authentication(body);
      if (!authentication) {
        protocol_violation("schemaguard: the server asks for an authentication that this guard does not know");
        return;
      }
      awaited_answer_ = answer_to(authentication->kind);
      // Nothing can be the answer any more when a request was sent ahead of it.
      if (!awaited_answer_.empty()) client_paused_ = false;
      if (authentication->kind == AuthenticationKind::kSasl) {
        relay_sasl_mechanisms(*authentication, whole);
        return;
      }
      if (authentication->kind == AuthenticationKind::kGss || authentication->kind == AuthenticationKind::kSspi) {
        close_with("28000", "schemaguard: GSSAPI and SSPI authentication cannot be relayed",
                   "Use scram-sha-256 for connections from the guard's address in pg_hba.conf.");
        return;
      }
      break;
    }
    case backend::kNegotiateProtocolVersion:
      if (!parser::postgres::decode_negotiate_protocol_version(body)) {
        protocol_violation("schemaguard: malformed NegotiateProtocolVersion from the server");
      }
      return;  // between guard and server only
    case backend::kBackendKeyData: {
      const auto key = parser::postgres::decode_backend_key_data(body);
      if (!key) {
        protocol_violation("schemaguard: malformed BackendKeyData from the server");
        return;
      }
      hand_out_key(*key);
      return;
    }
    case backend::kParameterStatus: {
      const auto status = parser::postgres::decode_parameter_status(body);
      if (!status) {
        protocol_violation("schemaguard: malformed ParameterStatus from the server");
        return;
      }
      if (refuse_standby(*status)) return;
      on_parameter_status(*status);
      break;
    }
    case backend::kErrorResponse:
      login_failed_ = true;
      if (const auto error = parser::postgres::decode_error_fields(body)) {
        audit_session_event("login_failed", error->get('C'));
      }
      break;
    case backend::kNoticeResponse:
      break;
    case backend::kReadyForQuery: {
      const auto status = parser::postgres::decode_ready_for_query(body);
      if (!status) {
        protocol_violation("schemaguard: malformed ReadyForQuery from the server");
        return;
      }
      transaction_status_ = *status;
      phase_ = Phase::kReady;
      note_encodings();
      in_flight_ = confirmed_;  // the server may have reported a search_path
      client_paused_ = false;
      logged_in_ = true;
      audit_session_event("login", {});
      break;
    }
    default:
      protocol_violation("schemaguard: unexpected message from the server during the login");
      return;
  }
  to_client_.own(std::string(whole));
}

bool SessionCore::refuse_standby(const parser::postgres::ParameterStatus& status) {
  const bool standby = status.name == "in_hot_standby" && status.value == "on";
  // A standby may well feed others.
  if (!standby || replication_ || settings_.server->upstream.target != "primary") return false;
  services_.met_standby();
  services_.count("standbys_met");
  // The code with which a server says "not now": clients that know several hosts go on to the next one.
  close_with("57P03",
             fmt::format("schemaguard: the server at {} is a standby, and upstream.target asks for the primary",
                         upstream_address_),
             "Connect again: the guard tries the other addresses first now. If this goes on, no address of upstream is "
             "a primary: promote a standby, or set upstream.target to any.");
  return true;
}

void SessionCore::hand_out_key(const parser::postgres::BackendKeyData& key) {
  if (!handed_out_key_.secret.empty()) {
    protocol_violation("schemaguard: second BackendKeyData from the server");
    return;
  }
  server_key_ = {key.process_id, std::string(key.secret), settings_.origin.listener};
  std::array<std::byte, kSecretBytesProtocol32> random{};
  const size_t secret_bytes = client_minor_ >= 2 ? kSecretBytesProtocol32 : kSecretBytesProtocol30;
  services_.random_bytes(std::span(random.data(), secret_bytes));
  std::string secret(secret_bytes, '\0');
  std::transform(random.begin(), random.begin() + static_cast<std::ptrdiff_t>(secret_bytes), secret.begin(),
                 [](std::byte byte) { return static_cast<char>(byte); });
  handed_out_key_ = {key.process_id, std::move(secret), settings_.origin.listener};
  services_.register_cancel_key(handed_out_key_);
  to_client_.own(parser::postgres::encode_backend_key_data(key.process_id, handed_out_key_.secret));
}

}  // namespace schemaguard::proxy::postgres
