#include "app/cli/sampling_options.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <random>

#include "app/cli/command.h"
#include "engine/io/plain_text.h"

namespace app {

using engine::Result;
using engine::SamplingParams;

namespace {

constexpr int64_t maxSeed = (int64_t{1} << 53) - 1;  // what JSON numbers carry exactly
constexpr int64_t maxInt = 1'000'000'000;

struct RealField {
    const char* option;
    float SamplingParams::*field;
    double min, max;
};
constexpr RealField realFields[] = {
    {"--temp", &SamplingParams::temperature, 0, 100},
    {"--top-p", &SamplingParams::topP, 0, 1},
    {"--min-p", &SamplingParams::minP, 0, 1},
    {"--typical-p", &SamplingParams::typicalP, 0, 1},
    {"--repeat-penalty", &SamplingParams::repetitionPenalty, 0.01, 100},
    {"--frequency-penalty", &SamplingParams::frequencyPenalty, -100, 100},
    {"--presence-penalty", &SamplingParams::presencePenalty, -100, 100},
    {"--dry-multiplier", &SamplingParams::dryMultiplier, 0, 100},
    {"--dry-base", &SamplingParams::dryBase, 1, 100},
};
struct IntegerField {
    const char* option;
    int32_t SamplingParams::*field;
    int64_t min, max;
};
constexpr IntegerField integerFields[] = {
    {"--top-k", &SamplingParams::topK, 0, maxInt},
    {"--repeat-last-n", &SamplingParams::penaltyLastN, -1, maxInt},
    {"--dry-allowed-length", &SamplingParams::dryAllowedLength, 1, 1000},
    {"--dry-last-n", &SamplingParams::dryLastN, -1, maxInt},
};

constexpr OptionSpec specs[] = {
    {"-n", "N", "tokens to generate at most (-1: until the context is full)"},
    {"--temp", "T", "temperature; 0: always the most probable token"},
    {"--top-k", "K", "keep the K most probable tokens; 0: all"},
    {"--top-p", "P", "keep the most probable tokens that sum up to P; 1: all"},
    {"--min-p", "P", "keep tokens of at least P times the best one's probability; 0: all"},
    {"--typical-p", "P", "keep the most typical tokens that sum up to P; 1: all"},
    {"--repeat-penalty", "X", "divide the logits of recent tokens; 1: off"},
    {"--frequency-penalty", "X", "subtract for each recent occurrence; 0: off"},
    {"--presence-penalty", "X", "subtract once for a recent token; 0: off"},
    {"--repeat-last-n", "N", "tokens that count as recent; -1: the whole context"},
    {"--dry-multiplier", "X", "penalty on repeated sequences; 0: off"},
    {"--dry-base", "X", "its growth per token of the repeated sequence"},
    {"--dry-allowed-length", "N", "length that may repeat freely"},
    {"--dry-last-n", "N", "tokens that it looks back; -1: the whole context"},
    {"--logit-bias", "ID:B", "add B to a token's logit (\"-inf\" bans it); may be repeated"},
    {"--samplers", "LIST", "order: logit-bias,penalties,dry,top-k,typical-p,top-p,min-p,temperature"},
    {"--stop", "TEXT", "end where this text appears; may be repeated"},
    {"--logprobs", "K", "report each token's log-probability and its K best alternatives"},
    {"--ignore-eos", "", "go on after an end-of-text token"},
    {"--context-shift", "", "when the context is full, leave out its oldest half and go on (default: end there)"},
    {"--keep", "N", "tokens at the beginning that a shift does not leave out (default 0)"},
    {"--speculate", "NAME", "guess tokens, same reply: off, lookup, draft or auto (default; where it pays)"},
    {"--draft", "MODEL", "a smaller model with the same vocabulary that guesses"},
};

constexpr std::pair<std::string_view, engine::Speculation> speculations[] = {{"off", engine::Speculation::Off},
                                                                             {"lookup", engine::Speculation::Lookup},
                                                                             {"draft", engine::Speculation::Draft},
                                                                             {"auto", engine::Speculation::Auto}};

std::optional<engine::Speculation> speculationFromName(std::string_view name) {
    for (const auto& [known, value] : speculations)
        if (known == name)
            return value;
    return {};
}

// Who guesses must be there, and who is there must be asked.
Result<engine::Speculation> chosenSpeculation(const Arguments& arguments) {
    const std::string name = arguments.text("--speculate", "auto");
    const auto found = speculationFromName(name);
    if (!found)
        return usageError("--speculate is '{}', expected off, lookup, draft or auto", engine::plainText(name));
    if (*found == engine::Speculation::Draft && !arguments.has("--draft"))
        return usageError("--speculate draft needs --draft MODEL");
    if (arguments.has("--draft") && *found != engine::Speculation::Draft && *found != engine::Speculation::Auto)
        return usageError("--draft names a model that --speculate {} does not use", name);
    return *found;
}

// "--top-k" -> "top_k", "-n" -> "n"
std::string jsonKey(std::string_view option) {
    std::string key(option.substr(option.find_first_not_of('-')));
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
}

Result<void> addBias(std::string_view text, SamplingParams& sampling) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos)
        return usageError("--logit-bias is '{}', expected ID:BIAS such as 13:-2.5", engine::plainText(text));
    TRY(const int64_t id, parseInteger("--logit-bias", text.substr(0, colon), 0, INT32_MAX));
    const std::string_view bias = text.substr(colon + 1);
    double value = -std::numeric_limits<double>::infinity();
    if (bias != "-inf") {
        TRY(value, parseReal("--logit-bias", bias, -1e6, 1e6));
    }
    sampling.logitBias.emplace_back(static_cast<int32_t>(id), static_cast<float>(value));
    return {};
}

Result<void> setOrder(std::string_view list, SamplingParams& sampling) {
    constexpr std::pair<std::string_view, engine::SamplerStep> names[] = {
        {"logit-bias", engine::SamplerStep::LogitBias},
        {"penalties", engine::SamplerStep::Penalties},
        {"dry", engine::SamplerStep::Dry},
        {"top-k", engine::SamplerStep::TopK},
        {"typical-p", engine::SamplerStep::TypicalP},
        {"top-p", engine::SamplerStep::TopP},
        {"min-p", engine::SamplerStep::MinP},
        {"temperature", engine::SamplerStep::Temperature}};
    sampling.order.clear();
    for (size_t at = 0; at <= list.size();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        const std::string_view word = list.substr(at, comma - at);
        const auto found =
            std::find_if(std::begin(names), std::end(names), [&](auto& row) { return row.first == word; });
        if (found == std::end(names))
            return usageError(
                "--samplers names '{}'; there are logit-bias, penalties, dry, top-k, typical-p, top-p, min-p "
                "and temperature",
                engine::plainText(word));
        sampling.order.push_back(found->second);
        at = comma + 1;
    }
    return {};
}

Result<void> checkStops(const std::vector<std::string>& stops) {
    if (stops.size() > 64)
        return usageError("there are {} stop strings, at most 64 are taken", stops.size());
    for (const std::string& stop : stops)
        if (stop.empty() || stop.size() > 4096)
            return usageError("a stop string has {} bytes, expected 1 to 4096", stop.size());
    return {};
}

Result<int64_t> jsonInteger(const std::string& key, const nlohmann::ordered_json& value, int64_t min, int64_t max) {
    if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX))
        return engine::invalid("\"{}\" is {}, expected an integer from {} to {}", engine::plainText(key),
                               jsonText(value), min, max);
    const auto number = value.get<int64_t>();
    if (number < min || number > max)
        return engine::invalid("\"{}\" is {}, expected {} to {}", engine::plainText(key), number, min, max);
    return number;
}

}  // namespace

std::span<const OptionSpec> samplingOptions() {
    return specs;
}

uint64_t newSeed() {
    std::random_device device;
    return (uint64_t{device()} << 32 | device()) & static_cast<uint64_t>(maxSeed);
}

Result<RequestSettings> requestSettings(const Arguments& arguments, int64_t defaultTokens) {
    RequestSettings settings;
    SamplingParams& sampling = settings.sampling;
    TRY(settings.maxTokens, arguments.integer("-n", defaultTokens, -1, maxInt));
    for (const RealField& row : realFields) {
        TRY(const double value, arguments.real(row.option, static_cast<double>(sampling.*row.field), row.min, row.max));
        sampling.*row.field = static_cast<float>(value);
    }
    for (const IntegerField& row : integerFields) {
        TRY(const int64_t value, arguments.integer(row.option, sampling.*row.field, row.min, row.max));
        sampling.*row.field = static_cast<int32_t>(value);
    }
    for (const std::string& bias : arguments.all("--logit-bias"))
        TRY_VOID(addBias(bias, sampling));
    if (arguments.has("--samplers"))
        TRY_VOID(setOrder(arguments.text("--samplers"), sampling));
    settings.stops = arguments.all("--stop");
    TRY_VOID(checkStops(settings.stops));
    TRY(const int64_t logprobs, arguments.integer("--logprobs", -1, 0, 1000));
    settings.logprobs = static_cast<int>(logprobs);
    settings.ignoreEos = arguments.has("--ignore-eos");
    settings.contextShift = arguments.has("--context-shift");
    TRY(settings.keepTokens, arguments.integer("--keep", 0, 0, maxInt));
    TRY(settings.speculation, chosenSpeculation(arguments));
    settings.seedGiven = arguments.has("--seed");
    TRY(const int64_t seed, arguments.integer("--seed", 0, 0, maxSeed));
    sampling.seed = settings.seedGiven ? static_cast<uint64_t>(seed) : newSeed();
    return settings;
}

Result<void> applyJson(const nlohmann::ordered_json& object, RequestSettings& settings) {
    SamplingParams& sampling = settings.sampling;
    for (const auto& item : object.items()) {
        const std::string& key = item.key();
        const auto& value = item.value();
        if (key == "prompt")
            continue;
        const auto real = std::find_if(std::begin(realFields), std::end(realFields),
                                       [&](const RealField& row) { return jsonKey(row.option) == key; });
        const auto integer = std::find_if(std::begin(integerFields), std::end(integerFields),
                                          [&](const IntegerField& row) { return jsonKey(row.option) == key; });
        if (real != std::end(realFields)) {
            const double number = value.is_number() ? value.get<double>() : -1e9;
            if (number < real->min || number > real->max)
                return engine::invalid("\"{}\" is {}, expected a number from {} to {}", key, jsonText(value), real->min,
                                       real->max);
            sampling.*real->field = static_cast<float>(number);
        } else if (integer != std::end(integerFields)) {
            TRY(const int64_t number, jsonInteger(key, value, integer->min, integer->max));
            sampling.*integer->field = static_cast<int32_t>(number);
        } else if (key == "n") {
            TRY(settings.maxTokens, jsonInteger(key, value, -1, maxInt));
        } else if (key == "seed") {
            TRY(const int64_t seed, jsonInteger(key, value, 0, maxSeed));
            sampling.seed = static_cast<uint64_t>(seed);
            settings.seedGiven = true;
        } else if (key == "logprobs") {
            TRY(const int64_t number, jsonInteger(key, value, 0, 1000));
            settings.logprobs = static_cast<int>(number);
        } else if (key == "ignore_eos") {
            if (!value.is_boolean())
                return engine::invalid("\"ignore_eos\" is {}, expected true or false", jsonText(value));
            settings.ignoreEos = value.get<bool>();
        } else if (key == "context_shift") {
            if (!value.is_boolean())
                return engine::invalid("\"context_shift\" is {}, expected true or false", jsonText(value));
            settings.contextShift = value.get<bool>();
        } else if (key == "keep") {
            TRY(settings.keepTokens, jsonInteger(key, value, 0, maxInt));
        } else if (key == "speculate") {
            const auto found = value.is_string() ? speculationFromName(value.get<std::string>()) : std::nullopt;
            if (!found)
                return engine::invalid("\"speculate\" is {}, expected off, lookup, draft or auto", jsonText(value));
            settings.speculation = *found;
        } else if (key == "stop") {
            settings.stops.clear();
            for (const auto& stop : value.is_array() ? value : nlohmann::ordered_json::array({value})) {
                if (!stop.is_string())
                    return engine::invalid("\"stop\" holds {}, expected texts", jsonText(stop));
                settings.stops.push_back(stop.get<std::string>());
            }
            TRY_VOID(checkStops(settings.stops));
        } else {
            return engine::invalid("\"{}\" is no key of a request", engine::plainText(key));
        }
    }
    return {};
}

}  // namespace app
