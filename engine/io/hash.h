// SHA-256 (FIPS 180-4) of bytes that come in pieces, and a fast checksum. Thread: one at a time per object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace engine {

class Sha256 {
  public:
    void update(std::span<const std::byte> bytes);
    // Ends the message and gives the digest; the object begins a new message.
    std::array<std::byte, 32> digest();
    std::string hexDigest();  // 64 lower-case digits

  private:
    void block(const std::byte* bytes);
    std::array<uint32_t, 8> m_state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, 64> m_pending{};
    size_t m_nPending = 0;
    uint64_t m_nBytes = 0;
};

std::string sha256Hex(std::span<const std::byte> bytes);

// XXH64: finds damage at the speed of memory; no defence against who wants to deceive.
// Source: Collet, xxHash fast digest algorithm, version 0.1.1. Thread: any.
uint64_t xxHash64(std::span<const std::byte> bytes, uint64_t seed);

}  // namespace engine
