// The list of languages that code is coloured for. To add one: one row. Immutable; any thread.
#pragma once

#include <QStringView>
#include <span>

namespace ui::markdown {

enum class CodeStyle : uint8_t { Program, Markup, Data, Diff };

struct Language {
    const char* aliases;  // words after a fence, separated by spaces, with a space at both ends
    const char* name;     // shown
    CodeStyle style;
    const char* lineComments;  // separated by spaces
    const char* blockOpen;
    const char* blockClose;
    const char* quotes;       // characters that open a string on one line
    const char* multiQuotes;  // strings over several lines, separated by spaces
    bool hashMeta;            // '#word' and '@word' are directives
    bool ignoreCase;
    const char* keywords;  // separated by spaces, with a space at both ends
    const char* types;
};

std::span<const Language> languages();
const Language* findLanguage(QStringView word);

}  // namespace ui::markdown
