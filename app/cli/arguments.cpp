#include "app/cli/arguments.h"

#include <charconv>
#include <cmath>

#include "engine/io/plain_text.h"

namespace app {

using engine::plainText;
using engine::Result;

namespace {

const OptionSpec* findOption(std::string_view word, std::span<const std::span<const OptionSpec>> options) {
    for (const auto& group : options)
        for (const OptionSpec& option : group)
            if (word == option.name || (!option.alias.empty() && word == option.alias))
                return &option;
    return nullptr;
}

// "-5" and "-" are values, "-n" and "--top-k" are options.
bool looksLikeOption(std::string_view word) {
    return word.size() >= 2 && word[0] == '-' && !(word[1] >= '0' && word[1] <= '9') && word[1] != '.';
}

}  // namespace

Result<Arguments> Arguments::parse(std::span<const std::string> words,
                                   std::span<const std::span<const OptionSpec>> options) {
    Arguments result;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--") {
            result.m_positional.insert(result.m_positional.end(), words.begin() + static_cast<ptrdiff_t>(i) + 1,
                                       words.end());
            break;
        }
        if (!looksLikeOption(word)) {
            result.m_positional.push_back(word);
            continue;
        }
        const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        const std::string name = word.substr(0, equals);
        const OptionSpec* option = findOption(name, options);
        if (!option)
            return usageError("there is no option {} here; `tessera-cli help` names what there is", plainText(name));
        std::vector<std::string>& values = result.m_values[std::string(option->name)];
        if (option->value.empty()) {
            if (equals != std::string::npos)
                return usageError("{} is a switch and takes no value", name);
            values.emplace_back();
        } else if (equals != std::string::npos) {
            values.push_back(word.substr(equals + 1));
        } else if (i + 1 < words.size()) {
            values.push_back(words[++i]);
        } else {
            return usageError("{} needs a value ({})", name, option->value);
        }
    }
    return result;
}

std::string Arguments::text(std::string_view name, std::string_view fallback) const {
    const auto found = m_values.find(name);
    return found == m_values.end() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view name) const {
    const auto found = m_values.find(name);
    return found == m_values.end() ? std::vector<std::string>() : found->second;
}

Result<std::string> Arguments::required(std::string_view name) const {
    const auto found = m_values.find(name);
    if (found == m_values.end())
        return usageError("{} is needed", name);
    return found->second.back();
}

Result<int64_t> Arguments::integer(std::string_view name, int64_t fallback, int64_t min, int64_t max) const {
    const auto found = m_values.find(name);
    return found == m_values.end() ? Result<int64_t>(fallback) : parseInteger(name, found->second.back(), min, max);
}

Result<double> Arguments::real(std::string_view name, double fallback, double min, double max) const {
    const auto found = m_values.find(name);
    return found == m_values.end() ? Result<double>(fallback) : parseReal(name, found->second.back(), min, max);
}

Result<std::vector<int64_t>> Arguments::integers(std::string_view name, std::string_view fallback, int64_t min,
                                                 int64_t max) const {
    const std::string list = text(name, fallback);
    std::vector<int64_t> values;
    for (size_t at = 0; at <= list.size();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        TRY(const int64_t value, parseInteger(name, std::string_view(list).substr(at, comma - at), min, max));
        values.push_back(value);
        at = comma + 1;
    }
    return values;
}

Result<int64_t> parseInteger(std::string_view what, std::string_view text, int64_t min, int64_t max) {
    int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size())
        return usageError("{} is '{}', expected an integer", what, plainText(text));
    if (value < min || value > max)
        return usageError("{} is {}, expected {} to {}", what, value, min, max);
    return value;
}

Result<double> parseReal(std::string_view what, std::string_view text, double min, double max) {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return usageError("{} is '{}', expected a number such as 0.8", what, plainText(text));
    if (value < min || value > max)
        return usageError("{} is {}, expected {} to {}", what, value, min, max);
    return value;
}

}  // namespace app
