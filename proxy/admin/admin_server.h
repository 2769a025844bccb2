// AdminServer: the HTTP listener of the running guard, on the control thread.
//
//   GET /healthz   state of servers, modes, audit and sessions as JSON; always 200 while the process serves
//   GET /metrics   Prometheus text format
//   POST /reload   reads the configuration again; 409 and the reason when it changed nothing
//   POST /mode     {"database": "SERVER/NAME", "mode": …, "for_seconds": …, "reason": …}
//
// It has no login: it belongs on loopback, and `run` warns when it listens elsewhere. A POST must be JSON and must not
// come from a web page (no Origin header), so that a browser on the same machine cannot be used against it. Requests
// are small and bounded in size, time and number.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"
#include "proxy/guard/counters.h"
#include "proxy/guard/guard.h"

namespace schemaguard::proxy {

class AdminServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  static absl::StatusOr<std::unique_ptr<AdminServer>> open(boost::asio::io_context& control, Guard& guard,
                                                           const Endpoint& endpoint,
                                                           std::vector<const CounterSet*> counters);
  // The address with the port that the system chose for port 0.
  [[nodiscard]] std::string address() const;
  // One request from `client` ("127.0.0.1:41234"); never fails.
  [[nodiscard]] Response answer(const Request& request, const std::string& client) const;

 private:
  AdminServer(boost::asio::io_context& control, Guard& guard, std::vector<const CounterSet*> counters)
      : guard_(guard), counters_(std::move(counters)), acceptor_(control) {}
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

  [[nodiscard]] Response healthz() const;
  [[nodiscard]] Response metrics() const;
  [[nodiscard]] Response reload(const std::string& client) const;
  [[nodiscard]] Response mode(const Request& request, const std::string& client) const;

  Guard& guard_;
  std::vector<const CounterSet*> counters_;
  boost::asio::ip::tcp::acceptor acceptor_;
  size_t open_connections_ = 0;
  // Connections without a whole request, the one that has been silent for longest first.
  std::list<boost::beast::tcp_stream*> waiting_;
};

}  // namespace schemaguard::proxy
