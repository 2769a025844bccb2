// MysqlCatalogLook: asks a MySQL or MariaDB server what settlement needs to know
// (policies/settlement/mysql_settlement.h) and what the guard has to know of the server itself.
//
// All questions about one loss are answered by one statement, so that they fit together as well as information_schema
// lets them. It shows only what a login has some privilege on: where the guard's login may not see a thing, its absence
// would be no absence, and the question stays undecided. Errors are the connection's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policies/rules/session_names.h"
#include "policies/settlement/mysql_settlement.h"
#include "proxy/introspect/mysql_side_connection.h"

namespace schemaguard::proxy::introspect {

// Whether the server takes no writes: read_only or super_read_only, as replicas have it.
absl::StatusOr<bool> is_read_only(MysqlSideConnection& connection);

// lower_case_table_names, as the server compares names by it.
absl::StatusOr<policies::NameCase> ask_name_case(MysqlSideConnection& connection);

// What the guard's login may see, in words for people: "" when it sees all that `questions` are about, else what has to
// be granted. PROCESS is asked for, too: without it the connection looked for would not be shown.
absl::StatusOr<std::string> missing_grants(MysqlSideConnection& connection,
                                           const std::vector<policies::MysqlQuestion>& questions);

// Whether the connection that ran `lost` still exists, `elapsed` after it was sent: a server that was started since has
// ended all that came before.
absl::StatusOr<bool> connection_is_there(MysqlSideConnection& connection, const policies::LostTransaction& lost,
                                         absl::Duration elapsed);

struct MysqlSight {
  policies::CatalogAnswer there = policies::CatalogAnswer::kUndecided;
  bool dated_since = false;  // made or altered not longer than the time asked for ago
};
// One for each question. `elapsed`: how long ago, at least, the statement was sent.
absl::StatusOr<std::vector<MysqlSight>> ask_mysql_catalog(MysqlSideConnection& connection,
                                                          const std::vector<policies::MysqlQuestion>& questions,
                                                          absl::Duration elapsed);

}  // namespace schemaguard::proxy::introspect
