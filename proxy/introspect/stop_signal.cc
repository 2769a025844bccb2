#include "proxy/introspect/stop_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

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

}  // namespace schemaguard::proxy::introspect
