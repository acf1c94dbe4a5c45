// The tables of every instruction set that this build has; `select.cpp` joins them. Thread: any.
#pragma once

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/quant_isa.h"
#include "kernels/cpu/quant_kernels.h"

namespace kernels {

const QuantKernels& scalarQuantKernels();  // complete

}  // namespace kernels
