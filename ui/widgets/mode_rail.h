// The rail at the left: one button per mode, and at its foot the switches of the side panels. Thread: UI.
#pragma once

#include <QAbstractButton>
#include <QFrame>

#include "ui/panels.h"

class QButtonGroup;
class QVBoxLayout;

namespace ui {

class RailButton : public QAbstractButton {
    Q_OBJECT
  public:
    RailButton(const Theme& theme, const QString& iconName, const QString& text, QWidget* parent);
    QSize sizeHint() const override;
    void setSmall(bool on) { m_small = on, updateGeometry(); }  // icon only

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    const Theme& m_theme;
    QString m_icon;
    bool m_small = false;
};

class ModeRail : public QFrame {
    Q_OBJECT
  public:
    ModeRail(const Theme& theme, QWidget* parent = nullptr);
    void setMode(Mode mode);
    // A switch at the foot; the owner keeps its checked state right.
    RailButton* addSwitch(const QString& iconName, const QString& text);

  signals:
    void modeChosen(ui::Mode mode);

  protected:
    void keyPressEvent(QKeyEvent* event) override;

  private:
    const Theme& m_theme;
    QButtonGroup* m_group;
    QVBoxLayout* m_column;
};

}  // namespace ui
