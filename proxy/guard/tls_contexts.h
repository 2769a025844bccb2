// TLS contexts of one server: what the guard shows to clients, and what it asks of the upstream.
//
// Built once per configuration and shared; a reload builds new ones, living connections keep theirs. TLS 1.2 at
// least, no tickets, no session cache, no renegotiation, no compression; ALPN "postgresql" on both legs. Errors name
// the file at fault and OpenSSL's reason.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {

using TlsContext = std::shared_ptr<SSL_CTX>;

// Null when the client side is configured without TLS.
absl::StatusOr<TlsContext> make_client_side_context(const ServerConfig& server);
// Null when the upstream's TLS mode is disable.
absl::StatusOr<TlsContext> make_upstream_context(const ServerConfig& server);

// A new connection as TLS client: ALPN, SNI, and for verify-full the name the certificate must carry. Null when
// OpenSSL is out of memory.
SSL* new_upstream_tls(const TlsContext& context, ServerTlsMode mode, const std::string& host);

// OpenSSL's queue of errors as one line, emptied; "unknown error" when there is none.
std::string take_tls_error();

}  // namespace schemaguard::proxy
