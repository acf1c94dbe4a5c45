// One table of function pointers per instruction set, chosen once. An empty entry of a faster table falls back to the
// next slower one; the scalar table is complete.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/quant_kernels.h"

namespace kernels {

enum class Isa : uint8_t { Scalar, Avx2, Avx512, Amx };  // Avx2: AVX2 + FMA + F16C. Avx512: F, BW, VL, DQ, VNNI.

struct CpuKernels {
    Isa isa = Isa::Scalar;
    QuantKernels quant;
    FloatKernels flt;
};

std::string_view isaName(Isa isa);  // "scalar", "avx2", ...
std::optional<Isa> isaFromName(std::string_view name);
std::vector<Isa> supportedIsas();  // what this CPU and this build have, slowest first
// The table for the best supported set not above `highest`; the environment variable TESSERA_ISA lowers it further.
CpuKernels selectKernels(std::optional<Isa> highest = std::nullopt);

}  // namespace kernels
