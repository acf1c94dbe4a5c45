// WordPiece ("bert"): words cut at white space and signs, each covered from the left by the longest tokens. The file
// spells tokens that begin a word with U+2581 in front.
#include "engine/core/error_text.h"
#include "engine/text/segment_encoder.h"
#include "engine/text/space_mark.h"
#include "engine/text/token_trie.h"

namespace engine {

namespace {

constexpr int LongestWord = 100;  // characters; a longer word is unknown, as in BERT

std::vector<std::pair<std::string_view, int32_t>> usableTokens(const Vocab& vocab) {
    std::vector<std::pair<std::string_view, int32_t>> tokens;
    for (int32_t id = 0; id < vocab.size(); ++id) {
        if (vocab.kinds[id] != TokenKind::Control && vocab.kinds[id] != TokenKind::Unknown)
            tokens.emplace_back(vocab.text(id), id);
    }
    return tokens;
}

// Ideographs stand alone; the blocks are those of BERT's own code.
bool isIdeograph(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

class WordPieceEncoder final : public SegmentEncoder {
  public:
    WordPieceEncoder(const Vocab& vocab, bool lower, bool plain)
        : m_vocab(vocab), m_trie(usableTokens(vocab)), m_lower(lower), m_plain(plain) {}

    void encode(std::string_view segment, bool first, EncodeScratch& scratch, std::vector<int32_t>& out) const override;
    std::string pieceOf(std::string_view tokenText) const override {
        return tokenText.substr(0, SpaceMark.size()) == SpaceMark
                   ? ' ' + std::string(tokenText.substr(SpaceMark.size()))
                   : std::string(tokenText);
    }
    bool addsSpace() const override { return true; }

  private:
    void encodeWord(std::string& word, int characters, std::vector<int32_t>& out) const;

    const Vocab& m_vocab;
    TokenTrie m_trie;
    bool m_lower;
    bool m_plain;  // without accents
};

void WordPieceEncoder::encodeWord(std::string& word, int characters, std::vector<int32_t>& out) const {
    if (characters == 0)
        return;
    const size_t begin = out.size();
    std::string_view rest = word;
    while (!rest.empty() && characters <= LongestWord) {
        size_t longest = 0;
        int32_t best = -1;
        m_trie.walk(rest, [&](size_t size, int32_t id) {
            longest = size;
            best = id;
        });
        if (best < 0)
            break;
        out.push_back(best);
        rest.remove_prefix(longest);
    }
    if (!rest.empty()) {
        out.resize(begin);
        if (m_vocab.unknown >= 0)
            out.push_back(m_vocab.unknown);
    }
    word.assign(SpaceMark);
}

void WordPieceEncoder::encode(std::string_view segment, bool, EncodeScratch&, std::vector<int32_t>& out) const {
    std::string word(SpaceMark);
    int characters = 0;
    std::u32string plain;
    std::u32string mapped;
    const auto flush = [&] {
        encodeWord(word, characters, out);
        characters = 0;
    };
    for (const char *p = segment.data(), *end = p + segment.size(); p != end;) {
        const Utf8Char c = readUtf8(p, end);
        p += c.length;
        const uint32_t classes = classesOf(c.codepoint);
        const bool cuts = c.codepoint == '\t' || c.codepoint == '\n' || c.codepoint == '\r';
        if (c.codepoint == 0xFFFD || ((classes & ClassControl) && !cuts))
            continue;  // also those control characters that Unicode calls white space, as in BERT's own code
        if (classes & ClassSpace) {
            flush();
            continue;
        }
        plain.clear();
        mapped.clear();
        if (m_plain)
            appendPlain(plain, c.codepoint);
        else
            plain += static_cast<char32_t>(c.codepoint);
        for (const char32_t part : plain) {
            if (m_lower)
                appendLower(mapped, part);
            else
                mapped += part;
        }
        for (const char32_t part : mapped) {
            const uint32_t kind = classesOf(part);
            if (m_plain && (kind & ClassNonspacing))
                continue;
            const bool alone = (kind & ClassPunct) || (part < 128 && (kind & ClassSymbol)) || isIdeograph(part);
            if (alone)
                flush();
            // A word that is too long needs no more than to be known as such.
            if (characters <= LongestWord) {
                appendCharacter(word, part);
                ++characters;
            }
            if (alone)
                flush();
        }
    }
    flush();
}

}  // namespace

Result<std::unique_ptr<SegmentEncoder>> makeWordPieceEncoder(const Vocab& vocab, const ModelFile& file) {
    bool lower = true;
    if (file.has("tokenizer.ggml.normalizer.lowercase")) {
        TRY(lower, file.boolean("tokenizer.ggml.normalizer.lowercase"));
    }
    bool plain = lower;
    if (file.has("tokenizer.ggml.normalizer.strip_accents")) {
        TRY(plain, file.boolean("tokenizer.ggml.normalizer.strip_accents"));
    }
    return std::unique_ptr<SegmentEncoder>(std::make_unique<WordPieceEncoder>(vocab, lower, plain));
}

}  // namespace engine
