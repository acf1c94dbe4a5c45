#include "engine/text/jinja_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace engine::jinja {

namespace {

void appendCodePoint(Text& out, uint32_t c, bool trusted) {
    std::string s;
    appendUtf8(s, c);
    out.append(s, trusted);
}

bool isLineBreak(uint32_t c) {
    return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

}  // namespace

uint32_t upperCase(uint32_t c) {
    if ((c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) ||
        (c >= 0x430 && c <= 0x44f))
        return c - 32;
    if (c == 0xff)
        return 0x178;
    if ((c >= 0x100 && c <= 0x137 && c != 0x131) || (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
        (c >= 0x48a && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff))
        return c & ~1u;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c % 2 ? c : c - 1;
    if (c >= 0x450 && c <= 0x45f)
        return c - 80;
    if (c >= 0x561 && c <= 0x586)
        return c - 48;
    if (c == 0x3c2)
        return 0x3a3;
    return c;
}

uint32_t lowerCase(uint32_t c) {
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 32;
    if (c == 0x178)
        return 0xff;
    if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
        (c >= 0x48a && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff))
        return c | 1u;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c % 2 ? c + 1 : c;
    if (c >= 0x400 && c <= 0x40f)
        return c + 80;
    if (c >= 0x531 && c <= 0x556)
        return c + 48;
    return c;
}

bool isAlphabetic(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return c == 0xaa || c == 0xb5 || c == 0xba || (c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) ||
           (c >= 0x370 && c <= 0x52f) || (c >= 0x531 && c <= 0x587) || (c >= 0x5d0 && c <= 0x5ea) ||
           (c >= 0x620 && c <= 0x64a) || (c >= 0x904 && c <= 0x939) || (c >= 0x1e00 && c <= 0x1fff) ||
           (c >= 0x3041 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3);
}

Text strip(const Text& t, const std::optional<std::string>& characters, bool left, bool right) {
    const auto drop = [&](size_t begin, size_t end) {
        if (characters)
            return characters->find(t.bytes.substr(begin, end - begin)) != std::string::npos;
        return isSpace(codePointAt(t.bytes, begin));
    };
    size_t begin = 0, end = t.bytes.size();
    while (left && begin < end) {
        size_t next = begin;
        codePointAt(t.bytes, next);
        if (!drop(begin, next))
            break;
        begin = next;
    }
    while (right && begin < end) {
        size_t last = end - 1;
        while (last > begin && end - last < 4 && (static_cast<uint8_t>(t.bytes[last]) & 0xc0) == 0x80)
            --last;
        if (!drop(last, end))
            break;
        end = last;
    }
    return t.substr(begin, end - begin);
}

Text replace(const Text& t, std::string_view from, const Text& to, int64_t count, Meter& meter) {
    Text out;
    size_t at = 0;
    if (from.empty()) {
        const auto offsets = characterOffsets(t.bytes);
        for (size_t i = 0; i < offsets.size(); ++i) {
            if (count < 0 || count-- > 0) {
                meter.spendText(to.size());
                out.append(to);
            }
            if (i + 1 < offsets.size())
                out.append(t, offsets[i], offsets[i + 1] - offsets[i]);
        }
        return out;
    }
    while (count != 0) {
        const size_t found = t.bytes.find(from, at);
        if (found == std::string::npos)
            break;
        out.append(t, at, found - at);
        meter.spendText(to.size());
        out.append(to);
        at = found + from.size();
        if (count > 0)
            --count;
    }
    out.append(t, at, std::string::npos);
    return out;
}

std::vector<Text> split(const Text& t, const std::optional<std::string>& separator, int64_t maxSplit) {
    std::vector<Text> parts;
    if (separator) {
        if (separator->empty())
            throw Failure{"empty separator"};
        size_t at = 0;
        while (maxSplit != 0) {
            const size_t found = t.bytes.find(*separator, at);
            if (found == std::string::npos)
                break;
            parts.push_back(t.substr(at, found - at));
            at = found + separator->size();
            if (maxSplit > 0)
                --maxSplit;
        }
        parts.push_back(t.substr(at));
        return parts;
    }
    size_t at = 0;
    while (at < t.bytes.size()) {
        size_t next = at;
        if (isSpace(codePointAt(t.bytes, next))) {
            at = next;
            continue;
        }
        if (maxSplit == 0) {
            parts.push_back(strip(t.substr(at), std::nullopt, false, true));
            return parts;
        }
        size_t end = at;
        while (end < t.bytes.size()) {
            next = end;
            if (isSpace(codePointAt(t.bytes, next)))
                break;
            end = next;
        }
        parts.push_back(t.substr(at, end - at));
        at = end;
        if (maxSplit > 0)
            --maxSplit;
    }
    return parts;
}

std::vector<Text> splitFromRight(const Text& t, const std::optional<std::string>& separator, int64_t maxSplit) {
    if (maxSplit < 0)
        return split(t, separator, -1);
    std::vector<Text> parts;
    if (separator) {
        if (separator->empty())
            throw Failure{"empty separator"};
        size_t end = t.bytes.size();
        for (; maxSplit > 0 && end >= separator->size(); --maxSplit) {
            const size_t found = t.bytes.rfind(*separator, end - separator->size());
            if (found == std::string::npos)
                break;
            parts.push_back(t.substr(found + separator->size(), end - found - separator->size()));
            end = found;
        }
        parts.push_back(t.substr(0, end));
    } else {
        std::vector<Text> all = split(t, std::nullopt, -1);
        if (static_cast<int64_t>(all.size()) <= maxSplit)
            return all;
        // Keep the white space inside the first part: find where the last `maxSplit` words begin.
        Text rest = strip(t, std::nullopt, false, true);
        for (int64_t i = 0; i < maxSplit; ++i) {
            const Text& word = all[all.size() - 1 - static_cast<size_t>(i)];
            parts.push_back(word);
            rest = strip(rest.substr(0, rest.size() - word.size()), std::nullopt, false, true);
        }
        if (!rest.bytes.empty())
            parts.push_back(strip(rest, std::nullopt, true, false));
    }
    std::reverse(parts.begin(), parts.end());
    return parts;
}

std::vector<Text> splitLines(const Text& t, bool keepEnds) {
    std::vector<Text> lines;
    size_t begin = 0;
    for (size_t pos = 0; pos < t.bytes.size();) {
        const size_t at = pos;
        const uint32_t c = codePointAt(t.bytes, pos);
        if (!isLineBreak(c))
            continue;
        if (c == '\r' && pos < t.bytes.size() && t.bytes[pos] == '\n')
            ++pos;
        lines.push_back(t.substr(begin, (keepEnds ? pos : at) - begin));
        begin = pos;
    }
    if (begin < t.bytes.size())
        lines.push_back(t.substr(begin));
    return lines;
}

Text changeCase(const Text& t, Case to) {
    Text out;
    bool wordStart = true, first = true;
    for (size_t pos = 0; pos < t.bytes.size();) {
        const size_t at = pos;
        const uint32_t c = codePointAt(t.bytes, pos);
        const bool trusted = t.trustedAt(at);
        const auto upper = [&] {
            if (c == 0xdf)
                out.append("SS", trusted);
            else
                appendCodePoint(out, upperCase(c), trusted);
        };
        const auto lower = [&] { appendCodePoint(out, lowerCase(c), trusted); };
        switch (to) {
            case Case::Upper:
                upper();
                break;
            case Case::Lower:
                lower();
                break;
            case Case::Swap:
                lowerCase(c) != c ? lower() : upper();
                break;
            case Case::Capitalize:
                first ? upper() : lower();
                break;
            case Case::Title:
                wordStart ? upper() : lower();
                wordStart = !isAlphabetic(c);
                break;
            case Case::JinjaTitle:
                wordStart ? upper() : lower();
                wordStart = isSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
                break;
        }
        first = false;
    }
    return out;
}

Text indent(const Text& t, const Text& prefix, bool first, bool blank) {
    Text source = t;
    source.append("\n", true);
    std::vector<Text> lines = splitLines(source, false);
    Text out;
    for (size_t i = 0; i < lines.size(); ++i) {
        if (i)
            out.append("\n", true);
        if (i == 0 ? first : (blank || !lines[i].bytes.empty()))
            out.append(prefix);
        out.append(lines[i]);
    }
    return out;
}

Text percentFormat(const Text& format, const std::vector<Value>& arguments, Meter& meter) {
    Text out;
    size_t used = 0;
    const std::string& f = format.bytes;
    for (size_t i = 0; i < f.size();) {
        if (f[i] != '%') {
            const size_t next = std::min(f.find('%', i), f.size());
            out.append(format, i, next - i);
            i = next;
            continue;
        }
        size_t j = i + 1;
        if (j < f.size() && f[j] == '%') {
            out.append("%", true);
            i = j + 1;
            continue;
        }
        std::string flags;
        while (j < f.size() && std::string_view("-+ 0#").find(f[j]) != std::string_view::npos)
            flags += f[j++];
        const auto number = [&] {
            int64_t n = 0;
            while (j < f.size() && f[j] >= '0' && f[j] <= '9' && n < 1'000'000)
                n = n * 10 + (f[j++] - '0');
            if (n > 100'000)
                throw Failure{fmt::format("a width of {} in a format", n)};
            return n;
        };
        const int64_t width = number();
        int64_t precision = -1;
        if (j < f.size() && f[j] == '.') {
            ++j;
            precision = number();
        }
        if (j >= f.size())
            throw Failure{"incomplete format"};
        if (used >= arguments.size())
            throw Failure{"not enough arguments for format string"};
        const Value& v = arguments[used++];
        const char kind = f[j];
        Text piece;
        if (kind == 's' || kind == 'r') {
            piece = kind == 's' ? toText(v) : repr(v);
            if (precision >= 0) {
                const auto offsets = characterOffsets(piece.bytes);
                piece = piece.substr(0, offsets[std::min<size_t>(static_cast<size_t>(precision), offsets.size() - 1)]);
            }
        } else if (std::string_view("dixXofFeEgG").find(kind) != std::string_view::npos) {
            if (!v.isNumber())
                throw Failure{fmt::format("%{} format: a number is required, not {}", kind, typeName(v))};
            std::string spec = "%";
            spec += flags;
            char buffer[512];
            const bool integral = std::string_view("dixXo").find(kind) != std::string_view::npos;
            if (precision >= 0)
                spec += fmt::format(".{}", std::min<int64_t>(precision, 100));
            if (integral) {
                spec += "ll";
                spec += kind;
                if (!v.isInteger() && !(std::fabs(v.number()) < 9.2e18))
                    throw Failure{fmt::format("%{} format: {} is out of range", kind, floatText(v.number()))};
                snprintf(buffer, sizeof buffer, spec.c_str(),
                         static_cast<long long>(v.isInteger() ? v.integer() : static_cast<int64_t>(v.number())));
            } else {
                spec += kind;
                snprintf(buffer, sizeof buffer, spec.c_str(), v.number());
            }
            piece = Text(buffer);
            if (flags.find('0') != std::string::npos && static_cast<int64_t>(piece.size()) < width) {
                const size_t sign = !piece.bytes.empty() && (piece.bytes[0] == '-' || piece.bytes[0] == '+') ? 1 : 0;
                piece.bytes.insert(sign, static_cast<size_t>(width) - piece.size(), '0');
            }
        } else {
            throw Failure{fmt::format("unsupported format character '{}'", kind)};
        }
        const auto length = static_cast<int64_t>(characterCount(piece.bytes));
        meter.spendText(std::max(static_cast<size_t>(width), piece.size()));
        const std::string padding(static_cast<size_t>(std::max<int64_t>(0, width - length)), ' ');
        if (flags.find('-') == std::string::npos)
            out.append(padding, true);
        out.append(piece);
        if (flags.find('-') != std::string::npos)
            out.append(padding, true);
        i = j + 1;
    }
    if (used < arguments.size())
        throw Failure{"not all arguments converted during string formatting"};
    return out;
}

}  // namespace engine::jinja
