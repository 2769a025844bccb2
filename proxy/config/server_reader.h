// Server reader: one entry of `servers:`.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/config/yaml_reader.h"

namespace schemaguard::proxy {

struct ServerReaderOutput {
  ServerConfig server;
  std::vector<std::string> warnings;
};

// `directory` is the configuration file's own, against which relative file names are read.
ServerReaderOutput read_server(const YAML::Node& node, const std::string& path, const std::string& directory,
                               YamlErrors& errors);

// Builds the databases of `server` from options that hold for all of them; the last one is "*".
absl::Status finish_databases(ServerConfig& server, policies::Mode mode, const policies::PolicyOptions& options);

// What an operator should know about a server's settings, whether they come from a file or from the command line.
void add_server_warnings(const ServerConfig& server, std::vector<std::string>& warnings);

// `file` read against `directory` unless it is absolute.
std::string resolve_file(const std::string& directory, const std::string& file);

}  // namespace schemaguard::proxy
