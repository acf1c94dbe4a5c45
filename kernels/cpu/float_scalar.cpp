// The vector operations come first; the bodies are written over them.
#include "kernels/cpu/float_vec_scalar.h"

#include "kernels/cpu/float_table.h"

namespace kernels {

FloatKernels scalarFloatKernels() {
    return floatTable();
}

}  // namespace kernels
