#include "engine/io/gguf_writer.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "engine/core/error_text.h"
#include "engine/io/gguf_reader.h"
#include "engine/io/plain_text.h"

namespace engine {

namespace {

std::filesystem::path systemPath(const std::string& utf8) {
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

uint64_t padded(uint64_t value, uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

}  // namespace

GgufWriter::GgufWriter(std::string pathUtf8, uint32_t version, uint64_t alignment)
    : m_path(std::move(pathUtf8)), m_partPath(m_path + ".part"), m_version(version), m_alignment(alignment) {}

GgufWriter::~GgufWriter() {
    if (m_begun && !m_finished) {
        m_out.close();
        std::error_code ignored;
        std::filesystem::remove(systemPath(m_partPath), ignored);
    }
}

template <typename T>
void GgufWriter::put(T value) {
    m_keys.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void GgufWriter::putString(std::string_view text) {
    put<uint64_t>(text.size());
    m_keys += text;
}

void GgufWriter::putInteger(MetaWidth width, int64_t value) {
    switch (width) {
        case MetaWidth::U8:
        case MetaWidth::I8:
        case MetaWidth::Bool:
            put(static_cast<uint8_t>(value));
            break;
        case MetaWidth::U16:
        case MetaWidth::I16:
            put(static_cast<uint16_t>(value));
            break;
        case MetaWidth::U32:
        case MetaWidth::I32:
            put(static_cast<uint32_t>(value));
            break;
        default:
            put(value);
            break;
    }
}

void GgufWriter::startEntry(std::string_view key, MetaWidth width) {
    ++m_nKeys;
    m_hasAlignment |= key == "general.alignment";
    putString(key);
    put(static_cast<uint32_t>(width));
}

void GgufWriter::add(std::string_view key, std::string_view text) {
    startEntry(key, MetaWidth::String);
    putString(text);
}

void GgufWriter::add(std::string_view key, bool value) {
    startEntry(key, MetaWidth::Bool);
    put(static_cast<uint8_t>(value));
}

void GgufWriter::addInteger(std::string_view key, MetaWidth width, int64_t value) {
    startEntry(key, width);
    putInteger(width, value);
}

void GgufWriter::addFloat(std::string_view key, MetaWidth width, double value) {
    startEntry(key, width);
    if (width == MetaWidth::F64)
        put(value);
    else
        put(static_cast<float>(value));
}

void GgufWriter::addStrings(std::string_view key, std::span<const std::string> texts) {
    startEntry(key, MetaWidth::Array);
    put(static_cast<uint32_t>(MetaWidth::String));
    put<uint64_t>(texts.size());
    for (const std::string& text : texts)
        putString(text);
}

void GgufWriter::addIntegers(std::string_view key, MetaWidth width, std::span<const int64_t> values) {
    startEntry(key, MetaWidth::Array);
    put(static_cast<uint32_t>(width));
    put<uint64_t>(values.size());
    for (const int64_t value : values)
        putInteger(width, value);
}

void GgufWriter::addFloats(std::string_view key, std::span<const float> values) {
    startEntry(key, MetaWidth::Array);
    put(static_cast<uint32_t>(MetaWidth::F32));
    put<uint64_t>(values.size());
    for (const float value : values)
        put(value);
}

void GgufWriter::putArray(const MetaArray& array) {
    put(static_cast<uint32_t>(array.width));
    put<uint64_t>(array.size());
    for (const int64_t value : array.integers)
        putInteger(array.width, value);
    for (const double value : array.floats) {
        if (array.width == MetaWidth::F64)
            put(value);
        else
            put(static_cast<float>(value));
    }
    for (const std::string_view text : array.strings)
        putString(text);
    for (const MetaArray& inner : array.arrays)
        putArray(inner);
}

void GgufWriter::add(std::string_view key, const MetaValue& value) {
    const auto width = widthFromName(value.width);
    if (!width)
        return;  // MetaValues come from a reader, which knows no other widths
    startEntry(key, *width);
    if (const auto* flag = std::get_if<bool>(&value.value))
        put(static_cast<uint8_t>(*flag));
    else if (const auto* number = std::get_if<int64_t>(&value.value))
        putInteger(*width, *number);
    else if (const auto* large = std::get_if<uint64_t>(&value.value))
        put(*large);
    else if (const auto* real = std::get_if<double>(&value.value))
        *width == MetaWidth::F64 ? put(*real) : put(static_cast<float>(*real));
    else if (const auto* text = std::get_if<std::string_view>(&value.value))
        putString(*text);
    else
        putArray(std::get<MetaArray>(value.value));
}

void GgufWriter::declare(std::string_view name, kernels::DType dtype, std::span<const int64_t> shape) {
    m_tensors.push_back({std::string(name), dtype, {shape.begin(), shape.end()}, 0});
}

Result<void> GgufWriter::write(const void* bytes, size_t count) {
    errno = 0;
    if (m_out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count)))
        return {};
    return invalid("{} cannot be written: {}", plainFileName(m_partPath),
                   errno ? std::generic_category().message(errno) : std::string("the disk refused"));
}

Result<void> GgufWriter::begin() {
    if (m_version != 2 && m_version != 3)
        return invalid("GGUF version {} cannot be written, expected 2 or 3", m_version);
    if (!std::has_single_bit(m_alignment) || m_alignment < GgufLimits::alignmentMin ||
        m_alignment > GgufLimits::alignmentMax)
        return invalid("alignment {} cannot be written, expected a power of two from {} to {}", m_alignment,
                       GgufLimits::alignmentMin, GgufLimits::alignmentMax);
    if (m_alignment != 32 && !m_hasAlignment)
        addInteger("general.alignment", MetaWidth::U32, static_cast<int64_t>(m_alignment));
    std::string head = "GGUF";
    std::string keys = std::move(m_keys);
    m_keys.clear();  // put() now collects the directory
    put(m_version);
    put<uint64_t>(m_tensors.size());
    put(m_nKeys);
    head += std::exchange(m_keys, {});
    uint64_t offset = 0;
    for (Tensor& tensor : m_tensors) {
        const kernels::DTypeInfo& type = kernels::info(tensor.dtype);
        if (tensor.name.empty() || tensor.name.size() > GgufLimits::tensorNameBytes || tensor.shape.empty() ||
            tensor.shape.size() > 4 || tensor.shape[0] % type.blockElements != 0)
            return invalid("tensor '{}' cannot be written: its name, rank or row length is not one that GGUF allows",
                           plainText(tensor.name));
        int64_t elements = 1;
        putString(tensor.name);
        put(static_cast<uint32_t>(tensor.shape.size()));
        for (const int64_t dimension : tensor.shape) {
            if (dimension <= 0 || dimension > (int64_t{1} << 59) / elements)
                return invalid("tensor '{}' cannot be written: dimension {} is out of range", plainText(tensor.name),
                               dimension);
            elements *= dimension;
            put(dimension);
        }
        tensor.sizeBytes = kernels::rowBytes(tensor.dtype, elements);
        put(type.ggmlType);
        put(offset);
        offset += padded(static_cast<uint64_t>(tensor.sizeBytes), m_alignment);
    }
    const std::string directory = std::exchange(m_keys, {});
    m_out.open(systemPath(m_partPath), std::ios::binary | std::ios::trunc);
    if (!m_out)
        return invalid("{} cannot be created: {}", plainFileName(m_partPath), std::generic_category().message(errno));
    m_begun = true;
    TRY_VOID(write(head.data(), head.size()));
    TRY_VOID(write(keys.data(), keys.size()));
    TRY_VOID(write(directory.data(), directory.size()));
    const uint64_t at = head.size() + keys.size() + directory.size();
    const std::string zeros(m_tensors.empty() ? 0 : padded(at, m_alignment) - at, '\0');
    return write(zeros.data(), zeros.size());
}

Result<void> GgufWriter::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (!m_begun || m_current == m_tensors.size())
            return invalid("{}: {} bytes more than its tensors hold were appended", plainFileName(m_path),
                           bytes.size());
        const Tensor& tensor = m_tensors[m_current];
        const auto count = std::min<size_t>(bytes.size(), static_cast<size_t>(tensor.sizeBytes - m_currentBytes));
        TRY_VOID(write(bytes.data(), count));
        bytes = bytes.subspan(count);
        m_currentBytes += static_cast<int64_t>(count);
        if (m_currentBytes == tensor.sizeBytes) {
            const auto size = static_cast<uint64_t>(tensor.sizeBytes);
            const std::string zeros(padded(size, m_alignment) - size, '\0');
            TRY_VOID(write(zeros.data(), zeros.size()));
            ++m_current;
            m_currentBytes = 0;
        }
    }
    return {};
}

Result<void> GgufWriter::finish() {
    if (!m_begun || m_current != m_tensors.size())
        return invalid("{} is not complete: {} of {} tensors were written", plainFileName(m_path), m_current,
                       m_tensors.size());
    m_out.close();
    if (!m_out)
        return invalid("{} cannot be written completely: the disk is full or was removed", plainFileName(m_partPath));
    std::error_code error;
    std::filesystem::rename(systemPath(m_partPath), systemPath(m_path), error);
    if (error)
        return invalid("{} cannot be renamed to {}: {}", plainFileName(m_partPath), plainFileName(m_path),
                       error.message());
    m_finished = true;
    return {};
}

}  // namespace engine
