// SentencePiece's byte-pair model ("llama"): characters merge into the token with the highest score, of equal scores
// the leftmost; what is no token falls back to its bytes.
#include <algorithm>
#include <array>
#include <numeric>

#include "engine/core/error_text.h"
#include "engine/text/segment_encoder.h"
#include "engine/text/space_mark.h"

namespace engine {

namespace {

constexpr size_t LongestRun = size_t{1} << 24;  // bounds the memory; a longer word is cut

class SpmEncoder final : public SegmentEncoder {
  public:
    SpmEncoder(const Vocab& vocab, bool addSpace) : m_vocab(vocab), m_addSpace(addSpace), m_spaces(vocab) {}

    void rankTokens();
    void findBytes();

    void encode(std::string_view segment, bool first, EncodeScratch& scratch, std::vector<int32_t>& out) const override;
    std::string pieceOf(std::string_view tokenText) const override { return withoutMarks(tokenText); }
    bool addsSpace() const override { return m_addSpace; }

  private:
    void encodeRun(std::string_view run, EncodeScratch& scratch, std::vector<int32_t>& out) const;
    // Control, unknown and byte tokens are never written by text.
    int32_t find(std::string_view text) const {
        if (text.size() > m_vocab.longestBytes)
            return -1;
        const int32_t id = m_vocab.find(text);
        if (id < 0)
            return -1;
        const TokenKind kind = m_vocab.kinds[id];
        return kind == TokenKind::Control || kind == TokenKind::Unknown || kind == TokenKind::Byte ? -1 : id;
    }

    const Vocab& m_vocab;
    bool m_addSpace;
    std::vector<uint32_t> m_ranks;  // [vocab] place of the score, highest first; equal scores share one
    std::array<int32_t, 256> m_byteIds{};
    SpaceCuts m_spaces;
};

void SpmEncoder::rankTokens() {
    const std::vector<float>& scores = m_vocab.scores;
    std::vector<int32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    const auto higher = [&](int32_t a, int32_t b) { return scores[a] > scores[b]; };
    if (!std::is_sorted(order.begin(), order.end(), higher))
        std::stable_sort(order.begin(), order.end(), higher);
    m_ranks.resize(scores.size());
    uint32_t rank = 0;
    for (size_t i = 0; i < order.size(); ++i) {
        if (i > 0 && scores[order[i]] != scores[order[i - 1]])
            ++rank;
        m_ranks[order[i]] = rank;
    }
}

void SpmEncoder::findBytes() {
    constexpr char Digits[] = "0123456789ABCDEF";
    for (int b = 0; b < 256; ++b) {
        const char text[] = {'<', '0', 'x', Digits[b >> 4], Digits[b & 15], '>'};
        m_byteIds[b] = m_vocab.find({text, 6});
        if (m_byteIds[b] < 0 || m_vocab.kinds[m_byteIds[b]] != TokenKind::Byte) {
            const char byte = static_cast<char>(b);
            m_byteIds[b] = find({&byte, 1});
        }
    }
}

void SpmEncoder::encodeRun(std::string_view run, EncodeScratch& scratch, std::vector<int32_t>& out) const {
    std::vector<Symbol>& symbols = scratch.merger.symbols;
    symbols.clear();
    for (const char *p = run.data(), *end = p + run.size(); p != end;) {
        const Utf8Char c = readUtf8(p, end);
        symbols.push_back({find({p, c.length}), c.length});
        p += c.length;
    }
    scratch.merger.merge(run.data(), [this](const Symbol& left, const char* text, const Symbol& right) -> Merge {
        const int32_t id = find({text, size_t{left.size} + right.size});
        return id < 0 ? Merge{} : Merge{m_ranks[id], id};
    });
    const char* at = run.data();
    for (const Symbol& symbol : symbols) {
        if (symbol.id >= 0) {
            out.push_back(symbol.id);
        } else {
            for (uint32_t i = 0; i < symbol.size; ++i) {
                const int32_t id = m_byteIds[static_cast<unsigned char>(at[i])];
                if (id >= 0)
                    out.push_back(id);
                else if (m_vocab.unknown >= 0 && i == 0)
                    out.push_back(m_vocab.unknown);
            }
        }
        at += symbol.size;
    }
}

void SpmEncoder::encode(std::string_view segment, bool first, EncodeScratch& scratch, std::vector<int32_t>& out) const {
    std::string& text = scratch.text;
    text.clear();
    text.reserve(segment.size() + segment.size() / 2);
    if (m_addSpace && first)
        text.append(SpaceMark);
    appendMarked(text, segment);
    scratch.cache.reset(text.size());
    size_t begin = 0;
    while (begin < text.size()) {
        const std::string_view rest = std::string_view(text).substr(begin);
        const size_t cut = m_spaces.nextCut(rest, 0);
        const std::string_view run = rest.substr(0, cut <= LongestRun ? cut : wholeCharacters(rest, LongestRun));
        begin += run.size();
        if (scratch.cache.recall(run, out))
            continue;
        const size_t at = out.size();
        encodeRun(run, scratch, out);
        scratch.cache.remember(run, at, out);
    }
}

}  // namespace

Result<std::unique_ptr<SegmentEncoder>> makeSpmEncoder(const Vocab& vocab, const ModelFile& file) {
    bool addSpace = true;
    if (file.has("tokenizer.ggml.add_space_prefix")) {
        TRY(addSpace, file.boolean("tokenizer.ggml.add_space_prefix"));
    }
    auto encoder = std::make_unique<SpmEncoder>(vocab, addSpace);
    encoder->rankTokens();
    encoder->findBytes();
    return std::unique_ptr<SegmentEncoder>(std::move(encoder));
}

}  // namespace engine
