// Lines above the work: something about the store, the disk or the device, each with its remedy. Thread: UI.
#pragma once

#include <QWidget>

class QVBoxLayout;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

class BannerBar : public QWidget {
    Q_OBJECT
  public:
    BannerBar(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);

  private:
    void refresh();
    app::Workbench& m_workbench;
    const Theme& m_theme;
    QVBoxLayout* m_column;
};

}  // namespace ui
