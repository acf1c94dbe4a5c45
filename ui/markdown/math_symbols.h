// What TeX's names stand for. Immutable tables; any thread.
#pragma once

#include "ui/markdown/math.h"

namespace ui::markdown {

struct MathSymbol {
    const char* name;
    char32_t code;
    MathClass role;
};

const MathSymbol* findMathSymbol(QStringView name);
bool isMathFunction(QStringView name);                           // sin, log, ...
bool hasLimits(QStringView name);                                // lim, max, ...
QString mathAccent(QStringView name);                            // "hat" gives "^"; empty: none
QString mathAlphabet(QStringView name, const QString& letters);  // mathbb, mathcal, mathfrak: letters of that alphabet
QString superscript(const QString& text);                        // empty when some character has no raised form
QString subscript(const QString& text);

}  // namespace ui::markdown
