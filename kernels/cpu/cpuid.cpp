#include "kernels/cpu/cpuid.h"

#include <cstdint>

#if defined(_MSC_VER)
#include <intrin.h>
#elif defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace kernels {

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)

namespace {

struct Registers {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf) {
    Registers r;
#if defined(_MSC_VER)
    int values[4];
    __cpuidex(values, static_cast<int>(leaf), 0);
    r = {static_cast<uint32_t>(values[0]), static_cast<uint32_t>(values[1]), static_cast<uint32_t>(values[2]),
         static_cast<uint32_t>(values[3])};
#else
    __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
    return r;
}

// The register sets that the operating system saves when it switches threads.
uint32_t savedState() {
#if defined(_MSC_VER)
    return static_cast<uint32_t>(_xgetbv(0));
#else
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
#endif
}

bool bit(uint32_t word, int n) {
    return (word >> n) & 1u;
}

}  // namespace

CpuFeatures cpuFeatures() {
    CpuFeatures f;
    if (cpuid(0).eax < 7)
        return f;
    const Registers one = cpuid(1), seven = cpuid(7);
    if (!bit(one.ecx, 27))  // OSXSAVE
        return f;
    const uint32_t saved = savedState();
    const bool ymm = (saved & 0x6u) == 0x6u, zmm = (saved & 0xe6u) == 0xe6u;
    f.avx2 = ymm && bit(one.ecx, 28) && bit(one.ecx, 12) && bit(one.ecx, 29) && bit(seven.ebx, 5);
    f.avx512 = f.avx2 && zmm && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31) &&
               bit(seven.ecx, 11);
    return f;
}

#else

CpuFeatures cpuFeatures() {
    return {};
}

#endif

}  // namespace kernels
