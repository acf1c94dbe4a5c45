#include "engine/text/jinja_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/io/utf8.h"
#include "engine/text/chat_template.h"

namespace engine::jinja {

namespace {

constexpr int MaxNesting = 100;
constexpr int64_t BytesPerElement = 48;  // a Value and its share of the vector

void checkNesting(int depth) {
    if (depth > MaxNesting)
        throw Failure{"a value is nested more than 100 deep"};
}

std::string keyOf(const Value& key) {
    if (key.isString())
        return "s" + key.text().bytes;
    if (key.isNumber()) {
        const double d = key.number();
        if (key.isInteger() || (d == std::floor(d) && std::fabs(d) < 9.2e18))
            return fmt::format("n{}", key.isInteger() ? key.integer() : static_cast<int64_t>(d));
        return fmt::format("f{}", d);
    }
    if (key.isNone())
        return "0";
    if (key.isList() && key.list().tuple)
        return "t" + repr(key).bytes;
    throw Failure{fmt::format("unhashable type: '{}'", typeName(key))};
}

}  // namespace

Meter::Meter(const TemplateLimits& limits)
    : m_maxBytes(limits.memoryBytes),
      m_maxSteps(limits.steps),
      m_milliseconds(limits.milliseconds),
      m_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(limits.milliseconds)) {}

void Meter::add(int64_t bytes) {
    if (bytes > m_maxBytes - m_liveBytes)
        throw Failure{fmt::format("the template uses more than {} MB of memory", m_maxBytes >> 20)};
    m_liveBytes += bytes;
}

void Meter::spend(int64_t steps) {
    const int64_t before = m_steps;
    m_steps += steps;
    if (m_steps > m_maxSteps)
        throw Failure{fmt::format("the template was stopped after {} steps", m_maxSteps)};
    if ((before >> 6) != (m_steps >> 6) && std::chrono::steady_clock::now() > m_deadline)
        throw Failure{fmt::format("the template was stopped after {} ms", m_milliseconds)};
}

void Meter::bury(std::vector<Value> items) noexcept {
    if (items.empty())
        return;
    try {
        m_buriedItems.push_back(std::move(items));
    } catch (const std::bad_alloc&) {
        return;  // then they die here
    }
    clearBuried();
}

void Meter::bury(std::vector<std::pair<Value, Value>> entries) noexcept {
    if (entries.empty())
        return;
    try {
        m_buriedEntries.push_back(std::move(entries));
    } catch (const std::bad_alloc&) {
        return;
    }
    clearBuried();
}

void Meter::clearBuried() noexcept {
    if (m_clearing)
        return;  // the call that clears takes these too
    m_clearing = true;
    while (!m_buriedItems.empty() || !m_buriedEntries.empty()) {
        std::vector<Value> items;
        std::vector<std::pair<Value, Value>> entries;
        if (!m_buriedItems.empty()) {
            items = std::move(m_buriedItems.back());
            m_buriedItems.pop_back();
        } else {
            entries = std::move(m_buriedEntries.back());
            m_buriedEntries.pop_back();
        }
    }
    m_clearing = false;
}

void Text::append(const Text& other) {
    if (other.bytes.empty())
        return;
    if (bytes.empty()) {
        *this = other;
        return;
    }
    if (mask.empty() && other.mask.empty() && trusted == other.trusted) {
        bytes += other.bytes;
        return;
    }
    if (mask.empty())
        mask.assign(bytes.size(), static_cast<char>(trusted));
    if (other.mask.empty())
        mask.append(other.bytes.size(), static_cast<char>(other.trusted));
    else
        mask += other.mask;
    bytes += other.bytes;
}

void Text::append(const Text& other, size_t pos, size_t n) {
    append(other.substr(pos, n));
}

void Text::append(std::string_view s, bool isTrusted) {
    append(Text(std::string(s), isTrusted));
}

Text Text::substr(size_t pos, size_t n) const {
    Text out;
    out.bytes = bytes.substr(pos, n);
    out.trusted = trusted;
    if (!mask.empty()) {
        out.mask = mask.substr(pos, n);
        if (!out.mask.empty() && out.mask.find(static_cast<char>(!out.mask[0])) == std::string::npos) {
            out.trusted = out.mask[0] != 0;
            out.mask.clear();
        }
    }
    return out;
}

List::~List() {
    if (!meter)
        return;
    meter->remove(charged);
    meter->bury(std::move(items));
}
Dict::~Dict() {
    if (!meter)
        return;
    meter->remove(charged);
    meter->bury(std::move(entries));
}
String::~String() {
    if (meter)
        meter->remove(charged);
}

const Value* Dict::find(const Value& key) const {
    const auto it = index.find(keyOf(key));
    return it == index.end() ? nullptr : &entries[it->second].second;
}

const Value* Dict::find(std::string_view key) const {
    const auto it = index.find("s" + std::string(key));
    return it == index.end() ? nullptr : &entries[it->second].second;
}

void Dict::set(Value key, Value value) {
    std::string name = keyOf(key);
    const auto nameBytes = static_cast<int64_t>(name.capacity());
    const auto [it, added] = index.try_emplace(std::move(name), entries.size());
    if (!added) {
        entries[it->second].second = std::move(value);
        return;
    }
    entries.emplace_back(std::move(key), std::move(value));
    if (meter) {
        meter->add(nameBytes);
        charged += nameBytes;
    }
}

int64_t Value::integer() const {
    return is<bool>() ? static_cast<int64_t>(boolean()) : std::get<int64_t>(m_storage);
}

double Value::number() const {
    return is<double>() ? floating() : static_cast<double>(integer());
}

bool Value::same(const Value& other) const {
    if (m_storage.index() != other.m_storage.index())
        return false;
    if (isList())
        return &list() == &other.list();
    if (isDict())
        return &dict() == &other.dict();
    if (isFunction())
        return &function() == &other.function();
    return equal(*this, other);
}

Value Heap::string(Text text) {
    auto s = std::make_shared<String>();
    const auto bytes = static_cast<int64_t>(text.bytes.capacity() + text.mask.capacity()) + 64;
    m_meter.add(bytes);
    s->text = std::move(text);
    s->meter = &m_meter;
    s->charged = bytes;
    return Value(std::shared_ptr<const String>(std::move(s)));
}

Value Heap::list(std::vector<Value> items, bool tuple) {
    auto l = std::make_shared<List>();
    l->meter = &m_meter;
    grow(*l, static_cast<int64_t>(items.size()) + 1);
    l->items = std::move(items);
    l->tuple = tuple;
    return Value(std::move(l));
}

std::shared_ptr<Dict> Heap::dict() {
    auto d = std::make_shared<Dict>();
    d->meter = &m_meter;
    return d;
}

std::shared_ptr<Dict> Heap::changeable() {
    auto d = dict();
    d->isNamespace = true;
    if (m_namespaces.size() >= m_sweepAt) {
        std::erase_if(m_namespaces, [](const std::weak_ptr<Dict>& n) { return n.expired(); });
        m_sweepAt = 2 * m_namespaces.size() + 64;
    }
    m_namespaces.push_back(d);
    return d;
}

void Heap::clearNamespaces() {
    for (const std::weak_ptr<Dict>& weak : m_namespaces)
        if (const auto d = weak.lock())
            m_meter.bury(std::exchange(d->entries, {}));
}

void Heap::grow(List& list, int64_t elements) {
    m_meter.add(elements * BytesPerElement);
    list.charged += elements * BytesPerElement;
}

void Heap::grow(Dict& dict, int64_t elements) {
    m_meter.add(elements * 3 * BytesPerElement);
    dict.charged += elements * 3 * BytesPerElement;
}

Value Heap::fromJson(const nlohmann::ordered_json& json, bool trusted, int depth) {
    checkNesting(depth);
    switch (json.type()) {
        case nlohmann::ordered_json::value_t::boolean:
            return Value(json.get<bool>());
        case nlohmann::ordered_json::value_t::number_integer:
            return Value(json.get<int64_t>());
        case nlohmann::ordered_json::value_t::number_unsigned: {
            const auto u = json.get<uint64_t>();
            return u <= INT64_MAX ? Value(static_cast<int64_t>(u)) : Value(static_cast<double>(u));
        }
        case nlohmann::ordered_json::value_t::number_float:
            return Value(json.get<double>());
        case nlohmann::ordered_json::value_t::string:
            return string(Text(json.get<std::string>(), trusted));
        case nlohmann::ordered_json::value_t::array: {
            std::vector<Value> items;
            items.reserve(json.size());
            for (const auto& item : json)
                items.push_back(fromJson(item, trusted, depth + 1));
            return list(std::move(items));
        }
        case nlohmann::ordered_json::value_t::object: {
            auto d = dict();
            grow(*d, static_cast<int64_t>(json.size()) + 1);
            for (const auto& [key, item] : json.items())
                d->set(string(Text(key, trusted)), fromJson(item, trusted, depth + 1));
            return Value(std::move(d));
        }
        default:
            return Value(None{});
    }
}

const char* typeName(const Value& v) {
    if (v.isUndefined())
        return "Undefined";
    if (v.isNone())
        return "NoneType";
    if (v.is<bool>())
        return "bool";
    if (v.is<int64_t>())
        return "int";
    if (v.is<double>())
        return "float";
    if (v.isString())
        return "str";
    if (v.isList())
        return v.list().tuple ? "tuple" : "list";
    if (v.isDict())
        return v.dict().isNamespace ? "Namespace" : "dict";
    return "function";
}

bool truth(const Value& v) {
    if (v.isUndefined() || v.isNone())
        return false;
    if (v.isNumber())
        return v.number() != 0;
    if (v.isString())
        return !v.text().bytes.empty();
    if (v.isList())
        return !v.list().items.empty();
    if (v.isDict())
        return v.dict().isNamespace || !v.dict().entries.empty();
    return true;
}

bool equal(const Value& a, const Value& b, int depth) {
    checkNesting(depth);
    if (a.isNumber() && b.isNumber()) {
        if (a.isInteger() && b.isInteger())
            return a.integer() == b.integer();
        return a.number() == b.number();
    }
    if (a.isUndefined() && b.isUndefined())
        return true;
    if (a.isNone() && b.isNone())
        return true;
    if (a.isString() && b.isString())
        return a.text().bytes == b.text().bytes;
    if (a.isList() && b.isList()) {
        const List &x = a.list(), &y = b.list();
        if (x.tuple != y.tuple || x.items.size() != y.items.size())
            return false;
        for (size_t i = 0; i < x.items.size(); ++i) {
            x.meter->spend(1);
            if (!equal(x.items[i], y.items[i], depth + 1))
                return false;
        }
        return true;
    }
    if (a.isDict() && b.isDict()) {
        const Dict &x = a.dict(), &y = b.dict();
        if (x.isNamespace || y.isNamespace)
            return &x == &y;
        if (x.entries.size() != y.entries.size())
            return false;
        for (const auto& [key, value] : x.entries) {
            x.meter->spend(1);
            const Value* other = y.find(key);
            if (!other || !equal(value, *other, depth + 1))
                return false;
        }
        return true;
    }
    return a.isFunction() && b.isFunction() && &a.function() == &b.function();
}

int compare(const Value& a, const Value& b, int depth) {
    checkNesting(depth);
    if (a.isNumber() && b.isNumber()) {
        if (a.isInteger() && b.isInteger())
            return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
        return a.number() < b.number() ? -1 : a.number() > b.number();
    }
    if (a.isString() && b.isString()) {
        const int c = a.text().bytes.compare(b.text().bytes);
        return c < 0 ? -1 : c > 0;
    }
    if (a.isList() && b.isList() && a.list().tuple == b.list().tuple) {
        const auto &x = a.list().items, &y = b.list().items;
        for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
            a.list().meter->spend(1);
            if (!equal(x[i], y[i], depth + 1))
                return compare(x[i], y[i], depth + 1);
        }
        return x.size() < y.size() ? -1 : x.size() > y.size();
    }
    if (a.isUndefined())
        throw Failure{a.undefined().why};
    if (b.isUndefined())
        throw Failure{b.undefined().why};
    throw Failure{fmt::format("'{}' and '{}' cannot be put in order", typeName(a), typeName(b))};
}

std::string floatText(double d) {
    if (std::isnan(d))
        return "nan";
    if (std::isinf(d))
        return d < 0 ? "-inf" : "inf";
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, d, std::chars_format::scientific).ptr;
    const std::string_view s(digits, end - digits);
    const int exponent = std::atoi(std::string(s.substr(s.find('e') + 1)).c_str());
    if (exponent < -4 || exponent >= 16) {
        // Python: no ".0" in the mantissa, at least two digits of exponent; to_chars writes the same.
        return std::string(s);
    }
    const auto fixedEnd = std::to_chars(digits, digits + sizeof digits, d, std::chars_format::fixed).ptr;
    std::string out(digits, fixedEnd);
    if (out.find('.') == std::string::npos)
        out += ".0";
    return out;
}

Text toText(const Value& v, int depth) {
    if (v.isString())
        return v.text();
    if (v.isUndefined())
        return Text();
    return repr(v, depth);
}

namespace {

// One value may stand in many places: what is written counts as work, wherever it comes from.
void appendCounted(Text& out, const Text& piece, Meter& meter) {
    meter.spend(1 + static_cast<int64_t>(piece.size() / 64));
    out.append(piece);
}

Text reprText(const Text& t) {
    const bool hasSingle = t.bytes.find('\'') != std::string::npos;
    const bool hasDouble = t.bytes.find('"') != std::string::npos;
    const char quote = hasSingle && !hasDouble ? '"' : '\'';
    Text out;
    out.append(std::string_view(&quote, 1), true);
    for (size_t i = 0; i < t.bytes.size();) {
        const size_t begin = i;
        const uint32_t c = codePointAt(t.bytes, i);
        std::string piece;
        if (c == static_cast<uint32_t>(quote) || c == '\\')
            piece = std::string("\\") + static_cast<char>(c);
        else if (c == '\n')
            piece = "\\n";
        else if (c == '\r')
            piece = "\\r";
        else if (c == '\t')
            piece = "\\t";
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa1) || c == 0xad)
            piece = fmt::format("\\x{:02x}", c);
        else if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f && c != 0x202f) || c == 0x2060 ||
                 c == 0xfeff)
            piece = fmt::format("\\u{:04x}", c);
        else
            piece = t.bytes.substr(begin, i - begin);
        out.append(piece, t.trustedAt(begin));
    }
    out.append(std::string_view(&quote, 1), true);
    return out;
}

}  // namespace

Text repr(const Value& v, int depth) {
    checkNesting(depth);
    if (v.isString())
        return reprText(v.text());
    if (v.isNone())
        return Text("None");
    if (v.is<bool>())
        return Text(v.boolean() ? "True" : "False");
    if (v.is<int64_t>())
        return Text(std::to_string(v.integer()));
    if (v.is<double>())
        return Text(floatText(v.floating()));
    if (v.isUndefined())
        return Text("Undefined");
    if (v.isList()) {
        const List& l = v.list();
        Text out(l.tuple ? "(" : "[");
        for (size_t i = 0; i < l.items.size(); ++i) {
            if (i)
                out.append(", ", true);
            appendCounted(out, repr(l.items[i], depth + 1), *l.meter);
        }
        out.append(l.tuple ? (l.items.size() == 1 ? ",)" : ")") : "]", true);
        return out;
    }
    if (v.isDict()) {
        const Dict& d = v.dict();
        Text out(d.isNamespace ? "<Namespace {" : "{");
        for (size_t i = 0; i < d.entries.size(); ++i) {
            if (i)
                out.append(", ", true);
            appendCounted(out, repr(d.entries[i].first, depth + 1), *d.meter);
            out.append(": ", true);
            appendCounted(out, repr(d.entries[i].second, depth + 1), *d.meter);
        }
        out.append(d.isNamespace ? "}>" : "}", true);
        return out;
    }
    return Text("<" + v.function().name + ">");
}

namespace {

Text jsonString(const Text& t, bool asciiOnly) {
    Text out("\"");
    for (size_t i = 0; i < t.bytes.size();) {
        const size_t begin = i;
        const uint32_t c = codePointAt(t.bytes, i);
        std::string piece;
        switch (c) {
            case '"':
                piece = "\\\"";
                break;
            case '\\':
                piece = "\\\\";
                break;
            case '\n':
                piece = "\\n";
                break;
            case '\r':
                piece = "\\r";
                break;
            case '\t':
                piece = "\\t";
                break;
            case '\b':
                piece = "\\b";
                break;
            case '\f':
                piece = "\\f";
                break;
            default:
                if (c < 0x20)
                    piece = fmt::format("\\u{:04x}", c);
                else if (asciiOnly && c > 0xffff)
                    piece = fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((c - 0x10000) >> 10),
                                        0xdc00 + ((c - 0x10000) & 0x3ff));
                else if (asciiOnly && c > 0x7e)
                    piece = fmt::format("\\u{:04x}", c);
                else
                    piece = t.bytes.substr(begin, i - begin);
        }
        out.append(piece, t.trustedAt(begin));
    }
    out.append("\"", true);
    return out;
}

}  // namespace

Text toJson(const Value& v, const JsonStyle& style, int level) {
    checkNesting(level);
    const bool pretty = style.indent >= 0 || !style.indentText.empty();
    const std::string unit = style.indentText.empty() ? std::string(std::max(0, style.indent), ' ') : style.indentText;
    const auto newline = [&](int depth) {
        std::string s = "\n";
        for (int i = 0; i < depth; ++i)
            s += unit;
        return Text(std::move(s));
    };
    if (v.isString())
        return jsonString(v.text(), style.asciiOnly);
    if (v.isNone())
        return Text("null");
    if (v.is<bool>())
        return Text(v.boolean() ? "true" : "false");
    if (v.is<int64_t>())
        return Text(std::to_string(v.integer()));
    if (v.is<double>()) {
        const double d = v.floating();
        return Text(std::isnan(d) ? "NaN" : std::isinf(d) ? (d < 0 ? "-Infinity" : "Infinity") : floatText(d));
    }
    if (v.isList()) {
        const auto& items = v.list().items;
        if (items.empty())
            return Text("[]");
        Meter& meter = *v.list().meter;
        Text out("[");
        for (size_t i = 0; i < items.size(); ++i) {
            if (i)
                appendCounted(out, Text(style.itemSeparator), meter);
            if (pretty)
                appendCounted(out, newline(level + 1), meter);
            appendCounted(out, toJson(items[i], style, level + 1), meter);
        }
        if (pretty)
            out.append(newline(level));
        out.append("]", true);
        return out;
    }
    if (v.isDict() && !v.dict().isNamespace) {
        std::vector<const std::pair<Value, Value>*> entries;
        for (const auto& entry : v.dict().entries)
            entries.push_back(&entry);
        if (entries.empty())
            return Text("{}");
        if (style.sortKeys)
            std::stable_sort(entries.begin(), entries.end(),
                             [](const auto* a, const auto* b) { return compare(a->first, b->first) < 0; });
        Meter& meter = *v.dict().meter;
        Text out("{");
        bool first = true;
        for (const auto* entry : entries) {
            if (!std::exchange(first, false))
                appendCounted(out, Text(style.itemSeparator), meter);
            if (pretty)
                appendCounted(out, newline(level + 1), meter);
            const Value& key = entry->first;
            if (key.isString())
                appendCounted(out, jsonString(key.text(), style.asciiOnly), meter);
            else if (key.isNumber() || key.isNone())
                appendCounted(out, jsonString(toJson(key, style), style.asciiOnly), meter);
            else
                throw Failure{"keys of a JSON object must be strings"};
            appendCounted(out, Text(style.keySeparator), meter);
            appendCounted(out, toJson(entry->second, style, level + 1), meter);
        }
        if (pretty)
            out.append(newline(level));
        out.append("}", true);
        return out;
    }
    throw Failure{fmt::format("a value of type {} cannot be written as JSON", typeName(v))};
}

void appendUtf8(std::string& out, uint32_t c) {
    appendCharacter(out, c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c);
}

uint32_t codePointAt(std::string_view s, size_t& pos) {
    const Utf8Char c = readUtf8(s.data() + pos, s.data() + s.size());
    pos += c.length;
    return c.codepoint;
}

std::vector<size_t> characterOffsets(std::string_view s) {
    std::vector<size_t> offsets;
    offsets.reserve(s.size() + 1);
    for (size_t pos = 0; pos < s.size();) {
        offsets.push_back(pos);
        codePointAt(s, pos);
    }
    offsets.push_back(s.size());
    return offsets;
}

size_t characterCount(std::string_view s) {
    size_t n = 0;
    for (size_t pos = 0; pos < s.size(); ++n)
        codePointAt(s, pos);
    return n;
}

bool isSpace(uint32_t c) {
    return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

}  // namespace engine::jinja
