// UpstreamConnector: opens connections to the protected servers, away from the workers.
//
// Names are resolved anew for every connect, on threads of their own, so that a slow name server holds up only those
// who wait for it. Addresses are tried in the configured order, or in the one that PrimaryWatch gives when the primary
// is wanted, within Timeouts::connect, each with its share of what is left.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "proxy/guard/cancel_registry.h"
#include "proxy/guard/snapshot.h"
#include "proxy/introspect/primary_watch.h"

namespace schemaguard::proxy::net {

struct ConnectedUpstream {
  int descriptor = -1;  // non-blocking; the receiver closes it
  std::shared_ptr<const UpstreamAddress> address;
};

struct FailedUpstream {
  std::string address;  // "db1:5432" or all of them, separated by commas
  std::string cause;
};

using UpstreamResult = std::variant<ConnectedUpstream, FailedUpstream>;
using StreamSocket = boost::asio::generic::stream_protocol::socket;

class UpstreamConnector {
 public:
  using Done = absl::AnyInvocable<void(UpstreamResult)>;

  UpstreamConnector(boost::asio::io_context& control, introspect::PrimaryWatch& primaries)
      : control_(control), primaries_(primaries) {}
  ~UpstreamConnector() { resolvers_.join(); }
  UpstreamConnector(const UpstreamConnector&) = delete;
  UpstreamConnector& operator=(const UpstreamConnector&) = delete;

  // Any thread. `done` runs on the control thread.
  void connect(std::shared_ptr<const ServerRuntime> server, Done done);

 private:
  using Addresses = std::vector<std::shared_ptr<const UpstreamAddress>>;
  boost::asio::awaitable<UpstreamResult> try_all(std::shared_ptr<const ServerRuntime> server);
  boost::asio::awaitable<absl::StatusOr<Addresses>> resolve_within(Endpoint endpoint,
                                                                   std::chrono::steady_clock::duration limit);

  static constexpr size_t kResolverThreads = 4;
  boost::asio::io_context& control_;
  introspect::PrimaryWatch& primaries_;
  boost::asio::thread_pool resolvers_{kResolverThreads};
};

// Connects `socket`; the cause of the failure, or "" when it is connected.
boost::asio::awaitable<std::string> connect_within(StreamSocket& socket, const UpstreamAddress& address,
                                                   std::chrono::steady_clock::duration limit);

}  // namespace schemaguard::proxy::net
