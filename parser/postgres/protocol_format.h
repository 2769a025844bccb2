// Constants of the PostgreSQL frontend/backend protocol 3.0 and 3.2 that both legs share.
//
// Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol"; limits from libpq-be.h and pqcomm.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace schemaguard::parser::postgres {

// Type bytes as the client sends them.
namespace frontend {
inline constexpr char kQuery = 'Q';
inline constexpr char kParse = 'P';
inline constexpr char kBind = 'B';
inline constexpr char kExecute = 'E';
inline constexpr char kDescribe = 'D';
inline constexpr char kClose = 'C';
inline constexpr char kFlush = 'H';
inline constexpr char kSync = 'S';
inline constexpr char kFunctionCall = 'F';
inline constexpr char kCopyData = 'd';
inline constexpr char kCopyDone = 'c';
inline constexpr char kCopyFail = 'f';
inline constexpr char kTerminate = 'X';
inline constexpr char kPassword = 'p';  // every authentication answer
}  // namespace frontend

// Type bytes as the server sends them.
namespace backend {
inline constexpr char kAuthentication = 'R';
inline constexpr char kBackendKeyData = 'K';
inline constexpr char kBindComplete = '2';
inline constexpr char kCloseComplete = '3';
inline constexpr char kCommandComplete = 'C';
inline constexpr char kCopyData = 'd';
inline constexpr char kCopyDone = 'c';
inline constexpr char kCopyInResponse = 'G';
inline constexpr char kCopyOutResponse = 'H';
inline constexpr char kCopyBothResponse = 'W';
inline constexpr char kDataRow = 'D';
inline constexpr char kEmptyQueryResponse = 'I';
inline constexpr char kErrorResponse = 'E';
inline constexpr char kFunctionCallResponse = 'V';
inline constexpr char kNegotiateProtocolVersion = 'v';
inline constexpr char kNoData = 'n';
inline constexpr char kNoticeResponse = 'N';
inline constexpr char kNotificationResponse = 'A';
inline constexpr char kParameterDescription = 't';
inline constexpr char kParameterStatus = 'S';
inline constexpr char kParseComplete = '1';
inline constexpr char kPortalSuspended = 's';
inline constexpr char kReadyForQuery = 'Z';
inline constexpr char kRowDescription = 'T';
}  // namespace backend

inline constexpr size_t kHeaderBytes = 5;                  // type byte and length
inline constexpr uint32_t kMessageLengthMax = 0x3fffffff;  // MaxAllocSize: longer is refused by the server
inline constexpr size_t kNameBytesMax = 63;                // NAMEDATALEN - 1

// Codes in the place of the protocol version in the first packet.
inline constexpr uint32_t kCancelRequestCode = 80877102;
inline constexpr uint32_t kSslRequestCode = 80877103;
inline constexpr uint32_t kGssEncRequestCode = 80877104;
inline constexpr uint32_t protocol_version(uint32_t major, uint32_t minor) { return major << 16 | minor; }
inline constexpr uint32_t kMinorMax = 2;  // the newest minor version that this codec knows

inline constexpr size_t kCancelSecretBytesMax = 256;

// Authentication request codes in message 'R'.
enum class AuthenticationKind : uint32_t {
  kOk = 0,
  kKerberosV5 = 2,
  kCleartextPassword = 3,
  kMd5Password = 5,
  kScmCredential = 6,
  kGss = 7,
  kGssContinue = 8,
  kSspi = 9,
  kSasl = 10,
  kSaslContinue = 11,
  kSaslFinal = 12,
};

}  // namespace schemaguard::parser::postgres
