// The open chat: conversation, composer, find bar, token card. Passes what a person does on to the workbench. UI
// thread.
#pragma once

#include <QWidget>

#include "app/values.h"
#include "ui/widgets/message_item.h"

class QStackedWidget;

namespace app {
class Workbench;
}

namespace ui {

class Composer;
class ConversationView;
class FindBar;
class StartPage;
class Theme;
class TokenCard;

class ChatPanel : public QWidget {
    Q_OBJECT
  public:
    ChatPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);

    ConversationView& conversation() { return *m_view; }
    Composer& composer() { return *m_composer; }
    FindBar& findBar() { return *m_find; }
    StartPage& startPage() { return *m_start; }

  protected:
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

  private:
    void connectWorkbench();
    void connectView();
    void connectComposer();
    void addShortcuts();
    void onAction(int row, MessageAction action);
    void onCardAction(int row, const QString& actionId);
    void onToken(int row, int token);
    void onLink(const QString& url);
    void openMenu(int row, const QPoint& at);
    void placeCard();
    void copy(const QString& text, const QString& what);
    void beginEdit(int row);
    template <typename Run>
    void keepingDraft(Run run);
    void refreshStart();
    void refreshRunning();
    void place();
    int lastRow(app::Role role) const;

    app::Workbench& m_workbench;
    const Theme& m_theme;
    ConversationView* m_view;
    Composer* m_composer;
    FindBar* m_find;
    StartPage* m_start;
    TokenCard* m_card;
    QStackedWidget* m_pages;
    QWidget* m_composerHolder;
    app::MessageId m_cardMessage = 0;  // rows come and go while the card is open
    int m_cardToken = -1;
};

}  // namespace ui
