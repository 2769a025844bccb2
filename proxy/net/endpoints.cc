#include "proxy/net/endpoints.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "absl/strings/str_cat.h"

namespace schemaguard::proxy::net {
namespace {

namespace ip = boost::asio::ip;

std::shared_ptr<UpstreamAddress> new_address(const Endpoint& endpoint, const void* address, size_t length) {
  auto made = std::make_shared<UpstreamAddress>();
  std::memcpy(&made->address, address, length);
  made->length = static_cast<socklen_t>(length);
  made->host = endpoint.host;
  made->display = endpoint.display();
  return made;
}

}  // namespace

std::string unix_socket_path(const Endpoint& endpoint) {
  struct stat about {};
  if (stat(endpoint.host.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) {
    return absl::StrCat(endpoint.host, "/.s.PGSQL.", endpoint.port);
  }
  return endpoint.host;
}

bool needs_resolving(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return false;
  boost::system::error_code error;
  ip::make_address(endpoint.host, error);
  return static_cast<bool>(error);
}

absl::StatusOr<std::vector<std::shared_ptr<const UpstreamAddress>>> resolve(const Endpoint& endpoint) {
  std::vector<std::shared_ptr<const UpstreamAddress>> addresses;
  if (endpoint.is_unix()) {
    const std::string path = unix_socket_path(endpoint);
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) {
      return absl::InvalidArgumentError(
          absl::StrCat("the path of the Unix socket is longer than ", sizeof address.sun_path - 1, " bytes: ", path));
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    addresses.push_back(new_address(endpoint, &address, sizeof address));
    return addresses;
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0) return absl::NotFoundError(absl::StrCat("cannot resolve the name: ", gai_strerror(error)));
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    addresses.push_back(new_address(endpoint, one->ai_addr, one->ai_addrlen));
  }
  freeaddrinfo(found);
  return addresses;
}

PeerName peer_name(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return {.address = ip::address_v4(ntohl(four.sin_addr.s_addr)).to_string(), .port = ntohs(four.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    ip::address_v6::bytes_type raw;
    std::memcpy(raw.data(), &six.sin6_addr, raw.size());
    const ip::address_v6 parsed(raw);
    return {
        .address = parsed.is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, parsed).to_string() : parsed.to_string(),
        .port = ntohs(six.sin6_port)};
  }
  return {};
}

PeerName local_name(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return peer_name(address);
}

boost::asio::generic::stream_protocol::endpoint socket_endpoint(const UpstreamAddress& address) {
  return {&address.address, address.length, 0};
}

void set_socket_options(int descriptor, int family, const Timeouts& timeouts) {
  if (family != AF_INET && family != AF_INET6) return;
  const auto set = [descriptor](int level, int option, int value) {
    // A refused option costs comfort, not correctness.
    setsockopt(descriptor, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(timeouts.keepalive_idle.count()));
  set(IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(timeouts.keepalive_interval.count()));
  set(IPPROTO_TCP, TCP_KEEPCNT, timeouts.keepalive_probes);
}

}  // namespace schemaguard::proxy::net
