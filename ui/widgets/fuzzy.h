// Finds names by a few of their letters, in order: "nch" finds "New chat". Thread: any.
#pragma once

#include <QList>
#include <QString>
#include <optional>

namespace ui {

struct FuzzyMatch {
    int score = 0;         // larger is better
    QList<int> positions;  // of the letters in the text
};

// Empty `needle` matches with score 0. Letters at the start of words and in a row count more; case and accents do not
// matter. Only the first 512 characters of `text` are looked at.
std::optional<FuzzyMatch> fuzzyMatch(const QString& needle, const QString& text);

}  // namespace ui
