// Endpoints as sockets know them: from configuration to address and back, and the options every socket gets.
//
// Blocking name resolution lives here too and is called on the resolver's threads only. Errors name the endpoint.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"
#include "proxy/guard/cancel_registry.h"

namespace schemaguard::proxy::net {

// The file of a Unix socket endpoint: a directory means .s.PGSQL.<port> inside it.
std::string unix_socket_path(const Endpoint& endpoint);
// Whether `endpoint` needs name resolution: neither a Unix socket nor a numeric address.
bool needs_resolving(const Endpoint& endpoint);
// Every address of `endpoint`, in the resolver's order; blocks while it asks for names.
absl::StatusOr<std::vector<std::shared_ptr<const UpstreamAddress>>> resolve(const Endpoint& endpoint);

// Numeric address and port of a peer; "" and 0 for a Unix socket. IPv4 inside IPv6 comes out as IPv4.
struct PeerName {
  std::string address;
  uint16_t port = 0;
};
PeerName peer_name(const sockaddr_storage& address);
PeerName local_name(int descriptor);

boost::asio::generic::stream_protocol::endpoint socket_endpoint(const UpstreamAddress& address);

// No delay and keepalive for TCP; nothing for Unix sockets.
void set_socket_options(int descriptor, int family, const Timeouts& timeouts);

}  // namespace schemaguard::proxy::net
