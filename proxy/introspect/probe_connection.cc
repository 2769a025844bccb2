#include "proxy/introspect/probe_connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "policies/rules/concatenate.h"
#include "policies/rules/network.h"

namespace schemaguard::proxy::introspect {
namespace {

using policies::concatenate;

// The SSLRequest packet: length 8, code 80877103.
constexpr std::string_view kSslRequest("\x00\x00\x00\x08\x04\xd2\x16\x2f", 8);

absl::Status failed(std::string_view what, std::string_view cause) {
  return absl::UnavailableError(concatenate({what, ": ", cause}));
}

std::string system_cause(int code) { return std::strerror(code); }

std::string tls_cause() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the connection was closed";
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

struct Target {
  sockaddr_storage address{};
  socklen_t length = 0;
};

absl::StatusOr<std::vector<Target>> unix_target(const Endpoint& endpoint) {
  std::string path = endpoint.host;
  if (is_directory(path)) path += concatenate({"/.s.PGSQL.", std::to_string(endpoint.port)});
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) return failed(path, "this path is too long for a Unix socket");
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), static_cast<char*>(address.sun_path));
  Target target;
  std::memcpy(&target.address, &address, sizeof(address));
  target.length = sizeof(address);
  return std::vector<Target>{target};
}

absl::StatusOr<std::vector<Target>> resolve(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return unix_target(endpoint);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (code != 0) return failed(endpoint.host, gai_strerror(code));
  std::vector<Target> targets;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Target target;
    std::memcpy(&target.address, one->ai_addr, one->ai_addrlen);
    target.length = one->ai_addrlen;
    targets.push_back(target);
  }
  freeaddrinfo(found);
  return targets;
}

int verification_flags(ServerTlsMode mode) {
  const bool verifies = mode == ServerTlsMode::kVerifyCa || mode == ServerTlsMode::kVerifyFull;
  return verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
}

}  // namespace

ProbeConnection::ProbeConnection(ProbeConnection&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      deadline_(other.deadline_),
      context_(std::move(other.context_)),
      ssl_(std::move(other.ssl_)) {}

ProbeConnection& ProbeConnection::operator=(ProbeConnection&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(deadline_, other.deadline_);
  std::swap(context_, other.context_);
  std::swap(ssl_, other.ssl_);
  return *this;
}

ProbeConnection::~ProbeConnection() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<ProbeConnection> ProbeConnection::open(const Endpoint& address, std::string_view preamble,
                                                      std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  const absl::StatusOr<std::vector<Target>> targets = resolve(address);
  if (!targets.ok()) return targets.status();
  absl::Status last = failed(address.display(), "no address found");
  for (const Target& target : *targets) {
    const int descriptor = socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return failed(address.display(), system_cause(errno));
    ProbeConnection connection(descriptor, deadline);
    int code = 0;
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&target.address), target.length) != 0) {
      code = errno;
      if (code == EINPROGRESS) {
        if (const absl::Status waited = connection.wait(POLLOUT); !waited.ok()) return waited;
        socklen_t length = sizeof(code);
        if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) != 0) code = errno;
      }
    }
    if (code != 0) {
      last = failed(address.display(), system_cause(code));
      continue;
    }
    if (const absl::Status status = connection.write(preamble); !status.ok()) return status;
    return connection;
  }
  return last;
}

absl::Status ProbeConnection::wait(short events) const {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) return absl::DeadlineExceededError("no answer in time");
    pollfd waiting{.fd = descriptor_, .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left.count(), 60'000)));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return failed("poll", system_cause(errno));
  }
}

absl::Status ProbeConnection::negotiate_postgres_tls(const Endpoint& address, const ServerConfig::Upstream& upstream) {
  // Like the server, the guard speaks TLS over TCP only.
  if (upstream.tls == ServerTlsMode::kDisable || address.is_unix()) return absl::OkStatus();
  if (const absl::Status status = write(kSslRequest); !status.ok()) return status;
  const absl::StatusOr<std::string> answer = read(1);
  if (!answer.ok()) return answer.status();
  if (*answer == "S") return start_tls(address, upstream);
  if (*answer == "N" && upstream.tls == ServerTlsMode::kPrefer) return absl::OkStatus();
  return failed(address.display(), "the server does not offer TLS");
}

absl::Status ProbeConnection::start_tls(const Endpoint& address, const ServerConfig::Upstream& upstream) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return failed("TLS", tls_cause());
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context_.get(), verification_flags(upstream.tls), nullptr);
  const bool loaded = upstream.ca.empty()
                          ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                          : SSL_CTX_load_verify_locations(context_.get(), upstream.ca.c_str(), nullptr) == 1;
  if (!loaded) return failed("upstream.ca", tls_cause());
  if (!upstream.certificate.empty() &&
      (SSL_CTX_use_certificate_chain_file(context_.get(), upstream.certificate.c_str()) != 1 ||
       SSL_CTX_use_PrivateKey_file(context_.get(), upstream.key.c_str(), SSL_FILETYPE_PEM) != 1)) {
    return failed("upstream.certificate", tls_cause());
  }
  ssl_.reset(SSL_new(context_.get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor_) != 1) return failed("TLS", tls_cause());
  // The name for the server to choose its certificate by; an address is no such name.
  if (!policies::parse_network_address(address.host)) {
    std::string name = address.host;
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
  if (upstream.tls == ServerTlsMode::kVerifyFull) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_.get());
    // An address must stand in the certificate as an address, a name as a name.
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, address.host.c_str()) != 1)
      SSL_set1_host(ssl_.get(), address.host.c_str());
    ERR_clear_error();
  }
  while (true) {
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return absl::OkStatus();
    if (const absl::Status status = wait_for_tls(result, "TLS handshake"); !status.ok()) return status;
  }
}

absl::Status ProbeConnection::wait_for_tls(int result, std::string_view what) const {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT);
    default:
      return failed(what, tls_cause());
  }
}

absl::Status ProbeConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (ssl_) {
      const int written = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (written > 0) {
        bytes.remove_prefix(static_cast<size_t>(written));
      } else if (const absl::Status status = wait_for_tls(written, "writing"); !status.ok()) {
        return status;
      }
      continue;
    }
    const ssize_t written = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      if (const absl::Status status = wait(POLLOUT); !status.ok()) return status;
    } else if (errno != EINTR) {
      return failed("writing", system_cause(errno));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ProbeConnection::read(size_t length) {
  std::string bytes(length, '\0');
  size_t have = 0;
  while (have < length) {
    if (ssl_) {
      const int got = SSL_read(ssl_.get(), bytes.data() + have, static_cast<int>(length - have));
      if (got > 0) {
        have += static_cast<size_t>(got);
      } else if (const absl::Status status = wait_for_tls(got, "reading"); !status.ok()) {
        return status;
      }
      continue;
    }
    const ssize_t got = recv(descriptor_, bytes.data() + have, length - have, 0);
    if (got > 0) {
      have += static_cast<size_t>(got);
    } else if (got == 0) {
      return failed("reading", "the server closed the connection");
    } else if (errno == EAGAIN) {
      if (const absl::Status status = wait(POLLIN); !status.ok()) return status;
    } else if (errno != EINTR) {
      return failed("reading", system_cause(errno));
    }
  }
  return bytes;
}

}  // namespace schemaguard::proxy::introspect
