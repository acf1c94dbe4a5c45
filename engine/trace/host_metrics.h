// The metrics of makeHostSource, shared by its two implementations. Thread: any.
#pragma once

#include <array>

#include "engine/trace/metric_source.h"

namespace engine {

inline constexpr std::array<MetricInfo, 5> HostMetrics{{
    {"host.cpu", "Processor", "host", "percent"},
    {"process.cpu", "Processor, this program", "process", "percent"},
    {"process.memory", "Memory, this program", "process", "bytes"},
    {"host.memory.total", "Memory of this machine", "host", "bytes"},
    {"host.memory.free", "Memory that is free", "host", "bytes"},
}};

}  // namespace engine
