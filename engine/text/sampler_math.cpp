#include "engine/text/sampler_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace engine {

namespace {

constexpr float MinusInfinity = -std::numeric_limits<float>::infinity();

// exp(x) for x in [-87, 0], relative error about 2e-7. Adding 1.5 * 2^23 rounds to an integer in the low bits.
inline float smallExp(float x) {
    const float shifted = x * 1.44269504f + 12582912.0f;
    const float k = shifted - 12582912.0f;
    const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const int32_t exponent = std::bit_cast<int32_t>(shifted) << 23;
    return std::bit_cast<float>(std::bit_cast<int32_t>(p) + exponent);
}

}  // namespace

double portableExp(double x) {
    if (!(x >= -700.0))
        return 0.0;
    x = std::min(x, 700.0);
    const double k = std::floor(x * 1.4426950408889634 + 0.5);
    const double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    // Taylor by Horner: |r| <= 0.3466, the 14th term is below 1e-17. Divisions would take ten times as long.
    static constexpr double inverse[] = {0,       1.0 / 1, 1.0 / 2,  1.0 / 3,  1.0 / 4,  1.0 / 5,  1.0 / 6, 1.0 / 7,
                                         1.0 / 8, 1.0 / 9, 1.0 / 10, 1.0 / 11, 1.0 / 12, 1.0 / 13, 1.0 / 14};
    double p = 1.0;
    for (int i = 14; i >= 1; --i)
        p = 1.0 + p * (r * inverse[i]);
    return p * std::bit_cast<double>(static_cast<uint64_t>(static_cast<int64_t>(k) + 1023) << 52);
}

double portableLog(double x) {
    const uint64_t bits = std::bit_cast<uint64_t>(x);
    int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
    double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFull) | 0x3FF0000000000000ull);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        ++exponent;
    }
    const double s = (m - 1.0) / (m + 1.0);  // log m = 2 atanh s, |s| <= 0.1716
    const double s2 = s * s;
    double p = 0.0;
    for (int i = 21; i >= 1; i -= 2)
        p = p * s2 + 1.0 / i;
    return 2.0 * s * p + static_cast<double>(exponent) * 0.69314718055994530942;
}

ExpSums sumExp(std::span<const float> values, float largest) {
    constexpr size_t Block = 64, Lanes = 8;
    ExpSums total;
    float t[Block], e[Block];  // simple loops over small arrays: every compiler turns them into vectors
    for (size_t begin = 0; begin < values.size(); begin += Block) {
        const size_t count = std::min(Block, values.size() - begin);
        const float* v = values.data() + begin;
        for (size_t i = 0; i < count; ++i)
            t[i] = v[i] - largest;
        for (size_t i = count; i < Block; ++i)
            t[i] = -87.0f;
        for (size_t i = 0; i < Block; ++i)
            t[i] = t[i] > -87.0f ? t[i] : -87.0f;
        for (size_t i = 0; i < Block; ++i)
            e[i] = smallExp(t[i]);
        float sum[Lanes] = {}, weighted[Lanes] = {};
        for (size_t i = 0; i < Block; i += Lanes)
            for (size_t lane = 0; lane < Lanes; ++lane) {
                sum[lane] += e[i + lane];
                weighted[lane] += e[i + lane] * t[i + lane];
            }
        for (size_t lane = 0; lane < Lanes; ++lane) {
            total.sum += static_cast<double>(sum[lane]);
            total.weighted += static_cast<double>(weighted[lane]);
        }
    }
    return total;
}

LogitScan scanLogits(std::span<const float> values) {
    constexpr size_t Lanes = 8;
    float largest[Lanes];
    int32_t bad[Lanes] = {};
    std::fill_n(largest, Lanes, MinusInfinity);
    const size_t n = values.size();
    const float* v = values.data();
    size_t i = 0;
    for (; i + Lanes <= n; i += Lanes)
        for (size_t lane = 0; lane < Lanes; ++lane) {
            const float x = v[i + lane];
            largest[lane] = x > largest[lane] ? x : largest[lane];
            bad[lane] |= !(x <= std::numeric_limits<float>::max());  // NaN and +infinity
        }
    for (size_t lane = 0; i < n; ++i, ++lane) {
        largest[lane] = v[i] > largest[lane] ? v[i] : largest[lane];
        bad[lane] |= !(v[i] <= std::numeric_limits<float>::max());
    }
    LogitScan scan;
    scan.largest = *std::max_element(largest, largest + Lanes);
    scan.hasNan = std::any_of(bad, bad + Lanes, [](int32_t b) { return b != 0; });
    scan.anyFinite = scan.largest > MinusInfinity;
    return scan;
}

void selectLargest(std::span<const float> values, int64_t k, std::vector<Candidate>& out) {
    out.clear();
    const auto n = static_cast<int64_t>(values.size());
    k = std::min(k, n);
    if (k <= 0)
        return;
    const auto capacity = static_cast<size_t>(std::min(n, 2 * k + 64));
    out.reserve(capacity);
    const auto cut = [&] {
        std::nth_element(out.begin(), out.begin() + (k - 1), out.end(), isBefore);
        out.resize(static_cast<size_t>(k));
    };
    // Ids ascend, so a later equal value loses against k values already held: "greater" is enough.
    float threshold = MinusInfinity;
    constexpr int64_t Block = 16;
    for (int64_t begin = 0; begin < n; begin += Block) {
        const int64_t end = std::min(n, begin + Block);
        if (end - begin == Block) {
            int32_t above = 0;
            for (int64_t i = 0; i < Block; ++i)
                above |= values[static_cast<size_t>(begin + i)] > threshold;
            if (!above)
                continue;
        }
        for (int64_t i = begin; i < end; ++i) {
            const float value = values[static_cast<size_t>(i)];
            if (!(value > threshold))
                continue;
            out.push_back({static_cast<int32_t>(i), value});
            if (out.size() == capacity && static_cast<int64_t>(out.size()) > k) {
                cut();
                threshold = out.back().logit;  // the k-th: nth_element put it last
            }
        }
    }
    if (static_cast<int64_t>(out.size()) > k)
        cut();
    std::sort(out.begin(), out.end(), isBefore);
}

RandomBits::RandomBits(uint64_t seed) {
    for (uint64_t& word : m_state) {
        seed += 0x9E3779B97F4A7C15ull;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        word = z ^ (z >> 31);
    }
}

uint64_t RandomBits::next() {
    const uint64_t result = std::rotl(m_state[0] + m_state[3], 23) + m_state[0];
    const uint64_t t = m_state[1] << 17;
    m_state[2] ^= m_state[0];
    m_state[3] ^= m_state[1];
    m_state[1] ^= m_state[2];
    m_state[0] ^= m_state[3];
    m_state[2] ^= t;
    m_state[3] = std::rotl(m_state[3], 45);
    return result;
}

}  // namespace engine
