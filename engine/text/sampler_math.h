// Exponential and logarithm from +, -, * and / alone, so that every machine gets the same bits, and selection of the
// largest values without sorting a vocabulary. Thread: any. Nothing here fails.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace engine {

// Relative error <= 1e-13 for exp(x), x in [-700, 700]; below that 0, above that exp(700).
double portableExp(double x);
// Natural logarithm of x > 0; absolute error <= 1e-13 relative to max(1, |log x|).
double portableLog(double x);

// What one distribution needs: e_i = exp(value_i - largest).
struct ExpSums {
    double sum = 0;       // sum of e_i
    double weighted = 0;  // sum of e_i * (value_i - largest), for the entropy
};
// Eight partial sums in f32, emptied into doubles every 64 values: relative error <= 1e-6. -infinity counts as nothing.
ExpSums sumExp(std::span<const float> values, float largest);

struct LogitScan {
    float largest = 0;
    bool hasNan = false;  // or +infinity
    bool anyFinite = false;
};
LogitScan scanLogits(std::span<const float> values);

struct Candidate {
    int32_t id;
    float logit;
};
// Larger logit first, then the lower id.
inline bool isBefore(const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}
// The k first of all values in the order of isBefore, sorted. -infinity is never taken.
void selectLargest(std::span<const float> values, int64_t k, std::vector<Candidate>& out);

// xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64: integers only up to the last step.
class RandomBits {
  public:
    explicit RandomBits(uint64_t seed);
    uint64_t next();
    double nextUniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1), exact

  private:
    uint64_t m_state[4];
};

}  // namespace engine
