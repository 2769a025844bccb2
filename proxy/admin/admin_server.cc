#include "proxy/admin/admin_server.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "proxy/admin/metrics.h"

namespace schemaguard::proxy {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

constexpr size_t kHeaderBytesMax = 8ULL * 1024;
constexpr size_t kBodyBytesMax = 16ULL * 1024;
constexpr size_t kConnectionsMax = 64;
constexpr std::chrono::seconds kRequestLimit{10};
constexpr std::chrono::milliseconds kAcceptPause{100};
// An override that is longer than a year was meant otherwise.
constexpr int64_t kModeSecondsMax = 366LL * 24 * 3600;

constexpr boost::beast::string_view kJsonType = "application/json";

std::string_view plain(boost::beast::string_view text) { return {text.data(), text.size()}; }
json::string json_text(std::string_view text) { return json::string(text.data(), text.size()); }

AdminServer::Response respond(http::status status, std::string_view type, std::string body) {
  AdminServer::Response response{status, 11};
  response.set(http::field::content_type, boost::beast::string_view(type.data(), type.size()));
  response.set(http::field::cache_control, "no-store");
  response.body() = std::move(body);
  return response;
}

AdminServer::Response respond_json(http::status status, const json::object& object) {
  return respond(status, "application/json", json::serialize(object) + "\n");
}

AdminServer::Response respond_error(http::status status, std::string_view message) {
  json::object object;
  object["error"] = json_text(message);
  return respond_json(status, object);
}

// Absent: not there or of another type.
std::optional<std::string> text_member(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<policies::Mode> mode_from_name(std::string_view name) {
  for (const policies::Mode mode :
       {policies::Mode::kOff, policies::Mode::kObserve, policies::Mode::kWarn, policies::Mode::kEnforce}) {
    if (policies::mode_name(mode) == name) return mode;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::open(asio::io_context& control, Guard& guard,
                                                               const Endpoint& endpoint,
                                                               std::vector<const CounterSet*> counters) {
  const auto failed = [&endpoint](const std::string& cause) {
    return absl::UnavailableError(absl::StrCat("cannot open the admin listener on ", endpoint.display(), ": ", cause));
  };
  std::unique_ptr<AdminServer> server(new AdminServer(control, guard, std::move(counters)));
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(control);
  const auto addresses = resolver.resolve(endpoint.host, std::to_string(endpoint.port), error);
  if (error || addresses.empty()) return failed(error.message());
  const asio::ip::tcp::endpoint address = *addresses.begin();
  server->acceptor_.open(address.protocol(), error);
  if (!error) server->acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) server->acceptor_.bind(address, error);
  if (!error) server->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed(error.message());
  asio::co_spawn(control, server->accept(), asio::detached);
  return server;
}

std::string AdminServer::address() const {
  boost::system::error_code error;
  const asio::ip::tcp::endpoint local = acceptor_.local_endpoint(error);
  return error ? "" : Endpoint{.host = local.address().to_string(), .port = local.port()}.display();
}

asio::awaitable<void> AdminServer::accept() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    // Many that say nothing must not keep out one that has something to ask.
    if (open_connections_ >= kConnectionsMax) {
      if (waiting_.empty()) continue;
      waiting_.front()->close();
      waiting_.pop_front();
    }
    asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> AdminServer::serve(asio::ip::tcp::socket socket) {
  ++open_connections_;
  boost::system::error_code error;
  const asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  const std::string client = Endpoint{.host = peer.address().to_string(), .port = peer.port()}.display();
  boost::beast::tcp_stream stream(std::move(socket));
  boost::beast::flat_buffer buffer(kHeaderBytesMax + kBodyBytesMax);
  bool keep_open = true;
  while (keep_open) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kHeaderBytesMax);
    parser.body_limit(kBodyBytesMax);
    stream.expires_after(kRequestLimit);
    waiting_.push_back(&stream);
    const auto [read_error, got] = co_await http::async_read(stream, buffer, parser, kAsTuple);
    waiting_.remove(&stream);
    if (read_error == http::error::body_limit || read_error == http::error::header_limit) {
      Response refusal = respond_error(http::status::payload_too_large, "the request is too large");
      refusal.keep_alive(false);
      refusal.prepare_payload();
      co_await http::async_write(stream, refusal, kAsTuple);
    }
    if (read_error) break;
    Response response = answer(parser.get(), client);
    keep_open = parser.get().keep_alive();
    response.keep_alive(keep_open);
    response.prepare_payload();
    const auto [write_error, written] = co_await http::async_write(stream, response, kAsTuple);
    if (write_error) break;
  }
  stream.socket().shutdown(asio::socket_base::shutdown_send, error);
  --open_connections_;
}

AdminServer::Response AdminServer::answer(const Request& request, const std::string& client) const {
  const std::string_view target = plain(request.target());
  const bool is_get = request.method() == http::verb::get;
  if (is_get && target == "/healthz") return healthz();
  if (is_get && target == "/metrics") return metrics();
  if (target != "/reload" && target != "/mode") return respond_error(http::status::not_found, "no such page");
  if (request.method() != http::verb::post) {
    return respond_error(http::status::method_not_allowed, "only POST changes anything");
  }
  if (request.count(http::field::origin) != 0) {
    return respond_error(http::status::forbidden, "requests from web pages are refused");
  }
  if (!boost::beast::iequals(request[http::field::content_type].substr(0, kJsonType.size()), kJsonType)) {
    return respond_error(http::status::unsupported_media_type, "Content-Type must be application/json");
  }
  return target == "/reload" ? reload(client) : mode(request, client);
}

AdminServer::Response AdminServer::healthz() const {
  const std::shared_ptr<const Snapshot> snapshot = guard_.snapshot();
  json::object body;
  json::array servers;
  for (const auto& runtime : snapshot->servers) {
    json::object server;
    server["name"] = runtime->server->name;
    json::array databases;
    for (const ServerConfig::Database& database : runtime->server->databases) {
      json::object one;
      one["name"] = json_text(database.name);
      one["mode"] = json_text(policies::mode_name(snapshot->view(*runtime->server, database.name).mode));
      databases.push_back(std::move(one));
    }
    server["databases"] = std::move(databases);
    servers.push_back(std::move(server));
  }
  json::array overrides;
  for (const ModeOverride& active : snapshot->overrides) {
    json::object one;
    one["database"] = absl::StrCat(active.server, "/", active.database);
    one["mode"] = json_text(policies::mode_name(active.mode));
    one["reason"] = active.reason;
    if (active.until) {
      one["seconds_left"] =
          std::chrono::ceil<std::chrono::seconds>(*active.until - std::chrono::steady_clock::now()).count();
    }
    overrides.push_back(std::move(one));
  }
  json::object audit;
  const AuditLog* log = guard_.audit_log();
  audit["enabled"] = log != nullptr;
  if (log != nullptr) {
    audit["failing"] = log->failing();
    audit["head_seq"] = log->head_seq();
    audit["head_hash"] = log->head_hash();
    audit["lost_records"] = log->lost_records();
  }
  json::array warnings;
  for (const std::string& warning : snapshot->config->warnings) warnings.emplace_back(warning);
  for (const std::string& warning : guard_.probe_warnings()) warnings.emplace_back(warning);
  const std::string reload_error = guard_.reload_error();
  const bool good = reload_error.empty() && (log == nullptr || !log->failing()) && guard_.probe_warnings().empty();
  body["status"] = good ? "ok" : "warning";
  body["sessions"] = guard_.sessions();
  body["servers"] = std::move(servers);
  body["overrides"] = std::move(overrides);
  body["audit"] = std::move(audit);
  if (!reload_error.empty()) body["reload_error"] = reload_error;
  body["warnings"] = std::move(warnings);
  return respond_json(http::status::ok, body);
}

AdminServer::Response AdminServer::metrics() const {
  return respond(http::status::ok, "text/plain; version=0.0.4; charset=utf-8", metrics_text(guard_, counters_));
}

AdminServer::Response AdminServer::reload(const std::string& client) const {
  if (const absl::Status status = guard_.reload(absl::StrCat("the admin listener, ", client)); !status.ok()) {
    return respond_error(http::status::conflict, std::string_view(status.message().data(), status.message().size()));
  }
  json::object body;
  body["reloaded"] = true;
  return respond_json(http::status::ok, body);
}

AdminServer::Response AdminServer::mode(const Request& request, const std::string& client) const {
  boost::system::error_code error;
  const json::value parsed = json::parse(request.body(), error);
  if (error || !parsed.is_object()) return respond_error(http::status::bad_request, "the body is not a JSON object");
  const json::object& object = parsed.get_object();
  for (const json::key_value_pair& member : object) {
    constexpr std::array<std::string_view, 4> kKeys = {"database", "mode", "for_seconds", "reason"};
    if (std::find(kKeys.begin(), kKeys.end(), std::string_view(member.key().data(), member.key().size())) ==
        kKeys.end()) {
      return respond_error(http::status::bad_request, "accepted: \"database\", \"mode\", \"for_seconds\", \"reason\"");
    }
  }
  const std::string database = text_member(object, "database").value_or("");
  const size_t slash = database.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == database.size()) {
    return respond_error(http::status::bad_request, "\"database\" must be SERVER/NAME, or SERVER/* for all of them");
  }
  const std::optional<policies::Mode> mode = mode_from_name(text_member(object, "mode").value_or(""));
  if (!mode) return respond_error(http::status::bad_request, "\"mode\" must be off, observe, warn or enforce");
  Guard::ModeRequest change{.server = database.substr(0, slash),
                            .database = database.substr(slash + 1),
                            .mode = *mode,
                            .duration = std::nullopt,
                            .reason = text_member(object, "reason").value_or(""),
                            .by = absl::StrCat("the admin listener, ", client)};
  if (const json::value* seconds = object.if_contains("for_seconds"); seconds != nullptr) {
    if (!seconds->is_int64() || seconds->get_int64() <= 0 || seconds->get_int64() > kModeSecondsMax) {
      return respond_error(http::status::bad_request, "\"for_seconds\" must be a positive number of seconds");
    }
    change.duration = std::chrono::seconds(seconds->get_int64());
  }
  const auto before = guard_.set_mode(change);
  if (!before.ok()) {
    const absl::string_view message = before.status().message();
    return respond_error(http::status::bad_request, std::string_view(message.data(), message.size()));
  }
  json::object body;
  body["database"] = database;
  body["mode"] = json_text(policies::mode_name(*mode));
  body["before"] = json_text(policies::mode_name(*before));
  return respond_json(http::status::ok, body);
}

}  // namespace schemaguard::proxy
