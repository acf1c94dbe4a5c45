#include <array>
#include <cstdlib>

#include "kernels/cpu/cpu_kernels.h"
#include "kernels/cpu/cpuid.h"
#include "kernels/cpu/isa_tables.h"

namespace kernels {
namespace {

constexpr std::array<std::string_view, 4> isaNames = {"scalar", "avx2", "avx512", "amx"};

template <typename F>
void replace(F& entry, F faster) {
    if (faster)
        entry = faster;
}

template <typename Entries, typename Fn>
void replaceTypes(Entries& entries, const QuantTypeTable<Fn>& t) {
    const auto entry = [&entries](DType dtype, Fn f) { replace(entries[static_cast<size_t>(dtype)], f); };
    entry(DType::Q4_0, t.q4_0);
    entry(DType::Q4_1, t.q4_1);
    entry(DType::Q5_0, t.q5_0);
    entry(DType::Q5_1, t.q5_1);
    entry(DType::Q8_0, t.q8_0);
    entry(DType::Q2_K, t.q2_k);
    entry(DType::Q3_K, t.q3_k);
    entry(DType::Q4_K, t.q4_k);
    entry(DType::Q5_K, t.q5_k);
    entry(DType::Q6_K, t.q6_k);
    entry(DType::Q8_K, t.q8_k);
    entry(DType::IQ4_NL, t.iq4_nl);
    entry(DType::IQ4_XS, t.iq4_xs);
    entry(DType::MXFP4, t.mxfp4);
}

[[maybe_unused]] void replaceQuant(QuantKernels& k, const QuantIsaTable& t) {
    replaceTypes(k.matmul, t.matmul);
    replaceTypes(k.matmul16, t.matmul16);
    replace(k.quantizeQ8, t.quantizeQ8);
    replace(k.quantizeQ16, t.quantizeQ16);
}

// Entries that the faster table has replace those of `k`.
[[maybe_unused]] void replaceFloat(FloatKernels& k, const FloatKernels& t) {
    replace(k.matmul, t.matmul);
    replace(k.packInputs, t.packInputs);
    replace(k.rmsNorm, t.rmsNorm);
    replace(k.layerNorm, t.layerNorm);
    replace(k.rope, t.rope);
    replace(k.gatedActivation, t.gatedActivation);
    replace(k.activation, t.activation);
    replace(k.add, t.add);
    replace(k.scale, t.scale);
    replace(k.encodeRows, t.encodeRows);
    replace(k.storeKey, t.storeKey);
    replace(k.attention, t.attention);
    replace(k.mergeAttention, t.mergeAttention);
}

}  // namespace

std::string_view isaName(Isa isa) {
    return isaNames[static_cast<size_t>(isa)];
}

std::optional<Isa> isaFromName(std::string_view name) {
    for (size_t i = 0; i < isaNames.size(); ++i)
        if (isaNames[i] == name)
            return static_cast<Isa>(i);
    return std::nullopt;
}

std::vector<Isa> supportedIsas() {
    std::vector<Isa> isas = {Isa::Scalar};
#if defined(TESSERA_X86_KERNELS)
    const CpuFeatures cpu = cpuFeatures();
    if (cpu.avx2)
        isas.push_back(Isa::Avx2);
    if (cpu.avx512)
        isas.push_back(Isa::Avx512);
#endif
    return isas;
}

CpuKernels selectKernels(std::optional<Isa> highest) {
    std::optional<Isa> wished;
    if (const char* text = std::getenv("TESSERA_ISA"))
        wished = isaFromName(text);
    Isa isa = Isa::Scalar;
    for (Isa candidate : supportedIsas())
        if ((!highest || candidate <= *highest) && (!wished || candidate <= *wished))
            isa = candidate;

    CpuKernels k{.isa = isa, .quant = scalarQuantKernels(), .flt = scalarFloatKernels()};
#if defined(TESSERA_X86_KERNELS)
    if (isa >= Isa::Avx2) {
        replaceQuant(k.quant, avx2QuantTable());
        replaceFloat(k.flt, avx2FloatKernels());
    }
    if (isa >= Isa::Avx512) {
        replaceQuant(k.quant, avx512QuantTable());
        replaceFloat(k.flt, avx512FloatKernels());
    }
#endif
    return k;
}

}  // namespace kernels
