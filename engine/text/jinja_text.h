// String operations of the chat-template language on text with trust marks; shared by filters and methods. Those that
// can make far more than they are given count what they write as steps.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/text/jinja_value.h"

namespace engine::jinja {

// Without characters: white space. Both ends by default.
Text strip(const Text& t, const std::optional<std::string>& characters, bool left = true, bool right = true);
Text replace(const Text& t, std::string_view from, const Text& to, int64_t count, Meter& meter);  // count < 0: all
std::vector<Text> split(const Text& t, const std::optional<std::string>& separator, int64_t maxSplit);
std::vector<Text> splitFromRight(const Text& t, const std::optional<std::string>& separator, int64_t maxSplit);
std::vector<Text> splitLines(const Text& t, bool keepEnds);
enum class Case : uint8_t { Upper, Lower, Title, Capitalize, Swap, JinjaTitle };
Text changeCase(const Text& t, Case to);
Text indent(const Text& t, const Text& prefix, bool first, bool blank);
Text percentFormat(const Text& format, const std::vector<Value>& arguments, Meter& meter);

// Simple case mapping of Latin, Greek, Cyrillic and Armenian letters; others are unchanged.
uint32_t upperCase(uint32_t codePoint);
uint32_t lowerCase(uint32_t codePoint);
bool isAlphabetic(uint32_t codePoint);

}  // namespace engine::jinja
