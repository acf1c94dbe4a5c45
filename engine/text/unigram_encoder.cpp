// SentencePiece's unigram model ("t5"): of all ways to cut a text into tokens the one with the highest sum of scores
// (Viterbi).
#include <algorithm>
#include <cfloat>

#include "engine/core/error_text.h"
#include "engine/text/char_map.h"
#include "engine/text/segment_encoder.h"
#include "engine/text/space_mark.h"
#include "engine/text/token_trie.h"

namespace engine {

namespace {

constexpr double UnknownPenalty = 10.0;
constexpr size_t LongestRun = size_t{1} << 22;  // bounds the memory; a longer word is cut

std::vector<std::pair<std::string_view, int32_t>> usableTokens(const Vocab& vocab) {
    std::vector<std::pair<std::string_view, int32_t>> tokens;
    for (int32_t id = 0; id < vocab.size(); ++id) {
        const TokenKind kind = vocab.kinds[id];
        if (kind == TokenKind::Normal || kind == TokenKind::UserDefined || kind == TokenKind::Unused)
            tokens.emplace_back(vocab.text(id), id);
    }
    return tokens;
}

class UnigramEncoder final : public SegmentEncoder {
  public:
    UnigramEncoder(const Vocab& vocab, CharMap charMap, bool addSpace, bool mergeSpaces)
        : m_vocab(vocab),
          m_charMap(std::move(charMap)),
          m_trie(usableTokens(vocab)),
          m_addSpace(addSpace),
          m_mergeSpaces(mergeSpaces),
          m_spaces(vocab) {
        float lowest = FLT_MAX;
        for (int32_t id = 0; id < vocab.size(); ++id) {
            if (vocab.kinds[id] == TokenKind::Normal)
                lowest = std::min(lowest, vocab.scores[id]);
        }
        m_unknownScore = (lowest == FLT_MAX ? 0.0 : static_cast<double>(lowest)) - UnknownPenalty;
    }

    void encode(std::string_view segment, bool first, EncodeScratch& scratch, std::vector<int32_t>& out) const override;
    std::string pieceOf(std::string_view tokenText) const override { return withoutMarks(tokenText); }
    bool addsSpace() const override { return m_addSpace; }

  private:
    struct Step {
        double score;
        uint32_t from;
        int32_t id;
    };
    void normalize(std::string_view text, std::string& out) const;
    void encodeRun(std::string_view run, std::vector<Step>& steps, std::vector<int32_t>& out) const;

    const Vocab& m_vocab;
    CharMap m_charMap;
    TokenTrie m_trie;
    bool m_addSpace;
    bool m_mergeSpaces;
    double m_unknownScore = 0;
    SpaceCuts m_spaces;
};

void UnigramEncoder::normalize(std::string_view text, std::string& out) const {
    out.clear();
    out.reserve(text.size() + text.size() / 2);
    bool inWord = false;
    bool prefixed = false;
    while (!text.empty()) {
        std::string_view piece;
        size_t length = m_charMap.replacePrefix(text, piece);
        if (length == 0) {
            const Utf8Char c = readUtf8(text.data(), text.data() + text.size());
            length = c.length;
            piece = c.state == Utf8State::Valid ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
        }
        text.remove_prefix(length);
        for (const char c : piece) {
            if (c == ' ') {
                inWord = false;
                if (!m_mergeSpaces)
                    out += SpaceMark;
                continue;
            }
            if (!inWord && ((m_addSpace && !prefixed) || m_mergeSpaces)) {
                out += SpaceMark;
                prefixed = true;
            }
            inWord = true;
            out += c;
        }
    }
}

void UnigramEncoder::encodeRun(std::string_view run, std::vector<Step>& steps, std::vector<int32_t>& out) const {
    steps.assign(run.size() + 1, Step{-DBL_MAX, 0, m_vocab.unknown});
    steps[0].score = 0;
    const char* const end = run.data() + run.size();
    for (size_t at = 0; at < run.size();) {
        const size_t length = readUtf8(run.data() + at, end).length;
        const double score = steps[at].score;
        const auto offer = [&](size_t to, double challenger, int32_t id) {
            if (challenger > steps[to].score)
                steps[to] = {challenger, static_cast<uint32_t>(at), id};
        };
        bool single = false;
        m_trie.walk(run.substr(at), [&](size_t size, int32_t id) {
            single |= size == length;
            offer(at + size, score + (m_vocab.kinds[id] == TokenKind::UserDefined ? 0.0 : double{m_vocab.scores[id]}),
                  id);
        });
        if (!single)
            offer(at + length, score + m_unknownScore, m_vocab.unknown);
        at += length;
    }
    // Back from the end; characters without a token that stand together make one unknown token.
    const size_t begin = out.size();
    bool unknown = false;
    for (size_t at = run.size(); at > 0; at = steps[at].from) {
        const bool isUnknown = steps[at].id == m_vocab.unknown;
        if (!(unknown && isUnknown) && steps[at].id >= 0)
            out.push_back(steps[at].id);
        unknown = isUnknown;
    }
    std::reverse(out.begin() + static_cast<ptrdiff_t>(begin), out.end());
}

void UnigramEncoder::encode(std::string_view segment, bool, EncodeScratch& scratch, std::vector<int32_t>& out) const {
    std::string& text = scratch.text;
    normalize(segment, text);
    scratch.cache.reset(text.size());
    std::vector<Step> steps;
    const size_t firstOut = out.size();
    size_t begin = 0;
    while (begin < text.size()) {
        const std::string_view rest = std::string_view(text).substr(begin);
        const size_t cut = m_spaces.nextCut(rest, 0);
        const std::string_view run = rest.substr(0, cut <= LongestRun ? cut : wholeCharacters(rest, LongestRun));
        begin += run.size();
        const size_t at = out.size();
        if (!scratch.cache.recall(run, out)) {
            encodeRun(run, steps, out);
            scratch.cache.remember(run, at, out);
        }
        if (at > firstOut && at < out.size() && out[at] == m_vocab.unknown && out[at - 1] == m_vocab.unknown)
            out.erase(out.begin() + static_cast<ptrdiff_t>(at));
    }
}

}  // namespace

Result<std::unique_ptr<SegmentEncoder>> makeUnigramEncoder(const Vocab& vocab, const ModelFile& file) {
    constexpr const char* MapKey = "tokenizer.ggml.precompiled_charsmap";
    bool addSpace = false;
    bool mergeSpaces = false;
    if (file.has("tokenizer.ggml.add_space_prefix")) {
        TRY(addSpace, file.boolean("tokenizer.ggml.add_space_prefix"));
    }
    if (file.has("tokenizer.ggml.remove_extra_whitespaces")) {
        TRY(mergeSpaces, file.boolean("tokenizer.ggml.remove_extra_whitespaces"));
    }
    std::string bytes;
    if (file.has(MapKey)) {
        TRY(const MetaArray* array, file.array(MapKey, MetaArray::Element::Integer));
        bytes.reserve(array->integers.size());
        for (const int64_t byte : array->integers)
            bytes += static_cast<char>(byte);
    }
    auto charMap = CharMap::read(bytes);
    if (!charMap)
        return damaged("{}: {} {}", vocab.fileName, MapKey, charMap.error().message);
    return std::unique_ptr<SegmentEncoder>(
        std::make_unique<UnigramEncoder>(vocab, *std::move(charMap), addSpace, mergeSpaces));
}

}  // namespace engine
