// One short line at the foot of the work with one action ("Undo"), gone after a while. Thread: UI.
#pragma once

#include <QFrame>
#include <functional>

class QLabel;
class QPushButton;
class QTimer;

namespace ui {

class Theme;

class Toast : public QFrame {
    Q_OBJECT
  public:
    Toast(const Theme& theme, QWidget* over);
    void show(const QString& text, const QString& actionText = {}, std::function<void()> action = {});

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void place();
    const Theme& m_theme;
    QString m_sentence;  // the label shows as much of it as fits
    QLabel* m_text;
    QPushButton* m_button;
    QTimer* m_timer;
    std::function<void()> m_action;
};

}  // namespace ui
