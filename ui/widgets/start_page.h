// What an empty chat shows: one sentence and what to do next. With a model: three prompts to begin with; while one
// loads: its progress; without one: how to get one. UI thread.
#pragma once

#include <QAbstractButton>
#include <QWidget>

#include "ui/theme.h"

class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;

namespace ui {

class PromptCard : public QAbstractButton {
    Q_OBJECT
  public:
    PromptCard(const Theme& theme, const QString& prompt, QWidget* parent);
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    const Theme& m_theme;
};

struct StartState {
    enum Kind { Ready, Loading, NoModel, Failed } kind = NoModel;
    QString model;        // name, for Ready and Loading
    double fraction = 0;  // Loading
    QString problem;      // Failed
    QStringList prompts;  // Ready
};

class StartPage : public QWidget {
    Q_OBJECT
  public:
    StartPage(const Theme& theme, QWidget* parent = nullptr);
    void setState(const StartState& state);
    QList<PromptCard*> cards() const { return m_cards; }

  signals:
    void promptChosen(const QString& prompt);
    void actionRequested(const QString& actionId);

  protected:
    void resizeEvent(QResizeEvent* event) override;

  private:
    void arrange();
    const Theme& m_theme;
    QLabel *m_title, *m_sentence;
    QProgressBar* m_progress;
    QWidget *m_buttons, *m_cardArea;
    QPushButton *m_load, *m_library;
    QList<PromptCard*> m_cards;
    QStringList m_prompts;
};

}  // namespace ui
