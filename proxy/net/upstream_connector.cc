#include "proxy/net/upstream_connector.h"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "absl/strings/str_cat.h"
#include "proxy/net/endpoints.h"

namespace schemaguard::proxy::net {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// What a resolver thread and the coroutine that waits for it share.
struct Resolving {
  explicit Resolving(asio::io_context& control) : arrived(control) {}
  asio::steady_timer arrived;
  absl::StatusOr<std::vector<std::shared_ptr<const UpstreamAddress>>> result =
      absl::DeadlineExceededError("name resolution timed out");
};

}  // namespace

asio::awaitable<std::string> connect_within(StreamSocket& socket, const UpstreamAddress& address,
                                            steady_clock::duration limit) {
  using asio::experimental::awaitable_operators::operator||;
  const auto endpoint = socket_endpoint(address);
  boost::system::error_code error;
  socket.open(endpoint.protocol(), error);
  if (error) co_return error.message();
  asio::steady_timer timer(co_await asio::this_coro::executor, limit);
  const auto outcome = co_await (socket.async_connect(endpoint, kAsTuple) || timer.async_wait(kAsTuple));
  if (outcome.index() == 1) co_return "connection timed out";
  error = std::get<0>(std::get<0>(outcome));
  if (error) co_return error.message();
  co_return "";
}

void UpstreamConnector::connect(std::shared_ptr<const ServerRuntime> server, Done done) {
  asio::co_spawn(
      control_,
      [this, server = std::move(server), done = std::move(done)]() mutable -> asio::awaitable<void> {
        done(co_await try_all(server));
      },
      asio::detached);
}

asio::awaitable<absl::StatusOr<UpstreamConnector::Addresses>> UpstreamConnector::resolve_within(
    Endpoint endpoint, steady_clock::duration limit) {
  if (!needs_resolving(endpoint)) co_return resolve(endpoint);
  auto shared = std::make_shared<Resolving>(control_);
  shared->arrived.expires_after(limit);
  asio::post(resolvers_, [this, shared, endpoint] {
    auto result = resolve(endpoint);
    asio::post(control_, [shared, result = std::move(result)]() mutable {
      shared->result = std::move(result);
      shared->arrived.cancel();
    });
  });
  co_await shared->arrived.async_wait(kAsTuple);
  co_return shared->result;
}

asio::awaitable<UpstreamResult> UpstreamConnector::try_all(std::shared_ptr<const ServerRuntime> server) {
  const std::vector<Endpoint>& endpoints = server->server->upstream.addresses;
  const auto deadline = steady_clock::now() + server->config->timeouts.connect;
  FailedUpstream failed;
  const std::vector<size_t> order = primaries_.order(*server->server, steady_clock::now());
  const auto note_failure = [&](const Endpoint& endpoint, const std::string& cause) {
    primaries_.note_unreachable(*server->server, endpoint.display(), steady_clock::now());
    if (endpoints.size() == 1) {
      failed.cause = cause;
    } else {
      absl::StrAppend(&failed.cause, failed.cause.empty() ? "" : "; ", endpoint.display(), ": ", cause);
    }
  };
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& endpoint = endpoints[order[i]];
    absl::StrAppend(&failed.address, i == 0 ? "" : ", ", endpoint.display());
    const auto endpoint_deadline =
        steady_clock::now() + std::max(steady_clock::duration::zero(), deadline - steady_clock::now()) /
                                  static_cast<int>(endpoints.size() - i);
    const auto addresses = co_await resolve_within(endpoint, endpoint_deadline - steady_clock::now());
    if (!addresses.ok()) {
      note_failure(endpoint, std::string(addresses.status().message()));
      continue;
    }
    std::string cause = "the name has no address";
    for (size_t j = 0; j < addresses->size(); ++j) {
      const auto& address = (*addresses)[j];
      const auto left = std::max(steady_clock::duration::zero(), endpoint_deadline - steady_clock::now());
      StreamSocket socket(control_);
      cause = co_await connect_within(socket, *address, left / static_cast<int>(addresses->size() - j));
      if (!cause.empty()) continue;
      set_socket_options(socket.native_handle(), address->address.ss_family, server->config->timeouts);
      boost::system::error_code error;
      socket.native_non_blocking(true, error);
      const int descriptor = socket.release(error);
      if (error) {
        cause = error.message();
        continue;
      }
      co_return ConnectedUpstream{.descriptor = descriptor, .address = address};
    }
    note_failure(endpoint, cause);
  }
  co_return failed;
}

}  // namespace schemaguard::proxy::net
