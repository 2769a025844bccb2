#include "proxy/introspect/guard_password.h"

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace schemaguard::proxy::introspect {

absl::StatusOr<std::string> read_guard_password(const ServerConfig::GuardLogin& login) {
  if (!login.password_file.empty()) {
    std::ifstream stream(login.password_file);
    if (!stream) return absl::NotFoundError(absl::StrCat(login.password_file, " cannot be read"));
    std::string password;
    std::getline(stream, password);
    if (!password.empty() && password.back() == '\r') password.pop_back();
    return password;
  }
  if (!login.password_env.empty()) {
    const char* password = std::getenv(login.password_env.c_str());
    if (password == nullptr) {
      return absl::NotFoundError(absl::StrCat("the environment variable ", login.password_env, " is not set"));
    }
    return std::string(password);
  }
  return std::string();
}

}  // namespace schemaguard::proxy::introspect
