// The window: bars, rail and docks around the panels, menus and shortcuts, closing and remembering. No feature code:
// what an action does is a command of the workbench. Thread: UI.
#pragma once

#include <QHash>
#include <QMainWindow>

#include "app/values.h"
#include "ui/panels.h"

class QAction;
class QMenu;
class QStackedWidget;

namespace app {
class Workbench;
}

namespace ui {

class BannerBar;
class CommandPalette;
class DockHost;
class JobsPopup;
class ModeRail;
class ModelPopup;
class RailButton;
class Theme;
class Toast;
class TopBar;
class VitalsStrip;
struct PaletteEntry;

class MainWindow : public QMainWindow {
    Q_OBJECT
  public:
    MainWindow(app::Workbench& workbench, Theme& theme, QWidget* parent = nullptr);
    ~MainWindow() override;

    DockHost& docks() { return *m_docks; }
    CommandPalette& palette() { return *m_palette; }
    TopBar& topBar() { return *m_topBar; }
    VitalsStrip& vitals() { return *m_vitals; }
    void setMode(Mode mode);
    void openPanel(const QString& id);  // in this mode if it is shown here, else in its own
    void openModels(bool beside = false);
    void openJobs();

  signals:
    void painted();  // once, after the first paint: work may begin
    void closed();   // everything is stopped and stored; the program may end

  protected:
    bool event(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

  private:
    void makeActions();  // main_window_actions.cpp
    QAction* addAction(QMenu* menu, const QString& id, const QString& text, const QString& icon,
                       const QList<QKeySequence>& keys, const std::function<void()>& run);
    void makeFileMenu(QMenu* menu);
    void makeModelMenu(QMenu* menu);
    void makeViewMenu(QMenu* menu);
    void makeThemeMenu(QMenu* menu);
    void makePanelsMenu(QMenu* menu);
    void makeHelpMenu(QMenu* menu);
    void refreshActions();
    QList<PaletteEntry> paletteEntries();

    void chooseModelFile(bool beside);
    void addLibraryFolder();
    void importChats();
    void exportChat(bool all);
    void showShortcuts();
    void showAbout();
    void onUiAction(const QString& id);
    void askInspector(const QString& action);
    void onUndoChanged();
    void updateTitle();
    void updateSwitches();
    void restoreGeometryOrDefault();
    void saveView();
    void askBeforeClosing();
    void finishClosing();
    QStringList droppedModels(const QMimeData* data) const;

    app::Workbench& m_workbench;
    Theme& m_theme;
    TopBar* m_topBar;
    BannerBar* m_banners;
    ModeRail* m_rail;
    DockHost* m_docks;
    VitalsStrip* m_vitals;
    JobsPopup* m_jobs = nullptr;     // made when first opened
    ModelPopup* m_models = nullptr;  // made when first opened
    CommandPalette* m_palette = nullptr;
    Toast* m_toast = nullptr;
    RailButton *m_leftSwitch, *m_rightSwitch;
    QHash<QString, QAction*> m_actions;
    QList<QMenu*> m_menus;
    QString m_lastUndo;
    bool m_painted = false, m_asking = false, m_closing = false, m_done = false;
};

}  // namespace ui
