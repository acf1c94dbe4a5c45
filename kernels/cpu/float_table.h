// The float kernels of one instruction set, compiled from the shared bodies over the float_vec_*.h included before this
// header. Internal linkage, included by the float_<isa>.cpp files.
#pragma once

#include "kernels/cpu/float_attention_body.h"
#include "kernels/cpu/float_elementwise_body.h"

namespace kernels {
namespace {

FloatKernels floatTable() {
    FloatKernels t;
    t.matmul = matmul;
    t.packInputs = packInputs;
    t.rmsNorm = rmsNorm;
    t.layerNorm = layerNorm;
    t.rope = rope;
    t.gatedActivation = gatedActivation;
    t.activation = activation;
    t.add = add;
    t.scale = scale;
    t.encodeRows = encodeRows;
    t.storeKey = storeKey;
    t.attention = attention;
    t.mergeAttention = mergeAttention;
    return t;
}

}  // namespace
}  // namespace kernels
