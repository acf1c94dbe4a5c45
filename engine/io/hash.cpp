#include "engine/io/hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace engine {

namespace {

constexpr std::array<uint32_t, 64> roundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t loadBigEndian(const std::byte* from) {
    uint32_t value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

}  // namespace

void Sha256::block(const std::byte* bytes) {
    std::array<uint32_t, 64> w;
    for (int i = 0; i < 16; ++i)
        w[i] = loadBigEndian(bytes + 4 * i);
    for (int i = 16; i < 64; ++i) {
        const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
        const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = m_state;
    for (int i = 0; i < 64; ++i) {
        const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const uint32_t t1 = h + s1 + (g ^ (e & (f ^ g))) + roundConstants[i] + w[i];
        const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const uint32_t t2 = s0 + ((a & b) | (c & (a | b)));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i)
        m_state[i] += sums[i];
}

void Sha256::update(std::span<const std::byte> bytes) {
    m_nBytes += bytes.size();
    if (m_nPending > 0) {
        const size_t n = std::min(bytes.size(), m_pending.size() - m_nPending);
        std::copy_n(bytes.data(), n, m_pending.data() + m_nPending);
        m_nPending += n;
        bytes = bytes.subspan(n);
        if (m_nPending < m_pending.size())
            return;
        block(m_pending.data());
        m_nPending = 0;
    }
    for (; bytes.size() >= 64; bytes = bytes.subspan(64))
        block(bytes.data());
    std::copy(bytes.begin(), bytes.end(), m_pending.begin());
    m_nPending = bytes.size();
}

std::array<std::byte, 32> Sha256::digest() {
    const uint64_t nBits = m_nBytes * 8;
    std::array<std::byte, 72> tail{};
    tail[0] = std::byte{0x80};
    const size_t zeros = (m_nPending < 56 ? 56 : 120) - m_nPending;
    for (size_t i = 0; i < 8; ++i)
        tail[zeros + i] = static_cast<std::byte>(nBits >> (56 - 8 * i));
    update({tail.data(), zeros + 8});
    std::array<std::byte, 32> out;
    for (size_t i = 0; i < 32; ++i)
        out[i] = static_cast<std::byte>(m_state[i / 4] >> (24 - 8 * (i % 4)));
    *this = Sha256();
    return out;
}

std::string Sha256::hexDigest() {
    std::string out;
    for (const std::byte b : digest())
        for (const int nibble : {static_cast<int>(b) >> 4, static_cast<int>(b) & 15})
            out += "0123456789abcdef"[nibble];
    return out;
}

namespace {

constexpr uint64_t prime1 = 0x9E3779B185EBCA87ull, prime2 = 0xC2B2AE3D27D4EB4Full, prime3 = 0x165667B19E3779F9ull,
                   prime4 = 0x85EBCA77C2B2AE63ull, prime5 = 0x27D4EB2F165667C5ull;

template <typename T>
uint64_t loadLittleEndian(const std::byte* from) {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

uint64_t xxRound(uint64_t lane, uint64_t input) {
    return std::rotl(lane + input * prime2, 31) * prime1;
}

}  // namespace

uint64_t xxHash64(std::span<const std::byte> bytes, uint64_t seed) {
    const std::byte* at = bytes.data();
    const std::byte* const end = at + bytes.size();
    uint64_t hash = seed + prime5;
    if (bytes.size() >= 32) {
        uint64_t lanes[4] = {seed + prime1 + prime2, seed + prime2, seed, seed - prime1};
        for (; end - at >= 32; at += 32)
            for (int i = 0; i < 4; ++i)
                lanes[i] = xxRound(lanes[i], loadLittleEndian<uint64_t>(at + 8 * i));
        hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
        for (const uint64_t lane : lanes)
            hash = (hash ^ xxRound(0, lane)) * prime1 + prime4;
    }
    hash += bytes.size();
    for (; end - at >= 8; at += 8)
        hash = std::rotl(hash ^ xxRound(0, loadLittleEndian<uint64_t>(at)), 27) * prime1 + prime4;
    for (; end - at >= 4; at += 4)
        hash = std::rotl(hash ^ loadLittleEndian<uint32_t>(at) * prime1, 23) * prime2 + prime3;
    for (; at < end; ++at)
        hash = std::rotl(hash ^ static_cast<uint64_t>(*at) * prime5, 11) * prime1;
    hash = (hash ^ hash >> 33) * prime2;
    hash = (hash ^ hash >> 29) * prime3;
    return hash ^ hash >> 32;
}

std::string sha256Hex(std::span<const std::byte> bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.hexDigest();
}

}  // namespace engine
