#include "engine/io/split_name.h"

#include <fmt/format.h>

namespace engine {

std::optional<SplitName> parseSplitName(std::string_view path) {
    constexpr std::string_view shape = "-00000-of-00000";
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos || dot < shape.size())
        return std::nullopt;
    if (path.find_first_of("/\\", dot) != std::string_view::npos)
        return std::nullopt;  // the name of a folder, and the parts would be sought in other folders
    const std::string_view middle = path.substr(dot - shape.size(), shape.size());
    int64_t numbers[2] = {0, 0};
    for (size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] != '0') {
            if (middle[i] != shape[i])
                return std::nullopt;
            continue;
        }
        if (middle[i] < '0' || middle[i] > '9')
            return std::nullopt;
        int64_t& number = numbers[i > 6];
        number = number * 10 + (middle[i] - '0');
    }
    return SplitName{std::string(path.substr(0, dot - shape.size())), std::string(path.substr(dot)), numbers[0],
                     numbers[1]};
}

std::string splitPath(const SplitName& name, int64_t number) {
    return fmt::format("{}-{:05}-of-{:05}{}", name.prefix, number, name.count, name.suffix);
}

}  // namespace engine
