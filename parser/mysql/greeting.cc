#include "parser/mysql/greeting.h"

#include <algorithm>

#include "parser/mysql/body_reader.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr uint8_t kProtocolVersion = 10;
constexpr std::string_view kReplicationPrefix = "5.5.5-";
constexpr size_t kNonceStartBytes = 8;
constexpr size_t kNonceRestBytesMin = 13;  // with the NUL at its end

// Where the capability words stand, counted from the NUL that ends the version.
struct Positions {
  size_t lower = 0;
  size_t upper = 0;
  size_t mariadb = 0;
};

Positions positions_in(std::string_view body) {
  const size_t after_version = body.find('\0', 1) + 1;
  const size_t lower = after_version + 4 + kNonceStartBytes + 1;
  return {lower, lower + 5, lower + 14};
}

// The nonce's second part and the plugin's name, behind the reserved bytes.
void read_authentication(BodyReader& reader, Greeting& greeting, uint8_t nonce_bytes) {
  if (greeting.capabilities.has(kClientSecureConnection)) {
    const size_t announced = nonce_bytes > kNonceStartBytes ? nonce_bytes - kNonceStartBytes : 0;
    greeting.nonce_rest = reader.bytes(std::max(kNonceRestBytesMin, announced));
    if (!greeting.nonce_rest.empty() && greeting.nonce_rest.back() == '\0') greeting.nonce_rest.remove_suffix(1);
  }
  if (!greeting.capabilities.has(kClientPluginAuth)) return;
  greeting.plugin = reader.rest();
  if (greeting.plugin.ends_with('\0')) greeting.plugin.remove_suffix(1);
  if (greeting.plugin.find('\0') != std::string_view::npos) reader.fail();
}

}  // namespace

bool Greeting::is_mariadb() const {
  return !capabilities.has(kClientMySql) || server_version.find("MariaDB") != std::string_view::npos;
}

std::string_view Greeting::plain_version() const {
  std::string_view version = server_version;
  if (version.starts_with(kReplicationPrefix)) version.remove_prefix(kReplicationPrefix.size());
  return version;
}

std::optional<Greeting> decode_greeting(std::string_view body) {
  BodyReader reader(body);
  if (reader.uint1() != kProtocolVersion) return std::nullopt;
  Greeting greeting;
  greeting.server_version = reader.terminated_string();
  greeting.connection_id = reader.uint4();
  greeting.nonce_start = reader.bytes(kNonceStartBytes);
  reader.skip(1);
  const uint16_t lower = reader.uint2();
  greeting.charset = reader.uint1();
  greeting.status = reader.uint2();
  greeting.capabilities.base = uint32_t{reader.uint2()} << 16 | lower;
  const uint8_t nonce_bytes = reader.uint1();
  reader.skip(6);
  const uint32_t extended = reader.uint4();
  if (!greeting.capabilities.has(kClientMySql)) greeting.capabilities.mariadb = extended;
  read_authentication(reader, greeting, nonce_bytes);
  if (!reader.finished() || !greeting.capabilities.has(kClientProtocol41)) return std::nullopt;
  return greeting;
}

std::optional<std::string> masked_greeting(std::string_view body, uint32_t keep, uint32_t keep_mariadb,
                                           bool offer_tls) {
  const std::optional<Greeting> greeting = decode_greeting(body);
  if (!greeting.has_value()) return std::nullopt;
  uint32_t base = greeting->capabilities.base & keep & ~kClientSsl;
  if (offer_tls) base |= kClientSsl;
  base |= greeting->capabilities.base & kClientShapeOfGreeting;
  const Positions at = positions_in(body);
  std::string masked(body);
  BodyWriter::put_uint2(masked, at.lower, static_cast<uint16_t>(base));
  BodyWriter::put_uint2(masked, at.upper, static_cast<uint16_t>(base >> 16));
  if (!greeting->capabilities.has(kClientMySql)) {
    BodyWriter::put_uint4(masked, at.mariadb, greeting->capabilities.mariadb & keep_mariadb);
  }
  return masked;
}

}  // namespace schemaguard::parser::mysql
