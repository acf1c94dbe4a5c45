#include "ui/markdown/flat_leaf.h"

#include <algorithm>

#include "ui/markdown/math.h"

namespace ui::markdown {

FlatLeaf flatLeaf(const Leaf& leaf, const Definitions& definitions) {
    FlatLeaf out;
    const auto add = [&](InlineText inlines, int row, int column) {
        FlatLeaf::Part part;
        part.inlines = std::move(inlines);
        part.offset = int(out.text.size());
        part.row = row;
        part.column = column;
        out.text += part.inlines.text;
        out.parts.push_back(std::move(part));
    };
    switch (leaf.kind) {
        case LeafKind::Paragraph:
        case LeafKind::Heading:
            add(parseInline(leaf.text, definitions), 0, 0);
            break;
        case LeafKind::Plain:
        case LeafKind::Code:
        case LeafKind::Html: {
            InlineText code;
            code.text = leaf.text;
            add(std::move(code), 0, 0);
            break;
        }
        case LeafKind::Math: {
            InlineText formula;
            formula.text = QString(QChar::Nbsp);
            formula.formulas.push_back(leaf.text);
            formula.spans.push_back({0, 1, uint16_t(Formula | DisplayFormula), -1, 0});
            add(std::move(formula), 0, 0);
            break;
        }
        case LeafKind::Table:
            for (size_t r = 0; r < leaf.rows.size(); ++r) {
                for (size_t c = 0; c < leaf.rows[r].size(); ++c) {
                    if (r + c > 0)
                        out.text += c > 0 ? QLatin1Char('\t') : QLatin1Char('\n');
                    add(parseInline(leaf.rows[r][c], definitions), int(r), int(c));
                }
            }
            break;
        case LeafKind::Rule:
            add({}, 0, 0);
            break;
    }
    return out;
}

QString FlatLeaf::plain(int from, int to, bool formulasAsSource) const {
    QString out;
    int done = from;
    for (const Part& part : parts) {
        if (part.end() < from || part.offset > to)
            continue;
        if (part.offset > done)
            out += QStringView(text).mid(done, part.offset - done);
        const int begin = std::max(from, part.offset) - part.offset, end = std::min(to, part.end()) - part.offset;
        out += part.inlines.plain(begin, end, formulasAsSource);
        done = part.offset + end;
    }
    if (done < to)
        out += QStringView(text).mid(done, to - done);
    return out;
}

QString markerText(const Leaf& leaf) {
    QString out;
    for (const Frame& frame : leaf.frames) {
        if (frame.kind == Frame::Kind::Quote)
            out += QStringLiteral("> ");
        else if (!frame.opens)
            out += QStringLiteral("  ");
        else if (frame.marker == Marker::Number)
            out += QString::number(frame.number) + frame.sign + QLatin1Char(' ');
        else if (frame.marker == Marker::Bullet)
            out += QStringLiteral("- ");
        else
            out += frame.marker == Marker::TaskDone ? QStringLiteral("- [x] ") : QStringLiteral("- [ ] ");
    }
    return out;
}

}  // namespace ui::markdown
