// PreparedTail: the statements that wait in prepared transactions, read from the end of an audit file.
//
// A prepared transaction outlives the guard that saw it being prepared. Each of its statements has an outcome
// `prepared` with the transaction's name in the file; those without a final outcome behind it are still waiting, and
// their numbers let a later COMMIT PREPARED name them. Reads the last kPreparedTailBytes of the file, before it is
// written to; what stands further up is not found, and neither is what a rotation has put into another file. Errors are
// no errors here: what cannot be read is not found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace schemaguard::proxy {

inline constexpr size_t kPreparedTailBytes = 64UL * 1024 * 1024;

// Numbers of statements by server, database and name of the transaction.
using PreparedTail = std::map<std::tuple<std::string, std::string, std::string>, std::vector<uint64_t>>;

PreparedTail read_prepared_tail(const std::string& file);

}  // namespace schemaguard::proxy
