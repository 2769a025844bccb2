// ReplyReader: follows the server's packets of one command's reply, so that the guard knows where it ends.
//
// For each packet: ask wanted_bytes() with as much of the payload as is there, and when that many bytes have come, hand
// them to on_packet(); the rest of the payload is passed by unseen. Rows cost one byte. Views in ok(), error() and the
// like point into the bytes that were handed over and are valid until those go.
//
// Knows nothing of sockets, sequence numbers or the client. A byte that the protocol does not allow at its place is
// kViolation: the reader is of no use then, and the connection must be closed.
//
// What a first byte means depends on the place only: FE is the end in front of a row, unless the packet is a full one
// (then a row whose first value is longer than 16 MB), and packets that continue a row are never looked at (evasion
// M24). Sources: mysql-wire 1, 13, 18, 25, 40, 41, 44; compared packet by packet with a MariaDB 10.11.
#pragma once

#include <cstdint>
#include <string_view>

#include "parser/mysql/command_table.h"
#include "parser/mysql/packet_header.h"
#include "parser/mysql/server_packets.h"
#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

enum class ReplyEvent : uint8_t {
  kContinue,
  kResultEnd,   // one result of several: ok() or status() tell, more follow
  kReplyEnd,    // done() is true from here on, as it is after the next four
  kError,       // error(): the ERR that ends it
  kCursorOpen,  // the end of an execution whose rows wait for COM_STMT_FETCH
  kViolation,
  kPrepared,        // prepared(); done() says whether definitions follow
  kLocalInfile,     // file_name(): the client sends data packets up to an empty one, then the server goes on
  kAuthentication,  // AuthSwitch, AuthMoreData or the next factor: the payload is relayed, the client may answer
  kProgress,        // MariaDB's progress report: the statement goes on
};

class ReplyReader {
 public:
  // `capabilities`: what is in force on the server leg. A shape without a reply takes no packet at all.
  ReplyReader(ReplyShape shape, Capabilities capabilities);

  // How many first bytes of this packet's payload on_packet() has to see, given those that are there (a prefix of the
  // payload, maybe empty). Ask again when more came; at most min(header.length, kWholePacketBytesMax).
  [[nodiscard]] size_t wanted_bytes(PacketHeader header, std::string_view prefix) const;
  // `start`: at least wanted_bytes() of the payload, and never more than the payload.
  ReplyEvent on_packet(PacketHeader header, std::string_view start);

  // The reply is complete: the next packet belongs to the next command's.
  [[nodiscard]] bool done() const { return place_ == Place::kDone; }
  // Whether the last event carried status flags, and which.
  [[nodiscard]] bool has_status() const { return has_status_; }
  [[nodiscard]] uint16_t status() const { return status_; }
  // The OK packet of the last event, in either form; null when it ended with EOF or not at all.
  [[nodiscard]] const OkPacket* ok() const { return has_ok_ ? &ok_ : nullptr; }
  [[nodiscard]] const ErrPacket& error() const { return error_; }
  [[nodiscard]] const PrepareOk& prepared() const { return prepared_; }
  [[nodiscard]] std::string_view file_name() const { return file_name_; }
  [[nodiscard]] ReplyShape shape() const { return shape_; }

 private:
  // What the next packet is.
  enum class Place : uint8_t {
    kResult,      // OK, a column count, LOCAL INFILE
    kFileEnd,     // the answer after the client has sent its file
    kColumns,     // `left_` definitions
    kColumnsEof,  // EOF behind them
    kRows,        // rows, or their end
    kPrepareOk,   // the head of a PREPARE's reply
    kParameters,  // `left_` definitions
    kParametersEof,
    kPreparedColumns,  // `left_` definitions
    kPreparedColumnsEof,
    kFields,  // definitions without a count, or their end
    kOk,
    kOkOrEof,
    kText,
    kAuthentication,
    kStream,  // binary log events, or their end
    kDone,
    kBroken,
  };

  static Place first_place(ReplyShape shape);
  [[nodiscard]] bool is_binary() const { return shape_ == ReplyShape::kExecute || shape_ == ReplyShape::kFetch; }
  // Whether the first byte says that the packet is of the kind that passes by here: a row, a definition, an event.
  [[nodiscard]] bool passes_by(PacketHeader header, std::string_view prefix) const;
  ReplyEvent on_passing(PacketHeader header);
  ReplyEvent on_place(std::string_view body);
  ReplyEvent on_result_start(std::string_view body);
  ReplyEvent on_column_count(std::string_view body);
  ReplyEvent on_prepare_ok(std::string_view body);
  ReplyEvent on_authentication(std::string_view body);
  ReplyEvent on_error(std::string_view body);
  ReplyEvent on_definition();
  ReplyEvent on_metadata_eof(std::string_view body);
  ReplyEvent on_end(std::string_view body);
  ReplyEvent on_ok(std::string_view body);
  ReplyEvent after_columns();
  ReplyEvent after_parameters();
  void after_definitions_left_out();
  ReplyEvent end_of_result();
  ReplyEvent end(ReplyEvent event);
  ReplyEvent violation();
  bool take_ok(std::string_view body);
  bool take_eof(std::string_view body);

  ReplyShape shape_;
  Capabilities capabilities_;
  Place place_;
  bool in_chain_ = false;  // the last packet was a full one: the next continues it
  bool rows_seen_ = false;
  bool has_status_ = false;
  bool has_ok_ = false;
  uint16_t status_ = 0;
  uint32_t left_ = 0;
  OkPacket ok_;
  ErrPacket error_;
  PrepareOk prepared_;
  std::string_view file_name_;
};

}  // namespace schemaguard::parser::mysql
