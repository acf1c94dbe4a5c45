// Cuts text into the words that a byte-pair tokenizer merges within. A pre-tokenizer is a list of stages; each is a
// hand-written matcher equal to one regular expression of the model's tokenizer and cuts the pieces of the stage
// before. No backtracking, no recursion, linear time, no allocation. Constant data; a PieceReader belongs to one
// thread.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "engine/text/pre_tokenizer_stages.h"

namespace engine {

struct PreTokenizer {
    static constexpr int MaxStages = 6;

    std::string_view name;
    std::array<Stage, MaxStages> stages{};  // the first null ends the list
    bool ignoresMerges = false;             // a word that is a token as a whole is that token, whatever the merges say
    bool rawUtf8 = false;  // tokens are plain UTF-8 with U+2581 for the space, not GPT-2's byte alphabet
    bool addsBos = false;  // where the file does not say
    int stageCount() const;
};

// By `tokenizer.ggml.pre`; null when the name is unknown.
const PreTokenizer* findPreTokenizer(std::string_view name);
std::span<const PreTokenizer> preTokenizers();

// Yields the pieces of a text in order; together they are the text.
class PieceReader {
  public:
    PieceReader(const PreTokenizer& preTokenizer, std::string_view text);
    bool next(std::string_view& piece);  // false at the end

  private:
    struct Level {
        const char* p;
        const char* end;
        StageMemory memory;
    };
    const PreTokenizer& m_preTokenizer;
    std::array<Level, PreTokenizer::MaxStages + 1> m_levels;
    int m_stages;
    int m_level = 0;
};

}  // namespace engine
