#include "proxy/admin/admin_client.h"

#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace schemaguard::proxy {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kLimit{10};
constexpr size_t kReplyBytesMax = 1024ULL * 1024;

asio::awaitable<boost::system::error_code> exchange(const Endpoint& endpoint, const std::string& target,
                                                    const std::string& body, AdminReply& reply) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  const auto [resolve_error, addresses] =
      co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), kAsTuple);
  if (resolve_error) co_return resolve_error;
  boost::beast::tcp_stream stream(executor);
  stream.expires_after(kLimit);
  const auto [connect_error, connected] = co_await stream.async_connect(addresses, kAsTuple);
  if (connect_error) co_return connect_error;
  http::request<http::string_body> request{http::verb::post, target, 11};
  request.set(http::field::host, endpoint.display());
  request.set(http::field::content_type, "application/json");
  request.keep_alive(false);
  request.body() = body;
  request.prepare_payload();
  const auto [write_error, written] = co_await http::async_write(stream, request, kAsTuple);
  if (write_error) co_return write_error;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kReplyBytesMax);
  boost::beast::flat_buffer buffer(kReplyBytesMax);
  const auto [read_error, got] = co_await http::async_read(stream, buffer, parser, kAsTuple);
  if (read_error) co_return read_error;
  reply.status = parser.get().result_int();
  reply.body = parser.get().body();
  co_return boost::system::error_code();
}

}  // namespace

absl::StatusOr<AdminReply> admin_post(const Endpoint& endpoint, const std::string& target, const std::string& body) {
  asio::io_context context{1};
  AdminReply reply;
  boost::system::error_code error;
  asio::co_spawn(
      context, [&]() -> asio::awaitable<void> { error = co_await exchange(endpoint, target, body, reply); },
      asio::detached);
  context.run();
  if (error) {
    return absl::UnavailableError("no guard answers on " + endpoint.display() + ": " + error.message());
  }
  return reply;
}

}  // namespace schemaguard::proxy
