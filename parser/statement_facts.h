// Statement facts: what one SQL text does, as values, the same shape for PostgreSQL and MySQL/MariaDB.
//
// Filled by the statement readers of parser/, judged in policies/. Facts hold copies only: nothing points into the
// text or into a grammar library's memory, so they may be cached by (text, reading) and shared between threads as
// `std::shared_ptr<const TextFacts>`. Facts never depend on a session: what a session knows (temporary names,
// search_path, role) is applied when a verdict is made. Verdicts are never stored here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser {

// design section 5, table of classes. The numbers are bit positions in ClassSet.
enum class StatementClass : uint8_t {
  kQuery,
  kSession,
  kTransaction,
  kTemporary,
  kSchema,
  kSetting,
  kServerFile,
  kAccess,
  kCluster,
  kDestructive,
  kMaintenance,
  kAdmin,
  kOpaque,
  kCatalogWrite,
  kHistoryWrite,
  kUnread,
};
inline constexpr size_t kStatementClassCount = 16;

// The stable lower-case name of a class ("server_file"), as rules, JSON and the audit spell it.
std::string_view class_name(StatementClass statement_class);
std::optional<StatementClass> class_from_name(std::string_view name);

// A set of classes: a statement carries every class that applies.
class ClassSet {
 public:
  constexpr ClassSet() = default;
  constexpr ClassSet(std::initializer_list<StatementClass> classes) {
    for (const StatementClass one : classes) add(one);
  }
  constexpr void add(StatementClass one) { bits_ |= bit(one); }
  constexpr void remove(StatementClass one) { bits_ &= ~bit(one); }
  constexpr void add(ClassSet other) { bits_ |= other.bits_; }
  [[nodiscard]] constexpr bool has(StatementClass one) const { return (bits_ & bit(one)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const ClassSet&) const = default;

 private:
  static constexpr uint32_t bit(StatementClass one) { return uint32_t{1} << static_cast<uint32_t>(one); }
  uint32_t bits_ = 0;
};

enum class ObjectKind : uint8_t {
  kNone,
  kTable,
  kView,
  kMaterializedView,
  kForeignTable,
  kIndex,
  kSequence,
  kSchema,
  kDatabase,
  kType,
  kDomain,
  kFunction,
  kProcedure,
  kAggregate,
  kOperator,
  kTrigger,
  kEventTrigger,
  kRule,
  kPolicy,
  kRole,
  kExtension,
  kTablespace,
  kPublication,
  kSubscription,
  kStatistics,
  kServer,
  kForeignDataWrapper,
  kUserMapping,
  kLanguage,
  kCast,
  kCollation,
  kConversion,
  kTransform,
  kAccessMethod,
  kTextSearch,
  kLargeObject,
  kColumn,
  kConstraint,
  kEvent,
  kOther,
};
std::string_view object_kind_name(ObjectKind kind);

// Whether an object lives in the session only.
enum class Persistence : uint8_t {
  kPersistent,  // certain: written with a persistent schema, or a kind that has no temporary form
  kTemporary,   // certain: TEMP written, or schema pg_temp
  kByName,      // decided by the session: the unqualified (or unlogged) name may be shadowed by a temporary object
};

// A name as the server folds and clips it (PostgreSQL: ASCII lower case unless quoted, 63 bytes). `schema` is empty
// when the text does not say; `catalog` likewise. Byte-exact, never normalised.
struct ObjectName {
  std::string catalog;
  std::string schema;
  std::string name;
  bool operator==(const ObjectName&) const = default;
  // "schema.name" or "name": for people and for globs; no quoting.
  [[nodiscard]] std::string display() const;
};

struct ObjectUse {
  ObjectKind kind = ObjectKind::kNone;
  ObjectName name;
  Persistence persistence = Persistence::kPersistent;
  bool operator==(const ObjectUse&) const = default;
};

// A column as ADD COLUMN or CREATE TABLE writes it. Expressions and types are SQL text, cut from the statement or
// rebuilt from its tree; empty means "not written".
struct ColumnDefinition {
  std::string name;
  std::string type;  // with modifiers and array bounds: "numeric(4,2)", "timestamp with time zone", "text[]"
  std::string collation;
  std::string default_expression;
  std::string generated_expression;
  bool not_null = false;
  bool primary_key = false;
  bool unique = false;
  char identity = '\0';                  // 'a' ALWAYS, 'd' BY DEFAULT
  char generated = '\0';                 // 's' stored, 'v' virtual
  std::vector<std::string> constraints;  // the other constraints as text: CHECK (…), REFERENCES …
  bool operator==(const ColumnDefinition&) const = default;
};

// One change to one object: the unit a rule is tried against.
struct Change {
  // Stable snake_case name: create_table, drop_table, rename_table, add_column, drop_column, alter_column_type,
  // set_not_null, drop_not_null, set_default, drop_default, rename_column, add_constraint, drop_constraint,
  // create_index, drop_index, create_function, … ; "<verb>_<object kind>" where nothing better fits.
  std::string kind;
  ObjectUse object;                        // what is changed; for an index or trigger: the index or trigger itself
  std::optional<ObjectUse> relation;       // the table an index, trigger, policy or rule belongs to, when written
  std::string member;                      // column or constraint inside `object`, when the change is about one
  std::string new_name;                    // renames, SET SCHEMA, OWNER TO
  std::optional<ColumnDefinition> column;  // add_column, alter_column_type (type only)
  std::vector<ColumnDefinition> columns;   // create_table
  std::string definition;                  // the clause or element as text, when it is not a column
  bool if_exists = false;
  bool if_not_exists = false;
  bool cascade = false;
  bool concurrently = false;
  bool shape_unknown = false;  // LIKE, INHERITS, AS SELECT, IMPORT FOREIGN SCHEMA…: the text does not give the columns
  bool operator==(const Change&) const = default;
};

enum class OpaqueReason : uint8_t {
  kNone,
  kUnprovedRoutine,  // calls a function that is not proved plain: allowed and counted
  kProcedureCall,    // CALL: same treatment as an unproved routine
  kRunsSqlText,      // a function known to run SQL text or to change catalogs (evasion Appendix B)
  kDynamicCode,      // DO or routine body whose EXECUTE builds its text
  kUnreadableCode,   // DO body in a language or shape that cannot be read
  kFunctionCall,     // protocol FunctionCall
  kUnknownPrepared,  // EXECUTE of a name this session did not prepare in sight of the guard
};

// A SET, RESET, set_config() or startup setting. Names are lower case.
struct SettingChange {
  enum class Scope : uint8_t { kSession, kLocal, kTransaction };
  std::string name;                  // "search_path", "role", "session_authorization", "all" for RESET ALL/DISCARD ALL
  std::optional<std::string> value;  // absent: not a constant, or RESET/DEFAULT (see reset)
  std::vector<std::string> list;     // the elements when a list was written (search_path)
  Scope scope = Scope::kSession;
  bool reset = false;
  bool operator==(const SettingChange&) const = default;
};

enum class TransactionControl : uint8_t {
  kNone,
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRollbackToSavepoint,
  kRelease,
  kPrepareTransaction,
  kCommitPrepared,
  kRollbackPrepared,
};

enum class PreparedUse : uint8_t { kNone, kPrepare, kExecute, kDeallocate, kDeallocateAll };
enum class CopyUse : uint8_t { kNone, kFromStdin, kToStdout, kServerFile, kProgram };

struct StatementFacts {
  ClassSet classes;
  std::string command;  // "ALTER TABLE", "CREATE INDEX", "SELECT": as the server's command tag names it, where it does
  std::vector<ObjectUse> objects;
  std::vector<Change> changes;
  std::vector<ObjectUse> reads_and_writes;  // tables a query or DML names, when the reader was asked; may be empty
  std::vector<ObjectUse> written;           // DML and COPY targets
  std::vector<std::string> functions;       // called functions that are not plain built-ins, "schema.name" or "name"
  OpaqueReason opaque = OpaqueReason::kNone;
  std::vector<SettingChange> settings;
  TransactionControl transaction = TransactionControl::kNone;
  bool chain = false;            // AND CHAIN
  std::string transaction_name;  // savepoint name or gid
  PreparedUse prepared = PreparedUse::kNone;
  std::string prepared_name;
  CopyUse copy = CopyUse::kNone;
  bool embedded_commit = false;       // routine or DO body that commits by itself
  bool implicit_commit = false;       // MySQL: commits what is open before it runs, even when it then fails
  bool explain = false;               // `inner` holds the explained statement
  std::vector<StatementFacts> inner;  // EXPLAIN, PREPARE, DO body, CREATE SCHEMA elements are folded in already:
                                      // classes, changes, functions and settings of `inner` also stand above
                                      // (except for PREPARE, whose inner statement runs at EXECUTE)
  size_t offset = 0;                  // bytes in the message text
  size_t length = 0;
  std::string unread_reason;  // with kUnread: stable reason code, e.g. "syntax", "too_deep"
  bool operator==(const StatementFacts&) const = default;
};

// All statements of one message. `unread` is set when the text as a whole could not be read with certainty; then
// `statements` holds what the fallback scan could still tell.
struct TextFacts {
  std::vector<StatementFacts> statements;
  bool unread = false;
  std::string unread_reason;
  bool operator==(const TextFacts&) const = default;
};

}  // namespace schemaguard::parser
