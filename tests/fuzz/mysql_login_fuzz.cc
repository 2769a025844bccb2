// Any bytes as a MySQL greeting, login request and COM_CHANGE_USER: never a crash, a mask that keeps everything changes
// nothing, and a masked packet says the same about who logs in.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "parser/mysql/greeting.h"
#include "parser/mysql/login_request.h"

namespace {

using namespace schemaguard::parser::mysql;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_greeting(std::string_view body) {
  const auto greeting = decode_greeting(body);
  demand(masked_greeting(body, ~0U, ~0U, false).has_value() == greeting.has_value());
  if (!greeting.has_value()) return;
  demand(masked_greeting(body, ~0U, ~0U, greeting->capabilities.has(kClientSsl)) == body);
  demand(greeting->server_version.ends_with(greeting->plain_version()));
  const std::string masked = *masked_greeting(body, kDecodedCapabilities, kDecodedMariaDbCapabilities, true);
  const auto again = decode_greeting(masked);
  demand(again.has_value() && again->server_version == greeting->server_version);
  demand(again->plugin == greeting->plugin && again->nonce_rest == greeting->nonce_rest);
  demand(!again->capabilities.has(~(kDecodedCapabilities | kClientSsl)));
}

void check_login(std::string_view body) {
  const auto request = decode_login_request(body);
  if (!request.has_value()) return;
  demand(masked_login_request(body, ~0U, ~0U, 0) == body);
  demand(ssl_request(body).size() == kLoginRequestBytesMin);
  if (request->is_ssl_request) return;
  const std::string masked = *masked_login_request(body, kDecodedCapabilities, 0, kClientSessionTrack);
  const auto again = decode_login_request(masked);
  demand(again.has_value() && again->user == request->user && again->database == request->database);
  demand(again->auth_response == request->auth_response && again->plugin == request->plugin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data)), size);
  check_greeting(body);
  check_login(body);
  for (const uint32_t base : {kClientProtocol41, kClientProtocol41 | kClientSecureConnection,
                              kClientProtocol41 | kClientSecureConnection | kClientPluginAuth | kClientConnectAttrs}) {
    decode_change_user(body, {base, 0});
  }
  return 0;
}
