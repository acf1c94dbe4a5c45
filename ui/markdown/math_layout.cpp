#include "ui/markdown/math_layout.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>

namespace ui::markdown {
namespace {

struct Size {
    double em = 13;  // pixels
    bool display = false;
    bool script = false;  // no space around operators
};

class MathSetter {
  public:
    explicit MathSetter(const QFont& font) : m_font(font) {}

    MathPicture set(const MathNode& node, Size size) {
        switch (node.kind) {
            case MathKind::Row:
                return row(node, size);
            case MathKind::Symbol:
                return symbol(node, size);
            case MathKind::Text:
                return glyphs(node.text, fontFor(node.face, size.em), true);
            case MathKind::Space: {
                MathPicture space;
                space.width = node.width * size.em;
                return space;
            }
            case MathKind::Fraction:
                return fraction(node, size);
            case MathKind::Root:
                return root(node, size);
            case MathKind::Scripts:
                return scripts(node, size);
            case MathKind::Accent:
                return accent(node, size);
            case MathKind::Fence: {
                MathPicture body = set(node.children.at(0), size);
                return fenced(std::move(body), node.left, node.right, size);
            }
            case MathKind::Matrix:
                return matrix(node, size);
        }
        return {};
    }

  private:
    static double axis(Size size) { return 0.26 * size.em; }  // of fraction bars above the baseline
    static double ruleHeight(Size size) { return std::max(1.0, 0.05 * size.em); }
    static Size smaller(Size size) { return {std::max(7.0, size.em * 0.72), false, true}; }

    QFont fontFor(MathFace face, double em) const {
        QFont font = m_font;
        font.setPixelSize(std::max(1, qRound(em)));
        font.setItalic(face == MathFace::Italic);
        font.setBold(face == MathFace::Bold);
        return font;
    }

    static MathPicture glyphs(const QString& text, const QFont& font, bool lineHeight) {
        MathPicture out;
        if (text.isEmpty())
            return out;
        const QFontMetricsF metrics(font);
        const QRectF ink = metrics.tightBoundingRect(text);
        out.width = std::max(metrics.horizontalAdvance(text), ink.right());
        out.ascent = lineHeight ? std::max(-ink.top(), metrics.xHeight()) : std::max(0.0, -ink.top());
        out.descent = std::max(0.0, ink.bottom());
        out.glyphs.push_back({QPointF(0, 0), text, font});
        return out;
    }

    static void place(MathPicture& into, MathPicture part, QPointF at) {
        into.ascent = std::max(into.ascent, part.ascent - at.y());
        into.descent = std::max(into.descent, part.descent + at.y());
        for (auto& g : part.glyphs) {
            g.baseline += at;
            into.glyphs.push_back(std::move(g));
        }
        for (const QRectF& r : part.rules)
            into.rules.push_back(r.translated(at));
        for (const QPainterPath& p : part.strokes)
            into.strokes.push_back(p.translated(at));
        for (const QPainterPath& p : part.outlines)
            into.outlines.push_back(p.translated(at));
    }

    MathPicture symbol(const MathNode& node, Size size) {
        double em = size.em;
        if (node.largeOperator && size.display)
            em *= 1.45;
        MathPicture out = glyphs(node.text, fontFor(node.face, em), false);
        if (node.largeOperator && !out.glyphs.empty()) {  // centred on the axis
            const double shift = (out.ascent - out.descent) / 2 - axis(size);
            MathPicture centred;
            centred.width = out.width;
            place(centred, std::move(out), {0, shift});
            return centred;
        }
        return out;
    }

    MathPicture row(const MathNode& node, Size size) {
        MathPicture out;
        double x = 0;
        MathClass before = MathClass::Open;
        for (size_t i = 0; i < node.children.size(); ++i) {
            const MathNode& child = node.children[i];
            MathPicture part = set(child, size);
            MathClass role =
                child.kind == MathKind::Symbol || child.kind == MathKind::Scripts ? child.role : MathClass::Ordinary;
            if (role == MathClass::Binary && before != MathClass::Ordinary && before != MathClass::Close)
                role = MathClass::Ordinary;  // a sign, not an operation
            double left = 0, right = 0;
            if (!size.script) {
                if (role == MathClass::Binary)
                    left = right = 0.22;
                else if (role == MathClass::Relation)
                    left = right = 0.28;
                else if (role == MathClass::Punctuation)
                    right = 0.17;
                else if (role == MathClass::Operator)
                    left = before == MathClass::Ordinary || before == MathClass::Close ? 0.17 : 0, right = 0.17;
                const bool nextOpens = i + 1 < node.children.size() && node.children[i + 1].role == MathClass::Open &&
                                       node.children[i + 1].kind == MathKind::Symbol;
                if (role == MathClass::Operator && nextOpens)
                    right = 0;
            }
            x += left * size.em;
            const double width = part.width;
            place(out, std::move(part), {x, 0});
            x += width + right * size.em;
            if (child.kind != MathKind::Space)
                before = role;
        }
        out.width = std::max(0.0, x);
        return out;
    }

    MathPicture fraction(const MathNode& node, Size size) {
        const Size inner = size.display ? Size{size.em, false, size.script} : smaller(size);
        MathPicture top = set(node.children.at(0), inner), bottom = set(node.children.at(1), inner);
        const double gap = 0.16 * size.em, rule = node.line ? ruleHeight(size) : 0, pad = 0.1 * size.em;
        const double width = std::max(top.width, bottom.width) + 2 * pad;
        MathPicture out;
        out.width = width + 2 * pad;
        const double middle = -axis(size);
        const double topX = pad + (width - top.width) / 2, bottomX = pad + (width - bottom.width) / 2;
        const double topY = middle - rule / 2 - gap - top.descent, bottomY = middle + rule / 2 + gap + bottom.ascent;
        place(out, std::move(top), {topX, topY});
        place(out, std::move(bottom), {bottomX, bottomY});
        if (node.line)
            out.rules.emplace_back(pad, middle - rule / 2, width, rule);
        return out;
    }

    MathPicture root(const MathNode& node, Size size) {
        MathPicture body = set(node.children.at(0), size);
        const double gap = 0.12 * size.em, rule = ruleHeight(size), hook = 0.62 * size.em;
        const double top = std::max(body.ascent, 0.7 * size.em) + gap + rule,
                     bottom = std::max(body.descent, 0.08 * size.em);
        MathPicture index =
            node.children.size() > 1 ? set(node.children[1], {size.em * 0.6, false, true}) : MathPicture();
        const double left = std::max(0.0, index.width - hook * 0.55);
        MathPicture out;
        const double bodyWidth = body.width;
        place(out, std::move(body), {left + hook, 0});
        const double height = top + bottom;
        QPainterPath sign;
        sign.moveTo(left + hook * 0.08, bottom - height * 0.42);
        sign.lineTo(left + hook * 0.26, bottom - height * 0.5);
        sign.lineTo(left + hook * 0.52, bottom - rule);
        sign.lineTo(left + hook * 0.95, -top + rule / 2);
        sign.lineTo(left + hook + bodyWidth + 0.06 * size.em, -top + rule / 2);
        out.strokes.push_back(sign);
        if (index.width > 0)
            place(out, std::move(index),
                  {left + hook * 0.42 - std::min(index.width, hook * 0.42), bottom - height * 0.58});
        out.width = left + hook + bodyWidth + 0.1 * size.em;
        out.ascent = std::max(out.ascent, top + rule);
        out.descent = std::max(out.descent, bottom);
        return out;
    }

    MathPicture scripts(const MathNode& node, Size size) {
        const MathNode& base = node.children.at(0);
        MathPicture body = set(base, size);
        if (base.kind == MathKind::Row && base.children.empty() && body.width == 0)
            body.ascent = 0.5 * size.em;
        MathPicture sub = set(node.children.at(1), smaller(size)), sup = set(node.children.at(2), smaller(size));
        MathPicture out;
        const bool stacked = node.limits && (size.display || base.kind != MathKind::Symbol || !base.largeOperator);
        if (stacked) {
            const double gap = 0.14 * size.em, width = std::max({body.width, sub.width, sup.width});
            const double ascent = body.ascent, descent = body.descent, subX = (width - sub.width) / 2,
                         supX = (width - sup.width) / 2;
            const double bodyX = (width - body.width) / 2;
            place(out, std::move(body), {bodyX, 0});
            if (sup.width > 0) {
                const double y = -ascent - gap - sup.descent;
                place(out, std::move(sup), {supX, y});
            }
            if (sub.width > 0) {
                const double y = descent + gap + sub.ascent;
                place(out, std::move(sub), {subX, y});
            }
            out.width = width;
            return out;
        }
        const double bodyWidth = body.width, ascent = body.ascent, descent = body.descent;
        const double slant = base.kind == MathKind::Symbol && base.largeOperator ? 0.12 * size.em : 0;
        place(out, std::move(body), {0, 0});
        double supY = -std::max(0.36 * size.em, ascent - 0.3 * size.em),
               subY = std::max(0.16 * size.em, descent + 0.05 * size.em);
        if (sub.width > 0 && sup.width > 0) {  // keep them apart
            const double between = (subY - sub.ascent) - (supY + sup.descent);
            if (between < 0.1 * size.em) {
                supY -= (0.1 * size.em - between) / 2;
                subY += (0.1 * size.em - between) / 2;
            }
        }
        const double wide = std::max(sub.width, sup.width + slant);
        if (sup.width > 0)
            place(out, std::move(sup), {bodyWidth + slant + 0.04 * size.em, supY});
        if (sub.width > 0)
            place(out, std::move(sub), {bodyWidth + 0.02 * size.em, subY});
        out.width = bodyWidth + wide + 0.08 * size.em;
        return out;
    }

    MathPicture accent(const MathNode& node, Size size) {
        MathPicture body = set(node.children.at(0), size);
        const double rule = ruleHeight(size), gap = 0.12 * size.em, width = body.width, ascent = body.ascent,
                     descent = body.descent;
        MathPicture out;
        out.width = width;
        if (node.text == QLatin1String("overline") || node.text == QLatin1String("overbrace")) {
            place(out, std::move(body), {0, 0});
            out.rules.emplace_back(0, -ascent - gap - rule, width, rule);
            out.ascent = ascent + gap + 2 * rule;
            return out;
        }
        if (node.text == QLatin1String("underline") || node.text == QLatin1String("underbrace")) {
            place(out, std::move(body), {0, 0});
            out.rules.emplace_back(0, descent + gap, width, rule);
            out.descent = descent + gap + 2 * rule;
            return out;
        }
        if (node.text == QLatin1String("boxed") || node.text == QLatin1String("cancel")) {
            const bool box = node.text == QLatin1String("boxed");
            const double pad = box ? 0.3 * size.em : 0;
            place(out, std::move(body), {pad, 0});
            out.width = width + 2 * pad;
            QPainterPath shape;
            if (box) {
                shape.addRect(QRectF(rule, -ascent - pad, out.width - 2 * rule, ascent + descent + 2 * pad));
                out.ascent = ascent + pad + rule;
                out.descent = descent + pad + rule;
            } else {
                shape.moveTo(0, descent);
                shape.lineTo(width, -ascent);
            }
            out.strokes.push_back(shape);
            return out;
        }
        place(out, std::move(body), {0, 0});
        if (node.text == QLatin1String("→")) {
            QPainterPath arrow;
            const double y = -ascent - gap - 0.06 * size.em, head = 0.14 * size.em,
                         from = std::min(0.0, width - 0.5 * size.em) / 2;
            const double to = width - from;
            arrow.moveTo(from, y);
            arrow.lineTo(to, y);
            arrow.moveTo(to - head, y - head * 0.7);
            arrow.lineTo(to, y);
            arrow.lineTo(to - head, y + head * 0.7);
            out.strokes.push_back(arrow);
            out.ascent = ascent + gap + 0.2 * size.em;
            return out;
        }
        const QFont font = fontFor(MathFace::Upright, size.em);
        const QRectF ink = QFontMetricsF(font).tightBoundingRect(node.text);
        const double lift = std::max(0.0, ascent + 0.06 * size.em + ink.bottom());
        out.glyphs.push_back(
            {QPointF((width - ink.width()) / 2 - ink.left() + 0.04 * size.em, -lift), node.text, font});
        out.ascent = lift - ink.top();
        return out;
    }

    // A bracket as tall as `ascent + descent` asks for.
    MathPicture bracket(const QString& sign, double ascent, double descent, Size size) {
        MathPicture out;
        if (sign.isEmpty())
            return out;
        const QFont font = fontFor(MathFace::Upright, size.em);
        const QFontMetricsF metrics(font);
        const QRectF ink = metrics.tightBoundingRect(sign);
        const double wanted = ascent + descent;
        if (wanted <= ink.height() * 1.15 || ink.height() <= 0)
            return glyphs(sign, font, false);
        QPainterPath path;
        path.addText(0, 0, font, sign);
        const double scale = wanted / ink.height();
        QTransform grow;
        grow.translate(0, descent);
        grow.scale(std::min(1.25, 1 + (scale - 1) * 0.08), scale);
        grow.translate(0, -ink.bottom());
        out.outlines.push_back(grow.map(path));
        out.width = metrics.horizontalAdvance(sign) * std::min(1.25, 1 + (scale - 1) * 0.08);
        out.ascent = ascent;
        out.descent = descent;
        return out;
    }

    MathPicture fenced(MathPicture body, const QString& left, const QString& right, Size size) {
        // Symmetric around the axis, so that a fence of fractions looks right.
        const double half = std::max(body.ascent - axis(size), body.descent + axis(size)) + 0.05 * size.em;
        MathPicture open = bracket(left, half + axis(size), half - axis(size), size);
        MathPicture close = bracket(right, half + axis(size), half - axis(size), size);
        MathPicture out;
        double x = 0;
        for (MathPicture* part : {&open, &body, &close}) {
            const double width = part->width;
            place(out, std::move(*part), {x, 0});
            x += width + (width > 0 ? 0.04 * size.em : 0);
        }
        out.width = x;
        return out;
    }

    MathPicture matrix(const MathNode& node, Size size) {
        const size_t columns = size_t(std::max(1, node.columns)), rows = node.children.size() / columns;
        std::vector<MathPicture> cells;
        std::vector<double> widths(columns), ascents(rows), descents(rows);
        const Size inner{size.em, node.leftAligned && size.display, size.script};
        for (size_t i = 0; i < rows * columns; ++i) {
            cells.push_back(set(node.children[i], inner));
            widths[i % columns] = std::max(widths[i % columns], cells.back().width);
            ascents[i / columns] = std::max({ascents[i / columns], cells.back().ascent, 0.65 * size.em});
            descents[i / columns] = std::max({descents[i / columns], cells.back().descent, 0.2 * size.em});
        }
        const bool equations = node.leftAligned && node.left.isEmpty();
        const double rowGap = 0.35 * size.em, columnGap = equations ? 0.1 * size.em : 0.9 * size.em;
        double height = rows > 0 ? -rowGap : 0;
        for (size_t r = 0; r < rows; ++r)
            height += ascents[r] + descents[r] + rowGap;
        MathPicture body;
        double y = -height / 2 - axis(size);
        for (size_t r = 0; r < rows; ++r) {
            y += ascents[r];
            double x = 0.1 * size.em;
            for (size_t c = 0; c < columns; ++c) {
                MathPicture& cell = cells[r * columns + c];
                const double room = widths[c] - cell.width;
                const double shift = equations && c % 2 == 0 ? room : node.leftAligned ? 0 : room / 2;
                place(body, std::move(cell), {x + shift, y});
                x += widths[c] + columnGap;
            }
            y += descents[r] + rowGap;
        }
        body.width = 0.2 * size.em;
        for (const double width : widths)
            body.width += width + columnGap;
        body.width -= columnGap;
        return fenced(std::move(body), node.left, node.right, size);
    }

    const QFont& m_font;
};

}  // namespace

void MathPicture::paint(QPainter& painter, QPointF baseline, const QColor& color) const {
    painter.save();
    painter.translate(baseline);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(color);
    for (const Glyphs& g : glyphs) {
        painter.setFont(g.font);
        painter.drawText(g.baseline, g.text);
    }
    for (const QRectF& r : rules)
        painter.fillRect(r, color);
    for (const QPainterPath& outline : outlines)
        painter.fillPath(outline, color);
    for (const QPainterPath& stroke : strokes)
        painter.strokePath(stroke, QPen(color, 1.15, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.restore();
}

MathPicture layoutMath(const MathNode& node, const QFont& font, bool display) {
    const double em = font.pixelSize() > 0 ? font.pixelSize() : QFontMetricsF(font).height() * 0.78;
    return MathSetter(font).set(node, {em, display, false});
}

MathPicture layoutMath(const QString& source, const QFont& font, bool display) {
    return layoutMath(parseMath(source), font, display);
}

}  // namespace ui::markdown
