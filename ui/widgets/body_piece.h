// A part of a message's body that is laid out and painted as one: a Markdown leaf, or a run of tokens. Positions count
// the characters of its text. UI thread.
#pragma once

#include <memory>

#include "ui/markdown/leaf_layout.h"

namespace ui {

class BodyPiece {
  public:
    virtual ~BodyPiece() = default;
    virtual double height() const = 0;
    virtual void paint(QPainter& painter, QPointF origin, const std::vector<markdown::Mark>& marks,
                       const QRectF& clip) const = 0;
    virtual int positionAt(QPointF point) const = 0;
    virtual QRectF cursorRect(int position) const = 0;
    virtual QString linkAt(QPointF) const { return {}; }
    virtual QRectF copyRect() const { return {}; }  // the header of a code block
    virtual int tokenAt(QPointF) const { return -1; }
    virtual QRectF tokenRect(int) const { return {}; }
};

class LeafPiece : public BodyPiece {
  public:
    LeafPiece(const markdown::Leaf& leaf, const markdown::LeafPlace& place, const markdown::Definitions& definitions,
              const markdown::LayoutStyle& style, double width)
        : m_layout(leaf, place, definitions, style, width) {}
    double height() const override { return m_layout.height(); }
    void paint(QPainter& painter, QPointF origin, const std::vector<markdown::Mark>& marks,
               const QRectF& clip) const override {
        m_layout.paint(painter, origin, marks, clip);
    }
    int positionAt(QPointF point) const override { return m_layout.positionAt(point); }
    QRectF cursorRect(int position) const override { return m_layout.cursorRect(position); }
    QString linkAt(QPointF point) const override { return m_layout.linkAt(point); }
    QRectF copyRect() const override { return m_layout.headerRect(); }

  private:
    markdown::LeafLayout m_layout;
};

}  // namespace ui
