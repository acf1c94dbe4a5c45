#include "engine/text/tokenizer_vocab.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"
#include "engine/text/pre_tokenizer.h"

namespace engine {

namespace {

constexpr const char* TokensKey = "tokenizer.ggml.tokens";
constexpr int64_t MaxTokens = 1 << 24;
constexpr int64_t MaxTextBytes = int64_t{1} << 30;

// A token's text for error sentences.
std::string shown(std::string_view text) {
    return plainText(text, 40);
}

Result<void> readTexts(Vocab& vocab, const ModelFile& file) {
    TRY(const MetaArray* tokens, file.array(TokensKey, MetaArray::Element::String));
    const auto count = static_cast<int64_t>(tokens->strings.size());
    if (count == 0)
        return damaged("{}: {} is empty", vocab.fileName, TokensKey);
    if (count > MaxTokens)
        return unsupported("{}: {} has {} tokens, at most {} are supported", vocab.fileName, TokensKey, count,
                           MaxTokens);
    int64_t total = 0, nEmpty = 0;
    for (const std::string_view text : tokens->strings) {
        total += static_cast<int64_t>(text.size());
        nEmpty += text.empty();
    }
    if (total > MaxTextBytes)
        return unsupported("{}: the texts of {} have {} bytes, at most {} are supported", vocab.fileName, TokensKey,
                           total, MaxTextBytes);
    vocab.texts.reserve(static_cast<size_t>(total));
    vocab.textEnds.reserve(static_cast<size_t>(count) + 1);
    vocab.textEnds.push_back(0);
    for (const std::string_view text : tokens->strings) {
        vocab.texts.insert(vocab.texts.end(), text.begin(), text.end());
        vocab.textEnds.push_back(static_cast<uint32_t>(vocab.texts.size()));
        vocab.longestBytes = std::max(vocab.longestBytes, text.size());
    }
    vocab.index.reserve(static_cast<size_t>(count - nEmpty));
    for (int32_t id = 0; id < count; ++id) {
        const std::string_view text = vocab.text(id);
        if (text.empty())
            continue;
        int32_t other = -1;
        switch (vocab.index.insert(text, id, other)) {
            case TokenIndex::Insert::Added:
                break;
            case TokenIndex::Insert::Duplicate:
                return damaged("{}: {} holds \"{}\" twice, as {} and as {}", vocab.fileName, TokensKey, shown(text),
                               other, id);
            case TokenIndex::Insert::Full:
                return damaged("{}: {} holds texts made to collide (at token {})", vocab.fileName, TokensKey, id);
        }
    }
    if (nEmpty > 0)
        vocab.notes.push_back(fmt::format("{} of {} tokens have no text and are never used", nEmpty, count));
    return {};
}

Result<void> readKinds(Vocab& vocab, const ModelFile& file) {
    constexpr const char* Key = "tokenizer.ggml.token_type";
    const auto count = static_cast<size_t>(vocab.textEnds.size() - 1);
    vocab.kinds.assign(count, TokenKind::Normal);
    if (!file.has(Key)) {
        vocab.notes.push_back(fmt::format("{} is missing: tokens <0xNN> count as bytes, all others as normal", Key));
        for (int32_t id = 0; id < vocab.size(); ++id) {
            if (vocab.modelName != "gpt2" && Vocab::byteValue(vocab.text(id)) >= 0)
                vocab.kinds[id] = TokenKind::Byte;
        }
        return {};
    }
    TRY(const MetaArray* types, file.array(Key, MetaArray::Element::Integer));
    if (types->integers.size() != count)
        return damaged("{}: {} has {} entries, {} has {}", vocab.fileName, Key, types->integers.size(), TokensKey,
                       count);
    for (int32_t id = 0; id < vocab.size(); ++id) {
        switch (types->integers[id]) {
            case 0:
            case 1:
                break;
            case 2:
                vocab.kinds[id] = TokenKind::Unknown;
                break;
            case 3:
                vocab.kinds[id] = TokenKind::Control;
                break;
            case 4:
                vocab.kinds[id] = TokenKind::UserDefined;
                break;
            case 5:
                vocab.kinds[id] = TokenKind::Unused;
                break;
            case 6:
                vocab.kinds[id] = TokenKind::Byte;
                if (Vocab::byteValue(vocab.text(id)) < 0)
                    return damaged("{}: {} calls token {} \"{}\" a byte, a byte is spelled <0xNN>", vocab.fileName, Key,
                                   id, shown(vocab.text(id)));
                break;
            default:
                return damaged("{}: {} of token {} is {}, expected 0 to 6", vocab.fileName, Key, id,
                               types->integers[id]);
        }
        if (vocab.text(id).empty() &&
            (vocab.kinds[id] == TokenKind::Control || vocab.kinds[id] == TokenKind::UserDefined))
            return damaged("{}: {} holds a special token without text, number {}", vocab.fileName, TokensKey, id);
    }
    return {};
}

Result<void> readScores(Vocab& vocab, const ModelFile& file) {
    constexpr const char* Key = "tokenizer.ggml.scores";
    const bool needed = vocab.modelName == "llama" || vocab.modelName == "t5";
    if (!needed)
        return {};
    std::vector<double> values;
    if (auto floats = file.array(Key, MetaArray::Element::Float)) {
        values.assign((*floats)->floats.begin(), (*floats)->floats.end());
    } else if (auto integers = file.array(Key, MetaArray::Element::Integer)) {
        values.assign((*integers)->integers.begin(), (*integers)->integers.end());
    } else {
        return floats.error();
    }
    if (values.size() != vocab.kinds.size())
        return damaged("{}: {} has {} entries, {} has {}", vocab.fileName, Key, values.size(), TokensKey,
                       vocab.kinds.size());
    vocab.scores.reserve(values.size());
    for (size_t id = 0; id < values.size(); ++id) {
        if (!std::isfinite(values[id]))
            return damaged("{}: {} of token {} is not a number", vocab.fileName, Key, id);
        vocab.scores.push_back(static_cast<float>(values[id]));
    }
    return {};
}

Result<void> readSpecialIds(Vocab& vocab, const ModelFile& file) {
    struct Entry {
        const char* key;
        int32_t& id;
    };
    const bool bert = vocab.modelName == "bert";
    const Entry entries[] = {
        {bert ? "tokenizer.ggml.cls_token_id" : "tokenizer.ggml.bos_token_id", vocab.bos},
        {bert ? "tokenizer.ggml.seperator_token_id" : "tokenizer.ggml.eos_token_id", vocab.eos},
        {"tokenizer.ggml.eot_token_id", vocab.eot},
        {"tokenizer.ggml.eom_token_id", vocab.eom},
        {"tokenizer.ggml.unknown_token_id", vocab.unknown},
    };
    for (const Entry& entry : entries) {
        if (!file.has(entry.key)) {
            if (!vocab.contains(entry.id))
                entry.id = -1;
            continue;
        }
        TRY(const int64_t id, file.integer(entry.key, -1, UINT32_MAX));
        entry.id = -1;
        if (id == -1 || id == UINT32_MAX)  // how converters write "none"
            continue;
        if (id >= vocab.size())
            return damaged("{}: {} is {}, the vocabulary has {} tokens", vocab.fileName, entry.key, id, vocab.size());
        entry.id = static_cast<int32_t>(id);
    }
    for (const auto& [key, value] : {std::pair<const char*, bool*>{"tokenizer.ggml.add_bos_token", &vocab.addsBos},
                                     std::pair<const char*, bool*>{"tokenizer.ggml.add_eos_token", &vocab.addsEos}}) {
        if (file.has(key)) {
            TRY(*value, file.boolean(key));
        }
    }
    return {};
}

}  // namespace

int Vocab::byteValue(std::string_view text) {
    if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>')
        return -1;
    int value = 0;
    for (const char c : text.substr(3, 2)) {
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

Result<Vocab> readVocab(const ModelFile& file) {
    Vocab vocab;
    vocab.fileName = plainFileName(file.path());
    TRY(vocab.modelName, file.string("tokenizer.ggml.model"));
    if (file.has("tokenizer.ggml.pre")) {
        TRY(vocab.preName, file.string("tokenizer.ggml.pre"));
    }
    const std::string& model = vocab.modelName;
    constexpr std::string_view Known[] = {"gpt2", "llama", "t5", "bert", "gemma4"};
    if (std::find(std::begin(Known), std::end(Known), model) == std::end(Known))
        return unsupported(
            "{}: the tokenizer model \"{}\" (tokenizer.ggml.model) is not supported; gpt2, llama, t5, bert and "
            "gemma4 are",
            vocab.fileName, shown(model));
    TRY_VOID(readTexts(vocab, file));
    TRY_VOID(readKinds(vocab, file));
    TRY_VOID(readScores(vocab, file));
    // What these models use where the file does not say.
    if (model == "llama") {
        vocab.bos = 1;
        vocab.eos = 2;
        vocab.unknown = 0;
        vocab.addsBos = true;
    } else if (model == "t5") {
        vocab.eos = 1;
        vocab.unknown = 2;
        vocab.addsEos = true;
    } else if (model == "bert") {
        vocab.bos = 101;  // [CLS]
        vocab.eos = 102;  // [SEP]
        vocab.unknown = 100;
        vocab.addsBos = true;
        vocab.addsEos = true;
    } else if (const PreTokenizer* preTokenizer = findPreTokenizer(model == "gemma4" ? model : vocab.preName)) {
        vocab.addsBos = preTokenizer->addsBos;
    }
    return vocab;
}

Result<void> readRoles(Vocab& vocab, const ModelFile& file) {
    TRY_VOID(readSpecialIds(vocab, file));
    applyKnownRoles(vocab);
    applyStripping(vocab, file);
    if (vocab.unknown >= 0 && vocab.kinds[vocab.unknown] == TokenKind::Control) {
        // What a text cannot be spelled with must not end the answer or begin a turn.
        if (vocab.endsGeneration[vocab.unknown] || vocab.unknown == vocab.bos || vocab.unknown == vocab.eos)
            vocab.unknown = -1;
        else
            vocab.kinds[vocab.unknown] = TokenKind::Unknown;
    }
    if (vocab.addsBos && vocab.bos < 0) {
        vocab.notes.push_back("the file wants a first token (add_bos_token) but names none");
        vocab.addsBos = false;
    }
    if (vocab.addsEos && vocab.eos < 0) {
        vocab.notes.push_back("the file wants a last token (add_eos_token) but names none");
        vocab.addsEos = false;
    }
    return {};
}

}  // namespace engine
