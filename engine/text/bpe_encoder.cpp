// Byte-pair encoding as GPT-2 does it: words from the pre-tokenizer, bytes spelled in an alphabet of printable
// characters, merges by rank. Also its raw form (gemma4): characters instead of bytes, U+2581 for the space, bytes as
// <0xNN>.
#include <algorithm>
#include <array>
#include <string>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"
#include "engine/text/pre_tokenizer.h"
#include "engine/text/segment_encoder.h"
#include "engine/text/space_mark.h"

namespace engine {

namespace {

constexpr size_t LongestWord = size_t{1} << 24;  // bounds the memory for merging; a longer word is cut

// GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the others for U+0100 and up.
struct ByteAlphabet {
    std::array<uint16_t, 256> codepoint{};
    std::array<int16_t, 512> byte{};
};
constexpr ByteAlphabet Alphabet = [] {
    ByteAlphabet alphabet;
    for (int16_t& b : alphabet.byte)
        b = -1;
    int next = 256;
    for (int b = 0; b < 256; ++b) {
        const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        const int c = printable ? b : next++;
        alphabet.codepoint[b] = static_cast<uint16_t>(c);
        alphabet.byte[c] = static_cast<int16_t>(b);
    }
    return alphabet;
}();

void appendSpelled(std::string& out, unsigned char byte) {
    appendCharacter(out, Alphabet.codepoint[byte]);
}

class BpeEncoder final : public SegmentEncoder {
  public:
    BpeEncoder(const Vocab& vocab, const PreTokenizer& preTokenizer)
        : m_vocab(vocab),
          m_preTokenizer(preTokenizer),
          m_spaces(preTokenizer.rawUtf8 ? SpaceCuts(vocab) : SpaceCuts()) {}

    Result<void> readMerges(const ModelFile& file);
    void findBytes();

    void encode(std::string_view segment, bool first, EncodeScratch& scratch, std::vector<int32_t>& out) const override;
    std::string pieceOf(std::string_view tokenText) const override;

  private:
    void encodeWord(std::string_view word, EncodeScratch& scratch, std::vector<int32_t>& out) const;
    int32_t wholeWord(std::string_view word) const;
    size_t wordEnd(std::string_view piece) const;
    // Symbols that are no token carry -2 - byte (bytes) or -1 (characters of the raw form).
    void append(const Symbol& symbol, const char* text, std::vector<int32_t>& out) const;
    bool isPlain(int32_t id) const {
        return m_vocab.kinds[id] != TokenKind::Control && m_vocab.kinds[id] != TokenKind::Unknown;
    }

    const Vocab& m_vocab;
    const PreTokenizer& m_preTokenizer;
    MergeTable m_merges;
    SpaceCuts m_spaces;
    std::array<int32_t, 256> m_byteIds{};
};

Result<void> BpeEncoder::readMerges(const ModelFile& file) {
    constexpr const char* Key = "tokenizer.ggml.merges";
    TRY(const MetaArray* merges, file.array(Key, MetaArray::Element::String));
    const auto& lines = merges->strings;
    if (lines.size() > size_t{1} << 25)
        return unsupported("{}: {} has {} entries, at most {} are supported", m_vocab.fileName, Key, lines.size(),
                           1 << 25);
    m_merges.reserve(lines.size());
    std::string joined;
    int32_t guess = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
        const size_t space = lines[i].find(' ', 1);
        if (space == std::string_view::npos || space + 1 == lines[i].size())
            return damaged("{}: {}, entry {}, is not a pair of tokens", m_vocab.fileName, Key, i);
        const std::string_view left = lines[i].substr(0, space);
        const std::string_view right = lines[i].substr(space + 1);
        joined.assign(left);
        joined.append(right);
        // Mostly the tokens stand in the order of the merges that make them: look there first.
        const bool inOrder = guess < m_vocab.size() && m_vocab.text(guess) == joined;
        const int32_t result = inOrder ? guess : m_vocab.find(joined);
        const int32_t leftId = m_vocab.find(left);
        const int32_t rightId = m_vocab.find(right);
        guess = result + 1;
        if (leftId < 0 || rightId < 0 || result < 0)
            return damaged("{}: {}, entry {}, names \"{}\", which is not in tokenizer.ggml.tokens", m_vocab.fileName,
                           Key, i,
                           plainText(leftId < 0    ? left
                                     : rightId < 0 ? right
                                                   : std::string_view(joined),
                                     40));
        if (!isPlain(result))  // words never become control tokens
            continue;
        if (!m_merges.insert(leftId, rightId, {static_cast<uint32_t>(i), result}))
            return damaged("{}: {} holds entries made to collide (at entry {})", m_vocab.fileName, Key, i);
    }
    return {};
}

void BpeEncoder::findBytes() {
    constexpr char Digits[] = "0123456789ABCDEF";
    for (int b = 0; b < 256; ++b) {
        std::string text;
        if (m_preTokenizer.rawUtf8)
            text = {'<', '0', 'x', Digits[b >> 4], Digits[b & 15], '>'};
        else
            appendSpelled(text, static_cast<unsigned char>(b));
        const int32_t id = m_vocab.find(text);
        m_byteIds[b] = id >= 0 && isPlain(id) ? id : -1;
    }
}

int32_t BpeEncoder::wholeWord(std::string_view word) const {
    int32_t id = -1;
    if (m_preTokenizer.rawUtf8) {
        id = m_vocab.find(word);
    } else {
        // No token is longer than this when spelled.
        if (word.size() > m_vocab.longestBytes)
            return -1;
        std::string spelled;
        for (const char c : word)
            appendSpelled(spelled, static_cast<unsigned char>(c));
        id = m_vocab.find(spelled);
    }
    return id >= 0 && isPlain(id) ? id : -1;
}

void BpeEncoder::append(const Symbol& symbol, const char* text, std::vector<int32_t>& out) const {
    if (symbol.id >= 0) {
        out.push_back(symbol.id);
        return;
    }
    for (uint32_t i = 0; i < symbol.size; ++i) {
        const int32_t id = m_byteIds[static_cast<unsigned char>(text[i])];
        if (id >= 0)
            out.push_back(id);
        else if (m_vocab.unknown >= 0 && i == 0)
            out.push_back(m_vocab.unknown);
    }
}

void BpeEncoder::encodeWord(std::string_view word, EncodeScratch& scratch, std::vector<int32_t>& out) const {
    const bool wholeFirst = m_preTokenizer.ignoresMerges || (m_preTokenizer.rawUtf8 && word[0] == '\n');
    if (wholeFirst) {
        if (const int32_t id = wholeWord(word); id >= 0) {
            out.push_back(id);
            return;
        }
    }
    std::vector<Symbol>& symbols = scratch.merger.symbols;
    symbols.clear();
    if (m_preTokenizer.rawUtf8) {
        for (const char *p = word.data(), *end = p + word.size(); p != end;) {
            const Utf8Char c = readUtf8(p, end);
            const int32_t id = m_vocab.find({p, c.length});
            symbols.push_back({id >= 0 && isPlain(id) ? id : -1, c.length});
            p += c.length;
        }
    } else {
        for (const char c : word) {
            const auto byte = static_cast<unsigned char>(c);
            symbols.push_back({m_byteIds[byte] >= 0 ? m_byteIds[byte] : -2 - byte, 1});
        }
    }
    scratch.merger.merge(word.data(), [this](const Symbol& left, const char*, const Symbol& right) {
        return m_merges.find(left.id, right.id);
    });
    const char* at = word.data();
    for (const Symbol& symbol : symbols) {
        append(symbol, at, out);
        at += symbol.size;
    }
}

size_t BpeEncoder::wordEnd(std::string_view piece) const {
    const size_t cut = m_preTokenizer.rawUtf8 ? m_spaces.nextCut(piece, 0) : std::string_view::npos;
    return cut <= LongestWord ? cut : wholeCharacters(piece, LongestWord);
}

void BpeEncoder::encode(std::string_view segment, bool, EncodeScratch& scratch, std::vector<int32_t>& out) const {
    if (m_preTokenizer.rawUtf8) {
        scratch.text.clear();
        appendMarked(scratch.text, segment);
        segment = scratch.text;
    }
    scratch.cache.reset(segment.size());
    PieceReader pieces(m_preTokenizer, segment);
    std::string_view piece;
    while (pieces.next(piece)) {
        while (!piece.empty()) {
            const std::string_view word = piece.substr(0, wordEnd(piece));
            piece.remove_prefix(word.size());
            if (scratch.cache.recall(word, out))
                continue;
            const size_t begin = out.size();
            encodeWord(word, scratch, out);
            scratch.cache.remember(word, begin, out);
        }
    }
}

std::string BpeEncoder::pieceOf(std::string_view tokenText) const {
    if (m_preTokenizer.rawUtf8)
        return withoutMarks(tokenText);
    std::string out;
    out.reserve(tokenText.size());
    for (const char *p = tokenText.data(), *end = p + tokenText.size(); p != end;) {
        const Utf8Char c = readUtf8(p, end);
        if (c.state == Utf8State::Valid && c.codepoint < 512 && Alphabet.byte[c.codepoint] >= 0)
            out += static_cast<char>(Alphabet.byte[c.codepoint]);
        else
            out.append(p, c.length);
        p += c.length;
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<SegmentEncoder>> makeBpeEncoder(Vocab& vocab, const ModelFile& file) {
    std::string name = vocab.modelName == "gemma4" ? "gemma4" : vocab.preName;
    if (name.empty()) {
        vocab.notes.push_back("tokenizer.ggml.pre is missing: the default pre-tokenizer is used, answers may be worse");
        name = "default";
    }
    const PreTokenizer* preTokenizer = findPreTokenizer(name);
    if (!preTokenizer)
        return unsupported("{}: the pre-tokenizer \"{}\" (tokenizer.ggml.pre) is not known", vocab.fileName,
                           plainText(name, 60));
    auto encoder = std::make_unique<BpeEncoder>(vocab, *preTokenizer);
    TRY_VOID(encoder->readMerges(file));
    encoder->findBytes();
    return std::unique_ptr<SegmentEncoder>(std::move(encoder));
}

}  // namespace engine
