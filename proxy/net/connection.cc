#include "proxy/net/connection.h"

#include <openssl/rand.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "proxy/mysql/session.h"
#include "proxy/net/endpoints.h"
#include "proxy/postgres/session.h"
#include "proxy/proxy_protocol/proxy_header.h"

namespace schemaguard::proxy::net {
namespace {

using std::chrono::milliseconds;

// Full scratch buffers that one leg may read before the other sessions have their turn.
constexpr int kReadsPerTurn = 4;
// What is left must be written within this time once the session has ended.
constexpr milliseconds kClosingLimit{5'000};
// How long the client's last bytes are read and dropped.
constexpr milliseconds kLingerLimit{2'000};
constexpr std::byte kTlsHandshakeRecord{0x16};

}  // namespace

Connection::Connection(Worker& worker, uint64_t number, AcceptedClient client)
    : worker_(worker),
      number_(number),
      server_(std::move(client.server)),
      origin_(std::move(client.origin)),
      client_(worker.loop(), *this),
      upstream_(worker.loop(), *this) {
  client_.open(client.descriptor);
  if (client.proxy_header) phase_ = Phase::kProxyHeader;
}

Connection::~Connection() {
  session_.reset();
  if (cancel_key_) worker_.guard().cancels().remove(*cancel_key_);
  if (admitted_) worker_.guard().end_session();
}

void Connection::start() {
  set_deadline(server_->config->timeouts.handshake);
  if (phase_ == Phase::kProxyHeader) {
    proxy_header_ = std::make_unique<std::string>();
  } else {
    begin_session();
  }
  update_interest();
}

void Connection::begin_session() {
  phase_ = Phase::kFirstBytes;
  session_ = new_session();
  after_session();
}

std::unique_ptr<WireSession> Connection::new_session() {
  SessionSettings settings{
      .config = server_->config, .server = server_->server, .origin = origin_, .session_id = std::to_string(number_)};
  if (speaks_mysql()) return std::make_unique<mysql::Session>(std::move(settings), *this);
  return std::make_unique<postgres::Session>(std::move(settings), *this);
}

void Connection::set_deadline(std::chrono::steady_clock::duration after) {
  worker_.loop().deadlines().set(*this, std::chrono::steady_clock::now() + after);
}

void Connection::on_leg_events(Leg& leg, uint32_t events) {
  if (phase_ == Phase::kClosed || !leg.is_open()) return;
  if (leg.in_handshake()) return continue_handshake(leg);
  if ((events & EPOLLOUT) != 0) leg.write_pending();
  if (phase_ == Phase::kClosing) return continue_closing();
  if (phase_ == Phase::kLingering) return linger();
  if (phase_ == Phase::kProxyHeader) {
    read_proxy_header();
  } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 || leg.has_tls()) {
    read_leg(leg);
  } else {
    after_session();  // a step may have waited for the bytes that have gone out
  }
  if (phase_ != Phase::kClosed) update_interest();
}

void Connection::read_proxy_header() {
  std::string& header = *proxy_header_;
  size_t wanted = kProxyHeaderFixedBytes;
  if (header.size() >= kProxyHeaderFixedBytes) {
    wanted = proxy_header_bytes(std::as_bytes(std::span(header)).first(kProxyHeaderFixedBytes)).value();
  }
  // Never more than the header: the next byte may belong to TLS.
  const ReadResult read = client_.read(worker_.scratch().first(wanted - header.size()));
  if (read.status == IoStatus::kNotNow) return;
  if (read.status != IoStatus::kDone) return close_now();
  header.append(reinterpret_cast<const char*>(worker_.scratch().data()), read.bytes);
  if (header.size() < kProxyHeaderFixedBytes) return;
  const auto bytes = std::as_bytes(std::span(header));
  const auto total = proxy_header_bytes(bytes.first(kProxyHeaderFixedBytes));
  if (total.ok() && header.size() < *total) return;
  const auto source = total.ok() ? parse_proxy_header(bytes) : absl::StatusOr<ProxySource>(total.status());
  if (!source.ok()) {
    worker_.own_counters().add("proxy_headers_refused");
    if (const auto silent = worker_.may_complain()) {
      spdlog::warn("server {}: connection from balancer {} closed: {} ({} lines like this left out)",
                   server_->server->name, origin_.address, std::string(source.status().message()), *silent);
    }
    return close_now();
  }
  if (source->has_address) {
    origin_.address = source->address;
    origin_.port = source->port;
  }
  proxy_header_.reset();
  begin_session();
}

bool Connection::begin_direct_tls() {
  std::byte first{};
  if (speaks_mysql()) return false;
  const ssize_t got = recv(client_.descriptor(), &first, 1, MSG_PEEK);
  if (got != 1 || first != kTlsHandshakeRecord) return false;
  direct_tls_ = true;
  phase_ = Phase::kSession;
  start_client_tls();
  return true;
}

void Connection::read_leg(Leg& leg) {
  const bool is_client = &leg == &client_;
  if (phase_ == Phase::kFirstBytes && is_client && begin_direct_tls()) return;
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    // Before the first read update_interest() has asked already.
    if (turn > 0 ? !may_read(leg) : !leg.is_watched_for_reading()) return;
    std::span<std::byte> scratch = worker_.scratch();
    if (is_client && !login_done_) scratch = scratch.first(std::min(scratch.size(), session_->client_read_max()));
    const ReadResult read = leg.read(scratch);
    switch (read.status) {
      case IoStatus::kNotNow:
        return;
      case IoStatus::kClosed:
      case IoStatus::kBroken:
        return on_leg_closed(leg);
      case IoStatus::kDone:
        break;
    }
    const Bytes bytes = scratch.first(read.bytes);
    if (is_client) {
      phase_ = Phase::kSession;
      client_spoke_ = true;
      session_->feed_client(bytes);
    } else {
      session_->feed_server(bytes);
    }
    after_session();
    if (phase_ != Phase::kSession || !leg.is_open()) return;
    if (read.bytes < scratch.size()) return;
  }
}

void Connection::on_leg_closed(Leg& leg) {
  if (&leg == &client_) {
    // A health check or a port scan says nothing and leaves: no session, no log line (G6).
    if (!client_spoke_ && phase_ == Phase::kFirstBytes) return close_now();
    client_ended_ = true;
    session_->on_client_closed();
  } else {
    server_ended_ = true;
    session_->on_server_closed();
  }
  after_session();
}

void Connection::continue_handshake(Leg& leg) {
  const IoStatus status = leg.handshake();
  if (status == IoStatus::kNotNow) return leg.update_interest(true);
  const bool is_client = &leg == &client_;
  if (is_client) {
    if (status != IoStatus::kDone) {
      worker_.own_counters().add("client_tls_failed");
      if (const auto silent = worker_.may_complain()) {
        spdlog::info("server {}: TLS handshake with a client failed: {} ({} lines like this left out)",
                     server_->server->name, leg.tls_error(), *silent);
      }
      return close_now();
    }
    if (direct_tls_ && !leg.alpn_is_postgresql()) return close_now();
    if (step_running_) {
      step_running_ = false;
      session_->step_done();
    }
    session_->on_client_tls(leg.peer_common_name());
  } else {
    step_running_ = false;
    session_->step_done();
    if (status == IoStatus::kDone) {
      session_->on_upstream_tls();
    } else {
      session_->on_upstream_failed(upstream_address_->display, absl::StrCat("TLS: ", leg.tls_error()));
    }
  }
  after_session();
  if (phase_ == Phase::kClosed) return;
  update_interest();
}

void Connection::after_session() {
  write_out();
  act();
  if (phase_ == Phase::kClosed || login_done_ || !in_session()) return;
  if (session_->logged_in()) {
    login_done_ = true;
    cancel_deadline();
  }
}

void Connection::write_out() {
  if (cancel_key_is_new_) publish_cancel_key();
  if (const Pieces to_server = session_->take_to_server(); !to_server.empty()) upstream_.write(to_server);
  if (const Pieces to_client = session_->take_to_client(); !to_client.empty()) client_.write(to_client);
  if (client_ended_) finish_server_leg();
}

void Connection::finish_server_leg() {
  if (server_finished_ || !upstream_.is_open() || upstream_.pending_bytes() > 0) return;
  if (!session_->finish_server_leg()) return;
  server_finished_ = true;
  upstream_.say_goodbye();
}

void Connection::act() {
  while (in_session()) {
    const Step step = session_->step();
    if (step == Step::kFlushThenClose) return begin_closing();
    if (step == Step::kContinue || step_running_) return;
    switch (step) {
      case Step::kContinue:
      case Step::kFlushThenClose:
        return;
      case Step::kStartClientTls:
        if (client_.pending_bytes() > 0) return;
        step_running_ = true;
        start_client_tls();
        return;
      case Step::kConnectUpstream:
        step_running_ = true;
        connect_upstream();
        break;
      case Step::kStartUpstreamTls:
        if (upstream_.pending_bytes() > 0) return;
        step_running_ = true;
        start_upstream_tls();
        return;
      case Step::kSendCancel:
        step_running_ = true;
        send_cancel();
        return;
    }
    write_out();
  }
}

void Connection::start_client_tls() {
  SSL* ssl = server_->client_side_tls != nullptr ? SSL_new(server_->client_side_tls.get()) : nullptr;
  if (ssl == nullptr) return close_now();
  SSL_set_accept_state(ssl);
  client_.start_tls(ssl);
  client_.update_interest(true);
}

void Connection::start_upstream_tls() {
  SSL* ssl = server_->upstream_tls != nullptr
                 ? new_upstream_tls(server_->upstream_tls, server_->server->upstream.tls, upstream_address_->host)
                 : nullptr;
  if (ssl == nullptr) {
    step_running_ = false;
    session_->step_done();
    session_->on_upstream_failed(upstream_address_->display, "TLS: cannot be set up");
    return after_session();
  }
  upstream_.start_tls(ssl);
  continue_handshake(upstream_);
}

void Connection::connect_upstream() {
  if (!worker_.guard().admit_session()) {
    worker_.own_counters().add("sessions_refused");
    session_->terminate(
        "53300", absl::StrCat("schemaguard: too many sessions (limits.sessions_max is ", limits().sessions_max, ")"));
    return;
  }
  admitted_ = true;
  worker_.own_counters().add("upstream_connects");
  worker_.connector().connect(server_, [&worker = worker_, number = number_](UpstreamResult result) {
    worker.loop().post([&worker, number, result = std::move(result)]() mutable {
      if (Connection* connection = worker.find(number); connection != nullptr) {
        connection->on_upstream(std::move(result));
      } else if (const auto* connected = std::get_if<ConnectedUpstream>(&result)) {
        close(connected->descriptor);
      }
    });
  });
}

void Connection::on_upstream(UpstreamResult result) {
  auto* connected = std::get_if<ConnectedUpstream>(&result);
  if (!in_session()) {
    if (connected != nullptr) close(connected->descriptor);
    return;
  }
  step_running_ = false;
  session_->step_done();
  if (connected != nullptr) {
    upstream_address_ = std::move(connected->address);
    upstream_.open(connected->descriptor);
    if (server_->server->proxy_protocol.send) send_proxy_header();
    session_->on_upstream_connected(upstream_address_->display);
  } else {
    const FailedUpstream& failed = std::get<FailedUpstream>(result);
    worker_.own_counters().add("upstream_failures");
    if (const auto silent = worker_.may_complain()) {
      spdlog::warn("server {}: cannot connect to {}: {} ({} lines like this left out)", server_->server->name,
                   failed.address, failed.cause, *silent);
    }
    session_->on_upstream_failed(failed.address, failed.cause);
  }
  after_session();
  if (phase_ != Phase::kClosed) update_interest();
}

void Connection::send_proxy_header() {
  // Who the client is, told by a balancer in front of the guard or by the socket.
  const PeerName target = local_name(client_.descriptor());
  const std::string header = make_proxy_header(origin_.address, origin_.port, target.address, target.port);
  upstream_.write(Pieces{std::as_bytes(std::span(header))});
}

void Connection::send_cancel() {
  worker_.own_counters().add("cancel_requests");
  std::optional<CancelTarget> target = worker_.guard().cancels().find(session_->cancel_request());
  if (!target) return close_now();
  // The login deadline bounds the wait as well.
  worker_.cancel_sender().send(*std::move(target), [&worker = worker_, number = number_](bool delivered) {
    worker.post_to(number, [delivered](Connection& connection) {
      connection.worker_.own_counters().add(delivered ? "cancels_delivered" : "cancels_failed");
      connection.close_now();
    });
  });
}

void Connection::publish_cancel_key() {
  cancel_key_is_new_ = false;
  if (!cancel_key_) return;
  const CancelKey& server_key = session_->server_cancel_key();
  worker_.guard().cancels().add(*cancel_key_, CancelTarget{.server = server_,
                                                           .address = upstream_address_,
                                                           .tls = upstream_.has_tls(),
                                                           .process_id = server_key.process_id,
                                                           .secret = server_key.secret});
}

void Connection::drain() {
  if (!in_session()) return;
  if (ends_silently()) return close_now();
  session_->drain();
  after_session();
  if (phase_ != Phase::kClosed) update_interest();
}

void Connection::terminate(std::string_view sqlstate, std::string_view message) {
  if (!in_session()) return;
  if (ends_silently() || client_.in_handshake()) return close_now();
  session_->terminate(sqlstate, message);
  after_session();
  if (phase_ != Phase::kClosed) update_interest();
}

void Connection::on_deadline() {
  if (!in_session() || ends_silently() || client_.in_handshake()) return close_now();
  worker_.own_counters().add("logins_timed_out");
  terminate("57014", "canceling authentication due to timeout");
}

void Connection::begin_closing() {
  phase_ = Phase::kClosing;
  set_deadline(kClosingLimit);
  continue_closing();
}

void Connection::continue_closing() {
  if (upstream_.pending_bytes() == 0 && upstream_.is_open()) {
    upstream_.say_goodbye();
    upstream_.close_now();
  }
  if (client_.pending_bytes() == 0 && !upstream_.is_open()) {
    if (client_ended_ || client_.write_broken() || client_.in_handshake()) return close_now();
    // Closing a socket with unread bytes resets the connection, and the reset may overtake our last message.
    client_.say_goodbye();
    phase_ = Phase::kLingering;
    set_deadline(kLingerLimit);
  }
  client_.update_interest(phase_ == Phase::kLingering);
  upstream_.update_interest(false);
}

void Connection::linger() {
  const ssize_t got = recv(client_.descriptor(), worker_.scratch().data(), worker_.scratch().size(), 0);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
  close_now();
}

void Connection::close_now() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  cancel_deadline();
  client_.close_now();
  upstream_.close_now();
  worker_.bury(number_);
}

bool Connection::may_read(const Leg& leg) const {
  if (!leg.is_open() || leg.in_handshake()) return false;
  if (phase_ == Phase::kProxyHeader) return &leg == &client_;
  if (!in_session()) return false;
  if (&leg == &client_) {
    return !client_ended_ && session_->wants_client_bytes() && upstream_.pending_bytes() <= limits().pending_bytes_max;
  }
  return !server_ended_ && session_->wants_server_bytes() && client_.pending_bytes() <= limits().pending_bytes_max;
}

void Connection::update_interest() {
  if (phase_ == Phase::kClosing || phase_ == Phase::kLingering || phase_ == Phase::kClosed) return;
  client_.update_interest(may_read(client_));
  upstream_.update_interest(may_read(upstream_));
  // The peer's bytes may have come with others, or with the end of the handshake, into TLS where epoll cannot see them.
  if (client_.holds_unread()) read_again_soon(client_);
  if (upstream_.holds_unread()) read_again_soon(upstream_);
}

void Connection::read_again_soon(const Leg& leg) {
  if (!may_read(leg)) return;
  const bool is_client = &leg == &client_;
  worker_.loop().run_soon([&worker = worker_, number = number_, is_client] {
    Connection* connection = worker.find(number);
    if (connection == nullptr || !connection->in_session()) return;
    Leg& waiting = is_client ? connection->client_ : connection->upstream_;
    if (!waiting.holds_unread()) return;
    connection->read_leg(waiting);
    if (connection->phase_ != Phase::kClosed) connection->update_interest();
  });
}

}  // namespace schemaguard::proxy::net
