// EventLoop: the loop of one worker thread, straight on epoll.
//
// Why not Asio here, as everywhere else in proxy/: its reactor re-arms every wait with an epoll_ctl call, two more
// system calls for a point select whose whole relay costs six. A socket registered here stays registered while its
// interest stays the same. Level-triggered: what a handler leaves unread is reported again in the next turn.
//
// Only post() and stop() may be called from other threads. A handler must stay alive until the end of the turn in
// which it was removed: hand it to bury() instead of deleting it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/net/deadline_wheel.h"

namespace schemaguard::proxy::net {

class EventHandler {
 public:
  // `events` are epoll's bits.
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~EventHandler() = default;
};

// Something to be deleted at the end of the turn.
class Buriable {
 public:
  virtual ~Buriable() = default;
};

class EventLoop {
 public:
  using Task = absl::AnyInvocable<void()>;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(); tasks posted before it are still done.
  void run();
  void stop();
  // Runs `task` on the loop's thread, in the order of the calls.
  void post(Task task);

  // Sets what `descriptor` is watched for: EPOLLIN, EPOLLOUT, both, or 0 for not at all. `current` is what it is
  // watched for now; the caller remembers it.
  void watch(int descriptor, EventHandler& handler, uint32_t current, uint32_t wanted);
  // Runs `task` in this turn after all events, before the loop sleeps again. Loop's thread only.
  void run_soon(Task task) { soon_.push_back(std::move(task)); }
  void bury(std::unique_ptr<Buriable> dead) { dead_.push_back(std::move(dead)); }
  DeadlineWheel& deadlines() { return deadlines_; }

 private:
  static constexpr int kEventsPerTurn = 256;
  void run_posted();

  int epoll_ = -1;
  int wake_ = -1;
  DeadlineWheel deadlines_;
  std::vector<Task> soon_;
  std::vector<std::unique_ptr<Buriable>> dead_;
  std::atomic<bool> stopping_ = false;
  std::mutex posted_mutex_;
  std::vector<Task> posted_;
};

}  // namespace schemaguard::proxy::net
