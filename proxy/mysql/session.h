// Session: the WireSession of MySQL's and MariaDB's protocol 4.1; see proxy/session/wire_session.h for the contract
// with the driver.
//
// The server speaks first: the first step is to connect. Its greeting goes on with the same nonce and only its
// capabilities masked, so every authentication plugin that needs nothing but its own two ends is relayed in lock-step.
// A command that has to be judged waits until everything before it has been answered; so what it means is never in
// doubt, and a refusal comes in its place.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/session/wire_session.h"

namespace schemaguard::proxy::mysql {

class SessionCore;

class Session final : public WireSession {
 public:
  Session(SessionSettings settings, SessionServices& services);
  ~Session() override;

  void feed_client(Bytes bytes) override;
  void feed_server(Bytes bytes) override;
  void on_client_closed() override;
  void on_server_closed() override;
  void on_client_tls(std::string client_certificate_common_name) override;
  void on_upstream_connected(std::string address) override;
  void on_upstream_tls() override;
  void on_upstream_failed(std::string_view address, std::string_view cause) override;
  void on_parsed(uint64_t job_id, std::shared_ptr<const parser::TextFacts> facts) override;
  void on_audit_written(uint64_t ticket, bool ok) override;
  void drain() override;
  [[nodiscard]] bool must_not_be_cut() const override;
  void terminate(std::string_view sqlstate, std::string_view message) override;
  [[nodiscard]] Step step() const override;
  void step_done() override;
  [[nodiscard]] bool wants_client_bytes() const override;
  [[nodiscard]] size_t client_read_max() const override;
  [[nodiscard]] bool wants_server_bytes() const override;
  Pieces take_to_client() override;
  Pieces take_to_server() override;
  [[nodiscard]] const CancelKey& cancel_request() const override;
  [[nodiscard]] const CancelKey& server_cancel_key() const override;
  [[nodiscard]] bool finish_server_leg() const override;
  [[nodiscard]] bool logged_in() const override;
  [[nodiscard]] bool in_transaction() const override;
  [[nodiscard]] const std::string& user() const override;
  [[nodiscard]] const std::string& database() const override;

 private:
  std::unique_ptr<SessionCore> core_;
};

}  // namespace schemaguard::proxy::mysql
