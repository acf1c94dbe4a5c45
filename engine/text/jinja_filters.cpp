// Filters and tests of the chat-template language, as in the reference documentation of Jinja 3.1; `tojson` as model
// templates are rendered with (json.dumps, no HTML escapes).
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "engine/text/jinja_interpreter.h"
#include "engine/text/jinja_text.h"

namespace engine::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
    throw Failure{std::move(message)};
}

void needDefined(const Value& v) {
    if (v.isUndefined())
        fail(v.undefined().why);
}

Text textOf(const Value& v, Call& c) {
    Text t = toText(v);
    c.in.spend(1 + static_cast<int64_t>(t.size() / 64));
    return t;
}

int64_t lengthOf(const Value& v) {
    if (v.isUndefined())
        return 0;
    if (v.isString())
        return static_cast<int64_t>(characterCount(v.text().bytes));
    if (v.isList())
        return static_cast<int64_t>(v.list().items.size());
    if (v.isDict() && !v.dict().isNamespace)
        return static_cast<int64_t>(v.dict().entries.size());
    fail(fmt::format("object of type '{}' has no len()", typeName(v)));
}

// Sorting and grouping ignore case unless told otherwise.
Value sortKey(const Value& v, bool caseSensitive, Call& c) {
    return v.isString() && !caseSensitive ? c.in.string(changeCase(v.text(), Case::Lower)) : v;
}

// The value that `attribute` names in an item: "a.b", an index, or the item itself. Several, joined by commas, sort by
// each.
std::vector<Value> keysOf(const Value& item, const Value* attribute, bool caseSensitive, Call& c) {
    c.in.spend(1);
    if (!attribute || attribute->isNone())
        return {sortKey(item, caseSensitive, c)};
    if (!attribute->isString())
        return {sortKey(c.in.subscript(item, *attribute), caseSensitive, c)};
    std::vector<Value> keys;
    for (const Text& path : split(attribute->text(), ",", -1))
        keys.push_back(sortKey(c.in.attributePath(item, c.in.string(path)), caseSensitive, c));
    return keys;
}

void stableSort(std::vector<Value>& items, const Value* attribute, bool caseSensitive, bool reverse, Call& c) {
    std::vector<std::pair<std::vector<Value>, Value>> keyed;
    keyed.reserve(items.size());
    for (Value& item : items)
        keyed.emplace_back(keysOf(item, attribute, caseSensitive, c), std::move(item));
    const auto less = [&c](const auto& a, const auto& b) {
        c.in.spend(1);
        for (size_t i = 0; i < std::min(a.first.size(), b.first.size()); ++i)
            if (const int order = compare(a.first[i], b.first[i]))
                return order < 0;
        return false;
    };
    if (reverse) {
        std::reverse(keyed.begin(), keyed.end());
        std::stable_sort(keyed.begin(), keyed.end(), less);
        std::reverse(keyed.begin(), keyed.end());
    } else {
        std::stable_sort(keyed.begin(), keyed.end(), less);
    }
    for (size_t i = 0; i < keyed.size(); ++i)
        items[i] = std::move(keyed[i].second);
}

Value extreme(const Value& v, Call& c, bool wantMax) {
    const std::vector<Value> items = c.in.iterate(v);
    const bool caseSensitive = c.flag(0, "case_sensitive", false);
    const Value* attribute = c.get(1, "attribute");
    if (items.empty())
        return Value(Undefined{"no aggregated item, the sequence was empty"});
    size_t best = 0;
    std::vector<Value> bestKey = keysOf(items[0], attribute, caseSensitive, c);
    for (size_t i = 1; i < items.size(); ++i) {
        std::vector<Value> key = keysOf(items[i], attribute, caseSensitive, c);
        const int order = compare(key[0], bestKey[0]);
        if (wantMax ? order > 0 : order < 0) {
            best = i;
            bestKey = std::move(key);
        }
    }
    return items[best];
}

// select, reject, selectattr, rejectattr.
Value choose(const Value& v, Call& c, bool byAttribute, bool wanted) {
    size_t at = 0;
    const Value attribute = byAttribute ? c.need(at++, "attribute") : Value();
    std::string test;
    if (at < c.positional.size())
        test = toText(c.positional[at++]).bytes;
    const std::vector<Value> arguments(
        c.positional.begin() + static_cast<std::ptrdiff_t>(std::min(at, c.positional.size())), c.positional.end());
    if (!truth(v))  // none counts as an empty sequence here
        return c.in.heap().list({});
    std::vector<Value> kept;
    for (const Value& item : c.in.iterate(v)) {
        c.in.spend(1);
        const Value subject = byAttribute ? c.in.attributePath(item, attribute) : item;
        const bool holds = test.empty() ? truth(subject) : c.in.applyTest(test, subject, arguments);
        if (holds == wanted)
            kept.push_back(item);
    }
    return c.in.heap().list(std::move(kept));
}

Value mapFilter(const Value& v, Call& c) {
    if (!truth(v))
        return c.in.heap().list({});
    std::vector<Value> out;
    const Value* attribute = c.positional.empty() ? c.get(SIZE_MAX, "attribute") : nullptr;
    for (const Value& item : c.in.iterate(v)) {
        c.in.spend(1);
        if (attribute) {
            Value found = c.in.attributePath(item, *attribute);
            out.push_back(found.isUndefined() ? c.get(SIZE_MAX, "default", found) : found);
        } else {
            if (c.positional.empty())
                fail("map needs the name of a filter, or an attribute");
            const std::string name = toText(c.positional[0]).bytes;
            out.push_back(c.in.applyFilter(name, item, {c.positional.begin() + 1, c.positional.end()}, c.named));
        }
    }
    return c.in.heap().list(std::move(out));
}

Value join(const Value& v, Call& c) {
    const Text separator = c.get(0, "d") ? toText(*c.get(0, "d")) : Text();
    const Value* attribute = c.get(1, "attribute");
    Text out;
    bool first = true;
    for (const Value& item : c.in.iterate(v)) {
        if (!std::exchange(first, false))
            out.append(separator);
        const Text piece = toText(attribute && !attribute->isNone() ? c.in.attributePath(item, *attribute) : item);
        c.in.spend(1 + static_cast<int64_t>((separator.size() + piece.size()) / 64));
        out.append(piece);
        if (static_cast<int64_t>(out.size()) > c.in.limits().memoryBytes)
            fail("join makes a string that is too large");
    }
    return c.in.string(std::move(out));
}

Value toInteger(const Value& v, Call& c) {
    const Value fallback = c.get(0, "default", Value(int64_t{0}));
    const int64_t base = c.integer(1, "base", 10);
    if (v.isInteger())
        return Value(v.integer());
    if (v.is<double>())
        return std::isfinite(v.floating()) && std::fabs(v.floating()) < 9.2e18
                   ? Value(static_cast<int64_t>(v.floating()))
                   : fallback;
    if (!v.isString() || base < 2 || base > 36)
        return fallback;
    std::string s = strip(v.text(), std::nullopt).bytes;
    std::erase(s, '_');
    if (base == 16 && (s.starts_with("0x") || s.starts_with("0X")))
        s.erase(0, 2);
    if (!s.empty() && s[0] == '+')
        s.erase(0, 1);
    int64_t i = 0;
    const auto parsed = std::from_chars(s.data(), s.data() + s.size(), i, static_cast<int>(base));
    if (parsed.ec == std::errc() && parsed.ptr == s.data() + s.size() && !s.empty())
        return Value(i);
    double d = 0;
    const auto asFloat = std::from_chars(s.data(), s.data() + s.size(), d);
    if (asFloat.ec == std::errc() && asFloat.ptr == s.data() + s.size() && !s.empty() && std::fabs(d) < 9.2e18)
        return Value(static_cast<int64_t>(d));
    return fallback;
}

Value toFloat(const Value& v, Call& c) {
    const Value fallback = c.get(0, "default", Value(0.0));
    if (v.isNumber())
        return Value(v.number());
    if (!v.isString())
        return fallback;
    const std::string s = strip(v.text(), std::nullopt).bytes;
    double d = 0;
    const auto parsed = std::from_chars(s.data(), s.data() + s.size(), d);
    return parsed.ec == std::errc() && parsed.ptr == s.data() + s.size() && !s.empty() ? Value(d) : fallback;
}

Value roundFilter(const Value& v, Call& c) {
    if (!v.isNumber())
        fail(fmt::format("round needs a number, not {}", typeName(v)));
    const int64_t precision = c.integer(0, "precision", 0);
    const std::string method = c.string(1, "method", "common");
    if (precision < -300 || precision > 300)
        fail("round: the precision is out of range");
    const double factor = std::pow(10.0, static_cast<double>(precision));
    const double x = v.number();
    if (method == "ceil")
        return Value(std::ceil(x * factor) / factor);
    if (method == "floor")
        return Value(std::floor(x * factor) / factor);
    if (method != "common")
        fail("round: the method must be common, ceil or floor");
    if (v.isInteger() && precision >= 0)
        return Value(v.integer());  // Python's round() of an int is an int
    if (precision >= 0 && precision <= 100) {
        // Correctly rounded decimal text of the exact binary value: what Python's round() gives.
        const std::string s = fmt::format("{:.{}f}", x, precision);
        double d = 0;
        std::from_chars(s.data(), s.data() + s.size(), d);
        return Value(d);
    }
    return Value(std::nearbyint(x * factor) / factor);
}

Value toJsonFilter(const Value& v, Call& c) {
    JsonStyle style;
    style.asciiOnly = c.flag(0, "ensure_ascii", false);
    if (const Value* indent = c.get(1, "indent"); indent && !indent->isNone()) {
        style.itemSeparator = ",";
        if (indent->isString())
            style.indentText = indent->text().bytes.substr(0, 100);
        else
            style.indent = static_cast<int>(std::clamp<int64_t>(c.integer(1, "indent", 0), 0, 100));
    }
    if (const Value* separators = c.get(2, "separators"); separators && !separators->isNone()) {
        const std::vector<Value> parts = c.in.iterate(*separators);
        if (parts.size() != 2)
            fail("tojson: separators must be a pair");
        style.itemSeparator = toText(parts[0]).bytes;
        style.keySeparator = toText(parts[1]).bytes;
    }
    style.sortKeys = c.flag(3, "sort_keys", false);
    needDefined(v);
    Text out = toJson(v, style);
    c.in.spend(1 + static_cast<int64_t>(out.size() / 64));
    return c.in.string(std::move(out));
}

Value indentFilter(const Value& v, Call& c) {
    const Value* width = c.get(0, "width");
    Text prefix;
    if (width && width->isString()) {
        prefix = width->text();
    } else {
        const int64_t n = c.integer(0, "width", 4);
        if (n > 10'000)
            fail(fmt::format("indent: a width of {} is too large", n));
        prefix = Text(std::string(static_cast<size_t>(std::max<int64_t>(0, n)), ' '));
    }
    const Text t = textOf(v, c);
    const auto lines = static_cast<int64_t>(std::count(t.bytes.begin(), t.bytes.end(), '\n')) + 1;
    if (lines * static_cast<int64_t>(prefix.size()) > c.in.limits().memoryBytes)
        fail("indent makes a string that is too large");
    return c.in.string(indent(t, prefix, c.flag(1, "first", false), c.flag(2, "blank", false)));
}

Value escapeFilter(const Value& v, Call& c) {
    const Text t = textOf(v, c);
    Text out;
    for (size_t i = 0; i < t.size(); ++i) {
        const char ch = t.bytes[i];
        const std::string_view entity = ch == '&'    ? "&amp;"
                                        : ch == '<'  ? "&lt;"
                                        : ch == '>'  ? "&gt;"
                                        : ch == '"'  ? "&#34;"
                                        : ch == '\'' ? "&#39;"
                                                     : "";
        out.append(entity.empty() ? std::string_view(&ch, 1) : entity, t.trustedAt(i));
    }
    return c.in.string(std::move(out));
}

Value urlencode(const Value& v, Call& c) {
    const auto encode = [](const std::string& s) {
        std::string out;
        for (const char ch : s) {
            if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                std::string_view("_.-~/").find(ch) != std::string_view::npos)
                out += ch;
            else
                out += fmt::format("%{:02X}", static_cast<uint8_t>(ch));
        }
        return out;
    };
    if (v.isDict()) {
        std::string out;
        for (const auto& [key, value] : v.dict().entries)
            out += (out.empty() ? "" : "&") + encode(toText(key).bytes) + "=" + encode(toText(value).bytes);
        return c.in.string(Text(std::move(out), false));
    }
    return c.in.string(Text(encode(textOf(v, c).bytes), false));
}

Value truncate(const Value& v, Call& c) {
    const Text t = textOf(v, c);
    constexpr int64_t far = int64_t{1} << 40;  // longer than any text
    const int64_t length = std::min(c.integer(0, "length", 255), far);
    const bool killWords = c.flag(1, "killwords", false);
    const std::string end = c.string(2, "end", "...");
    const int64_t leeway = std::min(c.integer(3, "leeway", 5), far);
    const auto offsets = characterOffsets(t.bytes);
    const auto endLength = static_cast<int64_t>(characterCount(end));
    if (length < endLength)
        fail(fmt::format("truncate: expected length >= {}, got {}", endLength, length));
    if (leeway < 0)
        fail(fmt::format("truncate: expected leeway >= 0, got {}", leeway));
    if (static_cast<int64_t>(offsets.size()) - 1 <= length + leeway)
        return c.in.string(t);
    Text out = t.substr(0, offsets[static_cast<size_t>(length - endLength)]);
    if (!killWords)
        if (const size_t space = out.bytes.rfind(' '); space != std::string::npos)
            out = out.substr(0, space);
    out.append(end, true);
    return c.in.string(std::move(out));
}

Value batch(const Value& v, Call& c, bool slices) {
    const int64_t n = c.integer(0, slices ? "slices" : "linecount", 1);
    if (n < 1 || n > c.in.limits().range)
        fail(fmt::format("{}: the count must be between 1 and {}", c.name, c.in.limits().range));
    const Value* fill = c.get(1, "fill_with");
    const std::vector<Value> items = c.in.iterate(v);
    std::vector<Value> out;
    const auto size = static_cast<int64_t>(items.size());
    if (slices) {
        int64_t at = 0;
        for (int64_t i = 0; i < n; ++i) {
            c.in.spend(1);
            const int64_t count = size / n + (i < size % n);
            std::vector<Value> part(items.begin() + at, items.begin() + at + count);
            if (fill && !fill->isNone() && size % n && i >= size % n)
                part.push_back(*fill);
            at += count;
            out.push_back(c.in.heap().list(std::move(part)));
        }
    } else {
        for (int64_t at = 0; at < size; at += n) {
            c.in.spend(1);
            std::vector<Value> part(items.begin() + at, items.begin() + std::min(size, at + n));
            if (fill && !fill->isNone())
                part.resize(static_cast<size_t>(n), *fill);
            out.push_back(c.in.heap().list(std::move(part)));
        }
    }
    return c.in.heap().list(std::move(out));
}

Value groupBy(const Value& v, Call& c) {
    std::vector<Value> items = c.in.iterate(v);
    const Value attribute = c.need(0, "attribute");
    const bool caseSensitive = c.flag(2, "case_sensitive", false);
    stableSort(items, &attribute, caseSensitive, false, c);
    std::vector<Value> groups;
    for (size_t i = 0; i < items.size();) {
        const Value key = c.in.attributePath(items[i], attribute);
        const Value folded = sortKey(key, caseSensitive, c);
        std::vector<Value> members;
        for (; i < items.size() && equal(sortKey(c.in.attributePath(items[i], attribute), caseSensitive, c), folded);
             ++i)
            members.push_back(items[i]);
        // Unpacked as (grouper, list), which is how templates use it.
        groups.push_back(c.in.heap().list({key, c.in.heap().list(std::move(members))}, true));
    }
    return c.in.heap().list(std::move(groups));
}

Value dictSort(const Value& v, Call& c) {
    if (!v.isDict())
        fail(fmt::format("dictsort needs a dict, not {}", typeName(v)));
    const bool caseSensitive = c.flag(0, "case_sensitive", false);
    const bool byValue = c.string(1, "by", "key") == "value";
    std::vector<Value> pairs;
    for (const auto& [key, value] : v.dict().entries)
        pairs.push_back(c.in.heap().list({key, value}, true));
    const Value position(static_cast<int64_t>(byValue ? 1 : 0));
    stableSort(pairs, &position, caseSensitive, c.flag(2, "reverse", false), c);
    return c.in.heap().list(std::move(pairs));
}

Value unique(const Value& v, Call& c) {
    const bool caseSensitive = c.flag(0, "case_sensitive", false);
    const Value* attribute = c.get(1, "attribute");
    auto seen = c.in.heap().dict();
    std::vector<Value> out;
    for (const Value& item : c.in.iterate(v)) {
        const Value key = keysOf(item, attribute, caseSensitive, c)[0];
        if (seen->find(key))
            continue;
        c.in.heap().grow(*seen, 1);
        seen->set(key, Value(true));
        out.push_back(item);
    }
    return c.in.heap().list(std::move(out));
}

Value reverse(const Value& v, Call& c) {
    std::vector<Value> items = c.in.iterate(v);
    std::reverse(items.begin(), items.end());
    if (!v.isString())
        return c.in.heap().list(std::move(items));
    Text out;
    for (const Value& item : items)
        out.append(item.text());
    return c.in.string(std::move(out));
}

Value sum(const Value& v, Call& c) {
    const Value* attribute = c.get(0, "attribute");
    Value total = c.get(1, "start", Value(int64_t{0}));
    for (const Value& item : c.in.iterate(v))
        total =
            c.in.binary("+", total, attribute && !attribute->isNone() ? c.in.attributePath(item, *attribute) : item);
    return total;
}

Value wordwrap(const Value& v, Call& c) {
    const int64_t width = std::max<int64_t>(1, c.integer(0, "width", 79));
    Text out;
    bool firstLine = true;
    for (const Text& line : splitLines(textOf(v, c), false)) {
        if (!std::exchange(firstLine, false))
            out.append("\n", true);
        int64_t column = 0;
        for (const Text& word : split(line, std::nullopt, -1)) {
            const auto length = static_cast<int64_t>(characterCount(word.bytes));
            if (column > 0 && column + 1 + length > width) {
                out.append("\n", true);
                column = 0;
            } else if (column > 0) {
                out.append(" ", true);
                ++column;
            }
            out.append(word);
            column += length;
        }
    }
    return c.in.string(std::move(out));
}

struct FilterEntry {
    std::string_view name;
    FilterFunction filter;
};

constexpr FilterFunction lengthFilter = [](const Value& v, Call&) { return Value(lengthOf(v)); };
constexpr FilterFunction defaultFilter = [](const Value& v, Call& c) {
    const bool use = v.isUndefined() || (c.flag(1, "boolean", false) && !truth(v));
    return use ? c.get(0, "default_value", c.in.string("")) : v;
};

constexpr FilterEntry filters[] = {
    {"abs",
     [](const Value& v, Call&) {
         if (!v.isNumber())
             fail(fmt::format("abs needs a number, not {}", typeName(v)));
         return v.isInteger() ? Value(v.integer() == INT64_MIN ? INT64_MAX : std::abs(v.integer()))
                              : Value(std::fabs(v.number()));
     }},
    {"attr", [](const Value& v, Call& c) { return c.in.attribute(v, c.string(0, "name", "")); }},
    {"batch", [](const Value& v, Call& c) { return batch(v, c, false); }},
    {"capitalize", [](const Value& v, Call& c) { return c.in.string(changeCase(textOf(v, c), Case::Capitalize)); }},
    {"center",
     [](const Value& v, Call& c) {
         const Value text = c.in.string(textOf(v, c));
         return c.in.call(*findMethod(c.in, text, "center"), {Value(c.integer(0, "width", 80))});
     }},
    {"count", lengthFilter},
    {"d", defaultFilter},
    {"default", defaultFilter},
    {"dictsort", dictSort},
    {"e", escapeFilter},
    {"escape", escapeFilter},
    {"first",
     [](const Value& v, Call& c) {
         const std::vector<Value> items = c.in.iterate(v);
         return items.empty() ? Value(Undefined{"no first item, the sequence was empty"}) : items.front();
     }},
    {"float", toFloat},
    {"forceescape", escapeFilter},
    {"format", [](const Value& v,
                  Call& c) { return c.in.string(percentFormat(textOf(v, c), c.positional, c.in.heap().meter())); }},
    {"groupby", groupBy},
    {"indent", indentFilter},
    {"int", toInteger},
    {"items",
     [](const Value& v, Call& c) {
         if (v.isUndefined())
             return c.in.heap().list({});
         if (!v.isDict())
             fail("items needs a mapping");
         return c.in.call(*findMethod(c.in, v, "items"), {});
     }},
    {"join", join},
    {"last",
     [](const Value& v, Call& c) {
         const std::vector<Value> items = c.in.iterate(v);
         return items.empty() ? Value(Undefined{"no last item, the sequence was empty"}) : items.back();
     }},
    {"length", lengthFilter},
    {"list", [](const Value& v, Call& c) { return c.in.heap().list(c.in.iterate(v)); }},
    {"lower", [](const Value& v, Call& c) { return c.in.string(changeCase(textOf(v, c), Case::Lower)); }},
    {"map", mapFilter},
    {"max", [](const Value& v, Call& c) { return extreme(v, c, true); }},
    {"min", [](const Value& v, Call& c) { return extreme(v, c, false); }},
    {"pprint", [](const Value& v, Call& c) { return c.in.string(repr(v)); }},
    {"reject", [](const Value& v, Call& c) { return choose(v, c, false, false); }},
    {"rejectattr", [](const Value& v, Call& c) { return choose(v, c, true, false); }},
    {"replace",
     [](const Value& v, Call& c) {
         const Value text = c.in.string(textOf(v, c));
         return c.in.call(*findMethod(c.in, text, "replace"),
                          {c.in.string(toText(c.need(0, "old"))), c.in.string(toText(c.need(1, "new"))),
                           Value(c.integer(2, "count", -1))});
     }},
    {"reverse", reverse},
    {"round", roundFilter},
    {"safe", [](const Value& v, Call& c) { return c.in.string(textOf(v, c)); }},
    {"select", [](const Value& v, Call& c) { return choose(v, c, false, true); }},
    {"selectattr", [](const Value& v, Call& c) { return choose(v, c, true, true); }},
    {"slice", [](const Value& v, Call& c) { return batch(v, c, true); }},
    {"sort",
     [](const Value& v, Call& c) {
         std::vector<Value> items = c.in.iterate(v);
         stableSort(items, c.get(2, "attribute"), c.flag(1, "case_sensitive", false), c.flag(0, "reverse", false), c);
         return c.in.heap().list(std::move(items));
     }},
    {"string", [](const Value& v, Call& c) { return v.isString() ? v : c.in.string(textOf(v, c)); }},
    {"striptags",
     [](const Value& v, Call& c) {
         const Text t = textOf(v, c);
         Text out;
         for (size_t i = 0; i < t.size();) {
             const size_t open = std::min(t.bytes.find('<', i), t.size());
             const size_t close = t.bytes.find('>', open);
             out.append(t, i, (close == std::string::npos ? t.size() : open) - i);
             i = close == std::string::npos ? t.size() : close + 1;
         }
         Text joined;
         for (const Text& word : split(out, std::nullopt, -1)) {
             if (!joined.bytes.empty())
                 joined.append(" ", true);
             joined.append(word);
         }
         return c.in.string(std::move(joined));
     }},
    {"sum", sum},
    {"title", [](const Value& v, Call& c) { return c.in.string(changeCase(textOf(v, c), Case::JinjaTitle)); }},
    {"tojson", toJsonFilter},
    {"trim",
     [](const Value& v, Call& c) {
         const Value* characters = c.get(0, "chars");
         return c.in.string(strip(textOf(v, c), characters && !characters->isNone()
                                                    ? std::optional(toText(*characters).bytes)
                                                    : std::nullopt));
     }},
    {"truncate", truncate},
    {"unique", unique},
    {"upper", [](const Value& v, Call& c) { return c.in.string(changeCase(textOf(v, c), Case::Upper)); }},
    {"urlencode", urlencode},
    {"wordcount",
     [](const Value& v, Call& c) { return Value(static_cast<int64_t>(split(textOf(v, c), std::nullopt, -1).size())); }},
    {"wordwrap", wordwrap},
};

struct TestEntry {
    std::string_view name;
    TestFunction test;
};

constexpr TestFunction isEqual = [](const Value& v, Call& c) { return equal(v, c.need(0, "other")); };
constexpr TestFunction isNotEqual = [](const Value& v, Call& c) { return !equal(v, c.need(0, "other")); };
constexpr TestFunction isLess = [](const Value& v, Call& c) { return compare(v, c.need(0, "other")) < 0; };
constexpr TestFunction isLessEqual = [](const Value& v, Call& c) { return compare(v, c.need(0, "other")) <= 0; };
constexpr TestFunction isGreater = [](const Value& v, Call& c) { return compare(v, c.need(0, "other")) > 0; };
constexpr TestFunction isGreaterEqual = [](const Value& v, Call& c) { return compare(v, c.need(0, "other")) >= 0; };

int64_t remainder(const Value& v, int64_t by) {
    if (!v.isInteger())
        fail(fmt::format("an integer is needed, not {}", typeName(v)));
    if (by == 0)
        fail("division by zero");
    return by == -1 ? 0 : v.integer() % by;
}

constexpr TestEntry tests[] = {
    {"boolean", [](const Value& v, Call&) { return v.is<bool>(); }},
    {"callable", [](const Value& v, Call&) { return v.isFunction(); }},
    {"defined", [](const Value& v, Call&) { return !v.isUndefined(); }},
    {"divisibleby", [](const Value& v, Call& c) { return remainder(v, c.integer(0, "num", 0)) == 0; }},
    {"eq", isEqual},
    {"equalto", isEqual},
    {"==", isEqual},
    {"escaped", [](const Value&, Call&) { return false; }},
    {"even", [](const Value& v, Call&) { return remainder(v, 2) == 0; }},
    {"false", [](const Value& v, Call&) { return v.is<bool>() && !v.boolean(); }},
    {"filter", [](const Value& v, Call&) { return v.isString() && findFilter(v.text().bytes) != nullptr; }},
    {"float", [](const Value& v, Call&) { return v.is<double>(); }},
    {"ge", isGreaterEqual},
    {">=", isGreaterEqual},
    {"greaterthan", isGreater},
    {"gt", isGreater},
    {">", isGreater},
    {"in", [](const Value& v, Call& c) { return c.in.contains(v, c.need(0, "seq")); }},
    {"integer", [](const Value& v, Call&) { return v.is<int64_t>(); }},
    {"iterable",
     [](const Value& v, Call&) {
         return v.isUndefined() || v.isString() || v.isList() || (v.isDict() && !v.dict().isNamespace);
     }},
    {"le", isLessEqual},
    {"<=", isLessEqual},
    {"lessthan", isLess},
    {"lt", isLess},
    {"<", isLess},
    {"lower",
     [](const Value& v, Call& c) {
         return c.in.applyTest("string", v, {}) && changeCase(v.text(), Case::Lower).bytes == v.text().bytes &&
                changeCase(v.text(), Case::Upper).bytes != v.text().bytes;
     }},
    {"mapping", [](const Value& v, Call&) { return v.isDict() && !v.dict().isNamespace; }},
    {"ne", isNotEqual},
    {"!=", isNotEqual},
    {"none", [](const Value& v, Call&) { return v.isNone(); }},
    {"number", [](const Value& v, Call&) { return v.isNumber(); }},
    {"odd", [](const Value& v, Call&) { return remainder(v, 2) != 0; }},
    {"sameas", [](const Value& v, Call& c) { return v.same(c.need(0, "other")); }},
    {"sequence",
     [](const Value& v, Call&) {
         return v.isUndefined() || v.isString() || v.isList() || (v.isDict() && !v.dict().isNamespace);
     }},
    {"string", [](const Value& v, Call&) { return v.isString(); }},
    {"test", [](const Value& v, Call&) { return v.isString() && findTest(v.text().bytes) != nullptr; }},
    {"true", [](const Value& v, Call&) { return v.is<bool>() && v.boolean(); }},
    {"undefined", [](const Value& v, Call&) { return v.isUndefined(); }},
    {"upper",
     [](const Value& v, Call& c) {
         return c.in.applyTest("string", v, {}) && changeCase(v.text(), Case::Upper).bytes == v.text().bytes &&
                changeCase(v.text(), Case::Lower).bytes != v.text().bytes;
     }},
};

}  // namespace

FilterFunction findFilter(std::string_view name) {
    for (const FilterEntry& entry : filters)
        if (entry.name == name)
            return entry.filter;
    return nullptr;
}

TestFunction findTest(std::string_view name) {
    for (const TestEntry& entry : tests)
        if (entry.name == name)
            return entry.test;
    return nullptr;
}

}  // namespace engine::jinja
