// What every kind of tokenizer gives: the ids of a stretch of text without special tokens, and the bytes of a token.
// Encoders are immutable; the scratch belongs to one call. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/text/bpe_merge.h"
#include "engine/text/tokenizer_vocab.h"

namespace engine {

// Remembers the ids of words of one text: where they were written into the output. Direct-mapped; only for longer
// texts, where words come again.
class WordCache {
  public:
    void reset(size_t textSize) {
        m_mask = 0;
        if (textSize < 2048)
            return;
        size_t slots = 1024;
        while (slots < 32768 && slots * 8 < textSize)
            slots *= 2;
        m_slots.assign(slots, Slot{});
        m_mask = slots - 1;
    }
    // Appends the ids of the word when they are known.
    bool recall(std::string_view word, std::vector<int32_t>& out) {
        if (m_mask == 0 || word.size() > MaxWord)
            return false;
        m_slot = &m_slots[hashBytes(word.data(), word.size()) & m_mask];
        if (m_slot->size != word.size() || std::memcmp(m_slot->text, word.data(), word.size()) != 0)
            return false;
        const size_t first = m_slot->first;
        for (uint32_t i = 0; i < m_slot->count; ++i)
            out.push_back(out[first + i]);
        return true;
    }
    // After a recall that failed: the ids of the word are what follows `first` in the output.
    void remember(std::string_view word, size_t first, const std::vector<int32_t>& out) {
        if (m_mask == 0 || word.size() > MaxWord)
            return;
        *m_slot = {word.data(), first, static_cast<uint32_t>(word.size()), static_cast<uint32_t>(out.size() - first)};
    }

  private:
    static constexpr size_t MaxWord = 64;
    struct Slot {
        const char* text = nullptr;
        size_t first = 0;
        uint32_t size = 0;
        uint32_t count = 0;
    };
    std::vector<Slot> m_slots;
    Slot* m_slot = nullptr;
    size_t m_mask = 0;
};

struct EncodeScratch {
    Merger merger;
    WordCache cache;
    std::string text;
};

class SegmentEncoder {
  public:
    virtual ~SegmentEncoder() = default;
    // `first`: the segment stands at the beginning of the text or behind a special token.
    virtual void encode(std::string_view segment, bool first, EncodeScratch& scratch,
                        std::vector<int32_t>& out) const = 0;
    // The bytes of a normal or unused token.
    virtual std::string pieceOf(std::string_view tokenText) const = 0;
    // A space is put before the first word; decoding takes it away again.
    virtual bool addsSpace() const { return false; }
};

// The encoders keep a reference to the vocabulary. Errors name the key of the file.
Result<std::unique_ptr<SegmentEncoder>> makeBpeEncoder(Vocab& vocab, const ModelFile& file);
Result<std::unique_ptr<SegmentEncoder>> makeSpmEncoder(const Vocab& vocab, const ModelFile& file);
Result<std::unique_ptr<SegmentEncoder>> makeUnigramEncoder(const Vocab& vocab, const ModelFile& file);
Result<std::unique_ptr<SegmentEncoder>> makeWordPieceEncoder(const Vocab& vocab, const ModelFile& file);

}  // namespace engine
