// CatalogLook: asks a server's catalog what settlement needs to know (policies/settlement/settlement.h).
//
// All questions about one transaction are answered in one snapshot (REPEATABLE READ, read-only), so that they fit
// together. The look is worth something only when the transaction has ended: begin with backend_is_there() and
// transaction_is_prepared(). Everything the server has to resolve for an unqualified name (the login's default
// search_path, which schemas are there and usable) is asked in the same snapshot. Errors are the connection's.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policies/settlement/settlement.h"
#include "proxy/introspect/side_connection.h"

namespace schemaguard::proxy::introspect {

// A standby may lag behind: what it does not show may have been committed all the same.
absl::StatusOr<bool> is_standby(SideConnection& connection);

// Whether the backend that ran `lost` still exists. `first_look` is the server's time when this was first asked, filled
// by the first call: a later backend with the same process id is another one.
absl::StatusOr<bool> backend_is_there(SideConnection& connection, const policies::LostTransaction& lost,
                                      std::string& first_look);

absl::StatusOr<bool> transaction_is_prepared(SideConnection& connection, const policies::LostTransaction& lost);

absl::StatusOr<policies::CatalogAnswers> ask_catalog(SideConnection& connection, const policies::LostTransaction& lost,
                                                     const std::vector<policies::CatalogQuestion>& questions);

}  // namespace schemaguard::proxy::introspect
