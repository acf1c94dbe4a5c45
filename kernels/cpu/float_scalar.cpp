// clang-format off: the vector operations come first, the bodies are written over them
#include "kernels/cpu/float_table.h"
#include "kernels/cpu/float_vec_scalar.h"
// clang-format on

namespace kernels {

FloatKernels scalarFloatKernels() {
    return floatTable();
}

}  // namespace kernels
