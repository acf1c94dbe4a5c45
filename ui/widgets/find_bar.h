// Find in the open chat: a field, "3 of 12", next and previous. Esc closes. UI thread.
#pragma once

#include <QFrame>

#include "ui/theme.h"

class QLabel;
class QLineEdit;
class QToolButton;

namespace ui {

class FindBar : public QFrame {
    Q_OBJECT
  public:
    FindBar(const Theme& theme, QWidget* parent);
    void open();
    void setState(int current, int count, bool searching);
    QLineEdit& field() { return *m_field; }

  signals:
    void textChanged(const QString& text);
    void next(bool backwards);
    void closed();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void close();
    QLineEdit* m_field;
    QLabel* m_count;
    QToolButton *m_previous, *m_next, *m_close;
};

}  // namespace ui
