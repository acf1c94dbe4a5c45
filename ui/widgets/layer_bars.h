// Bytes by layer as bars; hover or arrow keys tell one of them. Thread: UI.
#pragma once

#include <QList>
#include <QPair>
#include <QWidget>

namespace ui {

class Theme;

class LayerBars : public QWidget {
    Q_OBJECT
  public:
    LayerBars(const Theme& theme, QWidget* parent = nullptr);
    void setBars(QList<QPair<QString, qint64>> bars);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

  private:
    void select(int bar);
    QString textOf(int bar) const;
    const Theme& m_theme;
    QList<QPair<QString, qint64>> m_bars;
    int m_current = -1;
};

}  // namespace ui
