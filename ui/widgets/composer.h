// Where a person writes: a text field that grows to 40 % of the height it may take, the exact count of the context with
// a gauge, and Send that turns into Stop. Enter sends, Shift+Enter breaks the line, Esc stops. Takes plain text only:
// markup and pictures never come in by pasting or dropping. UI thread.
#pragma once

#include <QFrame>
#include <QPlainTextEdit>

#include "app/values.h"
#include "ui/theme.h"

class QHBoxLayout;
class QLabel;
class QPushButton;
class QToolButton;

namespace ui {

class ComposerEdit : public QPlainTextEdit {
    Q_OBJECT
  public:
    explicit ComposerEdit(QWidget* parent);
    void setSendWithEnter(bool on) { m_sendWithEnter = on; }  // else Ctrl+Enter sends

  signals:
    void sendPressed();
    void stopPressed();
    void editLastPressed();  // Up in an empty field
    void pictureRefused();
    void focusChanged(bool on);

  protected:
    void keyPressEvent(QKeyEvent* event) override;
    bool canInsertFromMimeData(const QMimeData* source) const override;
    void insertFromMimeData(const QMimeData* source) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

  private:
    bool m_sendWithEnter = true;
};

class ContextGauge : public QWidget {
    Q_OBJECT
  public:
    ContextGauge(const Theme& theme, QWidget* parent);
    void setUse(const app::ContextUse& use);
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    const Theme& m_theme;
    app::ContextUse m_use;
};

class Composer : public QFrame {
    Q_OBJECT
  public:
    Composer(const Theme& theme, QWidget* parent = nullptr);

    QString text() const;
    void setText(const QString& text);
    void setRunning(bool running);
    void setBlocked(const QString& reason);  // empty: sending is possible
    void setContextUse(const app::ContextUse& use);
    void setMaxHeight(int pixels);  // of the whole card
    // Changes to a message that was sent: the text is put aside and comes back on cancel or send. `sends`: saving it
    // asks for a new reply, which may be blocked.
    void beginEdit(app::MessageId id, const QString& text, const QString& what, bool sends = true);
    app::MessageId editing() const { return m_editing; }
    void endEdit();
    void showHint(const QString& sentence);  // a quiet line, until the text changes
    void focusText();
    void insertTyped(const QString& text);
    ComposerEdit& edit() { return *m_edit; }
    QPushButton& sendButton() { return *m_send; }

    static QString contextText(const app::ContextUse& use);

  signals:
    void sendRequested(const QString& text);
    void editRequested(app::MessageId id, const QString& text);
    void stopRequested();
    void editLastRequested();
    void textChanged(const QString& text);  // not while editing a sent message

  protected:
    void resizeEvent(QResizeEvent* event) override;

  private:
    void trySend();
    void grow();
    void refresh();

    const Theme& m_theme;
    ComposerEdit* m_edit;
    ContextGauge* m_gauge;
    QLabel *m_count, *m_hint, *m_editLabel;
    QWidget* m_editBar;
    QPushButton* m_send;
    QToolButton* m_cancelEdit;
    app::ContextUse m_use;
    QString m_blocked, m_stashed;
    app::MessageId m_editing = 0;
    bool m_running = false, m_editSends = true;
    int m_maxHeight = 320;
};

}  // namespace ui
