// exp, tanh, erf and the activation functions on vectors of sixteen, written once over the operations of float_vec_*.h,
// so that every instruction set gives the same bits. Internal linkage, included by the float_<isa>.cpp files.
#pragma once

#include "kernels/cpu/float_kernels.h"

namespace kernels {
namespace {

// e^x; 0 below -87.3, the result at 88 above, not a number of what is none. Relative error <= 2e-7
// (tests/kernels/tst_float_elementwise). x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7.
inline V vExp(V x) {
    const V clamped = vMin(vSet(88.0f), vMax(vSet(-87.3f), x));  // the second stays when it is not a number
    const V n = vRound(clamped * vSet(1.44269504f));
    V r =
        vFma(n, vSet(-0.693145752f), clamped);  // ln 2 in two parts: the first has few bits, so that n * part is exact
    r = vFma(n, vSet(-1.42860677e-6f), r);
    V p = vSet(1.98412698e-4f);
    p = vFma(p, r, vSet(1.38888889e-3f));
    p = vFma(p, r, vSet(8.33333333e-3f));
    p = vFma(p, r, vSet(4.16666667e-2f));
    p = vFma(p, r, vSet(1.66666667e-1f));
    p = vFma(p, r, vSet(0.5f));
    p = vFma(p, r, vSet(1.0f));
    p = vFma(p, r, vSet(1.0f));
    return vIfLess(x, vSet(-87.3f), vZero(), p * vPow2(n));
}

inline V vSigmoid(V x) {
    return vSet(1.0f) / (vSet(1.0f) + vExp(vZero() - x));
}

// tanh x = 1 - 2 / (e^2x + 1); absolute error <= 3e-7.
inline V vTanh(V x) {
    return vSet(1.0f) - vSet(2.0f) / (vExp(x + x) + vSet(1.0f));
}

// Absolute error <= 3e-7. Source: Abramowitz & Stegun 1964, 7.1.26.
inline V vErf(V x) {
    const V a = vMax(x, vZero() - x);
    const V t = vSet(1.0f) / vFma(vSet(0.3275911f), a, vSet(1.0f));
    V p = vSet(1.061405429f);
    p = vFma(p, t, vSet(-1.453152027f));
    p = vFma(p, t, vSet(1.421413741f));
    p = vFma(p, t, vSet(-0.284496736f));
    p = vFma(p, t, vSet(0.254829592f)) * t;
    const V positive = vSet(1.0f) - p * vExp(vZero() - a * a);
    return vIfLess(x, vZero(), vZero() - positive, positive);
}

struct Silu {
    static V of(V x) { return x / (vSet(1.0f) + vExp(vZero() - x)); }
};
struct GeluTanh {  // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), written with one exponential
    static V of(V x) {
        const V cubic = vFma(x * x, vSet(0.044715f), vSet(1.0f)) * x;
        return x * vSigmoid(cubic * vSet(1.59576912f));
    }
};
struct GeluErf {
    static V of(V x) { return x * vSet(0.5f) * (vSet(1.0f) + vErf(x * vSet(0.70710678f))); }
};
struct GeluQuick {
    static V of(V x) { return x * vSigmoid(x * vSet(1.702f)); }
};
struct Relu {
    static V of(V x) { return vMax(vZero(), x); }  // not a number stays so
};

}  // namespace
}  // namespace kernels
