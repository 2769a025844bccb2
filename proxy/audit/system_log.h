// One line to the system log (syslog's local socket), without ever waiting for it.
//
// The C library's syslog() blocks while the log daemon is stuck, and the audit writer's thread must not: here the line
// is dropped then. Facility daemon, severity info.
#pragma once

#include <string>

namespace schemaguard::proxy {

// Whether the daemon took the line.
bool send_to_system_log(const std::string& text);

}  // namespace schemaguard::proxy
