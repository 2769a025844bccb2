#include "proxy/guard/tls_contexts.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace schemaguard::proxy {
namespace {

// Length-prefixed, as ALPN wants it.
constexpr std::array<unsigned char, 11> kAlpn = {10, 'p', 'o', 's', 't', 'g', 'r', 'e', 's', 'q', 'l'};

int select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                unsigned int in_length, void* /*argument*/) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_length, kAlpn.data(), kAlpn.size(), in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

absl::Status file_error(const std::string& server, std::string_view what, const std::string& file) {
  return absl::InvalidArgumentError(
      absl::StrCat("server ", server, ": ", std::string(what), " ", file, " cannot be used: ", take_tls_error()));
}

TlsContext new_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (context == nullptr) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // No buffer while idle; a partial write may be retried from another address.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

absl::Status use_certificate(SSL_CTX* context, const std::string& server, const std::string& certificate,
                             const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return file_error(server, "certificate", certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) return file_error(server, "key", key);
  if (SSL_CTX_check_private_key(context) != 1) return file_error(server, "key", key);
  return absl::OkStatus();
}

}  // namespace

std::string take_tls_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  if (reason != nullptr) return reason;
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  return absl::StrCat("OpenSSL error ", code);
}

absl::StatusOr<TlsContext> make_client_side_context(const ServerConfig& server) {
  if (server.tls.mode == ClientTlsMode::kDisable) return TlsContext();
  TlsContext context = new_context(TLS_server_method());
  if (context == nullptr) return absl::InternalError(take_tls_error());
  if (absl::Status status = use_certificate(context.get(), server.name, server.tls.certificate, server.tls.key);
      !status.ok()) {
    return status;
  }
  if (!server.tls.client_ca.empty()) {
    if (SSL_CTX_load_verify_file(context.get(), server.tls.client_ca.c_str()) != 1) {
      return file_error(server.name, "client_ca", server.tls.client_ca);
    }
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(server.tls.client_ca.c_str()));
    // A client may come without a certificate; one that it shows must be good.
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (server.engine == "postgresql") SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  return context;
}

absl::StatusOr<TlsContext> make_upstream_context(const ServerConfig& server) {
  const ServerConfig::Upstream& upstream = server.upstream;
  if (upstream.tls == ServerTlsMode::kDisable) return TlsContext();
  TlsContext context = new_context(TLS_client_method());
  if (context == nullptr) return absl::InternalError(take_tls_error());
  const bool must_verify = upstream.tls == ServerTlsMode::kVerifyCa || upstream.tls == ServerTlsMode::kVerifyFull;
  if (!upstream.ca.empty()) {
    if (SSL_CTX_load_verify_file(context.get(), upstream.ca.c_str()) != 1) {
      return file_error(server.name, "ca", upstream.ca);
    }
  } else if (must_verify) {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  // As libpq does: a root certificate that is there is used in mode require too.
  const bool verify = must_verify || (upstream.tls == ServerTlsMode::kRequire && !upstream.ca.empty());
  SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!upstream.certificate.empty()) {
    if (absl::Status status = use_certificate(context.get(), server.name, upstream.certificate, upstream.key);
        !status.ok()) {
      return status;
    }
  }
  if (server.engine == "postgresql" && SSL_CTX_set_alpn_protos(context.get(), kAlpn.data(), kAlpn.size()) != 0) {
    return absl::InternalError(take_tls_error());
  }
  return context;
}

SSL* new_upstream_tls(const TlsContext& context, ServerTlsMode mode, const std::string& host) {
  SSL* ssl = SSL_new(context.get());
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl);
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  const bool is_address = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  if (!is_address)
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
  if (mode == ServerTlsMode::kVerifyFull) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                               : X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
    if (set != 1) {
      SSL_free(ssl);
      return nullptr;
    }
  }
  return ssl;
}

}  // namespace schemaguard::proxy
