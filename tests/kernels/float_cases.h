// What the tests of the float kernels share: the tables of this machine, seeded numbers, memory at any misalignment.
#pragma once

#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/cpu_kernels.h"
#include "kernels/quant/half.h"

struct FloatTable {
    std::string name;
    kernels::FloatKernels flt;
};

inline std::vector<FloatTable> floatTables() {
    std::vector<FloatTable> tables;
    for (const kernels::Isa isa : kernels::supportedIsas()) {
        const kernels::CpuKernels k = kernels::selectKernels(isa);
        if (k.isa == isa)  // TESSERA_ISA may hide the faster ones
            tables.push_back({std::string(kernels::isaName(isa)), k.flt});
    }
    return tables;
}

// Floats that start `offset` bytes after a 64-byte boundary, with a guard behind them that must stay untouched.
class Floats {
  public:
    explicit Floats(int64_t n, int64_t offsetBytes = 0)
        : m_memory(static_cast<size_t>(n * 4 + 256), std::byte{0x5a}), m_n(n) {
        const auto address = reinterpret_cast<uintptr_t>(m_memory.data());
        m_begin = 64 - static_cast<int64_t>(address % 64) + offsetBytes;
    }
    Floats(int64_t n, int64_t offsetBytes, uint32_t seed, float spread = 1) : Floats(n, offsetBytes) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal(0, spread);
        for (int64_t i = 0; i < n; ++i)
            set(i, normal(random));
    }
    float* data() { return reinterpret_cast<float*>(m_memory.data() + m_begin); }
    float operator[](int64_t i) const {
        float x;
        std::memcpy(&x, at(i), 4);
        return x;
    }
    void set(int64_t i, float x) { std::memcpy(m_memory.data() + m_begin + i * 4, &x, 4); }
    int64_t size() const { return m_n; }
    std::vector<double> doubles() const {
        std::vector<double> all;
        for (int64_t i = 0; i < m_n; ++i)
            all.push_back((*this)[i]);
        return all;
    }
    bool guardIntact() const {
        for (int i = 0; i < 64; ++i)
            if (at(m_n)[i] != std::byte{0x5a})
                return false;
        return true;
    }
    bool sameBits(const Floats& other) const {
        return m_n == other.m_n && std::memcmp(at(0), other.at(0), static_cast<size_t>(m_n) * 4) == 0;
    }

  private:
    const std::byte* at(int64_t i) const { return m_memory.data() + m_begin + i * 4; }

    std::vector<std::byte> m_memory;
    int64_t m_begin;  // of the first float in m_memory; a copy may lie at another alignment
    int64_t m_n;
};
