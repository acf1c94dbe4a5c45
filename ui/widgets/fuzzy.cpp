#include "ui/widgets/fuzzy.h"

namespace ui {

namespace {

constexpr int MaxText = 512;

// Each letter as it is compared: the base letter of an accented one ("é" decomposes into "e" and a mark), lower case.
QString folded(QString text) {
    for (QChar& c : text) {
        if (c.unicode() >= 0x80)
            if (const QString parts = c.decomposition(); !parts.isEmpty())
                c = parts.at(0);
        c = c.toLower();
    }
    return text;
}

bool startsWord(const QString& text, int i) {
    if (i == 0)
        return true;
    const QChar before = text.at(i - 1);
    return !before.isLetterOrNumber() || (before.isLower() && text.at(i).isUpper());
}

// Greedy from `from`, which holds the needle's first letter. `letters`: the text, folded.
std::optional<FuzzyMatch> matchFrom(const QString& needle, const QString& text, const QString& letters, int from) {
    FuzzyMatch match;
    int at = from, last = -2;
    for (const QChar wanted : needle) {
        if (wanted.isSpace())
            continue;
        int found = -1, anywhere = -1;
        for (int i = at; i < text.size(); ++i) {
            if (letters.at(i) != wanted)
                continue;
            if (anywhere < 0)
                anywhere = i;
            if (i == last + 1 || startsWord(text, i)) {
                found = i;
                break;
            }
        }
        if (found < 0 || (anywhere == last + 1))
            found = anywhere;
        if (found < 0)
            return std::nullopt;
        match.score += 10 + (found == last + 1 ? 14 : 0) + (startsWord(text, found) ? 12 : 0) - qMin(6, found - at);
        match.positions.append(found);
        last = found;
        at = found + 1;
    }
    return match;
}

}  // namespace

std::optional<FuzzyMatch> fuzzyMatch(const QString& needle, const QString& text) {
    const QString wanted = folded(needle.simplified());
    if (wanted.isEmpty())
        return FuzzyMatch{};
    const QString where = text.left(MaxText), letters = folded(where);
    std::optional<FuzzyMatch> best;
    for (int i = 0; i < where.size(); ++i) {
        if (letters.at(i) != wanted.at(0))
            continue;
        auto match = matchFrom(wanted, where, letters, i);
        if (!match) {
            // A jump to a later word may have run past a letter that a plain walk finds.
            FuzzyMatch walk;
            int at = i;
            for (const QChar letter : wanted) {
                if (letter.isSpace())
                    continue;
                while (at < where.size() && letters.at(at) != letter)
                    ++at;
                if (at == where.size())
                    return best;  // later starts find even less
                walk.positions.append(at++);
                walk.score += 4;
            }
            match = walk;
        }
        match->score -= qMin(8, i / 4);
        if (!best || match->score > best->score)
            best = std::move(match);
    }
    if (best)
        best->score += qMax(0, 10 - static_cast<int>(where.size()) / 8);
    return best;
}

}  // namespace ui
