// CancelSender: delivers a cancel request to the server of its session (G13 to G15).
//
// To the same address that the session is connected to, inside TLS when the session's server leg is, with the
// server's own key. The server answers by closing; only then `done` runs, so that the client's own request ends when
// its effect has been asked for. Failures are silent for the client, as the server's are. At most kAtOnceMax
// deliveries run at a time; more are dropped, and counted by the caller.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "absl/functional/any_invocable.h"
#include "proxy/guard/cancel_registry.h"
#include "proxy/guard/snapshot.h"

namespace schemaguard::proxy::net {

class CancelSender {
 public:
  using Done = absl::AnyInvocable<void(bool delivered)>;
  static constexpr size_t kAtOnceMax = 64;

  explicit CancelSender(boost::asio::io_context& control) : control_(control) {}
  // Any thread. `done` runs on the control thread.
  void send(CancelTarget target, Done done);

 private:
  static boost::asio::awaitable<bool> deliver(const CancelTarget& target);
  boost::asio::io_context& control_;
  size_t running_ = 0;  // control thread only
};

}  // namespace schemaguard::proxy::net
