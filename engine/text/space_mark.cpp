#include "engine/text/space_mark.h"

namespace engine {

void appendMarked(std::string& out, std::string_view text) {
    out.reserve(out.size() + text.size() + text.size() / 2);
    for (const char c : text) {
        if (c == ' ')
            out.append(SpaceMark);
        else
            out += c;
    }
}

std::string withoutMarks(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
        if (text.substr(at, SpaceMark.size()) == SpaceMark) {
            out += ' ';
            at += SpaceMark.size();
        } else {
            out += text[at++];
        }
    }
    return out;
}

SpaceCuts::SpaceCuts(const Vocab& vocab) {
    for (int32_t id = 0; id < vocab.size(); ++id) {
        const std::string_view text = vocab.text(id);
        for (size_t at = text.find(SpaceMark, 1); at != std::string_view::npos; at = text.find(SpaceMark, at + 1))
            m_joined[static_cast<unsigned char>(text[at - 1])] = true;
    }
}

size_t SpaceCuts::nextCut(std::string_view text, size_t begin) const {
    size_t end = text.find(SpaceMark, begin + 1);
    while (end != std::string_view::npos && m_joined[static_cast<unsigned char>(text[end - 1])])
        end = text.find(SpaceMark, end + 1);
    return end;
}

}  // namespace engine
