#include "engine/models/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/core/error_text.h"

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

const char* ropeScalingName(RopeScaling scaling) {
    switch (scaling) {
        case RopeScaling::None:
            return "none";
        case RopeScaling::Linear:
            return "linear";
        case RopeScaling::Yarn:
            return "yarn";
        case RopeScaling::LongRope:
            return "longrope";
    }
    return "";
}

Result<void> overrideRopeScaling(RopeConfig& config, std::optional<RopeScaling> scaling, double factor,
                                 int64_t contextTokens) {
    constexpr double Least = 0.01, Most = 10000;
    if (!scaling && factor == 0)
        return {};
    if (factor != 0 && !(factor >= Least && factor <= Most))
        return invalid("positions shall be scaled by {}, expected a factor from {} to {}", factor, Least, Most);
    const RopeScaling kind =
        scaling.value_or(config.scaling == RopeScaling::None ? RopeScaling::Linear : config.scaling);
    if (kind == RopeScaling::LongRope)
        return invalid("positions scaled by longrope come from tables of the model and take no factor");
    if (kind == RopeScaling::None) {
        if (factor != 0 && factor != 1)
            return invalid("positions shall be scaled by {} and by none, expected linear or yarn with a factor",
                           factor);
        config.scaling = RopeScaling::None;
        config.factor = 1;
        return {};
    }
    if (factor == 0 && contextTokens <= config.originalContext)
        return invalid(
            "{} scaling needs a factor, or a context longer than the {} tokens that the model was trained with",
            ropeScalingName(kind), config.originalContext);
    config.scaling = kind;
    config.factor =
        factor != 0 ? factor : static_cast<double>(contextTokens) / static_cast<double>(config.originalContext);
    return {};
}

int64_t scaledContext(const RopeConfig& config, int64_t trainedContext) {
    const bool stretched = config.scaling == RopeScaling::Linear || config.scaling == RopeScaling::Yarn;
    const double scaled = stretched ? static_cast<double>(config.originalContext) * config.factor : 0;
    return std::max(trainedContext, static_cast<int64_t>(std::min(scaled, 1e15)));
}

}  // namespace engine
