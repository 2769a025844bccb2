// Constants of the MySQL and MariaDB client/server protocol 4.1 that both legs share.
//
// Source: MySQL "Client/Server Protocol" and MariaDB "Client/Server Protocol" documentation; mysql-wire 5-54. Numbers
// only, nothing here decodes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace schemaguard::parser::mysql {

inline constexpr size_t kPacketHeaderBytes = 4;
// A payload of this size is continued in the next packet (mysql-wire 1, 2).
inline constexpr uint32_t kPacketBytesMax = 0xFFFFFF;
// Greetings, login packets, OK, ERR and EOF are looked at as a whole, up to this size. Session-track values are the
// only thing in them that grows.
inline constexpr uint32_t kWholePacketBytesMax = 1024 * 1024;

// Capability flags, bit by bit. A server that is a MariaDB leaves bit 0 clear and sends kMariaDb… flags (mysql-wire
// 11).
inline constexpr uint32_t kClientMySql = 1U << 0;  // CLIENT_LONG_PASSWORD of MySQL
inline constexpr uint32_t kClientFoundRows = 1U << 1;
inline constexpr uint32_t kClientLongFlag = 1U << 2;
inline constexpr uint32_t kClientConnectWithDb = 1U << 3;
inline constexpr uint32_t kClientNoSchema = 1U << 4;
inline constexpr uint32_t kClientCompress = 1U << 5;
inline constexpr uint32_t kClientOdbc = 1U << 6;
inline constexpr uint32_t kClientLocalFiles = 1U << 7;
inline constexpr uint32_t kClientIgnoreSpace = 1U << 8;
inline constexpr uint32_t kClientProtocol41 = 1U << 9;
inline constexpr uint32_t kClientInteractive = 1U << 10;
inline constexpr uint32_t kClientSsl = 1U << 11;
inline constexpr uint32_t kClientIgnoreSigpipe = 1U << 12;
inline constexpr uint32_t kClientTransactions = 1U << 13;
inline constexpr uint32_t kClientReserved = 1U << 14;
inline constexpr uint32_t kClientSecureConnection = 1U << 15;
inline constexpr uint32_t kClientMultiStatements = 1U << 16;
inline constexpr uint32_t kClientMultiResults = 1U << 17;
inline constexpr uint32_t kClientPsMultiResults = 1U << 18;
inline constexpr uint32_t kClientPluginAuth = 1U << 19;
inline constexpr uint32_t kClientConnectAttrs = 1U << 20;
inline constexpr uint32_t kClientPluginAuthLenencData = 1U << 21;
inline constexpr uint32_t kClientCanHandleExpiredPasswords = 1U << 22;
inline constexpr uint32_t kClientSessionTrack = 1U << 23;
inline constexpr uint32_t kClientDeprecateEof = 1U << 24;
inline constexpr uint32_t kClientOptionalResultsetMetadata = 1U << 25;
inline constexpr uint32_t kClientZstdCompression = 1U << 26;
inline constexpr uint32_t kClientQueryAttributes = 1U << 27;
inline constexpr uint32_t kClientMultiFactorAuthentication = 1U << 28;
inline constexpr uint32_t kClientCapabilityExtension = 1U << 29;  // MariaDB before 10.2: progress reports
inline constexpr uint32_t kClientSslVerifyServerCert = 1U << 30;
inline constexpr uint32_t kClientRememberOptions = 1U << 31;

// MariaDB's extended capabilities: bits 32 and up of its documentation.
inline constexpr uint32_t kMariaDbProgress = 1U << 0;
inline constexpr uint32_t kMariaDbComMulti = 1U << 1;
inline constexpr uint32_t kMariaDbStmtBulkOperations = 1U << 2;
inline constexpr uint32_t kMariaDbExtendedMetadata = 1U << 3;
inline constexpr uint32_t kMariaDbCacheMetadata = 1U << 4;
inline constexpr uint32_t kMariaDbBulkUnitResults = 1U << 5;

// What the guard can decode; everything else is cleared in both greetings (evasion M22, M24). Compression changes the
// framing, the capability extension is reserved for shapes that nobody has defined yet.
inline constexpr uint32_t kDecodedCapabilities =
    ~(kClientCompress | kClientZstdCompression | kClientCapabilityExtension);
inline constexpr uint32_t kDecodedMariaDbCapabilities = kMariaDbProgress | kMariaDbStmtBulkOperations |
                                                        kMariaDbExtendedMetadata | kMariaDbCacheMetadata |
                                                        kMariaDbBulkUnitResults;

// What is in force on one leg: the flags that both of its ends have set.
struct Capabilities {
  uint32_t base = 0;
  uint32_t mariadb = 0;  // zero unless kClientMySql is clear on both ends
  [[nodiscard]] constexpr bool has(uint32_t flag) const { return (base & flag) != 0; }
  [[nodiscard]] constexpr bool has_mariadb(uint32_t flag) const { return (mariadb & flag) != 0; }
  constexpr bool operator==(const Capabilities&) const = default;
};

// Server status flags of OK and EOF packets (mysql-wire 45).
inline constexpr uint16_t kStatusInTransaction = 1U << 0;
inline constexpr uint16_t kStatusAutocommit = 1U << 1;
inline constexpr uint16_t kStatusMoreResults = 1U << 3;
inline constexpr uint16_t kStatusNoGoodIndexUsed = 1U << 4;
inline constexpr uint16_t kStatusNoIndexUsed = 1U << 5;
inline constexpr uint16_t kStatusCursorExists = 1U << 6;
inline constexpr uint16_t kStatusLastRowSent = 1U << 7;
inline constexpr uint16_t kStatusDatabaseDropped = 1U << 8;
inline constexpr uint16_t kStatusNoBackslashEscapes = 1U << 9;
inline constexpr uint16_t kStatusMetadataChanged = 1U << 10;
inline constexpr uint16_t kStatusQueryWasSlow = 1U << 11;
inline constexpr uint16_t kStatusOutParameters = 1U << 12;
inline constexpr uint16_t kStatusInTransactionReadOnly = 1U << 13;
inline constexpr uint16_t kStatusSessionStateChanged = 1U << 14;
inline constexpr uint16_t kStatusAnsiQuotes = 1U << 15;  // MariaDB only

// The first byte of a server's packet, where the place in the reply gives it that meaning.
inline constexpr uint8_t kOkHeader = 0x00;
inline constexpr uint8_t kAuthMoreDataHeader = 0x01;
inline constexpr uint8_t kAuthNextFactorHeader = 0x02;
inline constexpr uint8_t kLocalInfileHeader = 0xFB;
inline constexpr uint8_t kEofHeader = 0xFE;  // also the authentication switch, and OK with CLIENT_DEPRECATE_EOF
inline constexpr uint8_t kErrHeader = 0xFF;

// Command bytes. Those above 0x20 exist on some servers only; COM_MULTI in MariaDB 10.2 only (mysql-wire 33, 34).
enum class Command : uint8_t {
  kSleep = 0x00,
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kCreateDb = 0x05,
  kDropDb = 0x06,
  kRefresh = 0x07,
  kShutdown = 0x08,
  kStatistics = 0x09,
  kProcessInfo = 0x0A,
  kConnect = 0x0B,
  kProcessKill = 0x0C,
  kDebug = 0x0D,
  kPing = 0x0E,
  kTime = 0x0F,
  kDelayedInsert = 0x10,
  kChangeUser = 0x11,
  kBinlogDump = 0x12,
  kTableDump = 0x13,
  kConnectOut = 0x14,
  kRegisterSlave = 0x15,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtSendLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1A,
  kSetOption = 0x1B,
  kStmtFetch = 0x1C,
  kDaemon = 0x1D,
  kBinlogDumpGtid = 0x1E,
  kResetConnection = 0x1F,
  kClone = 0x20,
  kSubscribeGroupReplicationStream = 0x21,
  kStmtBulkExecute = 0xFA,
  kSlaveWorker = 0xFB,
  kSlaveIo = 0xFC,
  kSlaveSql = 0xFD,
  kMulti = 0xFE,
};

// The statement that was prepared last, MariaDB from 10.2 on (mysql-wire 37).
inline constexpr uint32_t kLastStatementId = 0xFFFFFFFF;

// Error numbers the guard itself sends, with their SQLSTATEs beside them.
inline constexpr uint16_t kErrTooManyConnections = 1040;       // 08004
inline constexpr uint16_t kErrBadHandshake = 1043;             // 08S01
inline constexpr uint16_t kErrAccessDenied = 1045;             // 28000
inline constexpr uint16_t kErrUnknownCommand = 1047;           // 08S01
inline constexpr uint16_t kErrServerShutdown = 1053;           // 08S01
inline constexpr uint16_t kErrReadOnly = 1290;                 // HY000: ER_OPTION_PREVENTS_STATEMENT
inline constexpr uint16_t kErrWrongDatabaseName = 1102;        // 42000
inline constexpr uint16_t kErrTableAccessDenied = 1142;        // 42000
inline constexpr uint16_t kErrNotAllowed = 1148;               // 42000: LOCAL INFILE before MySQL 8
inline constexpr uint16_t kErrPacketTooLarge = 1153;           // 08S01
inline constexpr uint16_t kErrPacketsOutOfOrder = 1156;        // 08S01
inline constexpr uint16_t kErrReadFailed = 1158;               // 08S01
inline constexpr uint16_t kErrReadTimedOut = 1159;             // 08S01
inline constexpr uint16_t kErrSpecificAccessDenied = 1227;     // 42000
inline constexpr uint16_t kErrUnknownStatement = 1243;         // HY000
inline constexpr uint16_t kErrMalformedPacket = 1835;          // HY000
inline constexpr uint16_t kErrCannotConnect = 2003;            // HY000, a client error number
inline constexpr uint16_t kErrSecureTransportRequired = 3159;  // HY000
inline constexpr uint16_t kErrLocalInfileDisabled = 3948;      // 42000
// Not an error at all: a progress report of MariaDB (mysql-wire 41).
inline constexpr uint16_t kErrnoProgress = 0xFFFF;

}  // namespace schemaguard::parser::mysql
