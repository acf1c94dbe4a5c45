// The words after the program's name, parsed against a table of options. Numbers are read in the C locale. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error_text.h"
#include "engine/core/result.h"

namespace app {

struct OptionSpec {
    std::string_view name;        // "--top-k"; "-n" for the few short ones
    std::string_view value;       // what the help calls its value; empty: a switch
    std::string_view help;        // one line
    std::string_view alias = {};  // another spelling
};

// Wrong usage: the program ends with status 2.
template <typename... Args>
engine::Error usageError(fmt::format_string<Args...> text, Args&&... args) {
    return engine::Error{engine::ErrorCode::InvalidRequest, fmt::format(text, std::forward<Args>(args)...), "usage"};
}
inline bool isUsageError(const engine::Error& error) {
    return error.where == "usage";
}

class Arguments {
  public:
    // Options may stand anywhere; "--name=value" and "--name value" mean the same; what follows "--" is positional.
    static engine::Result<Arguments> parse(std::span<const std::string> words,
                                           std::span<const std::span<const OptionSpec>> options);

    bool has(std::string_view name) const { return m_values.contains(name); }
    // The last value given, or the fallback.
    std::string text(std::string_view name, std::string_view fallback = {}) const;
    std::vector<std::string> all(std::string_view name) const;
    engine::Result<std::string> required(std::string_view name) const;
    engine::Result<int64_t> integer(std::string_view name, int64_t fallback, int64_t min, int64_t max) const;
    engine::Result<double> real(std::string_view name, double fallback, double min, double max) const;
    // "1,2,4"
    engine::Result<std::vector<int64_t>> integers(std::string_view name, std::string_view fallback, int64_t min,
                                                  int64_t max) const;
    const std::vector<std::string>& positional() const { return m_positional; }

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> m_values;
    std::vector<std::string> m_positional;
};

// The whole text as one number; the error names `what`.
engine::Result<int64_t> parseInteger(std::string_view what, std::string_view text, int64_t min, int64_t max);
engine::Result<double> parseReal(std::string_view what, std::string_view text, double min, double max);

}  // namespace app
