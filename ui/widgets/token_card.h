// The card beside a token: what else the model considered, how probable it was, and how undecided the model was. Each
// alternative is a button: the chat goes on from it. UI thread.
#pragma once

#include <QAbstractButton>
#include <QFrame>

#include "app/values.h"
#include "ui/theme.h"

class QLabel;
class QTimer;
class QVBoxLayout;

namespace ui {

class AlternativeButton : public QAbstractButton {
    Q_OBJECT
  public:
    AlternativeButton(const Theme& theme, const QString& token, double probability, bool chosen, QWidget* parent);
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    const Theme& m_theme;
    QString m_token;
    double m_probability;
    bool m_chosen;
};

class TokenCard : public QFrame {
    Q_OBJECT
  public:
    TokenCard(const Theme& theme, QWidget* parent);
    // Beside `token` (in the parent's coordinates), inside the parent.
    void showFor(const app::TokenRecord& record, const QRect& token, bool canFork);
    void place(const QRect& token);  // the token has moved
    void hideSoon();                 // unless the mouse comes in or an alternative has the focus
    void takeFocus();                // the first alternative that can be chosen

    static QString tokenLabel(const QString& text);  // spaces and line ends made visible
    static QString percent(double probability);      // "41 %", "< 0.1 %"

  signals:
    void alternativeChosen(qint32 id);
    void left();  // Esc: the focus goes back

  protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

  private:
    const Theme& m_theme;
    QVBoxLayout* m_rows;
    QLabel *m_title, *m_entropy, *m_hint;
    QTimer* m_timer;
    QList<AlternativeButton*> m_buttons;
};

}  // namespace ui
