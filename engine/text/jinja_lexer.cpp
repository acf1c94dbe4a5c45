#include "engine/text/jinja_lexer.h"

#include <charconv>

#include <fmt/format.h>

namespace engine::jinja {

namespace {

bool isNameStart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

std::string normalizeNewlines(std::string_view source) {
    std::string out;
    out.reserve(source.size());
    for (size_t i = 0; i < source.size(); ++i) {
        if (source[i] == '\r') {
            out += '\n';
            if (i + 1 < source.size() && source[i + 1] == '\n')
                ++i;
        } else {
            out += source[i];
        }
    }
    if (!out.empty() && out.back() == '\n')
        out.pop_back();
    return out;
}

class Lexer {
  public:
    explicit Lexer(std::string_view source) : m_source(normalizeNewlines(source)) {}

    std::vector<Token> run() {
        while (m_pos < m_source.size())
            data();
        emit(TokenType::End, "");
        return std::move(m_tokens);
    }

  private:
    [[noreturn]] void fail(std::string message) const { throw Failure{std::move(message), m_line, m_column}; }

    char peek(size_t ahead = 0) const { return m_pos + ahead < m_source.size() ? m_source[m_pos + ahead] : '\0'; }
    bool startsWith(std::string_view s) const { return m_source.compare(m_pos, s.size(), s) == 0; }

    void advance(size_t n) {
        for (size_t i = 0; i < n; ++i) {
            if (m_source[m_pos++] == '\n') {
                ++m_line;
                m_column = 1;
            } else if ((static_cast<unsigned char>(m_source[m_pos - 1]) & 0xc0) != 0x80) {
                ++m_column;
            }
        }
    }

    Token& emit(TokenType type, std::string value) {
        m_tokens.push_back(Token{type, std::move(value), 0, 0, m_line, m_column});
        return m_tokens.back();
    }

    // The next "{{", "{%" or "{#" from `from`.
    size_t findTag(size_t from) const {
        for (size_t at = m_source.find('{', from); at != std::string::npos; at = m_source.find('{', at + 1))
            if (at + 1 < m_source.size() &&
                (m_source[at + 1] == '{' || m_source[at + 1] == '%' || m_source[at + 1] == '#'))
                return at;
        return m_source.size();
    }

    // Text before a tag at `tag`, with the tag's own mark applied. Leaves m_pos at the tag.
    std::string textBefore(size_t tag, char mark, bool isVariable) {
        std::string text = m_source.substr(m_pos, tag - m_pos);
        if (mark == '-') {
            size_t end = text.size();
            while (end > 0 && isBlank(text[end - 1]))
                --end;
            text.resize(end);
        } else if (mark != '+' && !isVariable) {
            const size_t newline = text.rfind('\n');
            const size_t lineStart = newline == std::string::npos ? 0 : newline + 1;
            if (lineStart > 0 || m_lineStarting) {
                size_t i = lineStart;
                while (i < text.size() && isBlank(text[i]))
                    ++i;
                if (i == text.size())
                    text.resize(lineStart);
            }
        }
        return text;
    }

    void data() {
        const size_t tag = findTag(m_pos);
        if (tag == m_source.size()) {
            emit(TokenType::Text, m_source.substr(m_pos));
            advance(tag - m_pos);
            return;
        }
        const char kind = m_source[tag + 1];
        const char mark = tag + 2 < m_source.size() && (m_source[tag + 2] == '-' || m_source[tag + 2] == '+')
                              ? m_source[tag + 2]
                              : '\0';
        std::string text = textBefore(tag, mark, kind == '{');
        if (!text.empty())
            emit(TokenType::Text, std::move(text));
        advance(tag - m_pos);
        if (kind == '#')
            return comment();
        if (kind == '%' && rawBlock())
            return;
        emit(kind == '%' ? TokenType::BlockBegin : TokenType::VariableBegin, "");
        advance(2 + (mark != '\0'));
        expression(kind == '%');
    }

    // After the end mark of a tag: '-' eats white space, else a block or comment eats one newline.
    void afterTag(char mark, bool trims) {
        m_lineStarting = false;
        if (mark == '-') {
            while (m_pos < m_source.size() && isBlank(m_source[m_pos])) {
                m_lineStarting = m_source[m_pos] == '\n';
                advance(1);
            }
        } else if (mark != '+' && trims && peek() == '\n') {
            advance(1);
            m_lineStarting = true;
        }
    }

    void comment() {
        const size_t end = m_source.find("#}", m_pos + 2);
        if (end == std::string::npos)
            fail("a comment {# is not closed");
        const char before = end > m_pos + 2 ? m_source[end - 1] : '\0';
        advance(end + 2 - m_pos);
        afterTag(before == '-' || before == '+' ? before : '\0', true);
    }

    // "{% raw %}" up to "{% endraw %}" is text.
    bool rawBlock() {
        size_t at = m_pos + 2;
        if (at < m_source.size() && (m_source[at] == '-' || m_source[at] == '+'))
            ++at;
        const auto word = [&](std::string_view w) {
            while (at < m_source.size() && isBlank(m_source[at]))
                ++at;
            if (m_source.compare(at, w.size(), w) != 0)
                return false;
            at += w.size();
            while (at < m_source.size() && isBlank(m_source[at]))
                ++at;
            return true;
        };
        const auto close = [&](char& mark) {
            mark = '\0';
            if (at < m_source.size() && (m_source[at] == '-' || m_source[at] == '+'))
                mark = m_source[at++];
            if (m_source.compare(at, 2, "%}") != 0)
                return false;
            at += 2;
            return true;
        };
        char mark = '\0';
        if (!word("raw") || !close(mark))
            return false;
        advance(at - m_pos);
        afterTag(mark, false);  // Jinja keeps the newline here
        for (size_t tag = m_source.find("{%", m_pos); tag != std::string::npos; tag = m_source.find("{%", tag + 2)) {
            at = tag + 2;
            char before = '\0';
            if (at < m_source.size() && (m_source[at] == '-' || m_source[at] == '+'))
                before = m_source[at++];
            if (!word("endraw") || !close(mark))
                continue;
            std::string text = textBefore(tag, before, false);
            if (!text.empty())
                emit(TokenType::Text, std::move(text));
            advance(at - m_pos);
            afterTag(mark, true);
            return true;
        }
        fail("a raw block is not closed");
    }

    void expression(bool isBlock) {
        std::string brackets;
        const std::string_view close = isBlock ? "%}" : "}}";
        const int line = m_line, column = m_column;
        while (m_pos < m_source.size()) {
            if (isBlank(peek())) {
                advance(1);
                continue;
            }
            if (brackets.empty()) {
                const char mark =
                    (peek() == '-' || peek() == '+') && m_source.compare(m_pos + 1, 2, close) == 0 ? peek() : '\0';
                if (mark != '\0' || startsWith(close)) {
                    emit(isBlock ? TokenType::BlockEnd : TokenType::VariableEnd, "");
                    advance(2 + (mark != '\0'));
                    return afterTag(mark, isBlock);
                }
            }
            token(brackets);
        }
        throw Failure{isBlock ? "a block {% is not closed" : "an expression {{ is not closed", line, column};
    }

    void token(std::string& brackets) {
        const char c = peek();
        if (c == '"' || c == '\'')
            return stringLiteral(c);
        if (isDigit(c))
            return number();
        if (isNameStart(c)) {
            size_t end = m_pos;
            while (end < m_source.size() && (isNameStart(m_source[end]) || isDigit(m_source[end])))
                ++end;
            emit(TokenType::Name, m_source.substr(m_pos, end - m_pos));
            return advance(end - m_pos);
        }
        static constexpr std::string_view operators[] = {"==", "!=", "<=", ">=", "//", "**", "+", "-", "*",
                                                         "/",  "%",  "~",  "|",  "<",  ">",  "=", ".", ",",
                                                         ":",  "(",  ")",  "[",  "]",  "{",  "}", ";"};
        for (std::string_view op : operators) {
            if (!startsWith(op))
                continue;
            if (op == "(" || op == "[" || op == "{")
                brackets += op == "(" ? ')' : op == "[" ? ']' : '}';
            if (op == ")" || op == "]" || op == "}") {
                if (brackets.empty() || brackets.back() != op[0])
                    fail(fmt::format("unexpected '{}'", op));
                brackets.pop_back();
            }
            emit(TokenType::Operator, std::string(op));
            return advance(op.size());
        }
        size_t end = m_pos;
        const uint32_t code = codePointAt(m_source, end);
        fail(code >= 0x20 && code < 0x7f ? fmt::format("unexpected character '{}'", c)
                                         : fmt::format("unexpected character U+{:04X}", code));
    }

    void number() {
        size_t end = m_pos;
        std::string digits;
        int base = 10;
        const char second = peek(1);
        if (peek() == '0' &&
            (second == 'x' || second == 'X' || second == 'o' || second == 'O' || second == 'b' || second == 'B')) {
            base = second == 'x' || second == 'X' ? 16 : second == 'o' || second == 'O' ? 8 : 2;
            end += 2;
        }
        const auto digitRun = [&](auto&& accept) {
            while (end < m_source.size() && (accept(m_source[end]) || m_source[end] == '_')) {
                if (m_source[end] != '_')
                    digits += m_source[end];
                ++end;
            }
        };
        bool isFloat = false;
        digitRun(
            [&](char c) { return isDigit(c) || (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))); });
        if (base == 10 && end + 1 < m_source.size() && m_source[end] == '.' && isDigit(m_source[end + 1])) {
            isFloat = true;
            digits += '.';
            ++end;
            digitRun(isDigit);
        }
        if (base == 10 && end < m_source.size() && (m_source[end] == 'e' || m_source[end] == 'E')) {
            size_t exponent = end + 1;
            if (exponent < m_source.size() && (m_source[exponent] == '+' || m_source[exponent] == '-'))
                ++exponent;
            if (exponent < m_source.size() && isDigit(m_source[exponent])) {
                isFloat = true;
                digits.append(m_source, end, exponent - end);
                end = exponent;
                digitRun(isDigit);
            }
        }
        Token& t = emit(isFloat ? TokenType::Float : TokenType::Integer, digits);
        const char* first = digits.data();
        const char* last = first + digits.size();
        const auto parsed =
            isFloat ? std::from_chars(first, last, t.floating) : std::from_chars(first, last, t.integer, base);
        if (parsed.ec != std::errc() || parsed.ptr != last)
            fail(fmt::format("the number {} is out of range", digits));
        advance(end - m_pos);
    }

    void stringLiteral(char quote) {
        const int line = m_line, column = m_column;
        std::string out;
        size_t i = m_pos + 1;
        for (;; ++i) {
            if (i >= m_source.size())
                fail("a string is not closed");
            const char c = m_source[i];
            if (c == quote)
                break;
            if (c != '\\') {
                out += c;
                continue;
            }
            if (++i >= m_source.size())
                fail("a string is not closed");
            escape(out, i);
        }
        advance(i + 1 - m_pos);
        Token& t = emit(TokenType::String, std::move(out));
        t.line = line;
        t.column = column;
    }

    // Python's escapes; an unknown one keeps its backslash. `i` is at the letter and is left at the last byte used.
    void escape(std::string& out, size_t& i) {
        const char c = m_source[i];
        const auto hex = [&](int n) {
            uint32_t code = 0;
            const char* first = m_source.data() + i + 1;
            const char* last = first + std::min<size_t>(n, m_source.size() - i - 1);
            if (last - first != n || std::from_chars(first, last, code, 16).ptr != last)
                fail(fmt::format("the escape \\{} needs {} hexadecimal digits", c, n));
            i += n;
            appendUtf8(out, code);
        };
        switch (c) {
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case 'r':
                out += '\r';
                break;
            case 'a':
                out += '\a';
                break;
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'v':
                out += '\v';
                break;
            case '\\':
            case '\'':
            case '"':
                out += c;
                break;
            case '\n':
                break;
            case 'x':
                hex(2);
                break;
            case 'u':
                hex(4);
                break;
            case 'U':
                hex(8);
                break;
            default:
                if (c >= '0' && c <= '7') {
                    uint32_t code = 0;
                    size_t n = 0;
                    for (; n < 3 && i + n < m_source.size() && m_source[i + n] >= '0' && m_source[i + n] <= '7'; ++n)
                        code = code * 8 + (m_source[i + n] - '0');
                    appendUtf8(out, code);
                    i += n - 1;
                } else {
                    out += '\\';
                    out += c;
                }
        }
    }

    std::string m_source;
    std::vector<Token> m_tokens;
    size_t m_pos = 0;
    int m_line = 1, m_column = 1;
    bool m_lineStarting = true;
};

}  // namespace

std::vector<Token> lex(std::string_view source) {
    return Lexer(source).run();
}

}  // namespace engine::jinja
