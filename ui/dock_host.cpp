#include "ui/dock_host.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>
#include <numeric>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"

namespace ui {

namespace {
constexpr int ArrangementVersion = 1;
constexpr int FoldRightBelow = 1024, FoldLeftBelow = 800;
}  // namespace

// Wishes for the width that the list gives its panel: docks are laid out by what they wish for.
class PanelBox : public QWidget {
  public:
    PanelBox(const Theme& theme, int width, QWidget* parent) : QWidget(parent), m_theme(theme), m_width(width) {
        connect(&theme, &Theme::changed, this, [this] { updateGeometry(); });
    }
    QSize sizeHint() const override { return {m_theme.px(m_width), 400}; }

  private:
    const Theme& m_theme;
    int m_width;
};

// Name, tear off, close. Takes no room until titles are wanted or the panel floats.
class DockTitle : public QWidget {
  public:
    DockTitle(const Theme& theme, QDockWidget* dock) : QWidget(dock), m_dock(dock) {
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(space::M, 0, space::XS, 0);
        row->setSpacing(0);
        auto* name = new QLabel(dock->windowTitle(), this);
        setLook(name, "heading");
        m_float = makeButton(theme, QStringLiteral("tear-off"), DockHost::tr("Tear off or dock again"));
        m_close = makeButton(theme, QStringLiteral("close"), DockHost::tr("Close this panel"));
        row->addWidget(name, 1);
        row->addWidget(m_float);
        row->addWidget(m_close);
        connect(m_float, &QToolButton::clicked, dock, [dock] { dock->setFloating(!dock->isFloating()); });
        connect(m_close, &QToolButton::clicked, dock, &QDockWidget::close);
        setLook(this, "pane");
        setAttribute(Qt::WA_StyledBackground);
    }
    void setExpanded(bool on) {
        m_expanded = on;
        for (QWidget* child : findChildren<QWidget*>(Qt::FindDirectChildrenOnly))
            child->setVisible(on);
        setMaximumHeight(on ? QWIDGETSIZE_MAX : 0);
        updateGeometry();
    }
    QSize sizeHint() const override { return m_expanded ? QSize(120, 30) : QSize(0, 0); }
    QSize minimumSizeHint() const override { return m_expanded ? QSize(80, 30) : QSize(0, 0); }

  private:
    QToolButton* makeButton(const Theme& theme, const QString& iconName, const QString& text) {
        auto* button = new QToolButton(this);
        button->setIcon(icon(theme, iconName, IconTone::Muted));
        setIconSide(*button, theme, 14);
        button->setToolTip(text);
        button->setAccessibleName(QStringLiteral("%1: %2").arg(m_dock->windowTitle(), text));
        return button;
    }
    QDockWidget* m_dock;
    QToolButton *m_float, *m_close;
    bool m_expanded = true;
};

DockHost::DockHost(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QMainWindow(parent), m_workbench(workbench), m_theme(theme) {
    setWindowFlags(Qt::Widget);
    setDockNestingEnabled(true);
    setDockOptions(AllowNestedDocks | AllowTabbedDocks);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    setDocumentMode(true);
    setContextMenuPolicy(Qt::NoContextMenu);
    for (const PanelEntry& entry : panels())
        addDock(entry);
}

DockHost::~DockHost() = default;

void DockHost::addDock(const PanelEntry& entry) {
    Dock dock;
    dock.entry = &entry;
    dock.widget = new QDockWidget(QCoreApplication::translate("Panel", entry.title), this);
    dock.widget->setObjectName(QStringLiteral("dock-") + QLatin1String(entry.id));
    dock.widget->setFeatures(QDockWidget::DockWidgetClosable | QDockWidget::DockWidgetMovable |
                             QDockWidget::DockWidgetFloatable);
    dock.title = new DockTitle(m_theme, dock.widget);
    dock.title->setExpanded(false);
    dock.widget->setTitleBarWidget(dock.title);
    dock.box = new PanelBox(m_theme, entry.area == Area::Center ? 480 : entry.width, dock.widget);
    auto* column = new QVBoxLayout(dock.box);
    column->setContentsMargins(0, 0, 0, 0);
    dock.box->setSizePolicy(entry.area == Area::Center ? QSizePolicy::Expanding : QSizePolicy::Preferred,
                            QSizePolicy::Expanding);
    dock.box->setMinimumWidth(entry.area == Area::Center ? 320 : 180);
    dock.widget->setWidget(dock.box);
    const QString id = QLatin1String(entry.id);
    connect(dock.widget, &QDockWidget::topLevelChanged, this, [this, id](bool floating) {
        if (Dock* found = find(id))
            found->title->setExpanded(floating || m_titles);
    });
    connect(dock.widget, &QDockWidget::visibilityChanged, this, [this, id](bool visible) {
        if (m_switching || !m_loaded)
            return;
        if (Dock* found = find(id); found && visible)
            build(*found);
        emit panelShownChanged(id, isPanelShown(id));
    });
    addDockWidget(Qt::LeftDockWidgetArea, dock.widget, Qt::Horizontal);
    dock.widget->hide();
    m_docks.append(dock);
}

void DockHost::build(Dock& dock) {
    if (dock.panel)
        return;
    dock.panel = dock.entry->make(m_workbench, m_theme, dock.box);
    dock.panel->setObjectName(QStringLiteral("panel-") + QLatin1String(dock.entry->id));
    if (dock.panel->accessibleName().isEmpty())
        dock.panel->setAccessibleName(dock.widget->windowTitle());
    dock.box->layout()->addWidget(dock.panel);
    if (dock.box->isVisible())
        dock.panel->show();
}

void DockHost::buildVisible() {
    for (Dock& dock : m_docks)
        if (!dock.widget->isHidden())
            build(dock);
}

QString DockHost::stateName(Mode mode) const {
    for (const ModeEntry& entry : modes())
        if (entry.mode == mode)
            return QStringLiteral("docks/") + QLatin1String(entry.id);
    return QStringLiteral("docks/unknown");
}

void DockHost::arrangeDefault() {
    for (Dock& dock : m_docks) {
        dock.widget->setFloating(false);
        removeDockWidget(dock.widget);
        dock.widget->hide();
    }
    for (const Area area : {Area::Left, Area::Center, Area::Right}) {
        for (Dock& dock : m_docks) {
            if (dock.entry->mode != m_mode || dock.entry->area != area)
                continue;
            addDockWidget(Qt::LeftDockWidgetArea, dock.widget, Qt::Horizontal);
            dock.widget->show();
        }
    }
    // The others keep a place to come back to.
    for (Dock& dock : m_docks) {
        if (dock.entry->mode == m_mode)
            continue;
        addDockWidget(Qt::LeftDockWidgetArea, dock.widget, Qt::Horizontal);
        dock.widget->hide();
    }
}

void DockHost::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    spreadLater();
}

void DockHost::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    spreadLater();
}

bool DockHost::event(QEvent* event) {
    const bool handled = QMainWindow::event(event);
    if (event->type() == QEvent::MouseButtonRelease)
        noteWidths();  // a border between docks was dragged
    return handled;
}

bool DockHost::isSideColumn(const Dock& dock) const {
    return dock.entry->area != Area::Center && !dock.widget->isHidden() && !dock.widget->isFloating() &&
           tabifiedDockWidgets(dock.widget).isEmpty() && dock.widget->height() > height() * 3 / 5;
}

void DockHost::noteWidths() {
    for (const Dock& dock : m_docks)
        if (isSideColumn(dock))
            m_workbench.settings().setValue(QStringLiteral("view/width/") + QLatin1String(dock.entry->id),
                                            qRound(dock.widget->width() / m_theme.zoom()));
}

void DockHost::spreadLater() {
    if (isVisible() && !std::exchange(m_spreading, true))
        QMetaObject::invokeMethod(this, &DockHost::spread, Qt::QueuedConnection);
}

// The side panels keep their width, the center takes what a larger or smaller window gives.
void DockHost::spread() {
    m_spreading = false;
    QList<QDockWidget*> sides;
    QList<int> widths;
    for (const Dock& dock : m_docks) {
        if (!isSideColumn(dock))
            continue;
        const QString name = QStringLiteral("view/width/") + QLatin1String(dock.entry->id);
        sides.append(dock.widget);
        widths.append(m_theme.px(qBound(120, m_workbench.settings().value(name, dock.entry->width).toInt(), 1200)));
    }
    if (sides.isEmpty())
        return;
    // With the center named too, the sides get what they ask for and not a share of what is left over.
    const int rest = width() - std::accumulate(widths.begin(), widths.end(), 0);
    for (const Dock& dock : m_docks) {
        if (dock.entry->area != Area::Center || dock.entry->mode != m_mode || dock.widget->isHidden() ||
            dock.widget->isFloating())
            continue;
        sides.append(dock.widget);
        widths.append(qMax(rest, dock.box->minimumWidth()));
        break;
    }
    resizeDocks(sides, widths, Qt::Horizontal);
}

void DockHost::loadArrangement() {
    m_switching = true;
    setUpdatesEnabled(false);
    m_folded.clear();
    const QByteArray saved = m_workbench.settings().state(stateName(m_mode));
    if (saved.isEmpty() || !restoreState(saved, ArrangementVersion))
        arrangeDefault();
    for (Dock& dock : m_docks)
        dock.title->setExpanded(dock.widget->isFloating() || m_titles);
    buildVisible();
    m_unfolded = saveState(ArrangementVersion);
    setUpdatesEnabled(true);
    m_switching = false;
    m_loaded = true;
    spreadLater();
    const int width = m_foldWidth;
    m_foldWidth = 0;
    foldFor(width);
    for (const Dock& dock : m_docks)
        emit panelShownChanged(QLatin1String(dock.entry->id), !dock.widget->isHidden());
}

void DockHost::setMode(Mode mode) {
    if (m_loaded && mode == m_mode)
        return;
    if (m_loaded)
        saveArrangement();
    m_mode = mode;
    loadArrangement();
    emit modeChanged(mode);
}

void DockHost::resetMode() {
    m_workbench.settings().removeState(stateName(m_mode));
    for (const Dock& dock : m_docks)
        if (dock.entry->mode == m_mode && dock.entry->area != Area::Center)
            m_workbench.settings().setValue(QStringLiteral("view/width/") + QLatin1String(dock.entry->id),
                                            dock.entry->width);
    loadArrangement();
}

void DockHost::saveArrangement() {
    if (!m_loaded)
        return;
    m_workbench.settings().setState(stateName(m_mode), m_folded.isEmpty() ? saveState(ArrangementVersion) : m_unfolded);
}

void DockHost::foldFor(int windowWidth) {
    if (windowWidth <= 0 || windowWidth == m_foldWidth)
        return;
    const int before = m_foldWidth;
    m_foldWidth = windowWidth;
    if (!m_loaded)
        return;
    const auto level = [this](int width) {
        return width <= 0 ? -1 : width < m_theme.px(FoldLeftBelow) ? 2 : width < m_theme.px(FoldRightBelow) ? 1 : 0;
    };
    const int now = level(windowWidth);
    if (now == level(before))
        return;
    if (m_folded.isEmpty() && now > 0)
        m_unfolded = saveState(ArrangementVersion);
    m_switching = true;
    for (Dock& dock : m_docks) {
        const QString id = QLatin1String(dock.entry->id);
        const bool fold = (dock.entry->area == Area::Right && now >= 1) || (dock.entry->area == Area::Left && now >= 2);
        if (fold && !dock.widget->isHidden() && !dock.widget->isFloating()) {
            dock.widget->hide();
            m_folded.insert(id);
        } else if (!fold && m_folded.remove(id)) {
            build(dock);
            dock.widget->show();
        }
    }
    m_switching = false;
    spreadLater();
    for (const Dock& dock : m_docks)
        emit panelShownChanged(QLatin1String(dock.entry->id), !dock.widget->isHidden());
}

DockHost::Dock* DockHost::find(const QString& id) {
    for (Dock& dock : m_docks)
        if (id == QLatin1String(dock.entry->id))
            return &dock;
    return nullptr;
}
const DockHost::Dock* DockHost::find(const QString& id) const {
    return const_cast<DockHost*>(this)->find(id);
}

bool DockHost::isPanelShown(const QString& id) const {
    const Dock* dock = find(id);
    return dock && !dock->widget->isHidden();
}

bool DockHost::isPanelBuilt(const QString& id) const {
    const Dock* dock = find(id);
    return dock && dock->panel;
}

void DockHost::setPanelShown(const QString& id, bool shown) {
    Dock* dock = find(id);
    if (!dock)
        return;
    if (shown) {
        build(*dock);
        dock->widget->show();
        dock->widget->raise();
    } else {
        dock->widget->hide();
    }
}

void DockHost::tearOff(const QString& id) {
    if (Dock* dock = find(id)) {
        setPanelShown(id, true);
        dock->widget->setFloating(!dock->widget->isFloating());
    }
}

QWidget* DockHost::panel(const QString& id) {
    Dock* dock = find(id);
    if (!dock)
        return nullptr;
    build(*dock);
    return dock->panel;
}

void DockHost::focusPanel(const QString& id) {
    Dock* dock = find(id);
    if (!dock || dock->widget->isHidden())
        return;
    build(*dock);
    dock->widget->raise();
    if (dock->panel->focusPolicy() != Qt::NoFocus || dock->panel->focusProxy()) {
        dock->panel->setFocus(Qt::TabFocusReason);
        return;
    }
    for (QWidget* child : dock->panel->findChildren<QWidget*>()) {
        if ((child->focusPolicy() & Qt::TabFocus) && child->isVisibleTo(dock->panel) && child->isEnabled()) {
            child->setFocus(Qt::TabFocusReason);
            return;
        }
    }
}

void DockHost::focusNextPanel(int step) {
    QList<const Dock*> shown;
    int current = -1;
    for (const Dock& dock : m_docks) {
        if (dock.widget->isHidden() || !dock.panel)
            continue;
        if (QWidget* focus = QApplication::focusWidget(); focus && dock.widget->isAncestorOf(focus))
            current = static_cast<int>(shown.size());
        shown.append(&dock);
    }
    if (shown.isEmpty())
        return;
    const int n = static_cast<int>(shown.size());
    const int next = current < 0 ? 0 : ((current + step) % n + n) % n;
    focusPanel(QLatin1String(shown.at(next)->entry->id));
}

QString DockHost::firstPanel(Area area) const {
    for (const Dock& dock : m_docks)
        if (dock.entry->mode == m_mode && dock.entry->area == area)
            return QLatin1String(dock.entry->id);
    return {};
}

void DockHost::setTitlesShown(bool on) {
    m_titles = on;
    for (Dock& dock : m_docks)
        dock.title->setExpanded(on || dock.widget->isFloating());
}

}  // namespace ui
