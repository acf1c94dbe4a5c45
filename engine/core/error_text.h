// Makes an Error with a formatted sentence: damaged("tensor '{}' ends at byte {}", name, end).
#pragma once

#include <fmt/format.h>

#include "engine/core/result.h"

namespace engine {

template <typename... Args>
Error makeError(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
    return Error{code, fmt::format(text, std::forward<Args>(args)...), {}};
}
template <typename... Args>
Error damaged(fmt::format_string<Args...> text, Args&&... args) {
    return makeError(ErrorCode::FileDamaged, text, std::forward<Args>(args)...);
}
template <typename... Args>
Error unsupported(fmt::format_string<Args...> text, Args&&... args) {
    return makeError(ErrorCode::Unsupported, text, std::forward<Args>(args)...);
}
template <typename... Args>
Error invalid(fmt::format_string<Args...> text, Args&&... args) {
    return makeError(ErrorCode::InvalidRequest, text, std::forward<Args>(args)...);
}

}  // namespace engine
