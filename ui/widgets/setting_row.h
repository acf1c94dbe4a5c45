// One setting of a chat, drawn from its description: name, value, slider or field, help, a mark when it differs from
// the default and the way back to it. Thread: UI.
#pragma once

#include <QWidget>

#include "app/setting_specs.h"

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace ui {

class Theme;

class SettingRow : public QWidget {
    Q_OBJECT
  public:
    SettingRow(const app::SettingSpec& spec, const Theme& theme, QWidget* parent = nullptr);
    const app::SettingSpec& spec() const { return m_spec; }
    void setValue(const QVariant& value, bool isDefault);
    // Why the workbench refused the last value; empty: it did not.
    void setProblem(const QString& problem);
    QWidget* editor() const { return m_editor; }

  signals:
    void valueEdited(const QString& id, const QVariant& value);
    void resetRequested(const QString& id);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void makeNumber(QVBoxLayout* column, QWidget* head);
    void makeToggle(QWidget* head);
    void makeChoice(QWidget* head);
    void makeText(QVBoxLayout* column);
    void makeOrder(QVBoxLayout* column);
    QString rangeText() const;
    QString valueText(const QVariant& value) const;
    void watch(QWidget* editor);

    app::SettingSpec m_spec;
    const Theme& m_theme;
    QLabel *m_name, *m_help, *m_problem;
    QToolButton* m_reset;
    QWidget* m_editor = nullptr;
    bool m_telling = false;
    std::function<void(const QVariant&)> m_show;  // puts a value into the editor without telling anybody
};

}  // namespace ui
