// The small grammars of block lines, as pure functions: headings, fences, rules, tables, HTML blocks, definitions.
// Any thread.
#pragma once

#include "ui/markdown/leaf.h"

namespace ui::markdown {

QString headingText(QStringView afterMarks);        // without spaces and closing '#'
QString infoWord(QStringView info);                 // the language of a fence, in lower case, at most 40 characters
bool isRule(QStringView line);                      // "***", "- - -", "___"
std::vector<Align> delimiterRow(QStringView line);  // empty: the line is not ":--|--:"
void noteLongest(const QString& cell, QString& longest, QString& word);

int htmlBlockKind(QStringView line);  // CommonMark's start conditions 1 to 7; 0: none
bool htmlBlockEnds(int kind, QStringView line);
qsizetype htmlTagLength(QStringView s);  // of the tag, comment or declaration that s begins with; 0: none

// Reads "[label]: target" with optional title at the start of text. Returns the characters used with the line end, 0:
// none.
qsizetype parseDefinition(const QString& text, QString& label, QString& target);
// Reads a link destination at s[pos]; false: none there. Unescapes it.
bool parseDestination(QStringView s, qsizetype& pos, QString& target);
// Reads a quoted title at s[pos]; false: none there.
bool parseTitle(QStringView s, qsizetype& pos);
QString unescaped(QStringView s);  // backslash escapes and entities
// Reads "&name;" or "&#1;" at the start of s; returns its length (0: none) and the text it stands for.
qsizetype parseEntity(QStringView s, QString& out);
bool isAsciiPunctuation(QChar c);

}  // namespace ui::markdown
