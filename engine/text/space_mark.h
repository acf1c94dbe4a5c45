// SentencePiece writes the space as U+2581: to and from it, and where a text can be cut at spaces without changing its
// tokens. Immutable; thread: any.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine/text/tokenizer_vocab.h"

namespace engine {

inline constexpr std::string_view SpaceMark = "\xE2\x96\x81";  // U+2581

void appendMarked(std::string& out, std::string_view text);
std::string withoutMarks(std::string_view text);

// No merge and no token reaches over a place that no token of the vocabulary spans. Mostly no token has a space behind
// another character: then the words of a text can be taken one by one, and repeated words remembered.
class SpaceCuts {
  public:
    SpaceCuts() = default;
    explicit SpaceCuts(const Vocab& vocab);
    // The first cut behind `begin`, or npos.
    size_t nextCut(std::string_view text, size_t begin) const;

  private:
    std::array<bool, 256> m_joined{};  // some token has a space mark behind this byte
};

}  // namespace engine
