// The settings of the open chat and presets.
#include "app/workbench_parts.h"

namespace app {

QList<SettingSpec> Workbench::settingSpecs() const {
    return app::settingSpecs();
}
ChatSettings Workbench::chatSettings() const {
    return m_parts->open->settings;
}
QVariant Workbench::setting(const QString& id) const {
    return settingValue(m_parts->open->settings, id);
}
bool Workbench::isDefault(const QString& id) const {
    return setting(id) == settingValue(ChatSettings{}, id);
}

void WorkbenchParts::settingsEdited() {
    // A slider sends many values: the disk gets the one where it rests.
    settingsTimer.start();
    emit bench.settingsChanged();
    composer.recount();
}

QString Workbench::setSetting(const QString& id, const QVariant& value) {
    ChatSettings next = m_parts->open->settings;
    if (const auto done = setSettingValue(next, id, value); !done)
        return WorkbenchParts::errorText(done.error());
    if (next == m_parts->open->settings)
        return {};
    m_parts->open->settings = std::move(next);
    m_parts->settingsEdited();
    return {};
}

void Workbench::resetSetting(const QString& id) {
    setSetting(id, settingValue(ChatSettings{}, id));
}

void Workbench::resetSettings() {
    ChatSettings next;
    next.systemPrompt = m_parts->open->settings.systemPrompt;
    m_parts->open->settings = next;
    m_parts->settingsEdited();
}

QList<Preset> Workbench::presets() const {
    return m_settings.presets();
}

QString Workbench::presetName() const {
    for (const Preset& preset : presets()) {
        ChatSettings with = m_parts->open->settings;
        app::applyPreset(with, preset.settings);
        if (with == m_parts->open->settings)
            return preset.name;
    }
    return {};
}

void Workbench::applyPreset(const QString& name) {
    for (const Preset& preset : presets())
        if (preset.name == name) {
            app::applyPreset(m_parts->open->settings, preset.settings);
            m_parts->settingsEdited();
            return;
        }
}

void Workbench::savePreset(const QString& name) {
    m_settings.savePreset(name.simplified(), m_parts->open->settings);
}
void Workbench::removePreset(const QString& name) {
    m_settings.removePreset(name);
}
void Workbench::useAsDefaults() {
    m_settings.setChatDefaults(m_parts->open->settings);
}

}  // namespace app
