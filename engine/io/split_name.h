// File names of split models: "name-00002-of-00003.gguf". Pure functions; thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace engine {

struct SplitName {
    std::string prefix;  // path up to the last "-00002-of-..."
    std::string suffix;  // ".gguf" as the file spells it
    int64_t number = 0;  // from 1
    int64_t count = 0;
};

std::optional<SplitName> parseSplitName(std::string_view path);
// The path of another part, in the same folder.
std::string splitPath(const SplitName& name, int64_t number);

}  // namespace engine
