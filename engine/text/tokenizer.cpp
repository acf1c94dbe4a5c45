#include "engine/text/tokenizer.h"

#include "engine/io/utf8.h"
#include "engine/text/segment_encoder.h"
#include "engine/text/tokenizer_special.h"

namespace engine {

namespace {

bool isAsciiSpace(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

class VocabTokenizer final : public Tokenizer {
  public:
    explicit VocabTokenizer(Vocab vocab) : m_vocab(std::move(vocab)) {}

    Result<void> prepare(const ModelFile& file);

    std::vector<int32_t> encode(std::string_view text, bool parseSpecial) const override {
        const SpecialTokens::Range all{0, text.size()};
        return encodeRanges(text, parseSpecial ? std::span(&all, 1) : std::span<const SpecialTokens::Range>());
    }
    std::vector<int32_t> encodeParts(std::span<const Part> parts) const override;
    std::string piece(int32_t id, bool special) const override { return std::string(pieceView(id, special)); }
    std::string decode(std::span<const int32_t> ids, bool special) const override;

    int32_t vocabSize() const override { return m_vocab.size(); }
    TokenKind kind(int32_t id) const override { return m_vocab.contains(id) ? m_vocab.kinds[id] : TokenKind::Unused; }
    std::string_view tokenText(int32_t id) const override {
        return m_vocab.contains(id) ? m_vocab.text(id) : std::string_view();
    }
    int32_t bosId() const override { return m_vocab.bos; }
    int32_t eosId() const override { return m_vocab.eos; }
    bool addsBos() const override { return m_vocab.addsBos; }
    bool addsEos() const override { return m_vocab.addsEos; }
    bool isEndOfGeneration(int32_t id) const override { return m_vocab.contains(id) && m_vocab.endsGeneration[id]; }
    std::string_view modelName() const override { return m_vocab.modelName; }
    std::string_view preName() const override { return m_vocab.preName; }
    std::span<const std::string> notes() const override { return m_vocab.notes; }

  private:
    std::vector<int32_t> encodeRanges(std::string_view text, std::span<const SpecialTokens::Range> trusted) const;
    std::string_view pieceView(int32_t id, bool special) const;
    bool isSpecial(int32_t id) const {
        const TokenKind kind = m_vocab.kinds[id];
        return kind == TokenKind::Control || kind == TokenKind::Unknown;
    }

    Vocab m_vocab;
    std::unique_ptr<SegmentEncoder> m_encoder;
    std::unique_ptr<SpecialTokens> m_special;
    std::string m_pieces;               // the bytes of all tokens, one after another
    std::vector<uint32_t> m_pieceEnds;  // [vocab + 1]
};

Result<void> VocabTokenizer::prepare(const ModelFile& file) {
    const std::string& model = m_vocab.modelName;
    if (model == "llama") {
        TRY(m_encoder, makeSpmEncoder(m_vocab, file));
    } else if (model == "t5") {
        TRY(m_encoder, makeUnigramEncoder(m_vocab, file));
    } else if (model == "bert") {
        TRY(m_encoder, makeWordPieceEncoder(m_vocab, file));
    } else {
        TRY(m_encoder, makeBpeEncoder(m_vocab, file));
    }
    m_special = std::make_unique<SpecialTokens>(m_vocab);
    m_pieceEnds.reserve(m_vocab.kinds.size() + 1);
    m_pieceEnds.push_back(0);
    m_pieces.reserve(m_vocab.texts.size());
    for (int32_t id = 0; id < m_vocab.size(); ++id) {
        switch (m_vocab.kinds[id]) {
            case TokenKind::Normal:
            case TokenKind::Unused:
                m_pieces += m_encoder->pieceOf(m_vocab.text(id));
                break;
            case TokenKind::Byte:
                m_pieces += static_cast<char>(Vocab::byteValue(m_vocab.text(id)));
                break;
            default:
                m_pieces += m_vocab.text(id);
        }
        m_pieceEnds.push_back(static_cast<uint32_t>(m_pieces.size()));
    }
    return {};
}

std::vector<int32_t> VocabTokenizer::encodeRanges(std::string_view text,
                                                  std::span<const SpecialTokens::Range> trusted) const {
    std::vector<int32_t> out;
    if (text.size() > 256)
        out.reserve(text.size() / 4);
    EncodeScratch scratch;
    size_t begin = 0;
    bool first = true;
    const auto encodeUpTo = [&](size_t end) {
        if (begin >= end)
            return;
        m_encoder->encode(text.substr(begin, end - begin), first, scratch, out);
        first = false;
    };
    for (const SpecialTokens::Match& match : m_special->find(text, trusted)) {
        size_t end = match.begin;
        if (!m_vocab.stripsLeft.empty() && m_vocab.stripsLeft[match.id]) {
            while (end > begin && isAsciiSpace(text[end - 1]))
                --end;
        }
        encodeUpTo(end);
        out.push_back(match.id);
        first = true;
        begin = match.end;
        if (!m_vocab.stripsRight.empty() && m_vocab.stripsRight[match.id]) {
            while (begin < text.size() && isAsciiSpace(text[begin]))
                ++begin;
        }
    }
    encodeUpTo(text.size());
    return out;
}

std::vector<int32_t> VocabTokenizer::encodeParts(std::span<const Part> parts) const {
    std::string text;
    std::vector<SpecialTokens::Range> trusted;
    for (const Part& part : parts) {
        if (part.trusted && !part.text.empty()) {
            if (!trusted.empty() && trusted.back().end == text.size())
                trusted.back().end += part.text.size();
            else
                trusted.push_back({text.size(), text.size() + part.text.size()});
        }
        text += part.text;
    }
    return encodeRanges(text, trusted);
}

std::string_view VocabTokenizer::pieceView(int32_t id, bool special) const {
    if (!m_vocab.contains(id) || (!special && isSpecial(id)))
        return {};
    return std::string_view(m_pieces).substr(m_pieceEnds[id], m_pieceEnds[id + 1] - m_pieceEnds[id]);
}

std::string VocabTokenizer::decode(std::span<const int32_t> ids, bool special) const {
    std::string bytes;
    bool first = m_encoder->addsSpace();
    for (const int32_t id : ids) {
        if (!m_vocab.contains(id))
            continue;
        std::string_view text = pieceView(id, special);
        if (isSpecial(id) || m_vocab.kinds[id] == TokenKind::UserDefined) {
            first = m_encoder->addsSpace();
        } else {
            if (first && !text.empty() && text[0] == ' ')
                text.remove_prefix(1);
            first = false;
        }
        bytes += text;
    }
    return isValidUtf8(bytes) ? bytes : toValidUtf8(bytes);
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const ModelFile& file) {
    TRY(Vocab vocab, readVocab(file));
    TRY_VOID(readRoles(vocab, file));
    auto tokenizer = std::make_shared<VocabTokenizer>(std::move(vocab));
    TRY_VOID(tokenizer->prepare(file));
    return std::shared_ptr<const Tokenizer>(std::move(tokenizer));
}

}  // namespace engine
