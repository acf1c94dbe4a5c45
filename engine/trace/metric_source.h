// Something that measures: describes its metrics once and reads them on demand. A value that cannot be read comes with
// the reason, never as 0. Thread: one at a time (the sampler's or the window's timer).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

struct MetricInfo {
    std::string_view id;        // "host.cpu"
    std::string_view name;      // "Processor"
    std::string_view category;  // "host"
    std::string_view unit;      // "percent", "bytes"
};

struct MetricValue {
    double value = 0;
    std::string reason;  // why there is no value; empty: there is one
    bool ok() const { return reason.empty(); }
};

class MetricSource {
  public:
    virtual ~MetricSource() = default;
    virtual std::span<const MetricInfo> metrics() const = 0;
    // One value for each of metrics(), in that order. Rates are since the last call.
    virtual std::vector<MetricValue> sample() = 0;
};

// This machine and this process:
//   host.cpu            percent of all cores in use
//   process.cpu         percent of all cores used by this process
//   process.memory      resident bytes of this process
//   host.memory.total   bytes
//   host.memory.free    bytes that a program could still get
std::unique_ptr<MetricSource> makeHostSource();

}  // namespace engine
