// Menus, shortcuts and what the command palette lists.
#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QMenuBar>
#include <QStandardPaths>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/dock_host.h"
#include "ui/icons.h"
#include "ui/main_window.h"
#include "ui/theme.h"
#include "ui/widgets/command_palette.h"
#include "ui/widgets/model_selector.h"
#include "ui/widgets/top_bar.h"

namespace ui {

QAction* MainWindow::addAction(QMenu* menu, const QString& id, const QString& text, const QString& iconName,
                               const QList<QKeySequence>& keys, const std::function<void()>& run) {
    auto* action = new QAction(text, this);
    action->setObjectName(id);
    action->setShortcuts(keys);
    action->setProperty("paletteIcon", iconName);
    if (!iconName.isEmpty())
        action->setIcon(icon(m_theme, iconName, IconTone::Muted));
    connect(action, &QAction::triggered, this, [run] { run(); });
    QMainWindow::addAction(action);  // so that the shortcut works while the menu bar is hidden
    menu->addAction(action);
    m_actions.insert(id, action);
    return action;
}

void MainWindow::makeActions() {
    const auto makeMenu = [this](const QString& title, void (MainWindow::*fill)(QMenu*)) {
        auto* menu = new QMenu(title, this);
        (this->*fill)(menu);
        menuBar()->addMenu(menu);
        m_menus.append(menu);
    };
    makeMenu(tr("&File"), &MainWindow::makeFileMenu);
    makeMenu(tr("&Model"), &MainWindow::makeModelMenu);
    makeMenu(tr("&View"), &MainWindow::makeViewMenu);
    makeMenu(tr("&Help"), &MainWindow::makeHelpMenu);
    menuBar()->setVisible(m_workbench.settings().value(QStringLiteral("view/menuBar"), false).toBool());
    auto* all = new QMenu(tr("Menu"), this);
    for (QMenu* menu : m_menus)
        all->addMenu(menu);
    m_topBar->menuButton()->setMenu(all);
    auto* themes = new QMenu(tr("Theme"), this);
    for (const char* id : {"theme-system", "theme-light", "theme-dark", "theme-contrast"})
        themes->addAction(m_actions.value(QLatin1String(id)));
    m_topBar->themeButton()->setMenu(themes);
    for (QMenu* menu : m_menus)
        connect(menu, &QMenu::aboutToShow, this, &MainWindow::refreshActions);
    // A shortcut of a disabled action does nothing: what is possible is known at all times, not only in an open menu.
    const app::Workbench* workbench = &m_workbench;
    connect(workbench, &app::Workbench::loadedModelsChanged, this, &MainWindow::refreshActions);
    connect(workbench, &app::Workbench::currentModelChanged, this, &MainWindow::refreshActions);
    connect(workbench, &app::Workbench::currentChatChanged, this, &MainWindow::refreshActions);
    connect(workbench, &app::Workbench::runningChanged, this, &MainWindow::refreshActions);
    connect(workbench, &app::Workbench::replyStarted, this, &MainWindow::refreshActions);
    connect(workbench, &app::Workbench::replyFinished, this, &MainWindow::refreshActions);
    const QAbstractItemModel* jobs = workbench->jobs();
    connect(jobs, &QAbstractItemModel::rowsInserted, this, &MainWindow::refreshActions);
    connect(jobs, &QAbstractItemModel::rowsRemoved, this, &MainWindow::refreshActions);
    connect(jobs, &QAbstractItemModel::dataChanged, this, &MainWindow::refreshActions);
}

void MainWindow::makeFileMenu(QMenu* menu) {
    addAction(menu, QStringLiteral("new-chat"), tr("New chat"), QStringLiteral("plus"), {QKeySequence::New}, [this] {
        openPanel(QStringLiteral("chat"));
        m_workbench.newChat();
    });
    addAction(menu, QStringLiteral("open-model"), tr("Load a model file…"), QStringLiteral("open"),
              {QKeySequence::Open}, [this] { chooseModelFile(false); });
    addAction(menu, QStringLiteral("add-folder"), tr("Add a folder to the library…"), QStringLiteral("folder-plus"), {},
              [this] { addLibraryFolder(); });
    menu->addSeparator();
    addAction(menu, QStringLiteral("import-chats"), tr("Import chats…"), QStringLiteral("import"), {},
              [this] { importChats(); });
    addAction(menu, QStringLiteral("export-chat"), tr("Export this chat…"), QStringLiteral("export"),
              {QKeySequence(Qt::CTRL | Qt::Key_E)}, [this] { exportChat(false); });
    addAction(menu, QStringLiteral("export-all"), tr("Export all chats…"), QStringLiteral("export"), {},
              [this] { exportChat(true); });
    menu->addSeparator();
    addAction(menu, QStringLiteral("undo-delete"), tr("Undo delete"), QStringLiteral("undo"),
              {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z)}, [this] { m_workbench.undo(); });
    addAction(menu, QStringLiteral("stop-all"), tr("Stop everything"), QStringLiteral("stop"),
              {QKeySequence(Qt::CTRL | Qt::Key_Period)}, [this] { m_workbench.stopAll(); });
    menu->addSeparator();
    addAction(menu, QStringLiteral("quit"), tr("Quit"), QStringLiteral("close"), {QKeySequence(Qt::CTRL | Qt::Key_Q)},
              [this] { close(); });
}

void MainWindow::makeModelMenu(QMenu* menu) {
    addAction(menu, QStringLiteral("choose-model"), tr("Choose a model…"), QStringLiteral("model"),
              {QKeySequence(Qt::CTRL | Qt::Key_M)}, [this] { openModels(false); });
    addAction(menu, QStringLiteral("second-model"), tr("Load a second model…"), QStringLiteral("plus"),
              {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_M)}, [this] { openModels(true); });
    addAction(menu, QStringLiteral("reload-model"), tr("Load again with this chat's settings"),
              QStringLiteral("regenerate"), {}, [this] { m_workbench.reloadModel(); });
    addAction(menu, QStringLiteral("unload-model"), tr("Unload the model"), QStringLiteral("unload"), {},
              [this] { m_workbench.unloadModel(m_workbench.currentModel()); });
    menu->addSeparator();
    addAction(menu, QStringLiteral("edit-template"), tr("Chat template…"), QStringLiteral("edit"), {},
              [this] { m_workbench.runAction(QStringLiteral("edit-template")); });
    addAction(menu, QStringLiteral("rescan-library"), tr("Look for new model files"), QStringLiteral("search"),
              {QKeySequence::Refresh}, [this] { m_workbench.rescanLibrary(); });
}

void MainWindow::makeViewMenu(QMenu* menu) {
    int n = 0;
    for (const ModeEntry& entry : modes()) {
        const QString name = QCoreApplication::translate("Mode", entry.title);
        QAction* action =
            addAction(menu, QStringLiteral("mode-") + QLatin1String(entry.id), name, QLatin1String(entry.icon),
                      {QKeySequence(Qt::CTRL | (Qt::Key_1 + n++))}, [this, mode = entry.mode] { setMode(mode); });
        action->setProperty("paletteText", tr("Go to %1", "mode").arg(name));
    }
    menu->addSeparator();
    addAction(menu, QStringLiteral("palette"), tr("Search chats, models, actions"), QStringLiteral("search"),
              {QKeySequence(Qt::CTRL | Qt::Key_K), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P)},
              [this] { m_palette->open(); });
    addAction(menu, QStringLiteral("jobs"), tr("Jobs"), QStringLiteral("jobs"), {QKeySequence(Qt::CTRL | Qt::Key_J)},
              [this] { openJobs(); });
    makePanelsMenu(menu->addMenu(tr("Panels")));
    makeThemeMenu(menu->addMenu(tr("Theme")));
    menu->addSeparator();
    app::Settings& settings = m_workbench.settings();
    const auto zoom = [&settings](int percent) { settings.setZoomPercent(qBound(50, percent, 300)); };
    addAction(menu, QStringLiteral("zoom-in"), tr("Larger text"), QStringLiteral("plus"),
              {QKeySequence(Qt::CTRL | Qt::Key_Plus), QKeySequence(Qt::CTRL | Qt::Key_Equal)},
              [&settings, zoom] { zoom(settings.zoomPercent() + 10); });
    addAction(menu, QStringLiteral("zoom-out"), tr("Smaller text"), QStringLiteral("minus"),
              {QKeySequence(Qt::CTRL | Qt::Key_Minus)}, [&settings, zoom] { zoom(settings.zoomPercent() - 10); });
    addAction(menu, QStringLiteral("zoom-reset"), tr("Text at 100 %"), {}, {QKeySequence(Qt::CTRL | Qt::Key_0)},
              [zoom] { zoom(100); });
    QAction* motion = addAction(menu, QStringLiteral("reduce-motion"), tr("Less movement"), {}, {},
                                [&settings] { settings.setReduceMotion(!settings.reduceMotion()); });
    motion->setCheckable(true);
    menu->addSeparator();
    QAction* bar = addAction(menu, QStringLiteral("menu-bar"), tr("Show the menu bar"), {}, {}, [this, &settings] {
        const bool on = !menuBar()->isVisible();
        menuBar()->setVisible(on);
        settings.setValue(QStringLiteral("view/menuBar"), on);
        refreshActions();
    });
    bar->setCheckable(true);
    addAction(menu, QStringLiteral("full-screen"), tr("Full screen"), {}, {QKeySequence(Qt::Key_F11)},
              [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
    addAction(menu, QStringLiteral("open-menu"), tr("Open the menu"), QStringLiteral("menu"),
              {QKeySequence(Qt::Key_F10)}, [this] { m_topBar->menuButton()->showMenu(); });
}

void MainWindow::makeThemeMenu(QMenu* menu) {
    auto* group = new QActionGroup(this);
    using Choice = app::Settings::Theme;
    const auto add = [&](const char* id, const QString& text, const QString& paletteText, Choice choice) {
        QAction* action = addAction(menu, QLatin1String(id), text, {}, {},
                                    [this, choice] { m_workbench.settings().setTheme(choice); });
        action->setCheckable(true);
        action->setProperty("paletteText", paletteText);
        action->setProperty("paletteIcon", QStringLiteral("theme"));
        group->addAction(action);
    };
    add("theme-system", tr("As the system"), tr("Theme: as the system"), Choice::System);
    add("theme-light", tr("Light"), tr("Theme: light"), Choice::Light);
    add("theme-dark", tr("Dark"), tr("Theme: dark"), Choice::Dark);
    add("theme-contrast", tr("High contrast"), tr("Theme: high contrast"), Choice::HighContrast);
}

void MainWindow::makePanelsMenu(QMenu* menu) {
    for (const PanelEntry& entry : panels()) {
        const QString id = QLatin1String(entry.id), name = QCoreApplication::translate("Panel", entry.title);
        QAction* show = addAction(menu, QStringLiteral("panel-") + id, name, QLatin1String(entry.icon), {},
                                  [this, id] { m_docks->setPanelShown(id, !m_docks->isPanelShown(id)); });
        show->setCheckable(true);
        show->setProperty("paletteText", tr("Show or hide panel: %1").arg(name));
    }
    menu->addSeparator();
    QMenu* tear = menu->addMenu(tr("Tear off or dock again"));
    for (const PanelEntry& entry : panels()) {
        const QString id = QLatin1String(entry.id), name = QCoreApplication::translate("Panel", entry.title);
        QAction* action = addAction(tear, QStringLiteral("tear-") + id, name, QStringLiteral("tear-off"), {},
                                    [this, id] { m_docks->tearOff(id); });
        action->setProperty("paletteText", tr("Tear off panel: %1").arg(name));
    }
    QAction* titles =
        addAction(menu, QStringLiteral("panel-titles"), tr("Arrange panels (show their titles)"), {},
                  {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_L)}, [this] {
                      m_docks->setTitlesShown(!m_docks->titlesShown());
                      m_workbench.settings().setValue(QStringLiteral("view/panelTitles"), m_docks->titlesShown());
                      refreshActions();
                  });
    titles->setCheckable(true);
    addAction(menu, QStringLiteral("reset-mode"), tr("Reset this mode"), QStringLiteral("reset"), {},
              [this] { m_docks->resetMode(); });
    addAction(menu, QStringLiteral("next-panel"), tr("Next panel"), {}, {QKeySequence(Qt::Key_F6)},
              [this] { m_docks->focusNextPanel(1); });
    addAction(menu, QStringLiteral("previous-panel"), tr("Previous panel"), {}, {QKeySequence(Qt::SHIFT | Qt::Key_F6)},
              [this] { m_docks->focusNextPanel(-1); });
}

void MainWindow::makeHelpMenu(QMenu* menu) {
    addAction(menu, QStringLiteral("shortcuts"), tr("Keyboard shortcuts"), QStringLiteral("keyboard"),
              {QKeySequence(Qt::Key_F1)}, [this] { showShortcuts(); });
    addAction(menu, QStringLiteral("about"), tr("About Tessera"), QStringLiteral("info"), {}, [this] { showAbout(); });
}

void MainWindow::refreshActions() {
    const auto enable = [this](const char* id, bool on) {
        if (QAction* action = m_actions.value(QLatin1String(id)))
            action->setEnabled(on);
    };
    const auto check = [this](const QString& id, bool on) {
        if (QAction* action = m_actions.value(id))
            action->setChecked(on);
    };
    const bool model = m_workbench.currentModel() != 0;
    enable("reload-model", model);
    enable("unload-model", model);
    enable("edit-template", model);
    enable("export-chat", m_workbench.currentChat() != 0);
    enable("undo-delete", !m_workbench.undoText().isEmpty());
    if (QAction* undo = m_actions.value(QStringLiteral("undo-delete")))
        undo->setText(m_workbench.undoText().isEmpty() ? tr("Undo delete") : m_workbench.undoText());
    enable("stop-all", m_workbench.hasRunningJobs());
    const auto theme = m_workbench.settings().theme();
    check(QStringLiteral("theme-system"), theme == app::Settings::Theme::System);
    check(QStringLiteral("theme-light"), theme == app::Settings::Theme::Light);
    check(QStringLiteral("theme-dark"), theme == app::Settings::Theme::Dark);
    check(QStringLiteral("theme-contrast"), theme == app::Settings::Theme::HighContrast);
    check(QStringLiteral("reduce-motion"), m_workbench.settings().reduceMotion());
    check(QStringLiteral("menu-bar"), menuBar()->isVisible());
    check(QStringLiteral("panel-titles"), m_docks->titlesShown());
    for (const PanelEntry& entry : panels())
        check(QStringLiteral("panel-") + QLatin1String(entry.id), m_docks->isPanelShown(QLatin1String(entry.id)));
}

QList<PaletteEntry> MainWindow::paletteEntries() {
    refreshActions();
    QList<PaletteEntry> entries;
    // Every action of the window and of the panels that are built: one that a panel adds is found without a word here.
    QSet<QString> seen;
    for (QAction* action : findChildren<QAction*>()) {
        QString text = action->property("paletteText").toString();
        if (text.isEmpty())
            text = action->text();
        text.remove(QLatin1Char('&'));
        if (text.isEmpty() || action->isSeparator() || action->menu() || action->objectName().isEmpty() ||
            action->objectName() == QLatin1String("palette") || seen.contains(text))
            continue;
        seen.insert(text);
        PaletteEntry entry;
        entry.text = text;
        entry.detail = tr("Action");
        entry.shortcut = action->shortcut().toString(QKeySequence::NativeText);
        entry.icon = action->property("paletteIcon").toString();
        if (entry.icon.isEmpty())
            entry.icon = QStringLiteral("chevron-right");
        entry.enabled = action->isEnabled();
        entry.weight = entry.shortcut.isEmpty() ? 1 : 2;
        entry.run = [guard = QPointer<QAction>(action)] {
            if (guard)
                guard->trigger();
        };
        entries.append(entry);
    }
    const auto* chats = m_workbench.chats();
    for (int i = 0; i < chats->rowCount(); ++i) {
        const QModelIndex index = chats->index(i);
        PaletteEntry entry;
        entry.text = index.data(app::ChatListModel::TitleRole).toString();
        entry.detail = tr("Chat, %1").arg(index.data(app::ChatListModel::SubtitleRole).toString());
        entry.icon = QStringLiteral("chat");
        entry.run = [this, id = index.data(app::ChatListModel::IdRole).value<app::ChatId>()] {
            openPanel(QStringLiteral("chat"));
            m_workbench.openChat(id);
        };
        entries.append(entry);
    }
    const auto* library = m_workbench.library();
    for (const app::LibraryRow& row : library->rows()) {
        PaletteEntry entry;
        entry.text = tr("Load %1").arg(row.name.isEmpty() ? row.fileName : row.name);
        entry.detail = row.problem.isEmpty() ? tr("Model, %1").arg(row.quantization) : tr("Model, cannot be used");
        entry.icon = QStringLiteral("model");
        entry.enabled = row.problem.isEmpty();
        entry.run = [this, path = row.path] { m_workbench.loadModel(path); };
        entries.append(entry);
    }
    return entries;
}

void MainWindow::chooseModelFile(bool beside) {
    auto* dialog = new QFileDialog(this, beside ? tr("Load a second model") : tr("Load a model"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Model files (*.gguf)"), tr("All files (*)")});
    const QStringList folders = m_workbench.libraryFolders();
    if (!folders.isEmpty())
        dialog->setDirectory(folders.first());
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, beside](const QString& path) { m_workbench.loadModel(path, beside); });
    dialog->open();
}

void MainWindow::addLibraryFolder() {
    auto* dialog = new QFileDialog(this, tr("Add a folder to the library"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        m_workbench.addLibraryFolder(path);
        openPanel(QStringLiteral("library"));
    });
    dialog->open();
}

void MainWindow::importChats() {
    auto* dialog = new QFileDialog(this, tr("Import chats"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Exported chats (*.json)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) { m_workbench.importChats(path); });
    dialog->open();
}

void MainWindow::exportChat(bool all) {
    auto* dialog = new QFileDialog(this, all ? tr("Export all chats") : tr("Export this chat"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    const QString json = tr("Everything, to import again (*.json)"), markdown = tr("Markdown (*.md)"),
                  html = tr("Web page (*.html)");
    dialog->setNameFilters(all ? QStringList{json} : QStringList{markdown, html, json});
    dialog->setDefaultSuffix(all ? QStringLiteral("json") : QStringLiteral("md"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog, json, html](const QString& filter) {
        dialog->setDefaultSuffix(filter == json   ? QStringLiteral("json")
                                 : filter == html ? QStringLiteral("html")
                                                  : QStringLiteral("md"));
    });
    connect(dialog, &QFileDialog::fileSelected, this, [this, all](const QString& path) {
        if (all)
            m_workbench.exportAllChats(path);
        else
            m_workbench.exportChat(m_workbench.currentChat(), path,
                                   path.endsWith(QLatin1String(".html"))   ? app::ExportFormat::Html
                                   : path.endsWith(QLatin1String(".json")) ? app::ExportFormat::Json
                                                                           : app::ExportFormat::Markdown);
    });
    dialog->open();
}

void MainWindow::showShortcuts() {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Keyboard shortcuts"));
    auto* column = new QVBoxLayout(dialog);
    auto* table = new QTableWidget(dialog);
    table->setColumnCount(2);
    table->setHorizontalHeaderLabels({tr("Action"), tr("Shortcut")});
    table->verticalHeader()->hide();
    table->setShowGrid(false);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    for (const PaletteEntry& entry : paletteEntries()) {
        if (entry.shortcut.isEmpty())
            continue;
        const int row = table->rowCount();
        table->insertRow(row);
        table->setItem(row, 0, new QTableWidgetItem(entry.text));
        table->setItem(row, 1, new QTableWidgetItem(entry.shortcut));
    }
    table->sortItems(0);
    table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    table->horizontalHeader()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeading | Qt::AlignVCenter);
    table->horizontalHeader()->setHighlightSections(false);
    table->setTabKeyNavigation(false);
    table->setAccessibleName(dialog->windowTitle());
    column->addWidget(table);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    column->addWidget(buttons);
    dialog->resize(m_theme.px(480), m_theme.px(520));
    dialog->open();
}

void MainWindow::showAbout() {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("About Tessera"));
    auto* column = new QVBoxLayout(dialog);
    column->setContentsMargins(space::XL, space::XL, space::XL, space::L);
    auto* sign = new QLabel(dialog);
    sign->setPixmap(appIcon().pixmap(m_theme.px(48), m_theme.px(48)));
    auto* title = new QLabel(tr("Tessera %1").arg(QApplication::applicationVersion()), dialog);
    setLook(title, "title");
    auto* text = new QLabel(tr("A workbench for language models on your own machine. Nothing leaves it.\n"
                               "Free software under the GNU General Public License, version 3 or later.\n"
                               "Built with Qt %1 and SQLite.")
                                .arg(QLatin1String(qVersion())),
                            dialog);
    text->setWordWrap(true);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    for (QWidget* widget : std::initializer_list<QWidget*>{sign, title, text, buttons})
        column->addWidget(widget);
    dialog->setMinimumWidth(m_theme.px(420));
    dialog->open();
}

}  // namespace ui
