// Reads the formulas that models write (a large everyday part of TeX's mathematics) into a small tree, and spells a
// formula as one line of Unicode text. Depth and size are bounded; what is not known is shown by its name. Any thread.
#pragma once

#include <QString>
#include <cstdint>
#include <memory>
#include <vector>

namespace ui::markdown {

enum class MathKind : uint8_t { Row, Symbol, Fraction, Root, Scripts, Accent, Fence, Matrix, Space, Text };
enum class MathClass : uint8_t { Ordinary, Operator, Binary, Relation, Open, Close, Punctuation };
enum class MathFace : uint8_t { Italic, Upright, Bold };

struct MathNode {
    MathKind kind = MathKind::Row;
    MathClass role = MathClass::Ordinary;
    MathFace face = MathFace::Italic;
    QString text;  // symbol, text, accent sign ("line" signs: "overline", "underline", "overbrace", "underbrace")
    QString left, right;  // of a fence or matrix; empty: none
    bool limits = false;  // scripts stand above and below
    bool line = true;     // of a fraction
    bool largeOperator = false;
    double width = 0;          // of a space, in em
    int columns = 0;           // of a matrix
    bool leftAligned = false;  // cases, aligned
    std::vector<MathNode>
        children;  // fraction: top, bottom; root: body, index; scripts: base, sub, sup (rows may be empty)
};

MathNode parseMath(const QString& source);
QString mathToText(const MathNode& node);
QString mathToText(const QString& source);  // "a^2 + \frac{1}{2}" gives "a² + 1/2"

}  // namespace ui::markdown
