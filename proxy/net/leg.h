// Leg: one socket of a session, plain or inside TLS, with what could not be written yet.
//
// Reads go into a buffer that the caller lends, writes are tried at once in one system call for all pieces; only an
// unsent remainder is copied and kept, and its memory is given back when it has gone out. So an idle leg holds no
// buffer. TLS works on the descriptor itself: no plaintext that was read before the handshake can slip into it, and
// whatever an attacker put behind the request fails as a TLS record (CVE-2021-23214, CVE-2021-23222).
// The descriptor is closed with the leg. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <openssl/ssl.h>
#include <sys/epoll.h>

#include "proxy/net/event_loop.h"
#include "proxy/session/wire_session.h"

namespace schemaguard::proxy::net {

enum class IoStatus : uint8_t {
  kDone,    // bytes were moved, or the handshake is through
  kNotNow,  // nothing now; wait for the events the leg asks for
  kClosed,  // the peer has closed its writing side
  kBroken,  // the connection is gone
};

struct ReadResult {
  IoStatus status = IoStatus::kNotNow;
  size_t bytes = 0;
};

class LegOwner {
 public:
  virtual void on_leg_events(class Leg& leg, uint32_t events) = 0;

 protected:
  ~LegOwner() = default;
};

class Leg final : public EventHandler {
 public:
  Leg(EventLoop& loop, LegOwner& owner) : loop_(loop), owner_(owner) {}
  ~Leg() { close_now(); }
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;

  // Takes over a connected, non-blocking descriptor.
  void open(int descriptor) { descriptor_ = descriptor; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // Without a word for the peer's TLS; see say_goodbye().
  void close_now();
  // TLS close_notify, then the end of our direction.
  void say_goodbye();

  // At most `buffer.size()` bytes. After kDone with fewer bytes than the buffer holds, nothing more is there now.
  ReadResult read(std::span<std::byte> buffer);
  // Writes or keeps all pieces. A leg that cannot be written any more swallows them: see write_broken().
  void write(const Pieces& pieces);
  void write_pending();
  [[nodiscard]] size_t pending_bytes() const { return pending_.size() - pending_offset_; }
  [[nodiscard]] bool write_broken() const { return write_broken_; }

  // Puts TLS on the leg; takes over `ssl`. Then handshake() until it is kDone or kBroken.
  void start_tls(SSL* ssl);
  IoStatus handshake();
  [[nodiscard]] bool in_handshake() const { return handshaking_; }
  [[nodiscard]] bool has_tls() const { return tls_ != nullptr; }
  // After kBroken of a handshake or a read: what OpenSSL had to say.
  [[nodiscard]] const std::string& tls_error() const { return tls_error_; }
  // Common name of the peer's certificate, "" without one.
  [[nodiscard]] std::string peer_common_name() const;
  [[nodiscard]] bool alpn_is_postgresql() const;
  // Decrypted or undecrypted bytes wait inside TLS, where epoll cannot see them.
  [[nodiscard]] bool holds_unread() const {
    return tls_ != nullptr && !drained_ && (SSL_has_pending(tls_.get()) == 1 || SSL_get_shutdown(tls_.get()) != 0);
  }

  // Watches for readability if wanted, and for whatever pending bytes or TLS need.
  void update_interest(bool want_read) {
    uint32_t wanted = want_read ? uint32_t{EPOLLIN} : 0U;
    if (pending_bytes() > 0 || tls_wants_write_) wanted |= uint32_t{EPOLLOUT};
    if (handshaking_) wanted = tls_wants_write_ ? uint32_t{EPOLLOUT} : uint32_t{EPOLLIN};
    if (wanted != watched_) watch(wanted);
  }
  // Whether the last update_interest() wanted to read.
  [[nodiscard]] bool is_watched_for_reading() const { return (watched_ & uint32_t{EPOLLIN}) != 0; }
  void on_events(uint32_t events) override { owner_.on_leg_events(*this, events); }

 private:
  void watch(uint32_t wanted);
  struct FreeTls {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  ReadResult read_tls(std::span<std::byte> buffer);
  size_t write_plain(const Pieces& pieces);
  size_t write_tls(std::span<const std::byte> bytes);
  void write_tls_pieces(const Pieces& pieces);
  void keep(std::span<const std::byte> bytes);
  void break_writing();

  EventLoop& loop_;
  LegOwner& owner_;
  int descriptor_ = -1;
  uint32_t watched_ = 0;
  bool handshaking_ = false;
  bool write_broken_ = false;
  bool drained_ = true;  // the last TLS read came to the end of what had arrived
  bool tls_wants_write_ = false;
  size_t pending_offset_ = 0;
  std::vector<std::byte> pending_;
  std::unique_ptr<SSL, FreeTls> tls_;
  std::string tls_error_;
};

}  // namespace schemaguard::proxy::net
