// What the open chat asks of the model, and the facts of the model that answers: system prompt, sampling, presets,
// context, memory, template. Drawn from the workbench's list of settings. Thread: UI.
#pragma once

#include <QHash>
#include <QScrollArea>

#include "app/values.h"

class QFrame;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QToolButton;
class QVBoxLayout;

namespace app {
class Workbench;
}

namespace ui {

class SettingRow;
class Theme;

class InspectorPanel : public QScrollArea {
    Q_OBJECT
  public:
    InspectorPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent = nullptr);
    void reveal(const QString& settingId);
    void editTemplate();

  private:
    void makePrompt(QVBoxLayout* column);
    void makeSettings(QVBoxLayout* column);
    void makeModel(QVBoxLayout* column);
    void makePresetMenu();
    void askPresetName();
    void onEdited(const QString& id, const QVariant& value);
    void refresh();
    void refreshModel();
    QLabel* addFact(QVBoxLayout* column, const QString& name);
    QLabel* heading(const QString& text);

    app::Workbench& m_workbench;
    const Theme& m_theme;
    QWidget* m_inside;
    QPlainTextEdit* m_prompt;
    QToolButton *m_promptReset, *m_presets;
    QHash<QString, SettingRow*> m_rows;
    QHash<QString, QWidget*> m_folds;         // id of an advanced setting -> the widget that folds it
    QHash<QWidget*, QToolButton*> m_openers;  // and what opens that
    QFrame* m_reloadNote;
    QLabel *m_context, *m_kv, *m_device, *m_memory, *m_loaded, *m_notes, *m_templateState, *m_noModel;
    QWidget* m_modelFacts;
    QPushButton* m_template;
};

}  // namespace ui
