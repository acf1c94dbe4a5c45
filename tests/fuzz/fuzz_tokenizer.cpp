// libFuzzer target: encoding and decoding of arbitrary bytes. The first byte chooses the vocabulary and the
// pre-tokenizer, the second whether control tokens count; the rest is the text. Build with Clang: see
// tests/fuzz/README.md.
#include <cstdint>
#include <cstdlib>

#include "engine/text/pre_tokenizer.h"
#include "engine/text/tokenizer.h"
#include "tests/support/vocab_file.h"

namespace {

using engine::Tokenizer;

std::vector<std::shared_ptr<const Tokenizer>> makeTokenizers() {
    std::vector<std::shared_ptr<const Tokenizer>> list;
    for (const engine::PreTokenizer& preTokenizer : engine::preTokenizers()) {
        test::VocabSpec spec =
            test::byteVocab({"a b", "Ġ a", "ab c", "Ġ Ġ", "ĠĠ ĠĠ", "Ċ Ċ", "Ã ©", "a a", "aa aa", "b c"},
                            {"<|im_end|>", "<|x|>", "<|"}, {"<u>", "<u><u>"});
        spec.pre = preTokenizer.name;
        if (preTokenizer.rawUtf8)
            continue;
        if (auto tokenizer = test::loadTokenizer(spec))
            list.push_back(*tokenizer);
    }
    test::VocabSpec pieces;
    pieces.tokens = {"<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁a", "▁▁", "é", "中", "aa", "<u>"};
    pieces.types = {2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4};
    for (size_t i = 0; i < pieces.tokens.size(); ++i)
        pieces.scores.push_back(-static_cast<float>(i));
    for (const char* model : {"llama", "t5", "bert"}) {
        pieces.model = model;
        pieces.ids = {{"unknown_token_id", 0}};
        if (auto tokenizer = test::loadTokenizer(pieces))
            list.push_back(*tokenizer);
    }
    return list;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const auto tokenizers = makeTokenizers();
    if (size < 2)
        return 0;
    const Tokenizer& tokenizer = *tokenizers[data[0] % tokenizers.size()];
    const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::vector<int32_t> ids = tokenizer.encode(text, data[1] & 1);
    std::string bytes;
    for (const int32_t id : ids) {
        if (id < 0 || id >= tokenizer.vocabSize())
            std::abort();
        if ((data[1] & 1) == 0 && tokenizer.kind(id) == engine::TokenKind::Control)
            std::abort();  // a user's text became a control token
        bytes += tokenizer.piece(id, true);
    }
    if (tokenizer.modelName() == "gpt2" && bytes != text)
        std::abort();  // something was lost
    engine::Utf8Stream stream;
    std::string shown;
    for (const int32_t id : ids)
        shown += stream.push(tokenizer.piece(id, true));
    shown += stream.finish();
    if (tokenizer.modelName() == "gpt2" && shown != tokenizer.decode(ids, true))
        std::abort();
    const std::vector<Tokenizer::Part> parts = {{text.substr(0, text.size() / 2), true},
                                                {text.substr(text.size() / 2), false}};
    if (tokenizer.encodeParts(parts).empty() != ids.empty() && tokenizer.modelName() == "gpt2")
        std::abort();
    return 0;
}
