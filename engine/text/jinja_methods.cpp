// Methods of strings, lists and dicts, and the global functions of the chat-template language.
#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "engine/text/jinja_interpreter.h"
#include "engine/text/jinja_text.h"

namespace engine::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
    throw Failure{std::move(message)};
}

using Method = Value (*)(const Value& self, Call& c);

std::optional<std::string> optionalText(const Call& c, size_t i, std::string_view name) {
    const Value* v = c.get(i, name);
    if (!v || v->isNone())
        return std::nullopt;
    if (!v->isString())
        fail(fmt::format("{}(): '{}' must be a string, not {}", c.name, name, typeName(*v)));
    return v->text().bytes;
}

Value textList(Call& c, std::vector<Text> parts) {
    std::vector<Value> items;
    items.reserve(parts.size());
    for (Text& part : parts) {
        c.in.spend(1);
        items.push_back(c.in.string(std::move(part)));
    }
    return c.in.heap().list(std::move(items));
}

bool affix(const Value& self, Call& c, bool atEnd) {
    const Value& what = c.need(0, "prefix");
    const auto matches = [&](const Value& v) {
        if (!v.isString())
            fail(fmt::format("{}() takes a string or a tuple of strings, not {}", c.name, typeName(v)));
        return atEnd ? self.text().bytes.ends_with(v.text().bytes) : self.text().bytes.starts_with(v.text().bytes);
    };
    if (what.isList())
        return std::any_of(what.list().items.begin(), what.list().items.end(), matches);
    return matches(what);
}

// find, rfind, index, rindex and count work on a slice [start, end) given in characters; results are in characters.
int64_t search(const Value& self, Call& c, bool fromRight) {
    const Value& what = c.need(0, "sub");
    if (!what.isString())
        fail(fmt::format("{}() takes a string, not {}", c.name, typeName(what)));
    const auto offsets = characterOffsets(self.text().bytes);
    const auto size = static_cast<int64_t>(offsets.size()) - 1;
    const auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
    const int64_t begin = clamp(c.integer(1, "start", 0)), end = clamp(c.integer(2, "end", size));
    if (begin > end)
        return -1;
    const std::string_view part =
        std::string_view(self.text().bytes).substr(offsets[begin], offsets[end] - offsets[begin]);
    const size_t found = fromRight ? part.rfind(what.text().bytes) : part.find(what.text().bytes);
    return found == std::string_view::npos ? -1 : begin + static_cast<int64_t>(characterCount(part.substr(0, found)));
}

bool allCharacters(const Value& self, bool (*accept)(uint32_t)) {
    const std::string& s = self.text().bytes;
    for (size_t pos = 0; pos < s.size();)
        if (!accept(codePointAt(s, pos)))
            return false;
    return !s.empty();
}

Value pad(const Value& self, Call& c, int align) {
    const int64_t width = std::max<int64_t>(0, c.integer(0, "width", 0));
    const std::string fill = c.string(1, "fillchar", " ");
    if (characterCount(fill) != 1)
        fail(fmt::format("{}(): the fill must be exactly one character", c.name));
    if (width > c.in.limits().outputBytes)
        fail(fmt::format("{}(): a width of {} is too large", c.name, width));
    const auto missing = width - static_cast<int64_t>(characterCount(self.text().bytes));
    if (missing <= 0)
        return self;
    const int64_t left = align < 0 ? 0 : align > 0 ? missing : missing / 2 + (missing & width & 1);
    Text out;
    const auto repeat = [&](int64_t n) {
        std::string s;
        for (int64_t i = 0; i < n; ++i)
            s += fill;
        out.append(s, true);
    };
    c.in.spend(1 + width / 64);
    repeat(left);
    out.append(self.text());
    repeat(missing - left);
    return c.in.string(std::move(out));
}

Value partition(const Value& self, Call& c, bool fromRight) {
    const Value& separator = c.need(0, "sep");
    if (!separator.isString() || separator.text().bytes.empty())
        fail("partition() needs a separator that is not empty");
    const Text& t = self.text();
    const size_t at = fromRight ? t.bytes.rfind(separator.text().bytes) : t.bytes.find(separator.text().bytes);
    std::vector<Value> parts;
    if (at == std::string::npos) {
        parts = {self, c.in.string(""), c.in.string("")};
        if (fromRight)
            std::swap(parts[0], parts[2]);
    } else {
        parts = {c.in.string(t.substr(0, at)), separator, c.in.string(t.substr(at + separator.text().size()))};
    }
    return c.in.heap().list(std::move(parts), true);
}

// "{} and {name}".format(...): fields without attributes; conversions and most specifications are refused.
Value braceFormat(const Value& self, Call& c) {
    const Text& t = self.text();
    Text out;
    size_t automatic = 0;
    for (size_t i = 0; i < t.bytes.size();) {
        const char ch = t.bytes[i];
        if ((ch == '{' || ch == '}') && i + 1 < t.bytes.size() && t.bytes[i + 1] == ch) {
            out.append(std::string_view(&ch, 1), true);
            i += 2;
        } else if (ch == '{') {
            const size_t end = t.bytes.find('}', i);
            if (end == std::string::npos)
                fail("expected '}' before the end of the format");
            const std::string field = t.bytes.substr(i + 1, end - i - 1);
            if (field.find_first_of(".[!:") != std::string::npos)
                fail(fmt::format("the format field '{}' is not allowed", field.substr(0, 40)));
            const bool digits =
                !field.empty() && field.size() < 6 && field.find_first_not_of("0123456789") == std::string::npos;
            const size_t position = field.empty() ? automatic++ : digits ? std::stoul(field) : c.positional.size();
            const Text piece = toText(field.empty() || digits ? c.need(position, "argument") : c.need(SIZE_MAX, field));
            c.in.spendText(piece.size());
            out.append(piece);
            i = end + 1;
        } else {
            const size_t next = std::min(t.bytes.find_first_of("{}", i + 1), t.bytes.size());
            out.append(t, i, next - i);
            i = next;
        }
    }
    return c.in.string(std::move(out));
}

struct MethodEntry {
    std::string_view name;
    Method method;
};

constexpr MethodEntry stringMethods[] = {
    {"strip", [](const Value& s, Call& c) { return c.in.string(strip(s.text(), optionalText(c, 0, "chars"))); }},
    {"lstrip",
     [](const Value& s, Call& c) { return c.in.string(strip(s.text(), optionalText(c, 0, "chars"), true, false)); }},
    {"rstrip",
     [](const Value& s, Call& c) { return c.in.string(strip(s.text(), optionalText(c, 0, "chars"), false, true)); }},
    {"split",
     [](const Value& s, Call& c) {
         return textList(c, split(s.text(), optionalText(c, 0, "sep"), c.integer(1, "maxsplit", -1)));
     }},
    {"rsplit",
     [](const Value& s, Call& c) {
         return textList(c, splitFromRight(s.text(), optionalText(c, 0, "sep"), c.integer(1, "maxsplit", -1)));
     }},
    {"splitlines",
     [](const Value& s, Call& c) { return textList(c, splitLines(s.text(), c.flag(0, "keepends", false))); }},
    {"startswith", [](const Value& s, Call& c) { return Value(affix(s, c, false)); }},
    {"endswith", [](const Value& s, Call& c) { return Value(affix(s, c, true)); }},
    {"upper", [](const Value& s, Call& c) { return c.in.string(changeCase(s.text(), Case::Upper)); }},
    {"lower", [](const Value& s, Call& c) { return c.in.string(changeCase(s.text(), Case::Lower)); }},
    {"casefold", [](const Value& s, Call& c) { return c.in.string(changeCase(s.text(), Case::Lower)); }},
    {"title", [](const Value& s, Call& c) { return c.in.string(changeCase(s.text(), Case::Title)); }},
    {"capitalize", [](const Value& s, Call& c) { return c.in.string(changeCase(s.text(), Case::Capitalize)); }},
    {"swapcase", [](const Value& s, Call& c) { return c.in.string(changeCase(s.text(), Case::Swap)); }},
    {"replace",
     [](const Value& s, Call& c) {
         const Value &from = c.need(0, "old"), &to = c.need(1, "new");
         if (!from.isString() || !to.isString())
             fail("replace() takes two strings");
         return c.in.string(
             replace(s.text(), from.text().bytes, to.text(), c.integer(2, "count", -1), c.in.heap().meter()));
     }},
    {"join",
     [](const Value& s, Call& c) {
         Text out;
         bool first = true;
         for (const Value& item : c.in.iterate(c.need(0, "iterable"))) {
             if (!item.isString())
                 fail(fmt::format("join(): expected str, found {}", typeName(item)));
             if (!first)
                 out.append(s.text());
             first = false;
             c.in.spend(1 + static_cast<int64_t>((s.text().size() + item.text().size()) / 64));
             out.append(item.text());
         }
         return c.in.string(std::move(out));
     }},
    {"find", [](const Value& s, Call& c) { return Value(search(s, c, false)); }},
    {"rfind", [](const Value& s, Call& c) { return Value(search(s, c, true)); }},
    {"index",
     [](const Value& s, Call& c) {
         const int64_t at = search(s, c, false);
         return at < 0 ? fail("substring not found"), Value() : Value(at);
     }},
    {"rindex",
     [](const Value& s, Call& c) {
         const int64_t at = search(s, c, true);
         return at < 0 ? fail("substring not found"), Value() : Value(at);
     }},
    {"count",
     [](const Value& s, Call& c) {
         const std::string what = c.string(0, "sub", "");
         if (what.empty())
             return Value(static_cast<int64_t>(characterCount(s.text().bytes)) + 1);
         int64_t n = 0;
         for (size_t at = s.text().bytes.find(what); at != std::string::npos;
              at = s.text().bytes.find(what, at + what.size()))
             ++n;
         return Value(n);
     }},
    {"removeprefix",
     [](const Value& s, Call& c) {
         const std::string what = c.string(0, "prefix", "");
         return s.text().bytes.starts_with(what) ? c.in.string(s.text().substr(what.size())) : s;
     }},
    {"removesuffix",
     [](const Value& s, Call& c) {
         const std::string what = c.string(0, "suffix", "");
         return s.text().bytes.ends_with(what) ? c.in.string(s.text().substr(0, s.text().size() - what.size())) : s;
     }},
    {"partition", [](const Value& s, Call& c) { return partition(s, c, false); }},
    {"rpartition", [](const Value& s, Call& c) { return partition(s, c, true); }},
    {"center", [](const Value& s, Call& c) { return pad(s, c, 0); }},
    {"ljust", [](const Value& s, Call& c) { return pad(s, c, -1); }},
    {"rjust", [](const Value& s, Call& c) { return pad(s, c, 1); }},
    {"zfill",
     [](const Value& s, Call& c) {
         const int64_t width = c.integer(0, "width", 0);
         const auto size = static_cast<int64_t>(characterCount(s.text().bytes));
         if (width <= size)
             return s;
         if (width > c.in.limits().outputBytes)
             fail("zfill(): the width is too large");
         const size_t sign = !s.text().bytes.empty() && (s.text().bytes[0] == '-' || s.text().bytes[0] == '+') ? 1 : 0;
         Text out = s.text().substr(0, sign);
         out.append(std::string(static_cast<size_t>(width - size), '0'), true);
         out.append(s.text().substr(sign));
         return c.in.string(std::move(out));
     }},
    {"isspace", [](const Value& s, Call&) { return Value(allCharacters(s, isSpace)); }},
    {"isalpha", [](const Value& s, Call&) { return Value(allCharacters(s, isAlphabetic)); }},
    {"isdigit",
     [](const Value& s, Call&) { return Value(allCharacters(s, [](uint32_t ch) { return ch >= '0' && ch <= '9'; })); }},
    {"isdecimal",
     [](const Value& s, Call&) { return Value(allCharacters(s, [](uint32_t ch) { return ch >= '0' && ch <= '9'; })); }},
    {"isnumeric",
     [](const Value& s, Call&) { return Value(allCharacters(s, [](uint32_t ch) { return ch >= '0' && ch <= '9'; })); }},
    {"isalnum",
     [](const Value& s, Call&) {
         return Value(allCharacters(s, [](uint32_t ch) { return isAlphabetic(ch) || (ch >= '0' && ch <= '9'); }));
     }},
    {"isascii",
     [](const Value& s, Call&) {
         return Value(s.text().bytes.empty() || allCharacters(s, [](uint32_t ch) { return ch < 0x80; }));
     }},
    {"isupper",
     [](const Value& s, Call&) {
         const std::string& b = s.text().bytes;
         return Value(changeCase(s.text(), Case::Upper).bytes == b && changeCase(s.text(), Case::Lower).bytes != b);
     }},
    {"islower",
     [](const Value& s, Call&) {
         const std::string& b = s.text().bytes;
         return Value(changeCase(s.text(), Case::Lower).bytes == b && changeCase(s.text(), Case::Upper).bytes != b);
     }},
    {"format", [](const Value& s, Call& c) { return braceFormat(s, c); }},
};

Value frozen(const Value& self, Call& c) {
    fail(fmt::format("{}() would change a {}: the data of a template is read-only", c.name, typeName(self)));
}

constexpr MethodEntry listMethods[] = {
    {"index",
     [](const Value& s, Call& c) {
         const auto& items = s.list().items;
         for (size_t i = 0; i < items.size(); ++i)
             if (c.in.spend(1), equal(items[i], c.need(0, "value")))
                 return Value(static_cast<int64_t>(i));
         fail("the value is not in the list");
     }},
    {"count",
     [](const Value& s, Call& c) {
         int64_t n = 0;
         for (const Value& item : s.list().items)
             n += (c.in.spend(1), equal(item, c.need(0, "value")));
         return Value(n);
     }},
    {"copy", [](const Value& s, Call& c) { return c.in.heap().list(c.in.iterate(s)); }},
    {"append", frozen},
    {"extend", frozen},
    {"insert", frozen},
    {"pop", frozen},
    {"remove", frozen},
    {"reverse", frozen},
    {"sort", frozen},
    {"clear", frozen},
};

constexpr MethodEntry dictMethods[] = {
    {"get",
     [](const Value& s, Call& c) {
         const Value* v = s.dict().find(c.need(0, "key"));
         return v ? *v : c.get(1, "default", Value(None{}));
     }},
    {"items",
     [](const Value& s, Call& c) {
         std::vector<Value> items;
         for (const auto& [key, value] : s.dict().entries)
             items.push_back((c.in.spend(1), c.in.heap().list({key, value}, true)));
         return c.in.heap().list(std::move(items));
     }},
    {"keys", [](const Value& s, Call& c) { return c.in.heap().list(c.in.iterate(s)); }},
    {"values",
     [](const Value& s, Call& c) {
         std::vector<Value> items;
         for (const auto& [key, value] : s.dict().entries)
             items.push_back(value);
         return c.in.heap().list(std::move(items));
     }},
    {"copy",
     [](const Value& s, Call& c) {
         auto copy = c.in.heap().dict();
         c.in.heap().grow(*copy, static_cast<int64_t>(s.dict().entries.size()) + 1);
         for (const auto& [key, value] : s.dict().entries)
             copy->set(key, value);
         return Value(std::move(copy));
     }},
    {"update", frozen},
    {"pop", frozen},
    {"popitem", frozen},
    {"setdefault", frozen},
    {"clear", frozen},
};

template <size_t N>
Method findIn(const MethodEntry (&table)[N], std::string_view name) {
    for (const MethodEntry& entry : table)
        if (entry.name == name)
            return entry.method;
    return nullptr;
}

// --- Globals ---

Value range(Call& c) {
    int64_t begin = 0, end = c.integer(0, "stop", 0);
    if (c.positional.size() > 1) {
        begin = end;
        end = c.integer(1, "stop", 0);
    }
    const int64_t step = c.integer(2, "step", 1);
    if (c.positional.empty() || c.positional.size() > 3)
        fail("range() takes 1 to 3 arguments");
    if (step == 0)
        fail("range(): the step cannot be zero");
    const double count =
        std::max(0.0, (static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step));
    if (count > static_cast<double>(c.in.limits().range))
        fail(fmt::format("range() of {:.0f} numbers; the limit is {}", count, c.in.limits().range));
    std::vector<Value> items;
    for (int64_t i = begin; step > 0 ? i < end : i > end;) {
        c.in.spend(1);
        items.push_back(Value(i));
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    return c.in.heap().list(std::move(items));
}

Value dict(Call& c, bool isNamespace) {
    auto d = isNamespace ? c.in.heap().changeable() : c.in.heap().dict();
    c.in.heap().grow(*d, static_cast<int64_t>(c.named.size()) + 1);
    for (const Value& source : c.positional) {
        if (source.isDict()) {
            c.in.heap().grow(*d, static_cast<int64_t>(source.dict().entries.size()));
            for (const auto& [key, value] : source.dict().entries)
                d->set(key, value);
        } else {
            for (const Value& pair : c.in.iterate(source)) {
                const std::vector<Value> entry = c.in.iterate(pair);
                if (entry.size() != 2)
                    fail("dict() takes pairs of key and value");
                c.in.heap().grow(*d, 1);
                d->set(entry[0], entry[1]);
            }
        }
    }
    for (const auto& [key, value] : c.named) {
        if (isNamespace && key.starts_with('_'))
            fail(fmt::format("'{}' is not allowed as the name of an attribute", key));
        d->set(c.in.string(Text(key, false)), value);  // after ** the names may be anybody's
    }
    return Value(std::move(d));
}

// Only the date is known: the clock is the caller's, so that a rendering can be repeated.
Value strftimeNow(Call& c) {
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
    sscanf(std::string(c.in.date()).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second);
    month = std::clamp(month, 1, 12);
    day = std::clamp(day, 1, 31);
    static constexpr std::array months = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
    static constexpr std::array days = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static constexpr int offsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    const int y = month < 3 ? year - 1 : year;
    const int weekday = ((y + y / 4 - y / 100 + y / 400 + offsets[month - 1] + day) % 7 + 7) % 7;
    static constexpr int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int yearDay = before[month - 1] + day + (leap && month > 2);
    const std::string format = c.string(0, "format", "");
    std::string out;
    for (size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 >= format.size()) {
            out += format[i];
            continue;
        }
        bool unpadded = false;
        if (format[i + 1] == '-' && i + 2 < format.size()) {
            unpadded = true;
            ++i;
        }
        const auto two = [&](int n) { out += unpadded ? fmt::format("{}", n) : fmt::format("{:02}", n); };
        const int hour12 = hour % 12 == 0 ? 12 : hour % 12;
        switch (format[++i]) {
            case 'Y':
                out += fmt::format("{:04}", year);
                break;
            case 'y':
                two(year % 100);
                break;
            case 'm':
                two(month);
                break;
            case 'd':
                two(day);
                break;
            case 'e':
                out += fmt::format("{:2}", day);
                break;
            case 'B':
                out += months[month - 1];
                break;
            case 'b':
            case 'h':
                out += std::string_view(months[month - 1]).substr(0, 3);
                break;
            case 'A':
                out += days[weekday];
                break;
            case 'a':
                out += std::string_view(days[weekday]).substr(0, 3);
                break;
            case 'H':
                two(hour);
                break;
            case 'I':
                two(hour12);
                break;
            case 'M':
                two(minute);
                break;
            case 'S':
                two(second);
                break;
            case 'p':
                out += hour < 12 ? "AM" : "PM";
                break;
            case 'j':
                out += unpadded ? fmt::format("{}", yearDay) : fmt::format("{:03}", yearDay);
                break;
            case 'w':
                out += fmt::format("{}", weekday);
                break;
            case 'u':
                out += fmt::format("{}", weekday == 0 ? 7 : weekday);
                break;
            case 'F':
                out += fmt::format("{:04}-{:02}-{:02}", year, month, day);
                break;
            case 'T':
                out += fmt::format("{:02}:{:02}:{:02}", hour, minute, second);
                break;
            case 'D':
                out += fmt::format("{:02}/{:02}/{:02}", month, day, year % 100);
                break;
            case 'Z':
            case 'z':
                break;
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case '%':
                out += '%';
                break;
            default:
                out += '%';
                out += format[i];
        }
    }
    return c.in.string(out);
}

std::shared_ptr<Function> function(std::string name, Native call) {
    auto f = std::make_shared<Function>();
    f->name = std::move(name);
    f->call = std::move(call);
    return f;
}

Value cycler(Call& c) {
    if (c.positional.empty())
        fail("cycler() needs at least one item");
    auto position = std::make_shared<size_t>(0);
    // Kept in lists, here and in joiner: those can be nested to any depth and destroyed (Meter::bury).
    const Value items = c.in.heap().list(c.positional);
    auto object = function("cycler", [](Call&) -> Value { fail("a cycler is not callable: use next()"); });
    object->attributes = c.in.heap().dict();
    const auto bind = [&](const char* name, Native native) {
        auto method = function(name, std::move(native));
        object->attributes->set(c.in.string(name), Value(function(name, [method](Call&) { return Value(method); })));
    };
    bind("next", [position, items](Call&) {
        const std::vector<Value>& all = items.list().items;
        Value v = all[*position];
        *position = (*position + 1) % all.size();
        return v;
    });
    bind("reset", [position](Call&) {
        *position = 0;
        return Value(None{});
    });
    object->attributes->set(
        c.in.string("current"),
        Value(function("current", [position, items](Call&) { return items.list().items[*position]; })));
    return Value(std::move(object));
}

Value joiner(Call& c) {
    const Value separator = c.in.heap().list({c.get(0, "sep", c.in.string(", "))});
    auto used = std::make_shared<bool>(false);
    return Value(function("joiner", [separator, used](Call& inner) {
        return std::exchange(*used, true) ? separator.list().items[0] : inner.in.string("");
    }));
}

}  // namespace

std::optional<Value> findMethod(Interpreter&, const Value& object, std::string_view name) {
    const Method method = object.isString()                               ? findIn(stringMethods, name)
                          : object.isList()                               ? findIn(listMethods, name)
                          : object.isDict() && !object.dict().isNamespace ? findIn(dictMethods, name)
                                                                          : nullptr;
    if (!method)
        return std::nullopt;
    return Value(function(std::string(name), [object, method](Call& c) {
        if (object.isString())
            c.in.spendText(object.text().size());
        return method(object, c);
    }));
}

Value makeGlobal(Interpreter&, std::string_view name) {
    struct Entry {
        std::string_view name;
        Value (*call)(Call&);
    };
    static constexpr Entry entries[] = {
        {"range", range},
        {"dict", [](Call& c) { return dict(c, false); }},
        {"namespace", [](Call& c) { return dict(c, true); }},
        {"raise_exception", [](Call& c) -> Value { fail(toText(c.need(0, "message")).bytes); }},
        {"strftime_now", strftimeNow},
        {"cycler", cycler},
        {"joiner", joiner},
    };
    for (const Entry& entry : entries)
        if (entry.name == name)
            return Value(function(std::string(name), entry.call));
    return Value(Undefined{fmt::format("'{}' is undefined", name)});
}

}  // namespace engine::jinja
