// What differs between two model files. Thread: UI.
#pragma once

#include <QDialog>

#include "app/values.h"

class QComboBox;
class QLabel;
class QTableWidget;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

class CompareFilesDialog : public QDialog {
    Q_OBJECT
  public:
    // `right` may be empty: the person chooses.
    CompareFilesDialog(app::Workbench& workbench, const Theme& theme, const QString& left, const QString& right,
                       QWidget* parent);

  private:
    void request();
    void onDetails(const app::ModelDetails& details);
    void fill();

    app::Workbench& m_workbench;
    QComboBox *m_leftBox, *m_rightBox;
    QLabel* m_summary;
    QTableWidget* m_table;
    app::ModelDetails m_left, m_right;
};

}  // namespace ui
