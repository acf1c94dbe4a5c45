// The loops whose speed is the limit of a machine: reading, and arithmetic that stays in registers. Each runs on one
// thread and returns a value that depends on all of its work. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

struct RoofLoops {
    const char* name;
    // Reads `bytes`, a multiple of 512, with or without software prefetch.
    uint64_t (*read)(const std::byte* data, size_t bytes, bool prefetch);
    // `steps` times `fmaOps` operations on 32-bit floats; a multiplication and an addition are two.
    float (*fma)(int64_t steps);
    double fmaOps;
    // 8-bit products, summed to 32 bits at once; null where there is nothing but ordinary integers.
    int32_t (*int8)(int64_t steps);
    double int8Ops;
    // The same, eight products summed in 16 bits first, which 4-bit weights allow.
    int32_t (*int8Narrow)(int64_t steps);
    double int8NarrowOps;
};

RoofLoops roofLoops();      // the fastest for this processor
RoofLoops avx2RoofLoops();  // for a processor with AVX2 and FMA

}  // namespace bench
