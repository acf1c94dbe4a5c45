// Writes a GGUF file that holds a vocabulary and no tensors, and loads its tokenizer. Thread: one at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/text/tokenizer.h"
#include "tests/support/gguf_builder.h"

namespace test {

struct VocabSpec {
    std::string model = "gpt2";
    std::string pre;  // "": the key is left out
    std::vector<std::string> tokens;
    std::vector<int64_t> types;          // empty: the key is left out
    std::vector<float> scores;           // "
    std::vector<std::string> merges;     // "; written for gpt2 and gemma4 even when empty
    std::map<std::string, int64_t> ids;  // "bos_token_id" -> 1, ...
    std::map<std::string, bool> flags;   // "add_bos_token" -> true, ...
    std::function<void(GgufBuilder&)> more;

    GgufBuilder build() const;
};

// Byte-level vocabulary: the 256 bytes in GPT-2's alphabet, then one token for each merge, then the given tokens.
VocabSpec byteVocab(const std::vector<std::string>& merges = {}, const std::vector<std::string>& control = {},
                    const std::vector<std::string>& userDefined = {});
// The byte in GPT-2's alphabet, as UTF-8.
std::string spelledByte(int byte);

// Writes the file into a temporary folder, loads it and removes it.
engine::Result<std::shared_ptr<const engine::Tokenizer>> loadTokenizer(const GgufBuilder& builder);
inline engine::Result<std::shared_ptr<const engine::Tokenizer>> loadTokenizer(const VocabSpec& spec) {
    return loadTokenizer(spec.build());
}

}  // namespace test
