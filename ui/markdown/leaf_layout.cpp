#include "ui/markdown/leaf_layout.h"

#include <QFontInfo>
#include <QPainter>
#include <QTextLayout>
#include <algorithm>
#include <cmath>

#include "ui/markdown/highlighter.h"

namespace ui::markdown {
namespace {

constexpr double LineFactor = 1.45, CodeLineFactor = 1.4, ItemIndent = 24, QuoteIndent = 16;

double spaceBefore(const Leaf& leaf, const LeafPlace& place) {
    if (place.first)
        return 0;
    if (leaf.continues)
        return leaf.kind == LeafKind::Paragraph || leaf.kind == LeafKind::Plain ? 2 : 0;
    switch (leaf.kind) {
        case LeafKind::Heading:
            return leaf.level <= 2 ? 18 : 14;
        case LeafKind::Code:
        case LeafKind::Html:
        case LeafKind::Table:
        case LeafKind::Math:
            return 10;
        case LeafKind::Rule:
            return 14;
        case LeafKind::Plain:
        case LeafKind::Paragraph:
            break;
    }
    const bool opensItem = std::any_of(leaf.frames.begin(), leaf.frames.end(), [](const Frame& f) { return f.opens; });
    const bool besideItem = place.sharedFrames > 0 || (opensItem && !leaf.blankBefore);
    return opensItem && besideItem && !leaf.blankBefore ? 4 : opensItem ? 7 : 9;
}

}  // namespace

double pixelSize(const QFont& font) {
    return font.pixelSize() > 0 ? font.pixelSize() : QFontInfo(font).pixelSize();
}

LeafPlace leafPlace(const Leaf* before, const Leaf& leaf, const Leaf* after) {
    LeafPlace place;
    place.first = before == nullptr;
    place.goesOn = after != nullptr && after->continues;
    if (before != nullptr) {
        const size_t n = std::min(before->frames.size(), leaf.frames.size());
        while (size_t(place.sharedFrames) < n) {
            const Frame& a = before->frames[size_t(place.sharedFrames)];
            const Frame& b = leaf.frames[size_t(place.sharedFrames)];
            if (a.kind != b.kind || b.opens)
                break;
            ++place.sharedFrames;
        }
    }
    return place;
}

LeafLayout::LeafLayout(const Leaf& leaf, const LeafPlace& place, const Definitions& definitions,
                       const LayoutStyle& style, double width)
    : m_style(style),
      m_flat(flatLeaf(leaf, definitions)),
      m_kind(leaf.kind),
      m_frames(leaf.frames),
      m_sharedFrames(place.sharedFrames),
      m_continues(leaf.continues),
      m_goesOn(place.goesOn),
      m_hasHeader(leaf.hasHeader),
      m_width(width) {
    const double unit = style.unit;
    m_space = std::round(spaceBefore(leaf, place) * unit);
    double left = 0;
    const double step =
        m_frames.empty() ? 1 : std::min(1.0, 0.45 * width / (double(m_frames.size()) * ItemIndent * unit));
    for (const Frame& frame : m_frames) {
        m_frameLeft.push_back(left);
        double indent = frame.kind == Frame::Kind::Quote ? QuoteIndent : ItemIndent;
        for (int n = frame.number; frame.kind == Frame::Kind::Item && n >= 100; n /= 10)
            indent += 8;
        left += indent * unit * step;
    }
    width = std::max(40.0, width - left);
    switch (leaf.kind) {
        case LeafKind::Paragraph:
        case LeafKind::Plain:
        case LeafKind::Heading:
            layoutText(leaf, left, width);
            break;
        case LeafKind::Code:
        case LeafKind::Html:
            layoutCode(leaf, left, width, place.goesOn);
            break;
        case LeafKind::Table:
            layoutTable(leaf, left, width);
            break;
        case LeafKind::Math:
            layoutMathBlock(left, width);
            break;
        case LeafKind::Rule:
            m_block = QRectF(left, m_space, width, 1);
            m_height = m_space + 1 + std::round(4 * unit);
            break;
    }
}

LeafLayout::~LeafLayout() = default;

LeafLayout::TextPart LeafLayout::makeText(const FlatLeaf::Part& source, const QFont& font, const QColor& color,
                                          double width, Qt::Alignment align) const {
    TextPart part;
    part.offset = source.offset;
    part.length = int(source.inlines.text.size());
    part.width = width;
    QString text = source.inlines.text;
    text.replace(QLatin1Char('\n'), QChar::LineSeparator);
    part.layout = std::make_unique<QTextLayout>(text, font);
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    option.setTextDirection(Qt::LayoutDirectionAuto);
    option.setAlignment(align);
    option.setTabStopDistance(QFontMetricsF(font).horizontalAdvance(QLatin1Char(' ')) * 4);
    part.layout->setTextOption(option);

    QList<QTextLayout::FormatRange> formats;
    QTextLayout::FormatRange whole;
    whole.start = 0;
    whole.length = part.length;
    whole.format.setForeground(color);
    formats.push_back(whole);
    const double em = pixelSize(font);
    for (const Span& span : source.inlines.spans) {
        QTextLayout::FormatRange range;
        range.start = span.start;
        range.length = span.length;
        QTextCharFormat& format = range.format;
        if (span.style & Strong)
            format.setFontWeight(QFont::DemiBold);
        if (span.style & Emphasis)
            format.setFontItalic(true);
        if (span.style & Strike) {
            format.setFontStrikeOut(true);
            format.setForeground(m_style.muted);
        }
        if (span.style & CodeSpanStyle) {
            QFont mono = m_style.mono;
            mono.setPixelSize(std::max(6, qRound(em * 0.92)));
            format.setFont(mono);
            if (span.style & Strong)
                format.setFontWeight(QFont::DemiBold);
            part.codeBoxes.emplace_back(span.start, span.start + span.length);
        }
        if (span.style & HtmlSource) {
            QFont mono = m_style.mono;
            mono.setPixelSize(std::max(6, qRound(em * 0.92)));
            format.setFont(mono);
            format.setForeground(m_style.muted);
        }
        if (span.style & NotLoaded)
            format.setForeground(m_style.warning);
        if (span.link >= 0) {
            format.setForeground(m_style.accent);
            format.setFontUnderline(true);
        }
        if (span.formula >= 0) {
            QFont math = m_style.math;
            math.setPixelSize(std::max(6, qRound(em * 1.06)));
            MathPicture picture =
                layoutMath(source.inlines.formulas[size_t(span.formula)], math, (span.style & DisplayFormula) != 0);
            const double scale =
                picture.width > width && picture.width > 0 ? std::max(0.4, width / picture.width) : 1.0;
            const double space = QFontMetricsF(font).horizontalAdvance(QChar::Nbsp);
            format.setFontLetterSpacingType(QFont::AbsoluteSpacing);
            format.setFontLetterSpacing(std::max(0.0, picture.width * scale - space + 1));
            part.formulas.emplace_back(span.start, std::move(picture));
            part.formulaScale.push_back(scale);
        }
        formats.push_back(range);
    }
    part.layout->setFormats(formats);
    return part;
}

namespace {

// Cuts the text of a part into lines; every line is at least factor * em high, and as high as its formulas.
template <typename Part, typename Line>
void breakLines(Part& part, double lineHeight, Line makeLine) {
    double y = 0;
    part.layout->beginLayout();
    for (;;) {
        QTextLine line = part.layout->createLine();
        if (!line.isValid())
            break;
        line.setLineWidth(std::max(1.0, part.width));
        double ascent = line.ascent(), descent = line.descent();
        const double natural = ascent + descent;
        for (size_t i = 0; i < part.formulas.size(); ++i) {
            const auto& [position, picture] = part.formulas[i];
            if (position < line.textStart() || position >= line.textStart() + line.textLength())
                continue;
            ascent = std::max(ascent, picture.ascent * part.formulaScale[i] + 2);
            descent = std::max(descent, picture.descent * part.formulaScale[i] + 2);
        }
        const double height = std::max(lineHeight, std::ceil(ascent + descent));
        const double above = ascent + descent > natural ? (height - ascent - descent) / 2 + ascent - line.ascent()
                                                        : (height - natural) / 2;
        line.setPosition(QPointF(0, y + std::floor(above)));
        part.widest = std::max(part.widest, double(line.naturalTextWidth()));
        makeLine(part, y, y + height, line);
        y += height;
    }
    part.layout->endLayout();
    part.height = y;
}

}  // namespace

void LeafLayout::layoutText(const Leaf& leaf, double left, double width) {
    QFont font = m_style.body;
    if (leaf.kind == LeafKind::Heading) {
        constexpr double sizes[] = {1.38, 1.22, 1.1, 1.0, 1.0, 1.0};
        font.setPixelSize(qRound(pixelSize(font) * sizes[std::clamp(leaf.level - 1, 0, 5)]));
        font.setWeight(QFont::DemiBold);
    }
    TextPart part = makeText(m_flat.parts.at(0), font, m_style.text, width, Qt::AlignLeading);
    breakLines(part, std::round(pixelSize(font) * (leaf.kind == LeafKind::Heading ? 1.3 : LineFactor)),
               [](TextPart& p, double top, double bottom, const QTextLine& l) {
                   p.lines.push_back({top, bottom, l.textStart(), l.textLength()});
               });
    part.origin = QPointF(left, m_space);
    m_height = m_space + part.height;
    m_parts.push_back(std::move(part));
}

void LeafLayout::layoutCode(const Leaf& leaf, double left, double width, bool goesOn) {
    const double unit = m_style.unit, pad = std::round(12 * unit);
    m_language = leaf.kind == LeafKind::Html ? QStringLiteral("HTML") : languageName(leaf.info);
    const bool header = !leaf.continues;
    const double headerHeight = header ? std::round(28 * unit) : 0;
    FlatLeaf::Part code = m_flat.parts.at(0);
    TextPart part = makeText(code, m_style.mono, m_style.text, std::max(20.0, width - 2 * pad), Qt::AlignLeft);
    QTextOption option = part.layout->textOption();
    option.setTextDirection(Qt::LeftToRight);
    part.layout->setTextOption(option);
    int state = leaf.lexerState;
    QList<QTextLayout::FormatRange> formats = part.layout->formats();
    if (leaf.kind == LeafKind::Html) {
        formats[0].format.setForeground(m_style.muted);
    } else if (!leaf.info.isEmpty()) {
        for (const CodeSpan& span : highlight(leaf.info, leaf.text, state)) {
            QTextLayout::FormatRange range;
            range.start = span.start;
            range.length = span.length;
            range.format.setForeground(m_style.code[size_t(span.kind)]);
            if (span.kind == CodeKind::Comment)
                range.format.setFontItalic(true);
            formats.push_back(range);
        }
    }
    part.layout->setFormats(formats);
    breakLines(part, std::round(pixelSize(m_style.mono) * CodeLineFactor),
               [](TextPart& p, double top, double bottom, const QTextLine& l) {
                   p.lines.push_back({top, bottom, l.textStart(), l.textLength()});
               });
    const double top = m_space + headerHeight + (header ? std::round(6 * unit) : 0);
    part.origin = QPointF(left + pad, top);
    const double bottom = top + part.height + (goesOn ? 0 : std::round(10 * unit));
    m_block = QRectF(left, m_space, width, bottom - m_space);
    if (header)
        m_header = QRectF(left, m_space, width, headerHeight);
    m_height = bottom + (goesOn ? 0 : std::round(2 * unit));
    m_parts.push_back(std::move(part));
}

std::vector<double> LeafLayout::columnWidths(const TableShape& shape, double width) const {
    const double pad = 2 * std::round(10 * m_style.unit);
    QFont bold = m_style.body;
    bold.setWeight(QFont::DemiBold);
    const QFontMetricsF metrics(bold);
    std::vector<double> natural, least;
    double naturalSum = 0, leastSum = 0;
    for (size_t c = 0; c < shape.columns.size(); ++c) {
        natural.push_back(std::ceil(metrics.horizontalAdvance(shape.longest[c]) * 1.03) + pad + 2);
        least.push_back(
            std::min(natural.back(), std::ceil(metrics.horizontalAdvance(shape.longestWord[c]) * 1.03) + pad + 2));
        naturalSum += natural.back();
        leastSum += least.back();
    }
    if (naturalSum <= width) {
        const double stretch = std::min(1.35, std::min(width, 380 * m_style.unit) / std::max(1.0, naturalSum));
        for (double& w : natural)
            w = std::floor(w * std::max(1.0, stretch));
        return natural;
    }
    if (leastSum >= width) {
        for (double& w : least)
            w = std::max(8.0, std::floor(w * width / leastSum));
        return least;
    }
    for (size_t c = 0; c < least.size(); ++c)
        least[c] =
            std::floor(least[c] + (natural[c] - least[c]) * (width - leastSum) / std::max(1.0, naturalSum - leastSum));
    return least;
}

void LeafLayout::layoutTable(const Leaf& leaf, double left, double width) {
    const std::vector<double> columns = columnWidths(*leaf.shape, width);
    const double padX = std::round(10 * m_style.unit), padY = std::round(6 * m_style.unit);
    QFont headerFont = m_style.small;
    headerFont.setWeight(QFont::DemiBold);
    double y = m_space, total = 0;
    for (const double w : columns)
        total += w;
    size_t next = 0;
    for (size_t r = 0; r < leaf.rows.size(); ++r) {
        const bool header = r == 0 && leaf.hasHeader;
        double x = left, height = 0;
        for (size_t c = 0; c < leaf.rows[r].size() && next < m_flat.parts.size(); ++c, ++next) {
            const Align align = leaf.shape->columns[c];
            const Qt::Alignment alignment = align == Align::Right    ? Qt::AlignRight
                                            : align == Align::Center ? Qt::AlignHCenter
                                                                     : Qt::AlignLeading;
            const QFont& font = header ? headerFont : m_style.body;
            TextPart part = makeText(m_flat.parts[next], font, header ? m_style.muted : m_style.text,
                                     std::max(6.0, columns[c] - 2 * padX), alignment);
            breakLines(part, std::round(pixelSize(font) * 1.4),
                       [](TextPart& p, double top, double bottom, const QTextLine& l) {
                           p.lines.push_back({top, bottom, l.textStart(), l.textLength()});
                       });
            part.origin = QPointF(x + padX, y + padY);
            height = std::max(height, part.height);
            x += columns[c];
            m_parts.push_back(std::move(part));
        }
        y += height + 2 * padY;
        m_rowBottoms.push_back(y);
    }
    m_block = QRectF(left, m_space, total, y - m_space);
    m_height = y;
}

void LeafLayout::layoutMathBlock(double left, double width) {
    TextPart part;
    part.offset = 0;
    part.length = 1;
    part.width = width;
    part.layout = std::make_unique<QTextLayout>(QString(QChar::Nbsp), m_style.body);
    QFont math = m_style.math;
    math.setPixelSize(qRound(pixelSize(m_style.body) * 1.15));
    MathPicture picture = layoutMath(m_flat.parts.at(0).inlines.formulas.at(0), math, true);
    const double indent = std::round(20 * m_style.unit);
    const double scale = picture.width > width - indent ? std::max(0.35, (width - indent) / picture.width) : 1.0;
    const double height = std::ceil((picture.ascent + picture.descent) * scale) + std::round(12 * m_style.unit);
    part.widest = picture.width * scale;
    part.height = height;
    part.lines.push_back({0, height, 0, 1});
    part.origin = QPointF(left + indent, m_space);
    part.layout->beginLayout();
    part.layout->createLine();
    part.layout->endLayout();
    part.formulas.emplace_back(0, std::move(picture));
    part.formulaScale.push_back(scale);
    m_height = m_space + height;
    m_parts.push_back(std::move(part));
}

// --- painting ---

void LeafLayout::paintFrames(QPainter& painter, QPointF origin) const {
    const double unit = m_style.unit;
    const double lineHeight = m_parts.empty() || m_parts[0].lines.empty()
                                  ? std::round(pixelSize(m_style.body) * LineFactor)
                                  : m_parts[0].lines[0].bottom - m_parts[0].lines[0].top;
    const double top = m_kind == LeafKind::Code || m_kind == LeafKind::Html || m_kind == LeafKind::Table
                           ? m_space + std::round(6 * unit)
                           : m_space;
    const double oneLine = std::min(lineHeight, std::round(pixelSize(m_style.body) * 1.6));
    for (size_t i = 0; i < m_frames.size(); ++i) {
        const Frame& frame = m_frames[i];
        const double left = m_frameLeft[i],
                     right = i + 1 < m_frames.size() ? m_frameLeft[i + 1] : left + ItemIndent * unit;
        if (frame.kind == Frame::Kind::Quote) {
            const double from = int(i) < m_sharedFrames ? 0 : m_space;
            painter.setPen(Qt::NoPen);
            painter.setBrush(m_style.border);
            painter.drawRoundedRect(QRectF(origin.x() + left, origin.y() + from, 3 * unit, m_height - from), 1.5, 1.5);
        } else if (frame.opens) {
            const QRectF box(origin.x() + left, origin.y() + top, std::max(12.0, right - left), oneLine);
            const QPointF middle(box.left() + 11 * unit, box.center().y());
            painter.setRenderHint(QPainter::Antialiasing);
            if (frame.marker == Marker::Number) {
                painter.setPen(m_style.muted);
                painter.setFont(m_style.body);
                painter.drawText(
                    QRectF(box.left() - 40 * unit, box.top(), box.width() + 40 * unit - 7 * unit, box.height()),
                    Qt::AlignRight | Qt::AlignVCenter, QString::number(frame.number) + frame.sign);
            } else if (frame.marker == Marker::Bullet) {
                const double r = 2.4 * unit;
                painter.setPen(i % 2 == 0 ? Qt::NoPen : QPen(m_style.muted, 1.2));
                painter.setBrush(i % 2 == 0 ? QBrush(m_style.muted) : QBrush(Qt::NoBrush));
                painter.drawEllipse(middle, r, r);
            } else {
                const double r = 6 * unit;
                const QRectF square(middle.x() - r, middle.y() - r, 2 * r, 2 * r);
                const bool done = frame.marker == Marker::TaskDone;
                painter.setPen(QPen(done ? m_style.accent : m_style.muted, 1.2));
                painter.setBrush(done ? QBrush(m_style.accent) : QBrush(Qt::NoBrush));
                painter.drawRoundedRect(square, 3 * unit, 3 * unit);
                if (done) {
                    painter.setPen(QPen(m_style.surface2, 1.7 * unit, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
                    painter.drawPolyline(
                        QPolygonF({QPointF(square.left() + 0.25 * 2 * r, square.center().y()),
                                   QPointF(square.left() + 0.44 * 2 * r, square.bottom() - 0.28 * 2 * r),
                                   QPointF(square.right() - 0.22 * 2 * r, square.top() + 0.3 * 2 * r)}));
                }
            }
        }
    }
}

void LeafLayout::paintMarks(QPainter& painter, QPointF origin, const TextPart& part,
                            const std::vector<Mark>& marks) const {
    for (const Mark& mark : marks) {
        const int from = std::max(mark.from, part.offset) - part.offset,
                  to = std::min(mark.to, part.offset + part.length) - part.offset;
        if (from >= to && !(mark.from < part.offset && mark.to > part.offset + part.length))
            continue;
        for (size_t i = 0; i < part.lines.size(); ++i) {
            const Line& slot = part.lines[i];
            const int begin = std::max(from, slot.start), end = std::min(to, slot.start + slot.length);
            if (begin >= end && !(begin == end && slot.length == 0))
                continue;
            double left = 0, right = 0;
            if (m_kind == LeafKind::Math) {
                right = part.widest;
            } else {
                const QTextLine line = part.layout->lineAt(int(i));
                left = line.cursorToX(begin);
                right = line.cursorToX(end);
            }
            if (right < left)
                std::swap(left, right);
            if (end == slot.start + slot.length && to > end)
                right += 4;  // the line end is selected too
            painter.fillRect(QRectF(origin.x() + left, origin.y() + slot.top, right - left, slot.bottom - slot.top),
                             mark.color);
        }
    }
}

void LeafLayout::paint(QPainter& painter, QPointF origin, const std::vector<Mark>& marks, const QRectF& clip) const {
    painter.save();
    painter.setLayoutDirection(Qt::LeftToRight);  // numbers of items and brackets of formulas are not mirrored
    const double unit = m_style.unit;
    if (m_kind == LeafKind::Code || m_kind == LeafKind::Html) {
        const QRectF box = m_block.translated(origin);
        painter.save();
        painter.setClipRect(box.adjusted(0, 0, 0, m_goesOn ? 0 : 1).intersected(clip));
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(m_style.border, 1));
        painter.setBrush(m_style.surface2);
        const double radius = 8 * unit;  // corners only where the block begins and ends
        painter.drawRoundedRect(box.adjusted(0.5, m_continues ? -20 : 0.5, -0.5, m_goesOn ? 20 : -0.5), radius, radius);
        painter.restore();
        if (!m_header.isNull()) {
            painter.setPen(m_style.muted);
            QFont label = m_style.small;
            painter.setFont(label);
            painter.drawText(m_header.translated(origin).adjusted(12 * unit, 4 * unit, -80 * unit, 0),
                             Qt::AlignLeft | Qt::AlignVCenter, m_language);
        }
    } else if (m_kind == LeafKind::Rule) {
        painter.fillRect(m_block.translated(origin), m_style.border);
    } else if (m_kind == LeafKind::Table) {
        for (size_t r = 0; r < m_rowBottoms.size(); ++r)
            painter.fillRect(
                QRectF(origin.x() + m_block.left(), std::floor(origin.y() + m_rowBottoms[r]) - 1, m_block.width(), 1),
                m_style.border);
    }
    paintFrames(painter, origin);
    for (const TextPart& part : m_parts) {
        const QPointF at = origin + part.origin;
        const QRectF area(at, QSizeF(std::max(part.width, part.widest), part.height));
        if (!area.adjusted(-20, -20, 20, 20).intersects(clip))
            continue;
        for (const auto& [from, to] : part.codeBoxes) {
            for (size_t i = 0; i < part.lines.size(); ++i) {
                const Line& slot = part.lines[i];
                const int begin = std::max(from, slot.start), end = std::min(to, slot.start + slot.length);
                if (begin >= end)
                    continue;
                const QTextLine line = part.layout->lineAt(int(i));
                const double a = line.cursorToX(begin), b = line.cursorToX(end);
                painter.setRenderHint(QPainter::Antialiasing);
                painter.setPen(Qt::NoPen);
                painter.setBrush(m_style.surface2);
                painter.drawRoundedRect(QRectF(at.x() + std::min(a, b) - 2.5, at.y() + slot.top + 1.5,
                                               std::abs(b - a) + 5, slot.bottom - slot.top - 3),
                                        4, 4);
            }
        }
        paintMarks(painter, at, part, marks);
        if (m_kind != LeafKind::Math)
            part.layout->draw(&painter, at, {}, clip);
        for (size_t i = 0; i < part.formulas.size(); ++i) {
            const auto& [position, picture] = part.formulas[i];
            const double scale = part.formulaScale[i];
            QPointF baseline(at.x(), at.y() + part.height / 2 + (picture.ascent - picture.descent) * scale / 2);
            if (m_kind != LeafKind::Math) {
                const QTextLine line = part.layout->lineForTextPosition(position);
                if (!line.isValid())
                    continue;
                baseline = at + QPointF(std::min(line.cursorToX(position), line.cursorToX(position + 1)),
                                        line.y() + line.ascent());
            }
            painter.save();
            painter.translate(baseline);
            painter.scale(scale, scale);
            picture.paint(painter, QPointF(0, 0), m_style.text);
            painter.restore();
        }
    }
    painter.restore();
}

// --- questions ---

const LeafLayout::TextPart* LeafLayout::partAt(QPointF point) const {
    const TextPart* best = nullptr;
    double bestDistance = 0;
    for (const TextPart& part : m_parts) {
        const QRectF area(part.origin, QSizeF(std::max(part.width, part.widest), std::max(1.0, part.height)));
        const double dx = std::max({area.left() - point.x(), 0.0, point.x() - area.right()});
        const double dy = std::max({area.top() - point.y(), 0.0, point.y() - area.bottom()});
        const double distance = dx + 4 * dy;  // the row counts more than the column
        if (best == nullptr || distance < bestDistance) {
            best = &part;
            bestDistance = distance;
        }
    }
    return best;
}

int LeafLayout::positionAt(QPointF point) const {
    const TextPart* part = partAt(point);
    if (part == nullptr || part->lines.empty())
        return 0;
    const QPointF at = point - part->origin;
    if (m_kind == LeafKind::Math)
        return at.x() > part->widest / 2 ? 1 : 0;
    if (at.y() < part->lines.front().top - 6)
        return part->offset;
    size_t i = 0;
    while (i + 1 < part->lines.size() && at.y() >= part->lines[i].bottom)
        ++i;
    if (i + 1 == part->lines.size() && at.y() > part->lines[i].bottom + 6 && m_kind != LeafKind::Table)
        return part->offset + part->length;
    return part->offset + std::min(part->length, part->layout->lineAt(int(i)).xToCursor(at.x()));
}

QRectF LeafLayout::cursorRect(int position) const {
    const TextPart* found = nullptr;
    for (const TextPart& part : m_parts)
        if (part.offset <= position)
            found = &part;
    if (found == nullptr || found->lines.empty())
        return QRectF(0, m_space, 1, m_height - m_space);
    const int inside = std::clamp(position - found->offset, 0, found->length);
    for (size_t i = 0; i < found->lines.size(); ++i) {
        const Line& slot = found->lines[i];
        if (inside > slot.start + slot.length || (inside == slot.start + slot.length && i + 1 < found->lines.size()))
            continue;
        const double x = m_kind == LeafKind::Math ? (inside > 0 ? found->widest : 0)
                                                  : found->layout->lineAt(int(i)).cursorToX(inside);
        return QRectF(found->origin.x() + x, found->origin.y() + slot.top, 1, slot.bottom - slot.top);
    }
    return QRectF(found->origin, QSizeF(1, found->height));
}

QString LeafLayout::linkAt(QPointF point) const {
    for (const TextPart& part : m_parts) {
        const QPointF at = point - part.origin;
        if (at.y() < 0 || at.y() >= part.height || m_kind == LeafKind::Math)
            continue;
        for (size_t i = 0; i < part.lines.size(); ++i) {
            if (at.y() < part.lines[i].top || at.y() >= part.lines[i].bottom)
                continue;
            const QTextLine line = part.layout->lineAt(int(i));
            const QRectF ink = line.naturalTextRect();
            if (at.x() < ink.left() || at.x() > ink.right())
                break;
            const int character = line.xToCursor(at.x(), QTextLine::CursorOnCharacter) + part.offset;
            for (const FlatLeaf::Part& source : m_flat.parts) {
                if (source.offset != part.offset)
                    continue;
                for (const Span& span : source.inlines.spans)
                    if (span.link >= 0 && character >= source.offset + span.start &&
                        character < source.offset + span.start + span.length)
                        return source.inlines.links[size_t(span.link)];
            }
        }
    }
    return {};
}

}  // namespace ui::markdown
