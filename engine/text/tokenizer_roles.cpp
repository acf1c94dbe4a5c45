// What tokens are for, told by their well-known names where files do not say it: ends of generation, control tokens,
// and tokens that eat the white space beside them.
#include <algorithm>
#include <cctype>
#include <string>

#include "engine/text/tokenizer_vocab.h"

namespace engine {

namespace {

struct KnownToken {
    std::string_view text;
    bool ends;      // generation ends with it
    bool endsTurn;  // may serve as the end of a turn when the file names none
};

constexpr KnownToken KnownTokens[] = {
    {"<|eot_id|>", true, true},
    {"<|im_end|>", true, true},
    {"<|end|>", true, true},
    {"<end_of_turn>", true, true},
    {"<|endoftext|>", true, true},
    {"<|end_of_text|>", true, true},
    {"<EOT>", true, true},
    {"_<EOT>", true, true},
    {"[EOT]", true, true},
    {"<｜end▁of▁sentence｜>", true, true},
    {"<end_of_utterance>", true, true},
    {"<|eom_id|>", true, false},
    {"<|return|>", true, false},
    {"<|call|>", true, false},
    {"<|calls|>", true, false},
    {"<|flush|>", true, false},
    {"</s>", true, false},
    {"[EOS]", true, false},
    {"<eos>", true, false},
    {"<turn|>", true, false},
    {"<|tool_response>", true, false},
    {"[e~[", true, false},
    // Fill in the middle: padding, file and repository names end an answer; the others only frame it.
    {"<|fim_pad|>", true, false},
    {"<fim-pad>", true, false},
    {"<fim_pad>", true, false},
    {"<PAD>", true, false},
    {"[PAD]", true, false},
    {"<|fim_repo|>", true, false},
    {"<|repo_name|>", true, false},
    {"<fim-repo>", true, false},
    {"<REPO>", true, false},
    {"<reponame>", true, false},
    {"<|file_sep|>", true, false},
    {"<|fim_prefix|>", false, false},
    {"<fim-prefix>", false, false},
    {"<fim_prefix>", false, false},
    {"<｜fim▁begin｜>", false, false},
    {"<PRE>", false, false},
    {"▁<PRE>", false, false},
    {"<|code_prefix|>", false, false},
    {"<|prefix|>", false, false},
    {"<|fim_suffix|>", false, false},
    {"<fim-suffix>", false, false},
    {"<fim_suffix>", false, false},
    {"<｜fim▁hole｜>", false, false},
    {"<SUF>", false, false},
    {"▁<SUF>", false, false},
    {"<|code_suffix|>", false, false},
    {"<|suffix|>", false, false},
    {"<|fim_middle|>", false, false},
    {"<fim-middle>", false, false},
    {"<fim_middle>", false, false},
    {"<｜fim▁end｜>", false, false},
    {"<MID>", false, false},
    {"▁<MID>", false, false},
    {"<|code_middle|>", false, false},
    {"<|middle|>", false, false},
};

bool containsAny(const std::string& text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view p) { return text.find(p) != std::string::npos; });
}

std::string lowerText(const ModelFile& file, const char* key) {
    auto text = file.string(key);
    if (!text)
        return {};
    for (char& c : *text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return *text;
}

}  // namespace

void applyKnownRoles(Vocab& vocab) {
    vocab.endsGeneration.assign(vocab.kinds.size(), false);
    for (const KnownToken& known : KnownTokens) {
        const int32_t id = vocab.find(known.text);
        if (id < 0)
            continue;
        vocab.kinds[id] = TokenKind::Control;
        if (known.ends)
            vocab.endsGeneration[id] = true;
        if (known.endsTurn && vocab.eot < 0)
            vocab.eot = id;
        if (known.text == "<|eom_id|>" && vocab.eom < 0)
            vocab.eom = id;
    }
    for (const int32_t id : {vocab.eos, vocab.eot, vocab.eom}) {
        if (id >= 0)
            vocab.endsGeneration[id] = true;
    }
    // In the harmony format <|end|> closes one message of several; the answer ends with <|return|> or <|call|>.
    const auto ends = [&](std::string_view text) {
        const int32_t id = vocab.find(text);
        return id >= 0 && vocab.endsGeneration[id];
    };
    const bool call = ends("<|call|>") || ends("<|calls|>");
    if (call && (ends("<|return|>") || ends("<|flush|>")) && ends("<|end|>"))
        vocab.endsGeneration[vocab.find("<|end|>")] = false;
    // Gemma 4 writes </s> in plain text.
    const int32_t closing = vocab.find("</s>");
    if (closing >= 0 && closing != vocab.eos && (ends("<|tool_response>") || ends("<|plamo:eos|>"))) {
        vocab.endsGeneration[closing] = false;
        vocab.kinds[closing] = TokenKind::Normal;
    }
}

void applyStripping(Vocab& vocab, const ModelFile& file) {
    const std::string name = lowerText(file, "general.name");
    const std::string architecture = lowerText(file, "general.architecture");
    const auto stripLeft = [&](std::string_view text) {
        if (const int32_t id = vocab.find(text); id >= 0) {
            vocab.stripsLeft.resize(vocab.kinds.size());
            vocab.stripsLeft[id] = true;
        }
    };
    if (containsAny(vocab.preName, {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
        containsAny(architecture, {"nomic-bert-moe", "jina-bert-v3"})) {
        stripLeft("<mask>");
    } else if (containsAny(name, {"phi-3", "phi3"})) {
        vocab.stripsRight.assign(vocab.kinds.size(), false);
        for (int32_t id = 0; id < vocab.size(); ++id) {
            const TokenKind kind = vocab.kinds[id];
            const std::string_view text = vocab.text(id);
            vocab.stripsRight[id] = (kind == TokenKind::Control || kind == TokenKind::UserDefined ||
                                     kind == TokenKind::Unknown || text == "</s>") &&
                                    text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
        }
    } else if (containsAny(name, {"modern-bert"})) {
        stripLeft("[MASK]");
    }
}

}  // namespace engine
