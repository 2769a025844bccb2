// CancelRegistry: which session a cancel request means (G13 to G15).
//
// Keyed by the process ID and the listener, proved by the secret, which is compared in constant time. An entry knows
// where its session's server is and the server's own key. Shared by all workers behind one small mutex: touched at
// login, at disconnect and by cancel requests, never on the data path. Two servers behind one listener may hand out
// the same process ID: all entries under it are compared.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/session/session_services.h"

namespace schemaguard::proxy {

struct ServerRuntime;

// A resolved address of an upstream server, and how it was configured.
struct UpstreamAddress {
  sockaddr_storage address{};
  socklen_t length = 0;
  std::string host;     // as configured: what its certificate must name
  std::string display;  // "db1:5432"
};

// Where a cancel request must be delivered, and with what.
struct CancelTarget {
  std::shared_ptr<const ServerRuntime> server;
  std::shared_ptr<const UpstreamAddress> address;
  bool tls = false;
  uint32_t process_id = 0;
  std::string secret;
};

class CancelRegistry {
 public:
  void add(const CancelKey& key, CancelTarget target);
  void remove(const CancelKey& key);
  // Nothing when no living session has this key.
  [[nodiscard]] std::optional<CancelTarget> find(const CancelKey& key) const;
  [[nodiscard]] size_t size() const;

 private:
  struct Entry {
    std::string secret;
    CancelTarget target;
  };
  using Place = std::pair<uint32_t, std::string>;  // process ID, listener
  mutable std::mutex mutex_;
  absl::flat_hash_map<Place, std::vector<Entry>> entries_;
};

}  // namespace schemaguard::proxy
