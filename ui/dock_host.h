// The docks of the window: every panel of the list, arranged per mode, torn off, closed, put back, remembered. Panels
// are built when they are first seen. Below 1024 px the side panels fold away; the rail shows them again. Thread: UI.
#pragma once

#include <QByteArray>
#include <QDockWidget>
#include <QHash>
#include <QMainWindow>
#include <QSet>

#include "ui/panels.h"

namespace ui {

class DockTitle;

class DockHost : public QMainWindow {
    Q_OBJECT
  public:
    DockHost(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);
    ~DockHost() override;

    Mode mode() const { return m_mode; }
    void setMode(Mode mode);
    void resetMode();  // the arrangement that the mode was born with
    void saveArrangement();

    bool isPanelShown(const QString& id) const;
    bool isPanelBuilt(const QString& id) const;
    void setPanelShown(const QString& id, bool shown);
    void tearOff(const QString& id);    // or docks it again
    QWidget* panel(const QString& id);  // builds it when it is not there yet
    void focusPanel(const QString& id);
    void focusNextPanel(int step);        // keyboard: from panel to panel
    QString firstPanel(Area area) const;  // of this mode; empty: none

    bool titlesShown() const { return m_titles; }
    void setTitlesShown(bool on);
    // Folds for a window of this width.
    void foldFor(int windowWidth);

  signals:
    void modeChanged(ui::Mode mode);
    void panelShownChanged(const QString& id, bool shown);

  protected:
    bool event(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;

  private:
    struct Dock {
        const PanelEntry* entry = nullptr;
        QDockWidget* widget = nullptr;
        QWidget* box = nullptr;    // holds the panel, keeps the width wished for
        QWidget* panel = nullptr;  // null until first seen
        DockTitle* title = nullptr;
    };
    void addDock(const PanelEntry& entry);
    void build(Dock& dock);
    void buildVisible();
    void arrangeDefault();
    void spread();
    void spreadLater();
    void noteWidths();
    bool isSideColumn(const Dock& dock) const;
    void loadArrangement();
    QString stateName(Mode mode) const;
    Dock* find(const QString& id);
    const Dock* find(const QString& id) const;

    app::Workbench& m_workbench;
    const Theme& m_theme;
    QList<Dock> m_docks;
    Mode m_mode = Mode::Chat;
    bool m_titles = false, m_switching = false, m_loaded = false, m_spreading = false;
    QSet<QString> m_folded;
    QByteArray m_unfolded;  // the arrangement before folding
    int m_foldWidth = 0;
};

}  // namespace ui
