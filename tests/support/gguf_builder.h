// Builds a GGUF file in memory, field by field, and remembers where every field lies, so that a test can damage exactly
// one. Writes what it is told, right or wrong. Thread: one at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace test {

// GGUF's numbers of value types.
enum GgufType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Str, Arr, U64, I64, F64 };

struct GgufLayout {
    struct Key {
        std::string name;
        uint32_t type = 0;
        size_t lengthAt = 0, nameAt = 0, typeAt = 0, valueAt = 0,
               end = 0;  // arrays: element type and count lie at valueAt
    };
    struct Tensor {
        std::string name;
        size_t lengthAt = 0, nameAt = 0, rankAt = 0, typeAt = 0, offsetAt = 0, end = 0;
        std::vector<size_t> dimAt;
        uint64_t offset = 0, sizeBytes = 0;  // within the data
    };
    static constexpr size_t versionAt = 4, nTensorsAt = 8, nKeysAt = 16;
    std::vector<Key> keys;
    std::vector<Tensor> tensors;
    size_t directoryEnd = 0, dataAt = 0;

    const Key& key(std::string_view name) const;
    const Tensor& tensor(std::string_view name) const;
};

class GgufBuilder {
  public:
    explicit GgufBuilder(uint32_t version = 3) : m_version(version) {}

    GgufBuilder& string(std::string_view key, std::string_view value);
    GgufBuilder& integer(std::string_view key, GgufType type, int64_t value);  // also Bool
    GgufBuilder& real(std::string_view key, GgufType type, double value);
    GgufBuilder& strings(std::string_view key, const std::vector<std::string>& values);
    GgufBuilder& integers(std::string_view key, GgufType type, const std::vector<int64_t>& values);
    GgufBuilder& reals(std::string_view key, const std::vector<float>& values);
    GgufBuilder& raw(std::string_view key, uint32_t type, std::string_view valueBytes);
    // A tensor with the given bytes. Its offset is the next aligned place.
    GgufBuilder& tensor(std::string_view name, uint32_t ggmlType, std::initializer_list<uint64_t> shape,
                        std::string bytes);
    GgufBuilder& alignment(uint64_t bytes);  // of the data; does not add the key

    // The file, and where its fields lie.
    std::string build(GgufLayout* layout = nullptr) const;

  private:
    struct Entry {
        std::string key;
        uint32_t type;
        std::string value;
    };
    struct Data {
        std::string name;
        uint32_t type;
        std::vector<uint64_t> shape;
        std::string bytes;
    };
    uint32_t m_version;
    uint64_t m_alignment = 32;
    std::vector<Entry> m_keys;
    std::vector<Data> m_tensors;
};

// Little-endian bytes of a number.
template <typename T>
std::string bytesOf(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}
template <typename T>
void patch(std::string& file, size_t at, T value) {
    file.replace(at, sizeof value, bytesOf(value));
}

}  // namespace test
