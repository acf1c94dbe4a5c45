#include "ui/panels/chat_list_panel.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"
#include "ui/words.h"

namespace ui {
namespace {

QListView* makeList(const QString& name) {
    auto* list = new QListView;
    list->setFrameShape(QFrame::NoFrame);
    list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    list->setSelectionMode(QAbstractItemView::SingleSelection);
    list->setMouseTracking(true);
    list->setUniformItemSizes(false);
    list->setResizeMode(QListView::Adjust);
    list->setAccessibleName(name);
    return list;
}

QString fileName(QString title) {
    for (const QChar c : QStringLiteral("/\\:*?\"<>|\n\t"))
        title.replace(c, QLatin1Char(' '));
    title = title.simplified().left(60);
    return title.isEmpty() ? QStringLiteral("chat") : title;
}

}  // namespace

ChatListPanel::ChatListPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_theme(theme) {
    setLook(this, "pane");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Chats"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 10, 0, 0);
    column->setSpacing(space::XS);
    auto* buttons = new QHBoxLayout;
    buttons->setContentsMargins(12, 0, 12, 0);
    buttons->setSpacing(6);
    m_new = new QPushButton(tr("New chat"));
    m_new->setObjectName(QStringLiteral("newChat"));
    setLook(m_new, "primary");
    m_import = new QPushButton(tr("Import"));
    m_import->setToolTip(tr("Chats that were exported as JSON"));
    buttons->addWidget(m_new, 1);
    buttons->addWidget(m_import);
    column->addLayout(buttons);
    auto* searchRow = new QHBoxLayout;
    searchRow->setContentsMargins(12, 4, 12, 0);
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Search all chats"));
    m_search->setAccessibleName(tr("Search all chats"));
    m_search->setClearButtonEnabled(true);
    m_search->installEventFilter(this);
    searchRow->addWidget(m_search);
    column->addLayout(searchRow);

    m_pages = new QStackedWidget;
    m_list = makeList(tr("Chats"));
    m_delegate = new ChatDelegate(theme, this);
    m_list->setItemDelegate(m_delegate);
    m_list->setModel(workbench.chats());
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->installEventFilter(this);
    m_empty = new QLabel(tr("Your chats will be listed here. Write the first message to begin."));
    m_empty->setTextFormat(Qt::PlainText);
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignTop | Qt::AlignHCenter);
    m_empty->setContentsMargins(20, 28, 20, 0);
    setLook(m_empty, "muted");
    auto* hitPage = new QWidget;
    auto* hitColumn = new QVBoxLayout(hitPage);
    hitColumn->setContentsMargins(0, 0, 0, 0);
    hitColumn->setSpacing(0);
    m_hitCount = new QLabel;
    m_hitCount->setTextFormat(Qt::PlainText);
    m_hitCount->setContentsMargins(14, 8, 14, 4);
    m_hitCount->setWordWrap(true);
    setLook(m_hitCount, "heading");
    m_hits = makeList(tr("Hits"));
    m_hits->setItemDelegate(new HitDelegate(theme, this));
    m_hits->setModel(workbench.searchResults());
    m_hits->installEventFilter(this);
    hitColumn->addWidget(m_hitCount);
    hitColumn->addWidget(m_hits, 1);
    m_pages->addWidget(m_list);
    m_pages->addWidget(m_empty);
    m_pages->addWidget(hitPage);
    column->addWidget(m_pages, 1);

    connect(m_new, &QPushButton::clicked, &workbench, &app::Workbench::newChat);
    connect(m_import, &QPushButton::clicked, this, &ChatListPanel::importChats);
    connect(m_search, &QLineEdit::textChanged, this, &ChatListPanel::onSearch);
    connect(&workbench, &app::Workbench::searchFinished, this, &ChatListPanel::onHits);
    connect(m_list, &QListView::clicked, this, &ChatListPanel::open);
    connect(m_list, &QListView::doubleClicked, this, &ChatListPanel::startRename);
    connect(m_list, &QListView::customContextMenuRequested, this, &ChatListPanel::openMenu);
    connect(m_hits, &QListView::clicked, this, &ChatListPanel::openHit);
    const auto relayout = [this] {  // headings come and go with the rows beside them
        emit m_delegate->sizeHintChanged({});
        refreshEmpty();
        QMetaObject::invokeMethod(this, &ChatListPanel::placeRename, Qt::QueuedConnection);
    };
    const QAbstractItemModel* chats = workbench.chats();
    connect(chats, &QAbstractItemModel::rowsInserted, this, relayout);
    connect(chats, &QAbstractItemModel::rowsRemoved, this, relayout);
    connect(chats, &QAbstractItemModel::rowsMoved, this, relayout);
    connect(chats, &QAbstractItemModel::modelReset, this, relayout);
    connect(chats, &QAbstractItemModel::dataChanged, this,
            [relayout](const QModelIndex&, const QModelIndex&, const QList<int>& roles) {
                if (roles != QList<int>{app::ChatListModel::CurrentRole})  // another chat is open: no height changes
                    relayout();
            });
    connect(&theme, &Theme::changed, this, relayout);
    connect(&workbench, &app::Workbench::currentChatChanged, this, [this](app::ChatId id) {
        const int row = m_workbench.chats()->rowOf(id);
        if (row >= 0)
            m_list->setCurrentIndex(m_workbench.chats()->index(row));
    });
    refreshEmpty();
}

void ChatListPanel::refreshEmpty() {
    if (!m_search->text().trimmed().isEmpty())
        return;
    m_pages->setCurrentIndex(m_workbench.chats()->rowCount() == 0 ? 1 : 0);
}

// --- search ---

void ChatListPanel::onSearch(const QString& text) {
    m_workbench.search(text.trimmed());
    if (text.trimmed().isEmpty()) {
        m_pages->setCurrentIndex(0);
        refreshEmpty();
        return;
    }
    m_hitCount->setText(tr("Searching…"));
    m_pages->setCurrentIndex(2);
}

void ChatListPanel::onHits(const QString& text, int hits) {
    if (text.trimmed() != m_search->text().trimmed() || text.trimmed().isEmpty())
        return;
    m_hitCount->setText(hits == 0 ? tr("Nothing was said with these words.") : tr("%n hit(s)", nullptr, hits));
}

void ChatListPanel::open(const QModelIndex& index) {
    if (index.isValid())
        m_workbench.openChat(index.data(app::ChatListModel::IdRole).toLongLong());
}

void ChatListPanel::openHit(const QModelIndex& index) {
    if (index.isValid())
        m_workbench.openChat(index.data(app::SearchModel::ChatRole).toLongLong(),
                             index.data(app::SearchModel::MessageRole).toLongLong());
}

// --- keys ---

bool ChatListPanel::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        auto* key = static_cast<QKeyEvent*>(event);
        if (watched == m_list)
            return listKey(key);
        if (watched == m_hits)
            return hitKey(key);
        if (watched == m_search) {
            if (key->key() == Qt::Key_Escape && !m_search->text().isEmpty()) {
                m_search->clear();
                return true;
            }
            if (key->key() == Qt::Key_Down || key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
                QListView* target = m_pages->currentIndex() == 2 ? m_hits : m_list;
                target->setFocus(Qt::TabFocusReason);
                if (!target->currentIndex().isValid() && target->model()->rowCount() > 0)
                    target->setCurrentIndex(target->model()->index(0, 0));
                if (key->key() != Qt::Key_Down && target == m_hits)
                    openHit(m_hits->currentIndex());
                return true;
            }
        }
        if (watched == m_rename) {
            if (key->key() == Qt::Key_Escape || key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
                finishRename(key->key() != Qt::Key_Escape);
                m_list->setFocus(Qt::OtherFocusReason);
                return true;
            }
        }
    }
    if (event->type() == QEvent::FocusOut && watched == m_rename)
        finishRename(true);
    return QWidget::eventFilter(watched, event);
}

bool ChatListPanel::listKey(QKeyEvent* event) {
    const QModelIndex index = m_list->currentIndex();
    const app::ChatId id = index.data(app::ChatListModel::IdRole).toLongLong();
    if (!index.isValid())
        return false;
    switch (event->key()) {
        case Qt::Key_Return:
        case Qt::Key_Enter:
            open(index);
            return true;
        case Qt::Key_F2:
            startRename(index);
            return true;
        case Qt::Key_Delete:
            m_workbench.deleteChat(id);
            return true;
        case Qt::Key_D:
            if (!(event->modifiers() & Qt::ControlModifier))
                return false;
            m_workbench.duplicateChat(id);
            return true;
        case Qt::Key_P:
            if (!(event->modifiers() & Qt::ControlModifier))
                return false;
            m_workbench.setChatPinned(id, !index.data(app::ChatListModel::PinnedRole).toBool());
            return true;
        case Qt::Key_Menu:
            openMenu(m_list->visualRect(index).center());
            return true;
        default:
            return false;
    }
}

bool ChatListPanel::hitKey(QKeyEvent* event) {
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        openHit(m_hits->currentIndex());
        return true;
    }
    if (event->key() == Qt::Key_Escape) {
        m_search->clear();
        m_search->setFocus(Qt::OtherFocusReason);
        return true;
    }
    return false;
}

// --- rename in place ---

void ChatListPanel::startRename(const QModelIndex& index) {
    if (!index.isValid())
        return;
    finishRename(true);
    m_renaming = index.data(app::ChatListModel::IdRole).toLongLong();
    m_rename = new QLineEdit(index.data(app::ChatListModel::TitleRole).toString(), m_list->viewport());
    m_rename->setAccessibleName(tr("New title"));
    m_rename->setMaxLength(200);
    m_rename->installEventFilter(this);
    placeRename();
    m_rename->show();
    m_rename->selectAll();
    m_rename->setFocus(Qt::OtherFocusReason);
}

// Over the title, also when the chats move meanwhile.
void ChatListPanel::placeRename() {
    if (!m_rename)
        return;
    const int row = m_workbench.chats()->rowOf(m_renaming);
    if (row < 0) {
        finishRename(false);
        return;
    }
    const QModelIndex index = m_workbench.chats()->index(row);
    const QRect card = m_delegate->cardRect(m_list->visualRect(index), index);
    m_rename->setGeometry(card.adjusted(2, 4, -2, -card.height() / 2 + 12));
}

void ChatListPanel::finishRename(bool keep) {
    if (!m_rename)
        return;
    QLineEdit* field = m_rename;
    m_rename = nullptr;
    const QString title = field->text().trimmed();
    field->hide();
    field->deleteLater();
    const app::ChatRow* row = m_workbench.chats()->find(m_renaming);
    if (keep && row && !title.isEmpty() && title != row->title)
        m_workbench.renameChat(m_renaming, title);
    m_renaming = 0;
}

// --- menu ---

void ChatListPanel::openMenu(const QPoint& at) {
    const QModelIndex index = m_list->indexAt(at);
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto add = [&](QMenu* to, const char* name, const QString& text, const QKeySequence& keys, auto run) {
        QAction* action = to->addAction(icon(m_theme, QLatin1String(name)), text);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetShortcut);  // shown here; the list itself listens
        connect(action, &QAction::triggered, this, run);
    };
    if (!index.isValid()) {
        add(menu, "plus", tr("New chat"), {}, [this] { m_workbench.newChat(); });
        add(menu, "folder-plus", tr("New folder…"), {}, [this] { askFolderName(0, {}, 0); });
        menu->popup(m_list->viewport()->mapToGlobal(at));
        return;
    }
    using Model = app::ChatListModel;
    const app::ChatId id = index.data(Model::IdRole).toLongLong();
    const QString title = index.data(Model::TitleRole).toString();
    const bool pinned = index.data(Model::PinnedRole).toBool();
    const app::FolderId folder = index.data(Model::FolderRole).toLongLong();
    add(menu, "edit", tr("Rename"), QKeySequence(Qt::Key_F2), [this, id] {
        const int row = m_workbench.chats()->rowOf(id);
        if (row >= 0)
            startRename(m_workbench.chats()->index(row));
    });
    add(menu, "pin", pinned ? tr("Unpin") : tr("Pin"), QKeySequence(Qt::CTRL | Qt::Key_P),
        [this, id, pinned] { m_workbench.setChatPinned(id, !pinned); });
    add(menu, "duplicate", tr("Duplicate"), QKeySequence(Qt::CTRL | Qt::Key_D),
        [this, id] { m_workbench.duplicateChat(id); });
    addMoveMenu(*menu, id, folder);
    QMenu* exports = menu->addMenu(icon(m_theme, QStringLiteral("export")), tr("Export"));
    add(exports, "file", tr("Markdown…"), {},
        [this, id, title] { exportChat(id, title, app::ExportFormat::Markdown); });
    add(exports, "file", tr("Web page…"), {}, [this, id, title] { exportChat(id, title, app::ExportFormat::Html); });
    add(exports, "file", tr("JSON, with everything that reproduces it…"), {},
        [this, id, title] { exportChat(id, title, app::ExportFormat::Json); });
    menu->addSeparator();
    add(menu, "trash", tr("Delete"), QKeySequence(Qt::Key_Delete), [this, id] { m_workbench.deleteChat(id); });
    menu->popup(m_list->viewport()->mapToGlobal(at));
}

void ChatListPanel::addMoveMenu(QMenu& menu, app::ChatId id, app::FolderId now) {
    QMenu* move = menu.addMenu(icon(m_theme, QStringLiteral("folder")), tr("Move to folder"));
    for (const app::FolderInfo& folder : m_workbench.folders()) {
        QAction* action = move->addAction(withoutMnemonic(folder.name));
        action->setCheckable(true);
        action->setChecked(folder.id == now);
        connect(action, &QAction::triggered, this, [this, id, to = folder.id] { m_workbench.moveChat(id, to); });
    }
    if (!m_workbench.folders().isEmpty())
        move->addSeparator();
    connect(move->addAction(icon(m_theme, QStringLiteral("folder-plus")), tr("New folder…")), &QAction::triggered, this,
            [this, id] { askFolderName(0, {}, id); });
    if (now == 0)
        return;
    connect(move->addAction(tr("Out of its folder")), &QAction::triggered, this,
            [this, id] { m_workbench.moveChat(id, 0); });
    QString name;
    for (const app::FolderInfo& folder : m_workbench.folders())
        name = folder.id == now ? folder.name : name;
    connect(move->addAction(tr("Rename this folder…")), &QAction::triggered, this,
            [this, now, name] { askFolderName(now, name, 0); });
    connect(move->addAction(tr("Delete this folder, keep its chats")), &QAction::triggered, this,
            [this, now] { m_workbench.deleteFolder(now); });
}

void ChatListPanel::askFolderName(app::FolderId id, const QString& now, app::ChatId moveThere) {
    auto* dialog = new QInputDialog(window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(id == 0 ? tr("New folder") : tr("Rename the folder"));
    dialog->setLabelText(tr("Name"));
    dialog->setTextValue(now);
    connect(dialog, &QInputDialog::textValueSelected, this, [this, id, moveThere](const QString& text) {
        const QString name = text.trimmed();
        if (name.isEmpty())
            return;
        if (id == 0)
            m_workbench.createFolder(name, moveThere);
        else
            m_workbench.renameFolder(id, name);
    });
    dialog->open();
}

void ChatListPanel::exportChat(app::ChatId id, const QString& title, app::ExportFormat format) {
    auto* dialog = new QFileDialog(window(), tr("Export the chat"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    const QString suffix = format == app::ExportFormat::Html   ? QStringLiteral("html")
                           : format == app::ExportFormat::Json ? QStringLiteral("json")
                                                               : QStringLiteral("md");
    dialog->setDefaultSuffix(suffix);
    dialog->selectFile(fileName(title) + QLatin1Char('.') + suffix);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, id, format](const QString& path) { m_workbench.exportChat(id, path, format); });
    dialog->open();
}

void ChatListPanel::importChats() {
    auto* dialog = new QFileDialog(window(), tr("Import chats"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Exported chats (*.json)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) { m_workbench.importChats(path); });
    dialog->open();
}

}  // namespace ui
