// The bar at the top: menu, model in use, second model, search and commands, theme. Thread: UI.
#pragma once

#include <QFrame>

class QPushButton;
class QToolButton;

namespace app {
class Workbench;
}

namespace ui {

class ModelButton;
class Theme;

class TopBar : public QFrame {
    Q_OBJECT
  public:
    TopBar(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);
    ModelButton* modelButton() const { return m_model; }
    QPushButton* secondModelButton() const { return m_second; }
    QPushButton* searchField() const { return m_search; }
    QToolButton* themeButton() const { return m_themeButton; }
    QToolButton* menuButton() const { return m_menu; }

  protected:
    void resizeEvent(QResizeEvent* event) override;

  private:
    void refresh();
    app::Workbench& m_workbench;
    const Theme& m_theme;
    QToolButton *m_menu, *m_themeButton;
    ModelButton* m_model;
    QPushButton *m_second, *m_search;
};

}  // namespace ui
