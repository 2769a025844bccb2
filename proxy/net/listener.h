// Listeners: every endpoint on which clients may knock, and who gets the new socket.
//
// Runs on the control thread. A reload prepares first (new endpoints are opened, an error changes nothing) and then
// commits: endpoints that stay keep their socket, so no client is turned away meanwhile. Unix sockets left behind by
// a dead process are replaced, a living one's are not; they are removed at the end.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/guard/snapshot.h"
#include "proxy/session/wire_session.h"

namespace schemaguard::proxy::net {

// A new client: its socket (non-blocking; the receiver closes it) and the door it came through.
struct AcceptedClient {
  int descriptor = -1;
  ClientOrigin origin;
  std::shared_ptr<const ServerRuntime> server;
  bool proxy_header = false;  // must open with a PROXY protocol header
};

class Listeners {
 public:
  using Deliver = std::function<void(AcceptedClient)>;

  Listeners(boost::asio::io_context& control, Deliver deliver) : control_(control), deliver_(std::move(deliver)) {}
  ~Listeners() { close(); }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Opens what `snapshot` asks for and is not open yet. Nothing is accepted there before commit().
  absl::Status prepare(const Snapshot& snapshot);
  // Accepts for the prepared snapshot, closes what it no longer names.
  void commit();
  void close();
  // "127.0.0.1:6432 (server shop)" per open endpoint; with the port that the system chose for port 0.
  [[nodiscard]] std::vector<std::string> descriptions() const;

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;
  struct Door {
    Endpoint endpoint;
    bool migration = false;
    std::shared_ptr<const ServerRuntime> server;
    Acceptor acceptor;
    std::string unix_path;
    std::string display;
  };
  absl::StatusOr<std::shared_ptr<Door>> open(const Endpoint& endpoint);
  boost::asio::awaitable<void> accept_from(std::shared_ptr<Door> door);
  void hand_over(const Door& door, int descriptor, const sockaddr_storage& peer);
  static void close_door(Door& door);

  boost::asio::io_context& control_;
  Deliver deliver_;
  std::vector<std::shared_ptr<Door>> doors_;
  struct Planned {
    std::shared_ptr<Door> door;
    std::shared_ptr<const ServerRuntime> server;
    bool migration = false;
    bool is_new = false;
  };
  std::vector<Planned> planned_;
};

}  // namespace schemaguard::proxy::net
