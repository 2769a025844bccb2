#include "proxy/audit/audit_log.h"

#include <memory>
#include <utility>

#include "proxy/audit/audit_file.h"
#include "proxy/audit/audit_writer.h"

namespace schemaguard::proxy {

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::open(AuditLogOptions options) {
  std::unique_ptr<AuditFile> file = posix_audit_file(options.file);
  return AuditWriter::open(std::move(options), std::move(file));
}

}  // namespace schemaguard::proxy
