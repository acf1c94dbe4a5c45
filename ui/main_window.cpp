#include "ui/main_window.h"

#include <QAction>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/dock_host.h"
#include "ui/icons.h"
#include "ui/theme.h"
#include "ui/widgets/banner_bar.h"
#include "ui/widgets/command_palette.h"
#include "ui/widgets/jobs_popup.h"
#include "ui/widgets/mode_rail.h"
#include "ui/widgets/model_selector.h"
#include "ui/widgets/toast.h"
#include "ui/widgets/top_bar.h"
#include "ui/widgets/vitals_strip.h"

namespace ui {

MainWindow::MainWindow(app::Workbench& workbench, Theme& theme, QWidget* parent)
    : QMainWindow(parent), m_workbench(workbench), m_theme(theme) {
    setObjectName(QStringLiteral("main-window"));
    setWindowIcon(appIcon());
    setMinimumSize(560, 400);
    setAcceptDrops(true);

    auto* root = new QWidget(this);
    auto* column = new QVBoxLayout(root);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_topBar = new TopBar(workbench, theme, root);
    column->addWidget(m_topBar);
    m_banners = new BannerBar(workbench, theme, root);
    column->addWidget(m_banners);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    m_rail = new ModeRail(theme, root);
    m_docks = new DockHost(workbench, theme, root);
    middle->addWidget(m_rail);
    middle->addWidget(m_docks, 1);
    column->addLayout(middle, 1);
    m_vitals = new VitalsStrip(theme, *workbench.vitals(), *workbench.jobs(), root);
    column->addWidget(m_vitals);
    setCentralWidget(root);

    m_leftSwitch = m_rail->addSwitch(QStringLiteral("panel-left"), tr("Show or hide the list"));
    m_rightSwitch = m_rail->addSwitch(QStringLiteral("panel-right"), tr("Show or hide the inspector"));
    const auto connectSwitch = [this](RailButton* button, Area area) {
        connect(button, &QAbstractButton::clicked, this, [this, area](bool on) {
            const QString id = m_docks->firstPanel(area);
            if (!id.isEmpty())
                m_docks->setPanelShown(id, on);
        });
    };
    connectSwitch(m_leftSwitch, Area::Left);
    connectSwitch(m_rightSwitch, Area::Right);

    m_toast = new Toast(theme, root);
    makeActions();
    m_palette = new CommandPalette(
        theme, [this] { return paletteEntries(); }, root);

    connect(m_rail, &ModeRail::modeChosen, this, &MainWindow::setMode);
    connect(m_docks, &DockHost::modeChanged, m_rail, &ModeRail::setMode);
    connect(m_docks, &DockHost::panelShownChanged, this, &MainWindow::updateSwitches);
    connect(m_vitals, &VitalsStrip::panelRequested, this, &MainWindow::openPanel);
    connect(m_vitals, &VitalsStrip::jobsRequested, this, &MainWindow::openJobs);
    connect(m_topBar->modelButton(), &QAbstractButton::clicked, this, [this] { openModels(false); });
    connect(m_topBar->secondModelButton(), &QAbstractButton::clicked, this, [this] { openModels(true); });
    connect(m_topBar->searchField(), &QAbstractButton::clicked, this, [this] { m_palette->open(); });
    connect(&workbench, &app::Workbench::uiActionRequested, this, &MainWindow::onUiAction);
    connect(&workbench, &app::Workbench::undoChanged, this, &MainWindow::onUndoChanged);
    connect(&workbench, &app::Workbench::readyToQuit, this, &MainWindow::finishClosing);
    connect(&workbench, &app::Workbench::currentChatChanged, this, &MainWindow::updateTitle);
    connect(&workbench, &app::Workbench::chatOpened, this, &MainWindow::updateTitle);
    connect(&workbench, &app::Workbench::chatChanged, this, &MainWindow::updateTitle);
    connect(&theme, &Theme::changed, this, [this] { m_docks->foldFor(width()); });
    qApp->installEventFilter(this);  // a model may be dropped on any widget

    restoreGeometryOrDefault();
    const QString wanted = workbench.settings().value(QStringLiteral("view/mode")).toString();
    Mode mode = modes().empty() ? Mode::Chat : modes().front().mode;
    for (const ModeEntry& entry : modes())
        if (wanted == QLatin1String(entry.id))
            mode = entry.mode;
    m_docks->setTitlesShown(workbench.settings().value(QStringLiteral("view/panelTitles"), false).toBool());
    m_docks->setMode(mode);
    m_docks->foldFor(width());
    updateTitle();
    updateSwitches();
    refreshActions();
}

MainWindow::~MainWindow() {
    qApp->removeEventFilter(this);
    // Docks tell that they hide while the window is taken down.
    m_docks->disconnect(this);
    hide();
}

void MainWindow::restoreGeometryOrDefault() {
    const QByteArray saved = m_workbench.settings().state(QStringLiteral("window"));
    if (!saved.isEmpty() && restoreGeometry(saved))
        return;
    const QSize screen =
        QGuiApplication::primaryScreen() ? QGuiApplication::primaryScreen()->availableSize() : QSize(1440, 900);
    resize(screen.boundedTo(QSize(1440, 900)).expandedTo(minimumSize()));
}

void MainWindow::saveView() {
    app::Settings& settings = m_workbench.settings();
    settings.setState(QStringLiteral("window"), saveGeometry());
    m_docks->saveArrangement();
    for (const ModeEntry& entry : modes())
        if (entry.mode == m_docks->mode())
            settings.setValue(QStringLiteral("view/mode"), QLatin1String(entry.id));
}

void MainWindow::setMode(Mode mode) {
    m_docks->setMode(mode);
    m_rail->setMode(mode);
    refreshActions();
    const QString center = m_docks->firstPanel(Area::Center);
    if (isActiveWindow() && !center.isEmpty())
        m_docks->focusPanel(center);
}

void MainWindow::openPanel(const QString& id) {
    const PanelEntry* entry = findPanel(id);
    if (!entry)
        return;
    if (!m_docks->isPanelShown(id) && entry->mode != m_docks->mode())
        setMode(entry->mode);
    m_docks->setPanelShown(id, true);
    m_docks->focusPanel(id);
}

void MainWindow::openModels(bool beside) {
    if (!m_models) {
        m_models = new ModelPopup(m_workbench, m_theme, this);
        connect(m_models, &ModelPopup::chooseFileRequested, this, &MainWindow::chooseModelFile);
        connect(m_models, &ModelPopup::addFolderRequested, this, &MainWindow::addLibraryFolder);
        connect(m_models, &ModelPopup::libraryRequested, this, [this] { openPanel(QStringLiteral("library")); });
    }
    m_models->openFor(m_topBar->modelButton(), beside);
}

void MainWindow::openJobs() {
    if (!m_jobs)
        m_jobs = new JobsPopup(m_workbench, m_theme, this);
    m_jobs->openAt(m_vitals->jobsButton(), Popup::Side::Above, true);
    m_jobs->setFocus(Qt::PopupFocusReason);
}

void MainWindow::updateTitle() {
    const QString title = m_workbench.currentTitle();
    setWindowTitle(title.isEmpty() ? tr("Tessera") : tr("%1 - Tessera", "title of the chat").arg(title));
}

void MainWindow::updateSwitches() {
    const auto update = [this](RailButton* button, Area area) {
        const QString id = m_docks->firstPanel(area);
        button->setVisible(!id.isEmpty());
        button->setChecked(m_docks->isPanelShown(id));
    };
    update(m_leftSwitch, Area::Left);
    update(m_rightSwitch, Area::Right);
    refreshActions();
}

void MainWindow::onUndoChanged() {
    const QString text = m_workbench.undoText();
    if (!text.isEmpty() && text != m_lastUndo)
        m_toast->show(text, tr("Undo"), [this] { m_workbench.undo(); });
    else if (text.isEmpty())
        m_toast->hide();
    m_lastUndo = text;
    refreshActions();
}

// Actions of notes and banners that need the window.
void MainWindow::onUiAction(const QString& action) {
    const QString verb = action.section(QLatin1Char(':'), 0, 0), what = action.section(QLatin1Char(':'), 1);
    if (verb == QLatin1String("open-panel"))
        openPanel(what);
    else if (verb == QLatin1String("open-settings") || verb == QLatin1String("edit-template"))
        askInspector(action);
    else if (verb == QLatin1String("choose-file") || verb == QLatin1String("choose-model"))
        chooseModelFile(false);
    else if (verb == QLatin1String("open-models"))
        openModels(false);
    else if (verb == QLatin1String("open-library"))
        openPanel(QStringLiteral("library"));
    else if (verb == QLatin1String("add-folder"))
        addLibraryFolder();
    else if (verb == QLatin1String("open-jobs"))
        openJobs();
}

// The inspector does the rest. One that is only built now has not heard the action and is told again.
void MainWindow::askInspector(const QString& action) {
    const QString id = QStringLiteral("inspector");
    const bool heard = m_docks->isPanelBuilt(id);
    openPanel(id);
    if (!heard)
        m_workbench.runAction(action);
}

bool MainWindow::event(QEvent* event) {
    const bool handled = QMainWindow::event(event);
    if (event->type() == QEvent::Paint && !m_painted) {
        m_painted = true;
        QTimer::singleShot(0, this, &MainWindow::painted);
    }
    return handled;
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    m_docks->foldFor(width());
}

void MainWindow::changeEvent(QEvent* event) {
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::WindowStateChange || event->type() == QEvent::ActivationChange)
        refreshActions();
}

QStringList MainWindow::droppedModels(const QMimeData* data) const {
    QStringList paths;
    for (const QUrl& url : data->urls()) {
        // Asking for a path on another computer (file://host/...) could send a password there: only a drop does that.
        const QString path = url.toLocalFile();
        if (path.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive) ||
            (url.host().isEmpty() && QFileInfo(path).isDir()))
            paths.append(path);
    }
    return paths;
}

// A model (or a folder of models) may be dropped anywhere, also on widgets that take other drops.
bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
    const QEvent::Type type = event->type();
    if (type != QEvent::DragEnter && type != QEvent::DragMove && type != QEvent::Drop)
        return QMainWindow::eventFilter(watched, event);
    auto* widget = qobject_cast<QWidget*>(watched);
    auto* drop = static_cast<QDropEvent*>(event);  // the base of all three
    if (!widget || widget->window() != this || !drop->mimeData()->hasUrls())
        return QMainWindow::eventFilter(watched, event);
    const QStringList paths = droppedModels(drop->mimeData());
    if (paths.isEmpty())
        return QMainWindow::eventFilter(watched, event);
    drop->setDropAction(Qt::CopyAction);
    drop->accept();
    if (type == QEvent::Drop) {
        bool beside = false;
        for (const QString& path : paths) {
            if (QFileInfo(path).isDir()) {
                m_workbench.addLibraryFolder(path);
                openPanel(QStringLiteral("library"));
            } else {
                m_workbench.loadModel(path, beside);
                beside = true;
            }
        }
    }
    return true;
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (m_done) {
        event->accept();
        return;
    }
    event->ignore();
    if (m_closing || m_asking)
        return;
    saveView();
    if (m_workbench.hasRunningJobs()) {
        askBeforeClosing();
        return;
    }
    m_closing = true;
    hide();
    m_workbench.shutDown();
}

void MainWindow::askBeforeClosing() {
    m_asking = true;
    auto* box = new QMessageBox(QMessageBox::Question, tr("Close Tessera"), m_workbench.runningSummary(),
                                QMessageBox::NoButton, this);
    box->setObjectName(QStringLiteral("close-question"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(tr("What was written so far is kept. Stop it and close?"));
    QPushButton* stop = box->addButton(tr("Stop and close"), QMessageBox::AcceptRole);
    QPushButton* stay = box->addButton(tr("Keep running"), QMessageBox::RejectRole);
    box->setDefaultButton(stay);
    box->setEscapeButton(stay);
    connect(box, &QMessageBox::buttonClicked, this, [this, stop](QAbstractButton* button) {
        if (button != stop)
            return;
        m_closing = true;
        hide();
        m_workbench.shutDown();
    });
    connect(box, &QDialog::finished, this, [this] { m_asking = false; });
    box->open();
}

void MainWindow::finishClosing() {
    m_done = true;
    close();
    emit closed();
}

}  // namespace ui
