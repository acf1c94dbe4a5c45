// Colours code by tables: per language its words, comments and strings. Not a parser: it never fails, takes linear time
// and carries one small state from line to line. Any thread.
#pragma once

#include <QString>
#include <cstdint>
#include <vector>

namespace ui::markdown {

enum class CodeKind : uint8_t { Keyword, Type, String, Number, Comment, Meta, Function, Added, Removed };

struct CodeSpan {
    int start = 0, length = 0;
    CodeKind kind = CodeKind::Keyword;
};

// `language` is the word after the fence, lower case. `state`: 0 at the start of a block, else what the part before
// left.
std::vector<CodeSpan> highlight(const QString& language, QStringView code, int& state);
int lexerStateAfter(const QString& language, QStringView code, int state);
// "C++" for "cpp"; the word itself when the language is unknown.
QString languageName(const QString& language);

}  // namespace ui::markdown
