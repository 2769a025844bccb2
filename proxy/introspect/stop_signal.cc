#include "proxy/introspect/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace schemaguard::proxy::introspect {

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopSignal::~StopSignal() {
  if (descriptor_ >= 0) close(descriptor_);
}

void StopSignal::raise() {
  raised_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  // A full counter is readable as well.
  if (descriptor_ >= 0 && write(descriptor_, &one, sizeof one) < 0) return;
}

absl::Status wait_until_ready(int descriptor, short events, std::chrono::steady_clock::time_point deadline,
                              const StopSignal* stop) {
  while (true) {
    if (stop != nullptr && stop->is_raised()) return absl::CancelledError("the guard is ending");
    const auto now = std::chrono::steady_clock::now();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count();
    if (left <= 0) return absl::DeadlineExceededError("no answer in time");
    std::array<pollfd, 2> waiting{
        pollfd{.fd = descriptor, .events = events, .revents = 0},
        pollfd{.fd = stop == nullptr ? -1 : stop->descriptor(), .events = POLLIN, .revents = 0}};
    const int ready = poll(waiting.data(), waiting.size(), static_cast<int>(std::min<int64_t>(left, 1'000)));
    if (ready > 0 && waiting[0].revents != 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return absl::UnavailableError("poll failed");
  }
}

}  // namespace schemaguard::proxy::introspect
