// The commands' side of the admin listener: one blocking request to the running guard.
//
// Bounded in time and size; errors say which address did not answer and why. Never follows redirects.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {

struct AdminReply {
  unsigned status = 0;
  std::string body;
};

absl::StatusOr<AdminReply> admin_post(const Endpoint& endpoint, const std::string& target, const std::string& body);

}  // namespace schemaguard::proxy
