// The vector operations come first; the bodies are written over them.
#include "kernels/cpu/float_vec_avx2.h"

#include "kernels/cpu/float_table.h"

namespace kernels {

FloatKernels avx2FloatKernels() {
    return floatTable();
}

}  // namespace kernels
