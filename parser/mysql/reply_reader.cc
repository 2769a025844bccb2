#include "parser/mysql/reply_reader.h"

#include <algorithm>

#include "parser/mysql/body_reader.h"

namespace schemaguard::parser::mysql {
namespace {

// Tables have at most 4096 columns, but a SELECT of MariaDB as many as its text has room for: two bytes each, in a text
// of at most 1 GiB. They are counted, not kept.
constexpr uint64_t kColumnsMax = 1U << 29;
// Every definition begins with the catalog, which is "def" in every server.
constexpr std::string_view kDefinitionStart = "\3def";

uint8_t first_byte(std::string_view body) { return static_cast<uint8_t>(body[0]); }

}  // namespace

ReplyReader::ReplyReader(ReplyShape shape, Capabilities capabilities)
    : shape_(shape), capabilities_(capabilities), place_(first_place(shape)) {}

ReplyReader::Place ReplyReader::first_place(ReplyShape shape) {
  switch (shape) {
    case ReplyShape::kNone:
      return Place::kDone;
    case ReplyShape::kOk:
      return Place::kOk;
    case ReplyShape::kEndOfFile:
      return Place::kOkOrEof;
    case ReplyShape::kResult:
    case ReplyShape::kExecute:
      return Place::kResult;
    case ReplyShape::kPrepare:
      return Place::kPrepareOk;
    case ReplyShape::kFetch:
      return Place::kRows;
    case ReplyShape::kFieldList:
      return Place::kFields;
    case ReplyShape::kString:
      return Place::kText;
    case ReplyShape::kAuthentication:
      return Place::kAuthentication;
    case ReplyShape::kStream:
      return Place::kStream;
  }
  return Place::kBroken;
}

bool ReplyReader::passes_by(PacketHeader header, std::string_view prefix) const {
  const uint8_t first = first_byte(prefix);
  if (first == kErrHeader) return false;
  switch (place_) {
    case Place::kRows:
      if (is_binary()) return first == kOkHeader;
      return first != kEofHeader || header.continues();
    case Place::kStream:
      return first == kOkHeader;
    case Place::kText:
      return !header.continues();
    case Place::kColumns:
    case Place::kParameters:
    case Place::kPreparedColumns:
    case Place::kFields:
      return prefix.starts_with(kDefinitionStart) && !header.continues();
    case Place::kResult:
    case Place::kFileEnd:
    case Place::kColumnsEof:
    case Place::kPrepareOk:
    case Place::kParametersEof:
    case Place::kPreparedColumnsEof:
    case Place::kOk:
    case Place::kOkOrEof:
    case Place::kAuthentication:
    case Place::kDone:
    case Place::kBroken:
      return false;
  }
  return false;
}

size_t ReplyReader::wanted_bytes(PacketHeader header, std::string_view prefix) const {
  if (in_chain_ || header.length == 0 || place_ == Place::kDone || place_ == Place::kBroken) return 0;
  if (prefix.empty()) return 1;
  if (passes_by(header, prefix)) return 1;
  // Too long for anything but what passes by: a look at the start is enough to refuse it.
  if (header.length > kWholePacketBytesMax) return std::min<size_t>(header.length, kDefinitionStart.size());
  const bool may_be_definition = prefix.size() < kDefinitionStart.size() && kDefinitionStart.starts_with(prefix);
  return may_be_definition ? std::min<size_t>(header.length, kDefinitionStart.size()) : header.length;
}

ReplyEvent ReplyReader::on_packet(PacketHeader header, std::string_view start) {
  if (in_chain_) {
    in_chain_ = header.continues();
    return ReplyEvent::kContinue;
  }
  has_status_ = false;
  has_ok_ = false;
  if (place_ == Place::kDone || place_ == Place::kBroken || start.empty()) return violation();
  if (passes_by(header, start)) return on_passing(header);
  if (header.length > kWholePacketBytesMax || start.size() < header.length) return violation();
  return on_place(start.substr(0, header.length));
}

ReplyEvent ReplyReader::on_passing(PacketHeader header) {
  if (place_ == Place::kText) return end(ReplyEvent::kReplyEnd);
  if (place_ == Place::kFields) return ReplyEvent::kContinue;
  if (place_ != Place::kRows && place_ != Place::kStream) return on_definition();
  rows_seen_ = true;
  in_chain_ = header.continues();
  return ReplyEvent::kContinue;
}

ReplyEvent ReplyReader::on_place(std::string_view body) {
  if (first_byte(body) == kErrHeader) return on_error(body);
  switch (place_) {
    case Place::kResult:
      return on_result_start(body);
    case Place::kFileEnd:
      return on_ok(body);
    case Place::kPrepareOk:
      return on_prepare_ok(body);
    case Place::kColumnsEof:
    case Place::kParametersEof:
    case Place::kPreparedColumnsEof:
      return on_metadata_eof(body);
    case Place::kRows:
    case Place::kFields:
      return on_end(body);
    case Place::kOk:
      return on_ok(body);
    case Place::kOkOrEof:
      return first_byte(body) == kEofHeader ? on_end(body) : on_ok(body);
    case Place::kAuthentication:
      return on_authentication(body);
    case Place::kStream:
      // Never an OK in place of the EOF, whatever was negotiated.
      return take_eof(body) ? end(ReplyEvent::kReplyEnd) : violation();
    case Place::kColumns:
    case Place::kParameters:
    case Place::kPreparedColumns:
    case Place::kText:
    case Place::kDone:
    case Place::kBroken:
      return violation();
  }
  return violation();
}

ReplyEvent ReplyReader::on_result_start(std::string_view body) {
  if (first_byte(body) == kOkHeader) return on_ok(body);
  if (first_byte(body) != kLocalInfileHeader) return on_column_count(body);
  const std::optional<std::string_view> name = decode_local_infile(body);
  // MariaDB prepares LOAD DATA LOCAL too. No server asks a client that has not offered it (mysql-wire 18).
  if (!name.has_value() || !capabilities_.has(kClientLocalFiles)) return violation();
  file_name_ = *name;
  place_ = Place::kFileEnd;
  return ReplyEvent::kLocalInfile;
}

ReplyEvent ReplyReader::on_column_count(std::string_view body) {
  BodyReader reader(body);
  const uint64_t count = reader.length_encoded();
  bool definitions_follow = true;
  if (capabilities_.has(kClientOptionalResultsetMetadata) || capabilities_.has_mariadb(kMariaDbCacheMetadata)) {
    // Behind the count in both servers; MySQL's documentation has it in front.
    const uint8_t follows = reader.uint1();
    if (follows > 1) return violation();
    definitions_follow = follows == 1;
  }
  if (!reader.finished() || count == 0 || count > kColumnsMax) return violation();
  rows_seen_ = false;
  if (!definitions_follow) return after_columns();
  left_ = static_cast<uint32_t>(count);
  place_ = Place::kColumns;
  return ReplyEvent::kContinue;
}

ReplyEvent ReplyReader::on_prepare_ok(std::string_view body) {
  const std::optional<PrepareOk> prepared = decode_prepare_ok(body, capabilities_);
  if (!prepared.has_value()) return violation();
  prepared_ = *prepared;
  if (!prepared_.definitions_follow) {
    place_ = Place::kParameters;
    after_definitions_left_out();
    return ReplyEvent::kPrepared;
  }
  left_ = prepared_.parameters;
  place_ = Place::kParameters;
  if (left_ == 0) after_parameters();
  return ReplyEvent::kPrepared;
}

ReplyEvent ReplyReader::on_authentication(std::string_view body) {
  switch (first_byte(body)) {
    case kOkHeader:
      return on_ok(body);
    case kEofHeader:
      return decode_auth_switch(body).has_value() ? ReplyEvent::kAuthentication : violation();
    case kAuthNextFactorHeader:
      if (!capabilities_.has(kClientMultiFactorAuthentication)) return ReplyEvent::kAuthentication;
      return decode_auth_next_factor(body).has_value() ? ReplyEvent::kAuthentication : violation();
    default:
      // The plugin's own; MariaDB marks it only where it could be taken for one of the above (mysql-wire 29).
      return ReplyEvent::kAuthentication;
  }
}

ReplyEvent ReplyReader::on_error(std::string_view body) {
  const std::optional<ErrPacket> error = decode_err(body);
  if (!error.has_value()) return violation();
  error_ = *error;
  if (!error_.is_progress()) return end(ReplyEvent::kError);
  return capabilities_.has_mariadb(kMariaDbProgress) ? ReplyEvent::kProgress : violation();
}

ReplyEvent ReplyReader::on_definition() {
  if (--left_ > 0) return ReplyEvent::kContinue;
  if (place_ == Place::kColumns) return after_columns();
  if (place_ == Place::kParameters) {
    if (capabilities_.has(kClientDeprecateEof)) return after_parameters();
    place_ = Place::kParametersEof;
    return ReplyEvent::kContinue;
  }
  if (capabilities_.has(kClientDeprecateEof)) return end(ReplyEvent::kReplyEnd);
  place_ = Place::kPreparedColumnsEof;
  return ReplyEvent::kContinue;
}

ReplyEvent ReplyReader::after_columns() {
  place_ = capabilities_.has(kClientDeprecateEof) ? Place::kRows : Place::kColumnsEof;
  return ReplyEvent::kContinue;
}

// MySQL 9.7 leaves out the definitions and keeps the EOF packets that would end them.
void ReplyReader::after_definitions_left_out() {
  const bool end_of_file = !capabilities_.has(kClientDeprecateEof);
  if (end_of_file && place_ == Place::kParameters && prepared_.parameters > 0) {
    place_ = Place::kParametersEof;
  } else if (end_of_file && prepared_.columns > 0) {
    place_ = Place::kPreparedColumnsEof;
  } else {
    place_ = Place::kDone;
  }
}

ReplyEvent ReplyReader::after_parameters() {
  if (!prepared_.definitions_follow) {
    after_definitions_left_out();
    return place_ == Place::kDone ? ReplyEvent::kReplyEnd : ReplyEvent::kContinue;
  }
  if (prepared_.columns == 0) return end(ReplyEvent::kReplyEnd);
  left_ = prepared_.columns;
  place_ = Place::kPreparedColumns;
  return ReplyEvent::kContinue;
}

ReplyEvent ReplyReader::on_metadata_eof(std::string_view body) {
  if (!take_eof(body)) return violation();
  if (place_ == Place::kParametersEof) return after_parameters();
  if (place_ == Place::kPreparedColumnsEof) return end(ReplyEvent::kReplyEnd);
  // The flag for a cursor means that no rows come; but not together with that for more results, which stands here too:
  // a block or routine may leave it behind (MariaDB: a cursor of its own over PROCEDURE ANALYSE), and its results never
  // wait for a FETCH.
  const bool cursor = (status_ & kStatusCursorExists) != 0 && (status_ & kStatusMoreResults) == 0;
  if (shape_ == ReplyShape::kExecute && cursor) return end(ReplyEvent::kCursorOpen);
  place_ = Place::kRows;
  return ReplyEvent::kContinue;
}

// The end of rows or of definitions: OK with header FE where EOF is deprecated, EOF elsewhere.
ReplyEvent ReplyReader::on_end(std::string_view body) {
  if (first_byte(body) != kEofHeader) return violation();
  if (!(capabilities_.has(kClientDeprecateEof) ? take_ok(body) : take_eof(body))) return violation();
  return end_of_result();
}

ReplyEvent ReplyReader::on_ok(std::string_view body) {
  if (first_byte(body) != kOkHeader || !take_ok(body)) return violation();
  return end_of_result();
}

ReplyEvent ReplyReader::end_of_result() {
  const bool several = shape_ == ReplyShape::kResult || shape_ == ReplyShape::kExecute;
  if (several && (status_ & kStatusMoreResults) != 0) {
    place_ = Place::kResult;
    return ReplyEvent::kResultEnd;
  }
  const bool cursor =
      shape_ == ReplyShape::kExecute && place_ == Place::kRows && !rows_seen_ && (status_ & kStatusCursorExists) != 0;
  return end(cursor ? ReplyEvent::kCursorOpen : ReplyEvent::kReplyEnd);
}

ReplyEvent ReplyReader::end(ReplyEvent event) {
  place_ = Place::kDone;
  return event;
}

ReplyEvent ReplyReader::violation() {
  place_ = Place::kBroken;
  return ReplyEvent::kViolation;
}

bool ReplyReader::take_ok(std::string_view body) {
  const std::optional<OkPacket> ok = decode_ok(body, capabilities_);
  if (!ok.has_value()) return false;
  ok_ = *ok;
  has_ok_ = true;
  has_status_ = true;
  status_ = ok_.status;
  return true;
}

bool ReplyReader::take_eof(std::string_view body) {
  const std::optional<EofPacket> eof = decode_eof(body);
  if (!eof.has_value()) return false;
  has_status_ = true;
  status_ = eof->status;
  return true;
}

}  // namespace schemaguard::parser::mysql
