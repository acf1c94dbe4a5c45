// Markdown leaves as one line of text, for tests to compare.
#pragma once

#include "ui/markdown/document.h"
#include "ui/markdown/inline_text.h"

inline QString dumpInline(const QString& source, const ui::markdown::Definitions& definitions = {}) {
    using namespace ui::markdown;
    const InlineText inl = parseInline(source, definitions);
    QString out;
    int done = 0;
    const auto plain = [&](int to) {
        out += QString(inl.text.mid(done, to - done)).replace(QLatin1Char('\n'), QStringLiteral("⏎"));
        done = to;
    };
    for (const Span& span : inl.spans) {
        plain(span.start);
        QString tags;
        if (span.style & Strong)
            tags += QLatin1Char('b');
        if (span.style & Emphasis)
            tags += QLatin1Char('i');
        if (span.style & Strike)
            tags += QLatin1Char('s');
        if (span.style & CodeSpanStyle)
            tags += QLatin1Char('c');
        if (span.style & HtmlSource)
            tags += QLatin1Char('h');
        if (span.style & NotLoaded)
            tags += QLatin1Char('n');
        if (span.style & Formula)
            tags += span.style & DisplayFormula ? QLatin1Char('M') : QLatin1Char('m');
        if (span.link >= 0)
            tags += QLatin1Char('a');
        out += QLatin1Char('{') + tags + QLatin1Char(':');
        if (span.formula >= 0) {
            out += inl.formulas[size_t(span.formula)];
            done = span.start + span.length;
        } else {
            plain(span.start + span.length);
        }
        if (span.link >= 0)
            out += QLatin1Char('|') + inl.links[size_t(span.link)];
        out += QLatin1Char('}');
    }
    plain(int(inl.text.size()));
    return out;
}

inline QString dumpLeaf(const ui::markdown::Leaf& leaf, const ui::markdown::Definitions& definitions,
                        bool raw = false) {
    using namespace ui::markdown;
    QString out;
    for (const Frame& frame : leaf.frames) {
        if (frame.kind == Frame::Kind::Quote) {
            out += QStringLiteral("> ");
        } else if (!frame.opens) {
            out += QStringLiteral(". ");
        } else {
            switch (frame.marker) {
                case Marker::Bullet:
                    out += QStringLiteral("* ");
                    break;
                case Marker::Number:
                    out += QString::number(frame.number) + QStringLiteral(") ");
                    break;
                case Marker::TaskOpen:
                    out += QStringLiteral("[ ] ");
                    break;
                case Marker::TaskDone:
                    out += QStringLiteral("[x] ");
                    break;
            }
        }
    }
    if (leaf.continues)
        out += QLatin1Char('+');
    const auto text = [&](const QString& source) { return raw ? source : dumpInline(source, definitions); };
    switch (leaf.kind) {
        case LeafKind::Paragraph:
            return out + QStringLiteral("p(") + text(leaf.text) + QLatin1Char(')');
        case LeafKind::Plain:
            return out + QStringLiteral("plain(") + QString(leaf.text).replace(QLatin1Char('\n'), QStringLiteral("⏎")) +
                   QLatin1Char(')');
        case LeafKind::Heading:
            return out + QStringLiteral("h%1(").arg(leaf.level) + text(leaf.text) + QLatin1Char(')');
        case LeafKind::Code:
            return out + QStringLiteral("code[%1](").arg(leaf.info) +
                   QString(leaf.text).replace(QLatin1Char('\n'), QStringLiteral("⏎")) + QLatin1Char(')');
        case LeafKind::Html:
            return out + QStringLiteral("html(") + QString(leaf.text).replace(QLatin1Char('\n'), QStringLiteral("⏎")) +
                   QLatin1Char(')');
        case LeafKind::Math:
            return out + QStringLiteral("math(") + leaf.text + QLatin1Char(')');
        case LeafKind::Rule:
            return out + QStringLiteral("rule");
        case LeafKind::Table:
            break;
    }
    out += QStringLiteral("table[");
    for (const Align align : leaf.shape->columns)
        out += QLatin1Char("-lcr"[int(align)]);
    out += QLatin1Char(']');
    for (size_t r = 0; r < leaf.rows.size(); ++r) {
        out += r == 0 && leaf.hasHeader ? QStringLiteral("H(") : QStringLiteral("R(");
        for (size_t c = 0; c < leaf.rows[r].size(); ++c)
            out += (c ? QStringLiteral("|") : QString()) + text(leaf.rows[r][c]);
        out += QLatin1Char(')');
    }
    return out;
}

inline QString dump(const ui::markdown::Document& document, bool raw = false) {
    QStringList out;
    for (int i = 0; i < document.leafCount(); ++i)
        out += dumpLeaf(document.leaf(i), document.definitions(), raw);
    return out.join(QStringLiteral(" / "));
}
