// GuardServer: the running process, from the first listening socket to the end of the drain.
//
// The control thread (run()'s caller) accepts clients, connects upstream, delivers cancels, answers the admin
// listener and hears signals; the workers relay. SIGTERM or SIGINT drains: nothing new is accepted, sessions end at
// their next transaction boundary, after Timeouts::drain the rest gets 57P01; the second one ends at once. SIGHUP
// reads the configuration again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/status/statusor.h"
#include "proxy/guard/guard.h"
#include "proxy/net/cancel_sender.h"
#include "proxy/net/listener.h"
#include "proxy/net/upstream_connector.h"
#include "proxy/net/worker.h"

namespace schemaguard::proxy {
class AdminServer;
}

namespace schemaguard::proxy::net {

class GuardServer {
 public:
  // Opens everything; an error says what cannot be opened. Nothing is accepted yet.
  static absl::StatusOr<std::unique_ptr<GuardServer>> create(std::shared_ptr<const Config> config);
  ~GuardServer();
  GuardServer(const GuardServer&) = delete;
  GuardServer& operator=(const GuardServer&) = delete;

  // Accepts and relays until it is told to end.
  void run();
  [[nodiscard]] Guard& guard() { return *guard_; }
  [[nodiscard]] std::vector<std::string> listening_on() const { return listeners_.descriptions(); }
  [[nodiscard]] std::string admin_address() const;

 private:
  explicit GuardServer(std::unique_ptr<Guard> guard);
  void give_to_worker(AcceptedClient client);
  void wait_for_signal();
  void on_signal(int number);
  void begin_drain();
  // What is done when the time of one is over leads to the next.
  enum class DrainStage : uint8_t { kTransactions, kMigrations, kGoodbyes };
  void wait_until_drained(DrainStage stage);
  void enter_drain_stage(DrainStage stage);
  void watch_modes();
  [[nodiscard]] size_t connections() const;

  boost::asio::io_context control_{1};
  std::unique_ptr<Guard> guard_;
  UpstreamConnector connector_{control_, guard_->primary_watch()};
  CancelSender cancel_sender_{control_};
  std::vector<std::unique_ptr<Worker>> workers_;
  Listeners listeners_;
  std::unique_ptr<AdminServer> admin_;
  boost::asio::signal_set signals_{control_};
  boost::asio::steady_timer drain_timer_{control_};
  boost::asio::steady_timer mode_timer_{control_};
  bool draining_ = false;
  std::chrono::steady_clock::time_point drain_deadline_;
};

}  // namespace schemaguard::proxy::net
