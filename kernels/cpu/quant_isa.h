// The quantized kernels of each x86 instruction set. Plain: files built for one instruction set include this.
// Thread: any.
#pragma once

#include "kernels/cpu/quant_work.h"

namespace kernels {

const QuantIsaTable& avx2QuantTable();
const QuantIsaTable& avx512QuantTable();

}  // namespace kernels
