// Metadata values as a model file stores them. Arrays are views: their bytes stay in the mapped file, an element is
// decoded when it is asked for, so that a vocabulary of 250,000 strings costs 2 MB and a millisecond. Valid as long as
// the file is open. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace engine {

// What the lists below share: indexing and range-for by value.
template <typename List, typename Value>
class ListIterator {
  public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    ListIterator() = default;
    ListIterator(const List* list, size_t index) : m_list(list), m_index(index) {}
    Value operator*() const { return (*m_list)[m_index]; }
    ListIterator& operator++() {
        ++m_index;
        return *this;
    }
    ListIterator operator++(int) {
        ListIterator before = *this;
        ++m_index;
        return before;
    }
    bool operator==(const ListIterator&) const = default;

  private:
    const List* m_list = nullptr;
    size_t m_index = 0;
};

enum class MetaWidth : uint8_t {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64
};                                            // GGUF's numbers
std::string_view widthName(MetaWidth width);  // "u32", "string", ...
std::optional<MetaWidth> widthFromName(std::string_view name);

// Integers (and bools, as 0 or 1) of any width. A u64 above 2^63 - 1 is refused when the file is opened.
class IntegerList {
  public:
    using value_type = int64_t;
    IntegerList() = default;
    IntegerList(const std::byte* data, size_t count, MetaWidth width) : m_data(data), m_count(count), m_width(width) {}
    size_t size() const { return m_count; }
    bool empty() const { return m_count == 0; }
    int64_t operator[](size_t i) const;
    ListIterator<IntegerList, int64_t> begin() const { return {this, 0}; }
    ListIterator<IntegerList, int64_t> end() const { return {this, m_count}; }

  private:
    const std::byte* m_data = nullptr;
    size_t m_count = 0;
    MetaWidth m_width = MetaWidth::U8;
};

class FloatList {
  public:
    using value_type = double;
    FloatList() = default;
    FloatList(const std::byte* data, size_t count, MetaWidth width) : m_data(data), m_count(count), m_width(width) {}
    size_t size() const { return m_count; }
    bool empty() const { return m_count == 0; }
    double operator[](size_t i) const;
    ListIterator<FloatList, double> begin() const { return {this, 0}; }
    ListIterator<FloatList, double> end() const { return {this, m_count}; }

  private:
    const std::byte* m_data = nullptr;
    size_t m_count = 0;
    MetaWidth m_width = MetaWidth::F32;
};

// Place and length of every string, 8 bytes each (as many as the file itself spends on a length); they are kept, not
// read again, so that a file changed behind our back cannot make a view reach outside the mapping.
class StringList {
  public:
    using value_type = std::string_view;
    static constexpr uint64_t maxLength = (1u << 24) - 1;    // 16 MB a string
    static constexpr uint64_t maxOffset = (1ull << 40) - 1;  // of the array's bytes

    StringList() = default;
    explicit StringList(const std::byte* base) : m_base(base) {}
    void reserve(size_t count) { m_places.reserve(count); }
    void append(uint64_t offset, uint64_t length) { m_places.push_back(offset << 24 | length); }
    size_t size() const { return m_places.size(); }
    bool empty() const { return m_places.empty(); }
    std::string_view operator[](size_t i) const {
        return {reinterpret_cast<const char*>(m_base) + (m_places[i] >> 24),
                static_cast<size_t>(m_places[i] & maxLength)};
    }
    ListIterator<StringList, std::string_view> begin() const { return {this, 0}; }
    ListIterator<StringList, std::string_view> end() const { return {this, size()}; }

  private:
    const std::byte* m_base = nullptr;
    std::vector<uint64_t> m_places;  // offset from m_base << 24 | length
};

struct MetaArray {
    enum class Element : uint8_t { Integer, Float, Bool, String, Array };
    Element element = Element::Integer;
    MetaWidth width = MetaWidth::U8;
    // Exactly one is used, by `element` (bools are integers 0 and 1).
    IntegerList integers;
    FloatList floats;
    StringList strings;
    std::vector<MetaArray> arrays;
    size_t size() const;
};

// One metadata value. Integers keep sign and value, whatever width the file used (`width` names it: "u32", "i8", ...):
// they are int64_t, and uint64_t only when above 2^63 - 1.
struct MetaValue {
    std::variant<bool, int64_t, uint64_t, double, std::string_view, MetaArray> value;
    std::string_view width;
};

}  // namespace engine
