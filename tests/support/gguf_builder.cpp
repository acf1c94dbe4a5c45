#include "tests/support/gguf_builder.h"

namespace test {

namespace {

template <typename Entry>
const Entry& named(const std::vector<Entry>& entries, std::string_view name) {
    for (const Entry& entry : entries)
        if (entry.name == name)
            return entry;
    return entries.front();
}

std::string withLength(std::string_view text) {
    return bytesOf<uint64_t>(text.size()) + std::string(text);
}

std::string integerBytes(GgufType type, int64_t value) {
    switch (type) {
        case U8:
        case I8:
        case Bool:
            return bytesOf(static_cast<uint8_t>(value));
        case U16:
        case I16:
            return bytesOf(static_cast<uint16_t>(value));
        case U32:
        case I32:
            return bytesOf(static_cast<uint32_t>(value));
        default:
            return bytesOf(value);
    }
}

}  // namespace

const GgufLayout::Key& GgufLayout::key(std::string_view name) const {
    return named(keys, name);
}
const GgufLayout::Tensor& GgufLayout::tensor(std::string_view name) const {
    return named(tensors, name);
}

GgufBuilder& GgufBuilder::string(std::string_view key, std::string_view value) {
    return raw(key, Str, withLength(value));
}

GgufBuilder& GgufBuilder::integer(std::string_view key, GgufType type, int64_t value) {
    return raw(key, type, integerBytes(type, value));
}

GgufBuilder& GgufBuilder::real(std::string_view key, GgufType type, double value) {
    return raw(key, type, type == F64 ? bytesOf(value) : bytesOf(static_cast<float>(value)));
}

GgufBuilder& GgufBuilder::strings(std::string_view key, const std::vector<std::string>& values) {
    std::string bytes = bytesOf<uint32_t>(Str) + bytesOf<uint64_t>(values.size());
    for (const std::string& value : values)
        bytes += withLength(value);
    return raw(key, Arr, bytes);
}

GgufBuilder& GgufBuilder::integers(std::string_view key, GgufType type, const std::vector<int64_t>& values) {
    std::string bytes = bytesOf<uint32_t>(type) + bytesOf<uint64_t>(values.size());
    for (const int64_t value : values)
        bytes += integerBytes(type, value);
    return raw(key, Arr, bytes);
}

GgufBuilder& GgufBuilder::reals(std::string_view key, const std::vector<float>& values) {
    std::string bytes = bytesOf<uint32_t>(F32) + bytesOf<uint64_t>(values.size());
    for (const float value : values)
        bytes += bytesOf(value);
    return raw(key, Arr, bytes);
}

GgufBuilder& GgufBuilder::raw(std::string_view key, uint32_t type, std::string_view valueBytes) {
    m_keys.push_back({std::string(key), type, std::string(valueBytes)});
    return *this;
}

GgufBuilder& GgufBuilder::tensor(std::string_view name, uint32_t ggmlType, std::initializer_list<uint64_t> shape,
                                 std::string bytes) {
    m_tensors.push_back({std::string(name), ggmlType, shape, std::move(bytes)});
    return *this;
}

GgufBuilder& GgufBuilder::alignment(uint64_t bytes) {
    m_alignment = bytes;
    return *this;
}

std::string GgufBuilder::build(GgufLayout* layout) const {
    GgufLayout places;
    std::string file =
        "GGUF" + bytesOf(m_version) + bytesOf<uint64_t>(m_tensors.size()) + bytesOf<uint64_t>(m_keys.size());
    for (const Entry& entry : m_keys) {
        GgufLayout::Key place;
        place.name = entry.key;
        place.type = entry.type;
        place.lengthAt = file.size();
        place.nameAt = place.lengthAt + 8;
        file += withLength(entry.key);
        place.typeAt = file.size();
        file += bytesOf(entry.type);
        place.valueAt = file.size();
        file += entry.value;
        place.end = file.size();
        places.keys.push_back(place);
    }
    uint64_t offset = 0;
    for (const Data& data : m_tensors) {
        GgufLayout::Tensor place;
        place.name = data.name;
        place.lengthAt = file.size();
        place.nameAt = place.lengthAt + 8;
        file += withLength(data.name);
        place.rankAt = file.size();
        file += bytesOf(static_cast<uint32_t>(data.shape.size()));
        for (const uint64_t dimension : data.shape) {
            place.dimAt.push_back(file.size());
            file += bytesOf(dimension);
        }
        place.typeAt = file.size();
        file += bytesOf(data.type);
        place.offsetAt = file.size();
        place.offset = offset;
        place.sizeBytes = data.bytes.size();
        file += bytesOf(offset);
        place.end = file.size();
        offset = (offset + data.bytes.size() + m_alignment - 1) / m_alignment * m_alignment;
        places.tensors.push_back(place);
    }
    places.directoryEnd = file.size();
    const auto pad = [&] { file.resize((file.size() + m_alignment - 1) / m_alignment * m_alignment, '\0'); };
    if (!m_tensors.empty())
        pad();
    places.dataAt = file.size();
    for (const Data& data : m_tensors) {
        file += data.bytes;
        pad();
    }
    if (layout)
        *layout = places;
    return file;
}

}  // namespace test
