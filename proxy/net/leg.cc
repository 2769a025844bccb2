#include "proxy/net/leg.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include "proxy/guard/tls_contexts.h"
#include "proxy/net/system_calls.h"

namespace schemaguard::proxy::net {
namespace {

// Pieces that one sendmsg() takes; more go in a second call.
constexpr size_t kPiecesPerCall = 64;
// Plaintext of one TLS record.
constexpr size_t kTlsRecordBytes = 16ULL * 1024;
// Sent bytes are cut off the front of the pending buffer when they are at least this many.
constexpr size_t kCompactBytes = 64ULL * 1024;

bool is_temporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

void Leg::close_now() {
  if (descriptor_ < 0) return;
  loop_.watch(descriptor_, *this, watched_, 0);
  watched_ = 0;
  tls_.reset();
  close(descriptor_);
  descriptor_ = -1;
  pending_ = {};
  pending_offset_ = 0;
}

void Leg::say_goodbye() {
  if (descriptor_ < 0) return;
  if (tls_ != nullptr && !handshaking_ && !write_broken_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  shutdown(descriptor_, SHUT_WR);
}

ReadResult Leg::read(std::span<std::byte> buffer) {
  if (tls_ != nullptr) return read_tls(buffer);
  const ssize_t got = receive_now(descriptor_, buffer);
  if (got > 0) return {.status = IoStatus::kDone, .bytes = static_cast<size_t>(got)};
  if (got == 0) return {.status = IoStatus::kClosed};
  return {.status = is_temporary(errno) ? IoStatus::kNotNow : IoStatus::kBroken};
}

ReadResult Leg::read_tls(std::span<std::byte> buffer) {
  size_t total = 0;
  drained_ = false;
  while (total < buffer.size()) {
    ERR_clear_error();
    size_t got = 0;
    const int result = SSL_read_ex(tls_.get(), buffer.data() + total, buffer.size() - total, &got);
    if (result == 1) {
      total += got;
      continue;
    }
    const int error = SSL_get_error(tls_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      tls_wants_write_ = error == SSL_ERROR_WANT_WRITE;
      drained_ = true;
      return {.status = total > 0 ? IoStatus::kDone : IoStatus::kNotNow, .bytes = total};
    }
    // What came before the end is handed out first; the end is met again by the next read.
    if (total > 0) return {.status = IoStatus::kDone, .bytes = total};
    drained_ = true;
    if (error == SSL_ERROR_ZERO_RETURN) return {.status = IoStatus::kClosed};
    tls_error_ = take_tls_error();
    return {.status = IoStatus::kBroken};
  }
  return {.status = IoStatus::kDone, .bytes = total};
}

void Leg::keep(std::span<const std::byte> bytes) {
  if (pending_offset_ >= kCompactBytes && pending_offset_ * 2 >= pending_.size()) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(pending_offset_));
    pending_offset_ = 0;
  }
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
}

void Leg::break_writing() {
  write_broken_ = true;
  pending_ = {};
  pending_offset_ = 0;
}

size_t Leg::write_plain(const Pieces& pieces) {
  if (pieces.size() == 1) {  // the usual case, without a vector to build
    const ssize_t sent = send_now(descriptor_, pieces[0], MSG_NOSIGNAL);
    if (sent < 0 && !is_temporary(errno)) break_writing();
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  size_t total = 0;
  for (size_t first = 0; first < pieces.size(); first += kPiecesPerCall) {
    const size_t count = std::min(kPiecesPerCall, pieces.size() - first);
    std::array<iovec, kPiecesPerCall> vectors;
    size_t wanted = 0;
    for (size_t i = 0; i < count; ++i) {
      const Bytes piece = pieces[first + i];
      // sendmsg() only reads what the vector points at; its type cannot say so.
      vectors.at(i) = iovec{.iov_base = const_cast<std::byte*>(piece.data()), .iov_len = piece.size()};
      wanted += piece.size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (!is_temporary(errno)) break_writing();
      return total;
    }
    total += static_cast<size_t>(sent);
    if (static_cast<size_t>(sent) < wanted) return total;
  }
  return total;
}

size_t Leg::write_tls(std::span<const std::byte> bytes) {
  size_t total = 0;
  while (total < bytes.size()) {
    ERR_clear_error();
    size_t sent = 0;
    const int result =
        SSL_write_ex(tls_.get(), bytes.data() + total, std::min(bytes.size() - total, kTlsRecordBytes), &sent);
    if (result == 1) {
      total += sent;
      continue;
    }
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      tls_error_ = take_tls_error();
      break_writing();
    }
    break;
  }
  return total;
}

void Leg::write_tls_pieces(const Pieces& pieces) {
  // One record for what fits into one, instead of one per piece.
  std::array<std::byte, kTlsRecordBytes> record;
  size_t filled = 0;
  const auto send_record = [&] {
    const size_t sent = pending_bytes() > 0 ? 0 : write_tls(std::span(record).first(filled));
    if (!write_broken_ && sent < filled) keep(std::span(record).subspan(sent, filled - sent));
    filled = 0;
  };
  for (Bytes piece : pieces) {
    while (!piece.empty() && !write_broken_) {
      const size_t count = std::min(piece.size(), record.size() - filled);
      std::memcpy(record.data() + filled, piece.data(), count);
      filled += count;
      piece = piece.subspan(count);
      if (filled == record.size()) send_record();
    }
  }
  if (filled > 0 && !write_broken_) send_record();
}

void Leg::write(const Pieces& pieces) {
  if (pieces.empty() || write_broken_ || descriptor_ < 0) return;
  if (tls_ != nullptr) return write_tls_pieces(pieces);
  size_t sent = pending_bytes() > 0 ? 0 : write_plain(pieces);
  if (write_broken_) return;
  for (const Bytes piece : pieces) {
    const size_t skip = std::min(sent, piece.size());
    sent -= skip;
    if (skip < piece.size()) keep(piece.subspan(skip));
  }
}

void Leg::write_pending() {
  if (pending_bytes() == 0 || handshaking_) return;
  const std::span<const std::byte> rest = std::span(pending_).subspan(pending_offset_);
  pending_offset_ += tls_ != nullptr ? write_tls(rest) : write_plain(Pieces{rest});
  if (pending_bytes() == 0) {
    pending_ = {};
    pending_offset_ = 0;
  }
}

void Leg::start_tls(SSL* ssl) {
  tls_.reset(ssl);
  handshaking_ = true;
  SSL_set_fd(ssl, descriptor_);
}

IoStatus Leg::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) {
    handshaking_ = false;
    tls_wants_write_ = false;
    // The peer's first message may have come with the end of the handshake.
    drained_ = false;
    return IoStatus::kDone;
  }
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    tls_wants_write_ = error == SSL_ERROR_WANT_WRITE;
    return IoStatus::kNotNow;
  }
  const long verify = SSL_get_verify_result(tls_.get());
  tls_error_ = verify != X509_V_OK && SSL_get_verify_mode(tls_.get()) != SSL_VERIFY_NONE
                   ? X509_verify_cert_error_string(verify)
                   : take_tls_error();
  ERR_clear_error();
  return IoStatus::kBroken;
}

std::string Leg::peer_common_name() const {
  X509* certificate = tls_ != nullptr ? SSL_get0_peer_certificate(tls_.get()) : nullptr;
  if (certificate == nullptr) return "";
  X509_NAME* subject = X509_get_subject_name(certificate);
  // The last common name is the most specific one; a name with a NUL byte inside is somebody's trick.
  int place = -1;
  int last = -1;
  while ((place = X509_NAME_get_index_by_NID(subject, NID_commonName, place)) >= 0) last = place;
  if (last < 0) return "";
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (length < 0) return "";
  std::string name(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
  OPENSSL_free(text);
  return name.find('\0') == std::string::npos ? name : "";
}

bool Leg::alpn_is_postgresql() const {
  const unsigned char* protocol = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(tls_.get(), &protocol, &length);
  return std::string_view(reinterpret_cast<const char*>(protocol), length) == "postgresql";
}

void Leg::watch(uint32_t wanted) {
  if (descriptor_ < 0) return;
  loop_.watch(descriptor_, *this, watched_, wanted);
  watched_ = wanted;
}

}  // namespace schemaguard::proxy::net
