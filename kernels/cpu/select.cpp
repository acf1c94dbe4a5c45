#include "kernels/cpu/cpu_kernels.h"

namespace kernels {

std::string_view isaName(Isa isa) {
    constexpr std::string_view names[] = {"scalar", "avx2", "avx512", "amx"};
    return names[static_cast<int>(isa)];
}

}  // namespace kernels
