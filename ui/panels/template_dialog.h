// The chat template of a loaded model: its source, what it makes of the open conversation, where it fails. Thread: UI.
#pragma once

#include <QDialog>
#include <QFutureWatcher>

#include "app/values.h"

class QComboBox;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QTimer;

namespace app {
class Workbench;
}

namespace ui {

class Theme;

class TemplateDialog : public QDialog {
    Q_OBJECT
  public:
    TemplateDialog(app::Workbench& workbench, const Theme& theme, app::LoadedId model, QWidget* parent);

  private:
    void preview();  // asks for it; while one is made, the next waits
    void onPreview();
    void showProblem(const QString& problem);
    void apply();
    void onAlternative(int index);

    app::Workbench& m_workbench;
    const Theme& m_theme;
    app::LoadedId m_model;
    QComboBox* m_alternatives;
    QPlainTextEdit *m_source, *m_preview;
    QLabel *m_problem, *m_tokens;
    QPushButton* m_apply;
    QTimer* m_pause;
    QFutureWatcher<app::TemplatePreview> m_made;
    QString m_atFirst;     // why the file's own template does not work, until the source changes
    bool m_again = false;  // the source changed while a preview was made
};

}  // namespace ui
