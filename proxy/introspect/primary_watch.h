// PrimaryWatch: which address of a server is the primary, for `upstream.target: primary`.
//
// order() puts the addresses into the order in which a session tries them: the primary first, what is not known next,
// what could not be reached behind it, standbys last; equals stay as configured. It never leaves one out, so that a
// wrong memory costs an attempt and no session: a session that reaches a standby is told so by the server itself
// (ParameterStatus in_hot_standby, PostgreSQL 14 and newer; MySQL's read_only, which the guard asks for behind each
// login) and is ended.
//
// With a guard_login a thread asks every address for pg_is_in_recovery() or read_only each kProbeInterval, and at once
// when a session could not connect or has met a standby. Without one, only those sessions tell, and what they told is
// believed for kMemory. Any thread; order() and the notes never wait for a server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/introspect/stop_signal.h"

namespace schemaguard::proxy::introspect {

class PrimaryWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kProbeInterval{5'000};
  static constexpr std::chrono::milliseconds kProbeLimit{2'000};  // one address
  static constexpr std::chrono::milliseconds kProbePause{200};    // between two looks, whoever asks for them
  static constexpr std::chrono::milliseconds kMemory{30'000};

  PrimaryWatch() = default;
  ~PrimaryWatch();
  PrimaryWatch(const PrimaryWatch&) = delete;
  PrimaryWatch& operator=(const PrimaryWatch&) = delete;

  // The servers to watch from now on, of a configuration that has been taken over.
  void watch(std::shared_ptr<const Config> config);

  // Indices into `server.upstream.addresses`.
  [[nodiscard]] std::vector<size_t> order(const ServerConfig& server, Clock::time_point now) const;
  // A session that wanted the primary has found out about the address `display`.
  void note_standby(const ServerConfig& server, std::string_view display, Clock::time_point now);
  void note_unreachable(const ServerConfig& server, std::string_view display, Clock::time_point now);

  // Whether `server` is asked by the thread.
  static bool is_probed(const ServerConfig& server);

 private:
  enum class State : uint8_t { kPrimary, kUnknown, kUnreachable, kStandby };
  struct Known {
    State state = State::kUnknown;
    Clock::time_point until;
  };
  using Place = std::pair<std::string, std::string>;  // server, address

  void note(const ServerConfig& server, std::string_view display, State state, Clock::time_point now);
  void run();
  void probe_all(const Config& config);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Config> config_;
  std::map<Place, Known> known_;
  bool probe_now_ = false;
  StopSignal stop_;
  std::thread thread_;
};

}  // namespace schemaguard::proxy::introspect
