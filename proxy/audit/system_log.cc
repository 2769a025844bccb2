#include "proxy/audit/system_log.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace schemaguard::proxy {

bool send_to_system_log(const std::string& text) {
  constexpr int kDaemonInfo = 3 * 8 + 6;
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  constexpr std::string_view kSocket = "/dev/log";
  kSocket.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const std::string line =
      absl::StrCat("<", kDaemonInfo, ">", absl::FormatTime("%b %e %H:%M:%S", absl::Now(), absl::LocalTimeZone()),
                   " schemaguard[", ::getpid(), "]: ", text);
  const bool sent =
      ::connect(descriptor, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof(address)) == 0 &&
      ::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  ::close(descriptor);
  return sent;
}

}  // namespace schemaguard::proxy
