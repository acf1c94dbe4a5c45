// The vocabulary of a model file, checked: token texts, kinds, scores, special ids. What every tokenizer model builds
// on. Immutable after reading; thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/text/token_index.h"
#include "engine/text/tokenizer.h"
#include "engine/text/unicode.h"

namespace engine {

struct Vocab {
    Vocab() = default;
    Vocab(Vocab&&) = default;  // not copied: the index points into texts
    Vocab& operator=(Vocab&&) = default;

    std::string modelName;  // "gpt2", "llama", "t5", "bert", "gemma4"
    std::string preName;    // "" when the file names none
    std::string fileName;   // for error sentences

    std::vector<char> texts;         // all token texts, one after another, as the file spells them
    std::vector<uint32_t> textEnds;  // [size + 1], textEnds[0] == 0
    std::vector<TokenKind> kinds;    // [size]
    std::vector<float> scores;       // [size] or empty
    TokenIndex index;                // all tokens that have a text
    size_t longestBytes = 0;

    int32_t bos = -1, eos = -1, eot = -1, eom = -1, unknown = -1;
    bool addsBos = false, addsEos = false;
    std::vector<bool> endsGeneration;  // [size]
    std::vector<bool> stripsLeft;      // [size] or empty: eats white space before it
    std::vector<bool> stripsRight;     // [size] or empty: eats white space after it
    std::vector<std::string> notes;    // what was assumed because the file does not say

    int32_t size() const { return static_cast<int32_t>(kinds.size()); }
    bool contains(int32_t id) const { return id >= 0 && id < size(); }
    std::string_view text(int32_t id) const { return {texts.data() + textEnds[id], textEnds[id + 1] - textEnds[id]}; }
    int32_t find(std::string_view text) const { return index.find(text); }
    // The value of a token spelled <0xNN>, or -1.
    static int byteValue(std::string_view text);
};

// Reads tokens, kinds, scores and special ids; every list is checked against the others.
Result<Vocab> readVocab(const ModelFile& file);

// Then special ids, ends of generation and stripping; defaults set before are kept where the file does not say.
Result<void> readRoles(Vocab& vocab, const ModelFile& file);

// Part of readVocab: kinds and ends of generation by the well-known names of tokens (tokenizer_roles.cpp).
void applyKnownRoles(Vocab& vocab);
// Which tokens eat white space beside them, by the model's name (files do not say it).
void applyStripping(Vocab& vocab, const ModelFile& file);

}  // namespace engine
