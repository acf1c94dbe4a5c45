// What the processor and the operating system let a program use. Thread: any.
#pragma once

namespace kernels {

struct CpuFeatures {
    bool avx2 = false;    // AVX2, FMA and F16C
    bool avx512 = false;  // the above and AVX-512 F, BW, VL, DQ, VNNI
};

CpuFeatures cpuFeatures();

}  // namespace kernels
