// All chats: pinned, by day and by folder; search over everything that was said; rename in place, pin, duplicate, move,
// export, delete. Passes what a person does on to the workbench. UI thread.
#pragma once

#include <QStyledItemDelegate>
#include <QWidget>

#include "app/values.h"

class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QStackedWidget;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

// A chat: title and facts, with its section's heading above the first one of a section.
class ChatDelegate : public QStyledItemDelegate {
    Q_OBJECT
  public:
    ChatDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), m_theme(theme) {}
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QRect cardRect(const QRect& item, const QModelIndex& index) const;
    static bool opensSection(const QModelIndex& index);

  private:
    const Theme& m_theme;
};

// A hit of the search: the chat's title, and what was said with the hits marked.
class HitDelegate : public QStyledItemDelegate {
    Q_OBJECT
  public:
    HitDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), m_theme(theme) {}
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

  private:
    const Theme& m_theme;
};

class ChatListPanel : public QWidget {
    Q_OBJECT
  public:
    ChatListPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);

    QListView& list() { return *m_list; }
    QListView& hits() { return *m_hits; }
    QLineEdit& searchField() { return *m_search; }
    QLineEdit* renameField() { return m_rename; }
    void startRename(const QModelIndex& index);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void onSearch(const QString& text);
    void onHits(const QString& text, int hits);
    void open(const QModelIndex& index);
    void openHit(const QModelIndex& index);
    void openMenu(const QPoint& at);
    void addMoveMenu(class QMenu& menu, app::ChatId id, app::FolderId now);
    void placeRename();
    void finishRename(bool keep);
    void askFolderName(app::FolderId id, const QString& now, app::ChatId moveThere);
    void exportChat(app::ChatId id, const QString& title, app::ExportFormat format);
    void importChats();
    void refreshEmpty();
    bool listKey(class QKeyEvent* event);
    bool hitKey(class QKeyEvent* event);

    app::Workbench& m_workbench;
    const Theme& m_theme;
    QPushButton *m_new, *m_import;
    QLineEdit* m_search;
    QStackedWidget* m_pages;
    QListView *m_list, *m_hits;
    QLabel *m_empty, *m_hitCount;
    ChatDelegate* m_delegate;
    QLineEdit* m_rename = nullptr;
    app::ChatId m_renaming = 0;
};

}  // namespace ui
