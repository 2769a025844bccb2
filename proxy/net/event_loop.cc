#include "proxy/net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "proxy/net/system_calls.h"

namespace schemaguard::proxy::net {

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the wake-up, see run()
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

EventLoop::~EventLoop() {
  if (wake_ >= 0) close(wake_);
  if (epoll_ >= 0) close(epoll_);
}

void EventLoop::run() {
  std::array<epoll_event, kEventsPerTurn> events{};
  while (true) {
    int sleep_ms = -1;
    if (!soon_.empty()) {
      sleep_ms = 0;
    } else if (!deadlines_.empty()) {
      sleep_ms = DeadlineWheel::sleep_ms(std::chrono::steady_clock::now());
    }
    const int count = wait_for_events(epoll_, events, sleep_ms);
    bool woken = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<size_t>(i));
      if (event.data.ptr == nullptr) {
        woken = true;
      } else {
        static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
      }
    }
    if (woken) run_posted();
    if (!soon_.empty()) {
      // What these tasks ask for again waits for the next turn, behind the sockets.
      std::vector<Task> tasks = std::exchange(soon_, {});
      for (Task& task : tasks) task();
    }
    if (!deadlines_.empty()) deadlines_.advance(std::chrono::steady_clock::now());
    dead_.clear();
    if (stopping_.load(std::memory_order_relaxed)) {
      run_posted();
      dead_.clear();
      return;
    }
  }
}

void EventLoop::stop() {
  post([this] { stopping_.store(true, std::memory_order_relaxed); });
}

void EventLoop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (first) {
    const uint64_t one = 1;
    // The only failure is a full counter, and then the loop is awake anyway.
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
  }
}

void EventLoop::run_posted() {
  uint64_t counter = 0;
  [[maybe_unused]] const ssize_t got = read(wake_, &counter, sizeof counter);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

void EventLoop::watch(int descriptor, EventHandler& handler, uint32_t current, uint32_t wanted) {
  if (current == wanted) return;
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = &handler;
  const int operation = current == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  epoll_ctl(epoll_, operation, descriptor, &event);
}

}  // namespace schemaguard::proxy::net
