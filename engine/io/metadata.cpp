#include "engine/io/metadata.h"

namespace engine {

namespace {

template <typename T>
T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

}  // namespace

constexpr std::string_view widthNames[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                           "bool", "string", "array", "u64", "i64", "f64"};

std::string_view widthName(MetaWidth width) {
    return widthNames[static_cast<size_t>(width)];
}

std::optional<MetaWidth> widthFromName(std::string_view name) {
    for (size_t i = 0; i < std::size(widthNames); ++i)
        if (widthNames[i] == name)
            return static_cast<MetaWidth>(i);
    return std::nullopt;
}

int64_t IntegerList::operator[](size_t i) const {
    switch (m_width) {
        case MetaWidth::U8:
        case MetaWidth::Bool:
            return load<uint8_t>(m_data + i);
        case MetaWidth::I8:
            return load<int8_t>(m_data + i);
        case MetaWidth::U16:
            return load<uint16_t>(m_data + 2 * i);
        case MetaWidth::I16:
            return load<int16_t>(m_data + 2 * i);
        case MetaWidth::U32:
            return load<uint32_t>(m_data + 4 * i);
        case MetaWidth::I32:
            return load<int32_t>(m_data + 4 * i);
        default:
            return load<int64_t>(m_data + 8 * i);
    }
}

double FloatList::operator[](size_t i) const {
    return m_width == MetaWidth::F32 ? load<float>(m_data + 4 * i) : load<double>(m_data + 8 * i);
}

size_t MetaArray::size() const {
    switch (element) {
        case Element::Integer:
        case Element::Bool:
            return integers.size();
        case Element::Float:
            return floats.size();
        case Element::String:
            return strings.size();
        case Element::Array:
            return arrays.size();
    }
    return 0;
}

}  // namespace engine
