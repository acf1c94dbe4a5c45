// How chats and search hits are painted.
#include <QPainter>
#include <QTextLayout>
#include <algorithm>

#include "app/items/chat_list_model.h"
#include "app/items/search_model.h"
#include "ui/icons.h"
#include "ui/panels/chat_list_panel.h"
#include "ui/theme.h"

namespace ui {
namespace {

constexpr int CardHeight = 46, HeadingHeight = 32, HitHeight = 66;

void paintCard(QPainter& painter, const QRect& rect, const Theme& theme, const QStyleOptionViewItem& option,
               bool current) {
    const Tokens& t = theme.tokens();
    const bool hover = option.state & QStyle::State_MouseOver, focus = (option.state & QStyle::State_HasFocus) != 0;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(focus ? QPen(t.accent, 1) : QPen(Qt::NoPen));
    painter.setBrush(current ? QBrush(t.accentSoft)
                     : hover ? QBrush(mixed(t.surface2, t.surface, 0.7))
                             : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), radius::Control, radius::Control);
}

}  // namespace

bool ChatDelegate::opensSection(const QModelIndex& index) {
    return index.row() == 0 || index.siblingAtRow(index.row() - 1).data(app::ChatListModel::SectionRole) !=
                                   index.data(app::ChatListModel::SectionRole);
}

QSize ChatDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
    return {m_theme.px(120), m_theme.px(CardHeight + (opensSection(index) ? HeadingHeight : 0))};
}

QRect ChatDelegate::cardRect(const QRect& item, const QModelIndex& index) const {
    return item.adjusted(6, opensSection(index) ? m_theme.px(HeadingHeight) : 0, -6, 0);
}

void ChatDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    using Model = app::ChatListModel;
    painter->save();
    const Tokens& t = m_theme.tokens();
    const QRect card = cardRect(option.rect, index);
    if (opensSection(index)) {
        painter->setFont(m_theme.font(Type::Caption));
        painter->setPen(t.muted);
        const QRect heading(option.rect.left() + 14, option.rect.top() + m_theme.px(8), option.rect.width() - 28,
                            m_theme.px(20));
        painter->drawText(heading, Qt::AlignLeft | Qt::AlignVCenter,
                          QFontMetrics(painter->font())
                              .elidedText(index.data(Model::SectionRole).toString(), Qt::ElideRight, heading.width()));
    }
    QStyleOptionViewItem part = option;
    const QPoint mouse = option.widget ? option.widget->mapFromGlobal(QCursor::pos()) : QPoint(-1, -1);
    if (!card.contains(mouse))
        part.state &= ~QStyle::State_MouseOver;
    paintCard(*painter, card, m_theme, part, index.data(Model::CurrentRole).toBool());
    const QRect inside = card.adjusted(m_theme.px(10), m_theme.px(6), -m_theme.px(8), -m_theme.px(5));
    const auto placed = [&](const QRect& r) { return QStyle::visualRect(option.direction, option.rect, r); };
    int right = 0;
    const auto sign = [&](const char* name, const QColor& color) {
        const int size = m_theme.px(13);
        paintIcon(*painter, placed(QRect(inside.right() - right - size, inside.top() + m_theme.px(2), size, size)),
                  QLatin1String(name), color);
        right += size + 4;
    };
    if (index.data(Model::PinnedRole).toBool())
        sign("pin", t.muted);
    if (index.data(Model::HasDraftRole).toBool())
        sign("edit", t.muted);
    painter->setFont(m_theme.font(Type::Body));
    painter->setPen(t.text);
    const QRect title(inside.left(), inside.top(), inside.width() - right, m_theme.px(19));
    painter->drawText(placed(title), Qt::AlignLeading | Qt::AlignVCenter,
                      QFontMetrics(painter->font())
                          .elidedText(index.data(Model::TitleRole).toString(), Qt::ElideRight, title.width()));
    painter->setFont(m_theme.font(Type::Small));
    const bool running = index.data(Model::RunningRole).toBool();
    painter->setPen(running ? t.accent : t.muted);
    const QRect facts(inside.left(), title.bottom() + 1, inside.width(), m_theme.px(16));
    painter->drawText(placed(facts), Qt::AlignLeading | Qt::AlignVCenter,
                      QFontMetrics(painter->font())
                          .elidedText(index.data(Model::SubtitleRole).toString(), Qt::ElideRight, facts.width()));
    painter->restore();
}

QSize HitDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    return {m_theme.px(120), m_theme.px(HitHeight)};
}

void HitDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    using Model = app::SearchModel;
    painter->save();
    const Tokens& t = m_theme.tokens();
    const QRect card = option.rect.adjusted(6, 1, -6, -1);
    paintCard(*painter, card, m_theme, option, option.state & QStyle::State_Selected);
    const QRect inside = card.adjusted(m_theme.px(10), m_theme.px(6), -m_theme.px(8), -m_theme.px(5));
    painter->setFont(m_theme.font(Type::Body));
    painter->setPen(t.text);
    const QRect title(inside.left(), inside.top(), inside.width(), m_theme.px(18));
    painter->drawText(title, Qt::AlignLeft | Qt::AlignVCenter,
                      QFontMetrics(painter->font())
                          .elidedText(index.data(Model::TitleRole).toString(), Qt::ElideRight, title.width()));
    // What was said, in at most two lines, with the hits marked: colour and weight.
    QString snippet = index.data(Model::SnippetRole).toString().left(400);
    snippet.replace(QLatin1Char('\n'), QLatin1Char(' '));
    QTextLayout layout(snippet, m_theme.font(Type::Small));
    QList<QTextLayout::FormatRange> formats;
    QTextLayout::FormatRange whole;
    whole.start = 0;
    whole.length = int(snippet.size());
    whole.format.setForeground(t.muted);
    formats.push_back(whole);
    for (const auto& [start, length] : index.data(Model::MarksRole).value<QList<QPair<int, int>>>()) {
        QTextLayout::FormatRange mark;
        mark.start = start;
        mark.length = length;
        mark.format.setForeground(t.text);
        mark.format.setFontWeight(QFont::DemiBold);
        mark.format.setBackground(mixed(t.series[1], t.surface, t.dark ? 0.35 : 0.3));
        formats.push_back(mark);
    }
    layout.setFormats(formats);
    layout.beginLayout();
    double y = 0;
    for (int i = 0; i < 2; ++i) {
        QTextLine line = layout.createLine();
        if (!line.isValid())
            break;
        line.setLineWidth(inside.width());
        line.setPosition({0, y});
        y += line.height();
    }
    layout.endLayout();
    painter->setClipRect(inside);
    layout.draw(painter, QPointF(inside.left(), title.bottom() + 1));
    painter->restore();
}

}  // namespace ui
