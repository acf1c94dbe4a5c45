#include "engine/models/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace engine {

namespace {

// The dimension (of nRot) that turns `rotations` times within the original context.
double yarnDimension(const RopeConfig& config, double rotations) {
    return static_cast<double>(config.nRot) *
           std::log(static_cast<double>(config.originalContext) / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(config.freqBase));
}

}  // namespace

RopeParams makeRope(const RopeConfig& config, int64_t contextTokens) {
    RopeParams rope{.style = config.style, .nRot = config.nRot, .inverseFrequency = {}};
    const bool yarn = config.scaling == RopeScaling::Yarn;
    const std::vector<float>* divisors = config.factors.empty() ? nullptr : &config.factors;
    if (config.scaling == RopeScaling::LongRope) {
        const auto& chosen = contextTokens > config.originalContext ? config.longFactors : config.shortFactors;
        divisors = chosen.empty() ? divisors : &chosen;
    }
    double rampBegin = 0, rampEnd = 0;
    if (yarn) {
        rampBegin = std::max(0.0, std::floor(yarnDimension(config, config.betaFast)));
        rampEnd = std::min(static_cast<double>(config.nRot - 1), std::ceil(yarnDimension(config, config.betaSlow)));
    }
    for (int64_t pair = 0; pair < config.nRot / 2; ++pair) {
        const double exponent = -2.0 * static_cast<double>(pair) / static_cast<double>(config.nRot);
        double frequency = std::pow(config.freqBase, exponent);
        if (divisors)
            frequency /= static_cast<double>((*divisors)[static_cast<size_t>(pair)]);
        if (config.scaling == RopeScaling::Linear)
            frequency /= config.factor;
        if (yarn) {
            const double ramp = (static_cast<double>(pair) - rampBegin) / std::max(0.001, rampEnd - rampBegin);
            const double keep = (1 - std::clamp(ramp, 0.0, 1.0)) * config.extrapolation;
            frequency = frequency / config.factor * (1 - keep) + frequency * keep;
        }
        rope.inverseFrequency.push_back(static_cast<float>(frequency));
    }
    double magnitude = config.attentionFactor;
    if (yarn && config.extrapolation != 0)
        magnitude *= 1 + 0.1 * std::log(config.factor);
    rope.magnitude = static_cast<float>(magnitude);
    return rope;
}

}  // namespace engine
