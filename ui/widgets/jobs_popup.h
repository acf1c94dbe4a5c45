// Every long job as one row: name, progress, rate, time left, cancel; its result until it is dismissed. Thread: UI.
#pragma once

#include <QHash>

#include "app/values.h"
#include "ui/widgets/popup.h"

class QLabel;
class QProgressBar;
class QScrollArea;
class QToolButton;
class QVBoxLayout;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

class JobsPopup : public Popup {
    Q_OBJECT
  public:
    JobsPopup(app::Workbench& workbench, const Theme& theme, QWidget* parent);

  private:
    struct Row {
        QFrame* frame = nullptr;
        QLabel *name = nullptr, *facts = nullptr;
        QProgressBar* bar = nullptr;
        QToolButton *cancel = nullptr, *dismiss = nullptr;
    };
    void refresh();
    Row makeRow(app::JobId id);

    app::Workbench& m_workbench;
    const Theme& m_theme;
    QVBoxLayout* m_list;
    QWidget* m_inside;
    QScrollArea* m_scroll;
    QLabel* m_empty;
    QHash<app::JobId, Row> m_rows;
};

}  // namespace ui
