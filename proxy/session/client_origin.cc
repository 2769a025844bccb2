#include "proxy/session/client_origin.h"

#include <fmt/format.h>

namespace schemaguard::proxy {

std::string display(const ClientOrigin& origin) {
  if (origin.address.empty()) return "local";
  const bool is_v6 = origin.address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", origin.address, origin.port)
               : fmt::format("{}:{}", origin.address, origin.port);
}

}  // namespace schemaguard::proxy
