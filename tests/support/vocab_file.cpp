#include "tests/support/vocab_file.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#ifdef _WIN32
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

namespace test {

GgufBuilder VocabSpec::build() const {
    GgufBuilder builder;
    builder.string("general.architecture", "llama");
    builder.string("tokenizer.ggml.model", model);
    if (!pre.empty())
        builder.string("tokenizer.ggml.pre", pre);
    builder.strings("tokenizer.ggml.tokens", tokens);
    if (!types.empty())
        builder.integers("tokenizer.ggml.token_type", I32, types);
    if (!scores.empty())
        builder.reals("tokenizer.ggml.scores", scores);
    if (model == "gpt2" || model == "gemma4" || !merges.empty())
        builder.strings("tokenizer.ggml.merges", merges);
    for (const auto& [key, id] : ids)
        builder.integer("tokenizer.ggml." + key, U32, id);
    for (const auto& [key, flag] : flags)
        builder.integer("tokenizer.ggml." + key, Bool, flag ? 1 : 0);
    if (more)
        more(builder);
    return builder;
}

std::string spelledByte(int byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    int code = byte;
    if (!printable) {
        code = 256;
        for (int b = 0; b < byte; ++b)
            code += !((b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE);
    }
    if (code < 0x80)
        return std::string(1, static_cast<char>(code));
    return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

VocabSpec byteVocab(const std::vector<std::string>& merges, const std::vector<std::string>& control,
                    const std::vector<std::string>& userDefined) {
    VocabSpec spec;
    spec.pre = "gpt-2";
    spec.merges = merges;
    for (int b = 0; b < 256; ++b)
        spec.tokens.push_back(spelledByte(b));
    for (const std::string& merge : merges) {
        const size_t space = merge.find(' ', 1);
        spec.tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
    }
    spec.types.assign(spec.tokens.size(), 1);
    for (const std::string& token : control) {
        spec.tokens.push_back(token);
        spec.types.push_back(3);
    }
    for (const std::string& token : userDefined) {
        spec.tokens.push_back(token);
        spec.types.push_back(4);
    }
    return spec;
}

engine::Result<std::shared_ptr<const engine::Tokenizer>> loadTokenizer(const GgufBuilder& builder) {
    static std::atomic<int> number{0};
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() /
        ("tessera-vocab-" + std::to_string(getpid()) + "-" + std::to_string(++number) + ".gguf");
    const std::string bytes = builder.build();
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    auto result = [&]() -> engine::Result<std::shared_ptr<const engine::Tokenizer>> {
        TRY(const auto file, engine::ModelFile::open(path.string()));
        return engine::Tokenizer::load(*file);
    }();
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return result;
}

}  // namespace test
