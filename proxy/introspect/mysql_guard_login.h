// MySQL guard login: guard_login_probe.h for MySQL and MariaDB.
//
// Also asks which accounts no client can use through the guard, because they are bound to hosts that the guard does not
// come from ('deploy'@'10.1.%'), as far as this login may read mysql.user. Reads only. The login is bounded by
// the timeout, each question by the side connection's own. Blocking; never throws.
#pragma once

#include <chrono>

#include "proxy/introspect/guard_login_probe.h"

namespace schemaguard::proxy::introspect {

GuardLoginProbe probe_mysql_guard_login(const ServerConfig& server, const Endpoint& address,
                                        std::chrono::milliseconds timeout);

}  // namespace schemaguard::proxy::introspect
