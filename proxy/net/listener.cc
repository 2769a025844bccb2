#include "proxy/net/listener.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "absl/strings/str_cat.h"
#include "proxy/net/endpoints.h"

namespace schemaguard::proxy::net {
namespace {

namespace asio = boost::asio;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr int kBacklog = 1024;
constexpr mode_t kUnixSocketMode = 0777;  // as the server's unix_socket_permissions
// After a failed accept (no descriptors left): clients wait in the backlog meanwhile.
constexpr std::chrono::milliseconds kAcceptPause{100};

// Removes the file of a Unix socket on which nobody listens any more.
void remove_stale_unix_socket(const std::string& path, const UpstreamAddress& address) {
  struct stat about {};
  if (lstat(path.c_str(), &about) != 0 || !S_ISSOCK(about.st_mode)) return;
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  sockaddr_storage copy = address.address;
  const bool refused = connect(probe, reinterpret_cast<sockaddr*>(&copy), address.length) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  if (refused) unlink(path.c_str());
}

}  // namespace

absl::StatusOr<std::shared_ptr<Listeners::Door>> Listeners::open(const Endpoint& endpoint) {
  const auto failed = [&endpoint](const std::string& cause) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", endpoint.display(), ": ", cause));
  };
  const auto addresses = resolve(endpoint);
  if (!addresses.ok()) return failed(std::string(addresses.status().message()));
  const UpstreamAddress& address = *addresses->front();
  auto door = std::shared_ptr<Door>(new Door{.endpoint = endpoint,
                                             .migration = false,
                                             .server = nullptr,
                                             .acceptor = Acceptor(control_),
                                             .unix_path = "",
                                             .display = endpoint.display()});
  const auto target = socket_endpoint(address);
  if (endpoint.is_unix()) {
    door->unix_path = unix_socket_path(endpoint);
    remove_stale_unix_socket(door->unix_path, address);
  }
  boost::system::error_code error;
  door->acceptor.open(target.protocol(), error);
  if (!error && !endpoint.is_unix()) door->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) door->acceptor.bind(target, error);
  if (error) {
    door->unix_path.clear();  // not ours to remove
    return failed(error.message());
  }
  if (endpoint.is_unix()) chmod(door->unix_path.c_str(), kUnixSocketMode);
  door->acceptor.listen(kBacklog, error);
  if (error) return failed(error.message());
  if (endpoint.port == 0 && !endpoint.is_unix()) {
    door->display = Endpoint{.host = endpoint.host, .port = local_name(door->acceptor.native_handle()).port}.display();
  }
  return door;
}

absl::Status Listeners::prepare(const Snapshot& snapshot) {
  std::vector<Planned> planned;
  const auto plan = [&](const std::shared_ptr<const ServerRuntime>& server, const Endpoint& endpoint,
                        bool migration) -> absl::Status {
    for (const std::shared_ptr<Door>& door : doors_) {
      if (door->endpoint != endpoint) continue;
      planned.push_back(Planned{.door = door, .server = server, .migration = migration, .is_new = false});
      return absl::OkStatus();
    }
    auto door = open(endpoint);
    if (!door.ok()) return door.status();
    planned.push_back(Planned{.door = *std::move(door), .server = server, .migration = migration, .is_new = true});
    return absl::OkStatus();
  };
  absl::Status status;
  for (const auto& server : snapshot.servers) {
    for (const Endpoint& endpoint : server->server->listen) {
      if (status.ok()) status = plan(server, endpoint, false);
    }
    for (const Endpoint& endpoint : server->server->migration_listen) {
      if (status.ok()) status = plan(server, endpoint, true);
    }
  }
  if (!status.ok()) {
    for (const Planned& one : planned) {
      if (one.is_new) close_door(*one.door);
    }
    return status;
  }
  planned_ = std::move(planned);
  return absl::OkStatus();
}

void Listeners::commit() {
  std::vector<std::shared_ptr<Door>> next;
  for (Planned& one : planned_) {
    one.door->server = std::move(one.server);
    one.door->migration = one.migration;
    if (one.is_new) asio::co_spawn(control_, accept_from(one.door), asio::detached);
    next.push_back(std::move(one.door));
  }
  planned_.clear();
  for (const std::shared_ptr<Door>& door : doors_) {
    if (std::find(next.begin(), next.end(), door) == next.end()) close_door(*door);
  }
  doors_ = std::move(next);
}

void Listeners::close_door(Door& door) {
  boost::system::error_code ignored;
  door.acceptor.close(ignored);
  if (!door.unix_path.empty()) unlink(door.unix_path.c_str());
  door.unix_path.clear();
}

void Listeners::close() {
  for (const Planned& one : planned_) close_door(*one.door);
  planned_.clear();
  for (const std::shared_ptr<Door>& door : doors_) close_door(*door);
  doors_.clear();
}

std::vector<std::string> Listeners::descriptions() const {
  std::vector<std::string> texts;
  for (const std::shared_ptr<Door>& door : doors_) {
    texts.push_back(absl::StrCat(door->display, " (server ", door->server->server->name,
                                 door->migration ? ", migration listener)" : ")"));
  }
  return texts;
}

asio::awaitable<void> Listeners::accept_from(std::shared_ptr<Door> door) {
  bool complained = false;
  while (door->acceptor.is_open()) {
    asio::generic::stream_protocol::endpoint peer;
    auto [error, socket] = co_await door->acceptor.async_accept(peer, kAsTuple);
    if (error == asio::error::operation_aborted || !door->acceptor.is_open()) co_return;
    if (error) {
      if (!complained) spdlog::error("cannot accept on {}: {}", door->display, error.message());
      complained = true;
      asio::steady_timer pause(control_, kAcceptPause);
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    complained = false;
    boost::system::error_code ignored;
    socket.native_non_blocking(true, ignored);
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(peer.data()), std::min(peer.size(), sizeof address),
                reinterpret_cast<char*>(&address));
    hand_over(*door, socket.release(ignored), address);
  }
}

void Listeners::hand_over(const Door& door, int descriptor, const sockaddr_storage& peer) {
  set_socket_options(descriptor, peer.ss_family, door.server->config->timeouts);
  PeerName name = peer_name(peer);
  AcceptedClient client{.descriptor = descriptor,
                        .origin = {.address = std::move(name.address),
                                   .port = name.port,
                                   .migration_listener = door.migration,
                                   .listener = door.display},
                        .server = door.server};
  client.proxy_header = door.server->expects_proxy_header(client.origin.address);
  deliver_(std::move(client));
}

}  // namespace schemaguard::proxy::net
