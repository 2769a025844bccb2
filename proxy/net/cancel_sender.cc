#include "proxy/net/cancel_sender.h"

#include <array>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "proxy/net/upstream_connector.h"

namespace schemaguard::proxy::net {
namespace {

namespace asio = boost::asio;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr uint32_t kCancelRequestCode = 80877102;
constexpr uint32_t kTlsRequestCode = 80877103;

void append_number(std::string& out, uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<char>(number >> shift & 0xFFU));
}

std::string cancel_message(const CancelTarget& target) {
  std::string message;
  append_number(message, static_cast<uint32_t>(12 + target.secret.size()));
  append_number(message, kCancelRequestCode);
  append_number(message, target.process_id);
  return message + target.secret;
}

// Sends the request and waits for the server to close; what it sends instead is thrown away.
template <typename Stream>
asio::awaitable<bool> send_and_wait(Stream& stream, const CancelTarget& target) {
  const std::string message = cancel_message(target);
  const auto [write_error, written] = co_await asio::async_write(stream, asio::buffer(message), kAsTuple);
  if (write_error) co_return false;
  std::array<char, 256> ignored{};
  boost::system::error_code error;
  while (!error) {
    const auto [read_error, got] = co_await stream.async_read_some(asio::buffer(ignored), kAsTuple);
    error = read_error;
  }
  co_return true;
}

asio::awaitable<bool> send_inside_tls(StreamSocket socket, const CancelTarget& target) {
  std::string request;
  append_number(request, 8);
  append_number(request, kTlsRequestCode);
  const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(request), kAsTuple);
  if (write_error) co_return false;
  std::array<char, 1> answer{};
  const auto [read_error, got] = co_await asio::async_read(socket, asio::buffer(answer), kAsTuple);
  if (read_error || answer[0] != 'S') co_return false;
  SSL* ssl = new_upstream_tls(target.server->upstream_tls, target.server->server->upstream.tls, target.address->host);
  if (ssl == nullptr) co_return false;
  asio::ssl::stream<StreamSocket> stream(std::move(socket), ssl);  // takes over `ssl`
  const auto [handshake_error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kAsTuple);
  if (handshake_error) co_return false;
  co_return co_await send_and_wait(stream, target);
}

asio::awaitable<bool> connect_and_send(const CancelTarget& target) {
  StreamSocket socket(co_await asio::this_coro::executor);
  const std::string cause = co_await connect_within(socket, *target.address, target.server->config->timeouts.connect);
  if (!cause.empty()) co_return false;
  if (!target.tls) co_return co_await send_and_wait(socket, target);
  if (target.server->upstream_tls == nullptr) co_return false;
  co_return co_await send_inside_tls(std::move(socket), target);
}

}  // namespace

asio::awaitable<bool> CancelSender::deliver(const CancelTarget& target) {
  using asio::experimental::awaitable_operators::operator||;
  // Twice the connect timeout: as much again for the handshake and for the server's close.
  asio::steady_timer timer(co_await asio::this_coro::executor, 2 * target.server->config->timeouts.connect);
  const auto outcome = co_await (connect_and_send(target) || timer.async_wait(kAsTuple));
  co_return outcome.index() == 0 && std::get<0>(outcome);
}

void CancelSender::send(CancelTarget target, Done done) {
  asio::co_spawn(
      control_,
      [this, target = std::move(target), done = std::move(done)]() mutable -> asio::awaitable<void> {
        if (running_ >= kAtOnceMax) {
          done(false);
          co_return;
        }
        ++running_;
        const bool delivered = co_await deliver(target);
        --running_;
        done(delivered);
      },
      asio::detached);
}

}  // namespace schemaguard::proxy::net
