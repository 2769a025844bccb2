// The guard's numbers in Prometheus' text format.
//
// Collected at the scrape from what the workers count anyway; nothing on the data path knows about it. Names are
// schemaguard_<counter>_total for counters, schemaguard_<what> for gauges; a contract: add, never rename.
#pragma once

#include <string>
#include <vector>

#include "proxy/guard/counters.h"
#include "proxy/guard/guard.h"

namespace schemaguard::proxy {

std::string metrics_text(const Guard& guard, const std::vector<const CounterSet*>& counters);

}  // namespace schemaguard::proxy
