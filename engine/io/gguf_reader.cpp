// GGUF v2 and v3, little-endian:
//   "GGUF"  u32 version  u64 nTensors  u64 nKeys
//   nKeys x    { string key, u32 type, value }      string = u64 length, bytes    array = u32 type, u64 count, elements
//   nTensors x { string name, u32 nDims, u64 dim[nDims], u32 type, u64 offset }    offset counts from the data
//   zeros up to a multiple of general.alignment (32), then the data; every tensor begins at such a multiple
#include "engine/io/gguf_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/core/error_text.h"
#include "engine/io/plain_text.h"

namespace engine {

namespace {

static_assert(std::endian::native == std::endian::little, "the reader loads little-endian numbers as they lie");

constexpr size_t headerBytes = 24;
constexpr uint64_t minKeyEntryBytes = 8 + 1 + 4 + 1;
constexpr uint64_t minTensorEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;

constexpr uint64_t widthBytes(MetaWidth width) {
    constexpr uint8_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};  // least, for strings and arrays
    return bytes[static_cast<size_t>(width)];
}

// Types that other programs know and this one does not, so that the message can name them.
std::string_view foreignTypeName(uint32_t type) {
    switch (type) {
        case 4:
            return "Q4_2, removed from the format";
        case 5:
            return "Q4_3, removed from the format";
        case 9:
            return "Q8_1";
        case 16:
            return "IQ2_XXS";
        case 17:
            return "IQ2_XS";
        case 18:
            return "IQ3_XXS";
        case 19:
            return "IQ1_S";
        case 21:
            return "IQ3_S";
        case 22:
            return "IQ2_S";
        case 29:
            return "IQ1_M";
        case 31:
        case 32:
        case 33:
            return "Q4_0 repacked, removed from the format";
        case 34:
            return "TQ1_0";
        case 35:
            return "TQ2_0";
        case 36:
        case 37:
        case 38:
            return "IQ4_NL repacked, removed from the format";
        default:
            return "unknown";
    }
}

class GgufReader {
  public:
    GgufReader(std::span<const std::byte> file, std::string_view path)
        : m_file(file), m_path(path), m_name(plainFileName(path)) {}

    Result<GgufContent> read() {
        TRY_VOID(readHeader());
        for (uint64_t i = 0; i < m_nKeys; ++i)
            TRY_VOID(readEntry(i));
        TRY_VOID(readAlignment());
        TRY_VOID(readTensors());
        return std::move(m_content);
    }

  private:
    template <typename... Args>
    Error damage(fmt::format_string<Args...> text, Args&&... args) const {
        return Error{ErrorCode::FileDamaged, m_name + " is damaged: " + fmt::format(text, std::forward<Args>(args)...),
                     std::string(m_path)};
    }
    template <typename... Args>
    Error refuse(fmt::format_string<Args...> text, Args&&... args) const {
        return Error{ErrorCode::Unsupported,
                     m_name + " is not supported: " + fmt::format(text, std::forward<Args>(args)...),
                     std::string(m_path)};
    }
    Error cut(std::string_view inside) const {
        return damage("it ends at byte {}, inside {}: the download is incomplete", m_file.size(), inside);
    }

    uint64_t left() const { return m_file.size() - m_at; }

    template <typename T>
    bool take(T& out) {
        if (left() < sizeof(T))
            return false;
        std::memcpy(&out, m_file.data() + m_at, sizeof(T));
        m_at += sizeof(T);
        return true;
    }

    // A string of the file, as a view. `what` names it in errors.
    Result<std::string_view> takeString(const std::string& what) {
        uint64_t length = 0;
        if (!take(length))
            return cut(what);
        if (length > left())
            return damage(
                "{} at offset {} is said to have {} bytes, the file has {} left: the download is incomplete or "
                "the length is wrong",
                what, m_at - 8, length, left());
        const std::string_view text(reinterpret_cast<const char*>(m_file.data()) + m_at, length);
        m_at += length;
        return text;
    }

    Result<void> readHeader() {
        const std::string_view magic(reinterpret_cast<const char*>(m_file.data()), std::min<size_t>(4, m_file.size()));
        if (m_file.empty())
            return damage("it is empty (0 bytes)");
        if (!std::string_view("GGUF").starts_with(magic)) {
            const std::string_view what = looksLike(m_file);
            if (!what.empty())
                return Error{ErrorCode::FileDamaged,
                             fmt::format("{} is not a GGUF file: it looks like {}", m_name, what), std::string(m_path)};
            return Error{ErrorCode::FileDamaged,
                         fmt::format("{} is not a GGUF file: it begins with \"{}\", expected \"GGUF\"", m_name,
                                     plainText(magic)),
                         std::string(m_path)};
        }
        if (m_file.size() < headerBytes)
            return damage("it has {} bytes, a GGUF header alone has {}: the download is incomplete", m_file.size(),
                          headerBytes);
        m_at = 4;
        uint32_t version = 0;
        take(version);
        if (const uint32_t swapped = __builtin_bswap32(version); version > 0xFFFF && swapped >= 1 && swapped <= 0xFFFF)
            return refuse("it is a big-endian file (version {}); only little-endian files can be read", swapped);
        if (version != 2 && version != 3)
            return refuse("GGUF version {} at offset 4; versions 2 and 3 can be read", version);
        uint64_t nTensors = 0;
        take(nTensors);
        take(m_nKeys);
        if (m_nKeys > left() / minKeyEntryBytes)
            return damage("the header promises {} metadata keys, the {} bytes after it can hold {} at most", m_nKeys,
                          left(), left() / minKeyEntryBytes);
        if (nTensors > left() / minTensorEntryBytes)
            return damage("the header promises {} tensors, the {} bytes after it can describe {} at most", nTensors,
                          left(), left() / minTensorEntryBytes);
        if (m_nKeys > GgufLimits::keys)
            return refuse("it has {} metadata keys, the limit is {}", m_nKeys, GgufLimits::keys);
        if (nTensors > GgufLimits::tensors)
            return refuse("it has {} tensors, the limit is {}", nTensors, GgufLimits::tensors);
        m_nTensors = nTensors;
        m_content.version = version;
        return {};
    }

    Result<void> readEntry(uint64_t index) {
        const std::string place = fmt::format("metadata key {} of {}", index + 1, m_nKeys);
        TRY(const std::string_view key, takeString(place));
        if (key.empty())
            return damage("{} at offset {} is empty", place, m_at - 8);
        if (key.size() > GgufLimits::keyBytes)
            return damage("{} has {} bytes, the format allows {}", place, key.size(), GgufLimits::keyBytes);
        for (const char c : key)
            if (c < 0x20 || c > 0x7E || c == '/' || c == '\\')
                return damage("{} '{}' contains a character that a key cannot have", place, plainText(key));
        const std::string field = fmt::format("'{}'", plainText(key));
        TRY(const MetaWidth width, takeWidth(field));
        MetaValue value;
        value.width = widthName(width);
        TRY_VOID(readValue(field, width, value));
        const auto [entry, isNew] = m_content.metadata.emplace(std::string(key), std::move(value));
        if (!isNew)
            return damage("metadata key {} occurs twice", field);
        m_content.keys.push_back(&*entry);
        return {};
    }

    Result<MetaWidth> takeWidth(const std::string& field) {
        uint32_t type = 0;
        if (!take(type))
            return cut("metadata " + field);
        if (type > static_cast<uint32_t>(MetaWidth::F64))
            return damage("metadata {} has value type {} at offset {}, known are 0 to 12", field, type, m_at - 4);
        return static_cast<MetaWidth>(type);
    }

    template <typename T, typename As>
    Result<void> readNumber(const std::string& field, MetaValue& value) {
        T number{};
        if (!take(number))
            return cut("metadata " + field);
        value.value = static_cast<As>(number);
        return {};
    }

    Result<void> readValue(const std::string& field, MetaWidth width, MetaValue& value) {
        switch (width) {
            case MetaWidth::U8:
                return readNumber<uint8_t, int64_t>(field, value);
            case MetaWidth::I8:
                return readNumber<int8_t, int64_t>(field, value);
            case MetaWidth::U16:
                return readNumber<uint16_t, int64_t>(field, value);
            case MetaWidth::I16:
                return readNumber<int16_t, int64_t>(field, value);
            case MetaWidth::U32:
                return readNumber<uint32_t, int64_t>(field, value);
            case MetaWidth::I32:
                return readNumber<int32_t, int64_t>(field, value);
            case MetaWidth::I64:
                return readNumber<int64_t, int64_t>(field, value);
            case MetaWidth::F32:
                return readNumber<float, double>(field, value);
            case MetaWidth::F64:
                return readNumber<double, double>(field, value);
            case MetaWidth::U64: {
                uint64_t number = 0;
                if (!take(number))
                    return cut("metadata " + field);
                if (number > INT64_MAX)
                    value.value = number;
                else
                    value.value = static_cast<int64_t>(number);
                return {};
            }
            case MetaWidth::Bool: {
                uint8_t flag = 0;
                if (!take(flag))
                    return cut("metadata " + field);
                if (flag > 1)
                    return damage("metadata {} is a bool with the value {}, expected 0 or 1", field, flag);
                value.value = flag == 1;
                return {};
            }
            case MetaWidth::String: {
                TRY(const std::string_view text, takeString("metadata " + field));
                value.value = text;
                return {};
            }
            case MetaWidth::Array: {
                MetaArray array;
                TRY_VOID(readArray(field, 1, array));
                value.value = std::move(array);
                return {};
            }
        }
        return damage("metadata {} has an unknown value type", field);
    }

    Result<void> readArray(const std::string& field, int depth, MetaArray& array) {
        if (depth > GgufLimits::arrayDepth)
            return damage("metadata {} is an array nested deeper than {} levels", field, GgufLimits::arrayDepth);
        TRY(array.width, takeWidth(field));
        uint64_t count = 0;
        if (!take(count))
            return cut("metadata " + field);
        if (count > left() / widthBytes(array.width))
            return damage(
                "metadata {} is said to be an array of {} x {}, the {} bytes left hold {} at most: the download "
                "is incomplete or the length is wrong",
                field, count, widthName(array.width), left(), left() / widthBytes(array.width));
        const std::byte* data = m_file.data() + m_at;
        switch (array.width) {
            case MetaWidth::String:
                array.element = MetaArray::Element::String;
                return readStrings(field, count, array);
            case MetaWidth::Array: {
                array.element = MetaArray::Element::Array;
                m_nestedArrays += count;
                if (m_nestedArrays > GgufLimits::nestedArrays)
                    return refuse("metadata {} holds more than {} arrays inside arrays", field,
                                  GgufLimits::nestedArrays);
                array.arrays.resize(count);
                for (MetaArray& inner : array.arrays)
                    TRY_VOID(readArray(field, depth + 1, inner));
                return {};
            }
            case MetaWidth::F32:
            case MetaWidth::F64:
                array.element = MetaArray::Element::Float;
                array.floats = FloatList(data, count, array.width);
                break;
            case MetaWidth::Bool:
                array.element = MetaArray::Element::Bool;
                for (uint64_t i = 0; i < count; ++i)
                    if (data[i] > std::byte{1})
                        return damage("metadata {}[{}] is a bool with the value {}, expected 0 or 1", field, i,
                                      static_cast<int>(data[i]));
                array.integers = IntegerList(data, count, array.width);
                break;
            default:
                array.element = MetaArray::Element::Integer;
                array.integers = IntegerList(data, count, array.width);
                if (array.width == MetaWidth::U64)
                    for (uint64_t i = 0; i < count; ++i)
                        if (array.integers[i] < 0)
                            return damage("metadata {}[{}] is {}, above the largest integer that is accepted ({})",
                                          field, i, static_cast<uint64_t>(array.integers[i]), INT64_MAX);
                break;
        }
        m_at += count * widthBytes(array.width);
        return {};
    }

    Result<void> readStrings(const std::string& field, uint64_t count, MetaArray& array) {
        const size_t base = m_at;
        array.strings = StringList(m_file.data() + base);
        array.strings.reserve(count);
        for (uint64_t i = 0; i < count; ++i) {
            uint64_t length = 0;
            if (!take(length) || length > left())
                return damage(
                    "metadata {}: string {} of {} at offset {} reaches beyond the end of the file: the download "
                    "is incomplete or a length is wrong",
                    field, i + 1, count, m_at);
            if (length > StringList::maxLength || m_at - base > StringList::maxOffset)
                return refuse("metadata {}: string {} has {} bytes, the limit in an array is {}", field, i + 1, length,
                              StringList::maxLength);
            array.strings.append(m_at - base, length);
            m_at += length;
        }
        return {};
    }

    Result<void> readAlignment() {
        const auto found = m_content.metadata.find("general.alignment");
        if (found == m_content.metadata.end())
            return {};
        if (found->second.width != "u32")
            return damage("metadata 'general.alignment' has type {}, expected u32", found->second.width);
        const auto alignment = static_cast<uint64_t>(std::get<int64_t>(found->second.value));
        if (!std::has_single_bit(alignment) || alignment < GgufLimits::alignmentMin ||
            alignment > GgufLimits::alignmentMax)
            return damage("metadata 'general.alignment' is {}, expected a power of two from {} to {}", alignment,
                          GgufLimits::alignmentMin, GgufLimits::alignmentMax);
        m_content.alignment = alignment;
        return {};
    }

    // One record of the tensor directory; offset counts from the data, whose place is not known yet.
    Result<void> readTensor(uint64_t index, TensorInfo& tensor, uint64_t& offset, std::string_view& name) {
        const std::string place = fmt::format("tensor {} of {}", index + 1, m_nTensors);
        TRY(name, takeString("the name of " + place));
        if (name.empty() || name.size() > GgufLimits::tensorNameBytes)
            return damage("the name of {} has {} bytes, expected 1 to {}", place, name.size(),
                          GgufLimits::tensorNameBytes);
        if (!isPlain(name))
            return damage("the name of {}, '{}', contains control characters or is not valid UTF-8", place,
                          plainText(name));
        uint32_t rank = 0;
        if (!take(rank))
            return cut(place);
        if (rank < 1 || rank > 4)
            return damage("tensor '{}' has {} dimensions, expected 1 to 4", plainText(name), rank);
        tensor.rank = static_cast<int>(rank);
        tensor.elements = 1;
        constexpr int64_t maxElements = int64_t{1} << 59;  // 8 bytes each still fit in 63 bits
        for (uint32_t d = 0; d < rank; ++d) {
            uint64_t dimension = 0;
            if (!take(dimension))
                return cut(place);
            if (dimension == 0)
                return damage("tensor '{}': dimension {} is 0", plainText(name), d);
            if (dimension > static_cast<uint64_t>(maxElements / tensor.elements))
                return damage(
                    "tensor '{}': dimension {} is {}, the tensor would have more elements than any file can hold",
                    plainText(name), d, dimension);
            tensor.shape[d] = static_cast<int64_t>(dimension);
            tensor.elements *= tensor.shape[d];
        }
        uint32_t type = 0;
        if (!take(type) || !take(offset))
            return cut(place);
        const auto dtype = kernels::dtypeFromGgml(type);
        if (!dtype)
            return refuse("tensor '{}' has type number {} ({})", plainText(name), type, foreignTypeName(type));
        const kernels::DTypeInfo& row = kernels::info(*dtype);
        if (tensor.shape[0] % row.blockElements != 0)
            return damage("tensor '{}' of type {} has rows of {} elements, expected a multiple of {}", plainText(name),
                          row.name, tensor.shape[0], row.blockElements);
        tensor.dtype = *dtype;
        tensor.sizeBytes = kernels::rowBytes(*dtype, tensor.elements);
        return {};
    }

    Result<void> readTensors() {
        // Two passes: the first allocates nothing, so that a directory that promises more than the file has is refused
        // before memory is spent on it.
        const size_t directory = m_at;
        uint64_t sum = 0, lastEnd = 0;
        std::string_view name, lastName;
        for (uint64_t i = 0; i < m_nTensors; ++i) {
            TensorInfo tensor;
            uint64_t offset = 0;
            TRY_VOID(readTensor(i, tensor, offset, name));
            if (offset % m_content.alignment != 0)
                return damage("tensor '{}' begins at {} of the data, expected a multiple of {}", plainText(name),
                              offset, m_content.alignment);
            const auto size = static_cast<uint64_t>(tensor.sizeBytes);
            if (offset > static_cast<uint64_t>(INT64_MAX) - size - m_file.size())
                return damage("tensor '{}' begins at {} of the data, beyond any file", plainText(name), offset);
            if (offset + size > lastEnd) {
                lastEnd = offset + size;
                lastName = name;
            }
            sum = std::min<uint64_t>(sum + size, INT64_MAX);
        }
        const uint64_t dataOffset = (m_at + m_content.alignment - 1) / m_content.alignment * m_content.alignment;
        if (m_nTensors == 0) {
            m_content.dataOffset = static_cast<int64_t>(std::min<uint64_t>(dataOffset, m_file.size()));
            noteTrailing(dataOffset);
            return {};
        }
        if (dataOffset + lastEnd > m_file.size())
            return damage("tensor '{}' ends at byte {}; {} of {} bytes are present: the download is incomplete",
                          plainText(lastName), dataOffset + lastEnd, m_file.size(), dataOffset + lastEnd);
        if (sum > m_file.size() - dataOffset)
            return damage("its tensors need {} bytes together, the data has {}: tensors overlap", sum,
                          m_file.size() - dataOffset);

        m_at = directory;
        m_content.dataOffset = static_cast<int64_t>(dataOffset);
        m_content.tensors.resize(m_nTensors);
        for (uint64_t i = 0; i < m_nTensors; ++i) {
            TensorInfo& tensor = m_content.tensors[i];
            uint64_t offset = 0;
            TRY_VOID(readTensor(i, tensor, offset, name));
            // Held against the file again: it may have been changed since the first pass.
            if (offset % m_content.alignment != 0 || offset > m_file.size() - dataOffset ||
                static_cast<uint64_t>(tensor.sizeBytes) > m_file.size() - dataOffset - offset)
                return damage("it was changed while it was read");
            tensor.name = name;
            tensor.fileOffset = static_cast<int64_t>(dataOffset + offset);
            tensor.data = m_file.data() + tensor.fileOffset;
        }
        TRY_VOID(checkNames());
        TRY_VOID(checkExtents());
        noteTrailing((dataOffset + lastEnd + m_content.alignment - 1) / m_content.alignment * m_content.alignment);
        return {};
    }

    std::vector<const TensorInfo*> tensorPointers() const {
        std::vector<const TensorInfo*> order;
        order.reserve(m_content.tensors.size());
        for (const TensorInfo& tensor : m_content.tensors)
            order.push_back(&tensor);
        return order;
    }

    Result<void> checkNames() const {
        auto order = tensorPointers();
        std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->name < b->name; });
        for (size_t i = 1; i < order.size(); ++i)
            if (order[i]->name == order[i - 1]->name)
                return damage("tensor '{}' occurs twice", plainText(order[i]->name));
        return {};
    }

    Result<void> checkExtents() const {
        auto order = tensorPointers();
        std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->fileOffset < b->fileOffset; });
        for (size_t i = 1; i < order.size(); ++i) {
            const TensorInfo& before = *order[i - 1];
            const TensorInfo& after = *order[i];
            if (before.fileOffset + before.sizeBytes > after.fileOffset)
                return damage("tensor '{}' of {} bytes at byte {} reaches into tensor '{}' at byte {}",
                              plainText(before.name), before.sizeBytes, before.fileOffset, plainText(after.name),
                              after.fileOffset);
        }
        return {};
    }

    void noteTrailing(uint64_t end) {
        if (m_file.size() > end)
            m_content.warnings.push_back(
                fmt::format("{} has {} bytes after its last tensor; they are not used", m_name, m_file.size() - end));
    }

    std::span<const std::byte> m_file;
    std::string_view m_path;
    std::string m_name;
    size_t m_at = 0;
    uint64_t m_nKeys = 0, m_nTensors = 0, m_nestedArrays = 0;
    GgufContent m_content;
};

}  // namespace

Result<GgufContent> readGguf(std::span<const std::byte> file, std::string_view path) {
    return GgufReader(file, path).read();
}

}  // namespace engine
