#include "ui/widgets/token_view.h"

#include <QPainter>
#include <QTextLayout>
#include <algorithm>
#include <cmath>

#include "ui/markdown/visible_text.h"
#include "ui/theme.h"

namespace ui {
namespace {

// What a token shows: hidden characters by name, a line end as a sign before the break.
QString shown(const QString& text) {
    QString out = markdown::visible(text);
    return out.replace(QLatin1Char('\n'), QStringLiteral("↵\n"));
}

}  // namespace

Doubt doubtOf(double probability) {
    if (probability >= 0.9)
        return Doubt::None;
    if (probability >= 0.5)
        return Doubt::Slight;
    return probability >= 0.2 ? Doubt::Medium : Doubt::Strong;
}

QString TokenPiece::text(const app::TokenRecords& tokens, int first, int count) {
    QString out;
    for (int i = first; i < first + count; ++i)
        out += shown(tokens[i].text);
    return out;
}

TokenPiece::TokenPiece(const app::TokenRecords& tokens, int first, int count, const TokenStyle& style, double width)
    : m_style(style), m_first(first) {
    QString text;
    for (int i = first; i < first + count; ++i) {
        const int from = int(text.size());
        text += shown(tokens[i].text);
        m_ranges.push_back({from, int(text.size()), std::exp(std::min(0.0F, tokens[i].logprob))});
    }
    text.replace(QLatin1Char('\n'), QChar::LineSeparator);
    m_layout = std::make_unique<QTextLayout>(text, style.font);
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    option.setTextDirection(Qt::LayoutDirectionAuto);
    m_layout->setTextOption(option);
    QTextLayout::FormatRange whole;
    whole.start = 0;
    whole.length = int(text.size());
    whole.format.setForeground(style.text);
    m_layout->setFormats({whole});
    m_lineHeight = std::round(markdown::pixelSize(style.font) * 1.9);
    m_layout->beginLayout();
    for (;;) {
        QTextLine line = m_layout->createLine();
        if (!line.isValid())
            break;
        line.setLineWidth(width);
        line.setPosition(QPointF(0, m_height + std::floor((m_lineHeight - line.height()) / 2)));
        m_height += m_lineHeight;
    }
    m_layout->endLayout();
}

TokenPiece::~TokenPiece() = default;

void TokenPiece::forEachRect(int from, int to, const std::function<void(const QRectF&)>& visit) const {
    for (int i = 0; i < m_layout->lineCount(); ++i) {
        const QTextLine line = m_layout->lineAt(i);
        const int begin = std::max(from, line.textStart()), end = std::min(to, line.textStart() + line.textLength());
        if (begin >= end)
            continue;
        const double a = line.cursorToX(begin), b = line.cursorToX(end);
        visit(QRectF(std::min(a, b), line.y() - 1, std::abs(b - a), line.height() + 2));
    }
}

void TokenPiece::paint(QPainter& painter, QPointF origin, const std::vector<markdown::Mark>& marks,
                       const QRectF& clip) const {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    for (size_t i = 0; i < m_ranges.size(); ++i) {
        const Range& range = m_ranges[i];
        const Doubt doubt = doubtOf(range.probability);
        const bool focused = int(i) + m_first == m_focused;
        forEachRect(range.from, range.to, [&](const QRectF& rect) {
            const QRectF box = rect.translated(origin);
            if (!box.intersects(clip))
                return;
            const QRectF inner = box.adjusted(0.5, 1, -0.5, -1);
            painter.setPen(Qt::NoPen);
            painter.setBrush(mixed(m_style.heat, m_style.background, (1 - double(range.probability)) * 0.55));
            if (range.probability < 0.995F)
                painter.drawRoundedRect(inner, 3, 3);
            if (doubt != Doubt::None) {
                QPen pen(mixed(m_style.heat, m_style.background, 0.85), doubt == Doubt::Strong ? 1.6 : 1.1);
                pen.setStyle(doubt == Doubt::Slight   ? Qt::DotLine
                             : doubt == Doubt::Medium ? Qt::DashLine
                                                      : Qt::SolidLine);
                pen.setCapStyle(Qt::FlatCap);
                painter.setPen(pen);
                const double y = std::floor(inner.bottom()) - 0.5;
                painter.drawLine(QPointF(inner.left() + 1.5, y), QPointF(inner.right() - 1.5, y));
            }
            if (focused) {
                painter.setPen(QPen(m_style.accent, 1.5));
                painter.setBrush(Qt::NoBrush);
                painter.drawRoundedRect(inner.adjusted(-1, -1, 1, 1), 4, 4);
            }
        });
    }
    for (const markdown::Mark& mark : marks)
        forEachRect(mark.from, mark.to,
                    [&](const QRectF& rect) { painter.fillRect(rect.translated(origin), mark.color); });
    m_layout->draw(&painter, origin, {}, clip);
    painter.restore();
}

int TokenPiece::positionAt(QPointF point) const {
    if (m_layout->lineCount() == 0 || point.y() < 0)
        return 0;
    if (point.y() >= m_height)
        return int(m_layout->text().size());
    const int line = std::clamp(int(point.y() / m_lineHeight), 0, m_layout->lineCount() - 1);
    return m_layout->lineAt(line).xToCursor(point.x());
}

QRectF TokenPiece::cursorRect(int position) const {
    const QTextLine line = m_layout->lineForTextPosition(std::clamp(position, 0, int(m_layout->text().size())));
    return line.isValid() ? QRectF(line.cursorToX(position), line.y(), 1, line.height()) : QRectF(0, 0, 1, m_height);
}

int TokenPiece::tokenAt(QPointF point) const {
    for (size_t i = 0; i < m_ranges.size(); ++i) {
        bool hit = false;
        forEachRect(m_ranges[i].from, m_ranges[i].to, [&](const QRectF& rect) { hit = hit || rect.contains(point); });
        if (hit)
            return int(i) + m_first;
    }
    return -1;
}

QRectF TokenPiece::tokenRect(int token) const {
    const int i = token - m_first;
    QRectF out;
    if (i >= 0 && i < int(m_ranges.size()))
        forEachRect(m_ranges[size_t(i)].from, m_ranges[size_t(i)].to, [&](const QRectF& rect) {
            if (out.isNull())
                out = rect;
        });
    return out;
}

}  // namespace ui
