// The vector operations come first; the bodies are written over them.
#include "kernels/cpu/float_vec_avx512.h"

#include "kernels/cpu/float_table.h"

namespace kernels {

FloatKernels avx512FloatKernels() {
    return floatTable();
}

}  // namespace kernels
