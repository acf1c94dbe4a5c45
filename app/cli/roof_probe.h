// What this machine allows: how fast its threads read memory together, and how many 8-bit operations they do. Takes
// about half a second. Thread: main; the threads are a pool's.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "kernels/cpu/cpu_kernels.h"

namespace app {

struct Roof {
    double readBytesPerSecond = 0;
    double int8OpsPerSecond =
        0;  // our fastest 8-bit product on data in the cache; a multiplication and an addition are two
};

// Reads `bytes` (a mapped model: nothing is allocated for it) with all threads.
Roof probeRoof(int threads, std::optional<kernels::Isa> highest, std::span<const std::span<const std::byte>> bytes);

}  // namespace app
