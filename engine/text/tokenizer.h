// Text to token ids and back, for the vocabularies that GGUF files carry. Immutable after load; thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/result.h"
#include "engine/io/model_file.h"

namespace engine {

enum class TokenKind : uint8_t { Normal, Unknown, Control, UserDefined, Unused, Byte };

class Tokenizer {
  public:
    // From `tokenizer.ggml.*`. Validates sizes, ids, merges; never fails later. Errors name the key.
    static Result<std::shared_ptr<const Tokenizer>> load(const ModelFile& file);
    virtual ~Tokenizer() = default;

    // A user's text: control tokens written in it stay text. parseSpecial: control tokens in the text count as such
    // (template text). Any bytes are accepted; invalid UTF-8 goes through byte fallback. Linear in the length. Neither
    // form adds the first or last token that addsBos and addsEos ask for: callers do.
    virtual std::vector<int32_t> encode(std::string_view text, bool parseSpecial) const = 0;

    // A rendered chat template is a list of parts: what the template wrote and what people wrote. A control token
    // counts only where it lies wholly inside trusted text (one joined from both, "<|im_" + "end|>", does not). The
    // text between control tokens is encoded as a whole, across parts, so that ordinary text gets the ids that the
    // model was trained with.
    struct Part {
        std::string text;
        bool trusted;
    };
    virtual std::vector<int32_t> encodeParts(std::span<const Part> parts) const = 0;

    // The bytes of one token (may be half a character). Control tokens give their name when `special`, else nothing.
    virtual std::string piece(int32_t id, bool special) const = 0;
    // All tokens; invalid UTF-8 becomes U+FFFD. Undoes the leading space that the encoder adds, where it does.
    virtual std::string decode(std::span<const int32_t> ids, bool special) const = 0;

    virtual int32_t vocabSize() const = 0;
    virtual TokenKind kind(int32_t id) const = 0;
    virtual std::string_view tokenText(int32_t id) const = 0;  // as the file spells it
    virtual int32_t bosId() const = 0;                         // -1: none
    virtual int32_t eosId() const = 0;
    virtual bool addsBos() const = 0;
    virtual bool addsEos() const = 0;
    virtual bool isEndOfGeneration(int32_t id) const = 0;    // eos, eot, eom and their like
    virtual std::string_view modelName() const = 0;          // "gpt2", "llama", ...
    virtual std::string_view preName() const = 0;            // "smollm", ...
    virtual std::span<const std::string> notes() const = 0;  // what was assumed because the file does not say
};

// Streaming decode: takes token bytes, gives back whole characters, holds back at most 3 bytes of an unfinished one.
class Utf8Stream {
  public:
    std::string push(std::string_view bytes);  // valid UTF-8; broken bytes become U+FFFD
    std::string finish();                      // U+FFFD for what is left

  private:
    std::string m_held;
};

// Finds stop strings across token borders: text that may be the beginning of a stop string is held back. Any number of
// stop strings; the one that completes first counts, of those the one that begins first. Empty ones are left out.
class StopMatcher {
  public:
    explicit StopMatcher(std::vector<std::string> stops);
    // Text that is safe to show; sets `stopped` when a stop string completed (it and what follows are dropped).
    std::string push(std::string_view text, bool& stopped);
    std::string finish();  // what was held back

  private:
    struct Patterns;
    std::shared_ptr<const Patterns> m_patterns;
    std::string m_held;
    int32_t m_node = 0;
    bool m_stopped = false;
};

}  // namespace engine
