// Packs the token records of a reply for the store, with a checksum. Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/store/records.h"
#include "engine/core/result.h"

namespace app {

// Layout: "TKN1", then per token
//   id varint, logprob f32, entropyBits f32, text length varint + bytes, textEnd varint,
//   alternatives varint, each: id varint, logprob f32, text length varint + bytes
// and at the end the 64-bit checksum of all before. Numbers are little-endian. About 90 bytes for a token with 8
// alternatives.
std::string packTokens(std::span<const StoredToken> tokens);
engine::Result<std::vector<StoredToken>> unpackTokens(std::string_view blob);

// FNV-1a, 64 bits: any change of one byte changes it. Finds damage; is no defence against a forger.
class Checksum {
  public:
    Checksum& add(std::string_view bytes);  // with its length, so that borders count
    Checksum& add(int64_t value);
    int64_t value() const { return static_cast<int64_t>(m_hash); }

  private:
    uint64_t m_hash = 0xcbf29ce484222325u;
};

}  // namespace app
