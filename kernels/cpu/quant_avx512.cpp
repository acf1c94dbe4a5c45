#include "kernels/cpu/quant_isa.h"

namespace kernels {

const QuantIsaTable& avx512QuantTable() {
    static const QuantIsaTable table = {};
    return table;
}

}  // namespace kernels
