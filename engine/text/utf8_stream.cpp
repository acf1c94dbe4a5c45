#include "engine/io/utf8.h"
#include "engine/text/tokenizer.h"

namespace engine {

std::string Utf8Stream::push(std::string_view bytes) {
    m_held += bytes;
    std::string out;
    const char* p = m_held.data();
    const char* const end = p + m_held.size();
    while (p != end) {
        const Utf8Char c = readUtf8(p, end);
        if (c.state == Utf8State::Unfinished)
            break;
        if (c.state == Utf8State::Valid)
            out.append(p, c.length);
        else
            out += "\xEF\xBF\xBD";
        p += c.length;
    }
    m_held.erase(0, m_held.size() - static_cast<size_t>(end - p));
    return out;
}

std::string Utf8Stream::finish() {
    std::string out = toValidUtf8(m_held);
    m_held.clear();
    return out;
}

}  // namespace engine
