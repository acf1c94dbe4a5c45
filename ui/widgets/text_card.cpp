#include "ui/widgets/text_card.h"

#include <QPainter>
#include <QTextLayout>
#include <algorithm>
#include <cmath>
#include <vector>

#include "ui/markdown/leaf_layout.h"
#include "ui/markdown/visible_text.h"

namespace ui {

TextCard::TextCard(const QString& text, const QList<app::Action>& actions, const QFont& font, const CardColors& colors,
                   double width, double unit)
    : m_actions(actions),
      m_colors(colors),
      m_width(width),
      m_padX(std::round(10 * unit)),
      m_padY(std::round(7 * unit)) {
    QString all = markdown::visible(text.left(4000));
    QList<QTextLayout::FormatRange> formats;
    QTextLayout::FormatRange whole;
    whole.format.setForeground(colors.text);
    for (const app::Action& action : actions) {
        all += QStringLiteral("   ");
        const int from = int(all.size());
        QString label = action.text;
        all += label.replace(QLatin1Char(' '), QChar(QChar::Nbsp));
        m_links.push_back({from, int(all.size())});
        QTextLayout::FormatRange range;
        range.start = from;
        range.length = int(all.size()) - from;
        range.format.setForeground(colors.link);
        range.format.setFontUnderline(true);
        formats.push_back(range);
    }
    whole.start = 0;
    whole.length = int(all.size());
    formats.push_front(whole);
    all.replace(QLatin1Char('\n'), QChar::LineSeparator);
    m_layout = std::make_unique<QTextLayout>(all, font);
    m_layout->setFormats(formats);
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    m_layout->setTextOption(option);
    m_lineHeight = std::round(markdown::pixelSize(font) * 1.45);
    double y = m_padY;
    m_layout->beginLayout();
    for (;;) {
        QTextLine line = m_layout->createLine();
        if (!line.isValid())
            break;
        line.setLineWidth(std::max(20.0, width - 2 * m_padX));
        line.setPosition(QPointF(m_padX, y + std::floor((m_lineHeight - line.height()) / 2)));
        y += m_lineHeight;
    }
    m_layout->endLayout();
    m_height = y + m_padY;
}

TextCard::~TextCard() = default;
TextCard::TextCard(TextCard&&) noexcept = default;
TextCard& TextCard::operator=(TextCard&&) noexcept = default;

void TextCard::paint(QPainter& painter, QPointF origin) const {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_colors.background);
    painter.drawRoundedRect(QRectF(origin, QSizeF(m_width, m_height)), 6, 6);
    m_layout->draw(&painter, origin);
    painter.restore();
}

QString TextCard::actionAt(QPointF point) const {
    for (int i = 0; i < m_layout->lineCount(); ++i) {
        const QTextLine line = m_layout->lineAt(i);
        if (point.y() < line.y() - 4 || point.y() > line.y() + line.height() + 4 ||
            !line.naturalTextRect().adjusted(-2, -9, 2, 9).contains(point))
            continue;
        const int at = line.xToCursor(point.x(), QTextLine::CursorOnCharacter);
        for (size_t k = 0; k < m_links.size(); ++k)
            if (at >= m_links[k].from && at < m_links[k].to)
                return m_actions[qsizetype(k)].id;
    }
    return {};
}

}  // namespace ui
