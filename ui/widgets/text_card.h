// A short plain text on a tinted card, with actions as links behind it: honest notes and errors in a conversation. The
// text is never read as markup. UI thread.
#pragma once

#include <QColor>
#include <QFont>
#include <QRectF>
#include <memory>

#include "app/values.h"

class QPainter;
class QTextLayout;

namespace ui {

struct CardColors {
    QColor background, text, link;
};

class TextCard {
  public:
    TextCard(const QString& text, const QList<app::Action>& actions, const QFont& font, const CardColors& colors,
             double width, double unit);
    ~TextCard();
    TextCard(TextCard&&) noexcept;
    TextCard& operator=(TextCard&&) noexcept;

    double height() const { return m_height; }
    void paint(QPainter& painter, QPointF origin) const;
    QString actionAt(QPointF point) const;  // its id; empty: none
    const QList<app::Action>& actions() const { return m_actions; }

  private:
    struct Link {
        int from, to;
    };
    std::unique_ptr<QTextLayout> m_layout;
    QList<app::Action> m_actions;
    std::vector<Link> m_links;
    CardColors m_colors;
    double m_width = 0, m_height = 0, m_padX = 0, m_padY = 0, m_lineHeight = 0;
};

}  // namespace ui
