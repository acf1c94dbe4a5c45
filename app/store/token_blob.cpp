#include "app/store/token_blob.h"

#include <cstring>

#include "engine/core/error_text.h"

namespace app {

using engine::Result;

Checksum& Checksum::add(std::string_view bytes) {
    add(static_cast<int64_t>(bytes.size()));
    for (const char c : bytes)
        m_hash = (m_hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
    return *this;
}

Checksum& Checksum::add(int64_t value) {
    for (int i = 0; i < 8; ++i)
        m_hash = (m_hash ^ ((static_cast<uint64_t>(value) >> (8 * i)) & 0xff)) * 0x100000001b3u;
    return *this;
}

namespace {

constexpr std::string_view Magic = "TKN1";

void putVarint(std::string& out, uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}
void putFixed(std::string& out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i));
}
void putFloat(std::string& out, float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    putFixed(out, bits, 4);
}
void putText(std::string& out, std::string_view text) {
    putVarint(out, text.size());
    out += text;
}

struct Reader {
    std::string_view bytes;
    size_t at = 0;
    bool ok = true;

    uint64_t fixed(int count) {
        if (!ok || bytes.size() - at < static_cast<size_t>(count)) {
            ok = false;
            return 0;
        }
        uint64_t value = 0;
        for (int i = 0; i < count; ++i)
            value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at++])) << (8 * i);
        return value;
    }
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const uint64_t byte = fixed(1);
            if (!ok)
                return 0;
            value |= (byte & 0x7f) << shift;
            if (byte < 0x80)
                return value;
        }
        ok = false;
        return 0;
    }
    float real() {
        const auto bits = static_cast<uint32_t>(fixed(4));
        float value;
        std::memcpy(&value, &bits, 4);
        return value;
    }
    std::string text() {
        const uint64_t size = varint();
        if (!ok || size > bytes.size() - at) {
            ok = false;
            return {};
        }
        at += size;
        return std::string(bytes.substr(at - size, size));
    }
};

}  // namespace

std::string packTokens(std::span<const StoredToken> tokens) {
    std::string out(Magic);
    for (const StoredToken& token : tokens) {
        putVarint(out, static_cast<uint32_t>(token.id));
        putFloat(out, token.logprob);
        putFloat(out, token.entropyBits);
        putText(out, token.text);
        putVarint(out, static_cast<uint64_t>(token.textEnd));
        putVarint(out, token.top.size());
        for (const StoredAlternative& other : token.top) {
            putVarint(out, static_cast<uint32_t>(other.id));
            putFloat(out, other.logprob);
            putText(out, other.text);
        }
    }
    putFixed(out, static_cast<uint64_t>(Checksum().add(out).value()), 8);
    return out;
}

Result<std::vector<StoredToken>> unpackTokens(std::string_view blob) {
    if (blob.empty())
        return std::vector<StoredToken>{};
    const auto bad = [] {
        return engine::damaged("the token records of the reply are damaged; its text is not affected");
    };
    if (blob.size() < Magic.size() + 8 || !blob.starts_with(Magic))
        return bad();
    Reader tail{blob, blob.size() - 8};
    const std::string_view body = blob.substr(0, blob.size() - 8);
    if (static_cast<int64_t>(tail.fixed(8)) != Checksum().add(body).value())
        return bad();
    Reader in{body, Magic.size()};
    std::vector<StoredToken> tokens;
    while (in.ok && in.at < body.size()) {
        StoredToken token;
        token.id = static_cast<int32_t>(in.varint());
        token.logprob = in.real();
        token.entropyBits = in.real();
        token.text = in.text();
        token.textEnd = static_cast<int64_t>(in.varint());
        const uint64_t others = in.varint();
        // An alternative takes at least 6 bytes.
        if (!in.ok || others > (body.size() - in.at) / 6)
            return bad();
        token.top.resize(others);
        for (StoredAlternative& other : token.top) {
            other.id = static_cast<int32_t>(in.varint());
            other.logprob = in.real();
            other.text = in.text();
        }
        if (in.ok)
            tokens.push_back(std::move(token));
    }
    if (!in.ok)
        return bad();
    return tokens;
}

}  // namespace app
