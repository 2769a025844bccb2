// The three system calls of the data path, without the C library's wrappers.
//
// In a program with threads glibc makes recv(), send() and epoll_wait() cancellation points: two atomic exchanges
// around each call, on every message, for a feature that nobody here uses. Results and errno are those of the wrappers.
#pragma once

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <span>

namespace schemaguard::proxy::net {

inline ssize_t receive_now(int descriptor, std::span<std::byte> buffer) {
  return syscall(SYS_recvfrom, descriptor, buffer.data(), buffer.size(), 0, nullptr, nullptr);
}

// `flags` as for send(2).
inline ssize_t send_now(int descriptor, std::span<const std::byte> bytes, int flags) {
  return syscall(SYS_sendto, descriptor, bytes.data(), bytes.size(), flags, nullptr, 0);
}

// `timeout_ms` -1: until something happens.
inline int wait_for_events(int epoll, std::span<epoll_event> events, int timeout_ms) {
  return static_cast<int>(
      syscall(SYS_epoll_pwait, epoll, events.data(), static_cast<int>(events.size()), timeout_ms, nullptr, 0));
}

}  // namespace schemaguard::proxy::net
