#include "app/settings.h"

#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QSettings>

namespace app {

namespace {

// A file that QSettings wrote is text with sections and pairs. Anything else is torn or not ours.
bool looksWhole(const QByteArray& bytes) {
    if (bytes.contains('\0'))
        return false;
    bool section = false;
    for (const QByteArray& raw : bytes.split('\n')) {
        const QByteArray line = raw.trimmed();
        if (line.isEmpty() || line.startsWith(';'))
            continue;
        if (line.startsWith('[') && line.endsWith(']'))
            section = true;
        else if (!section || !line.contains('='))
            return false;
    }
    return section;
}

QByteArray readFile(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.read(16 << 20) : QByteArray();
}

}  // namespace

Settings::Settings(const QString& iniPath, QObject* parent) : QObject(parent), m_path(iniPath) {
    const QString good = m_path + QStringLiteral(".good");
    if (QFileInfo::exists(m_path) && !looksWhole(readFile(m_path))) {
        const bool hasCopy = looksWhole(readFile(good));
        QFile::remove(m_path + QStringLiteral(".damaged"));
        QFile::rename(m_path, m_path + QStringLiteral(".damaged"));
        if (hasCopy)
            QFile::copy(good, m_path);
        m_problem =
            hasCopy ? tr("The settings file was damaged; the last good copy is used. The damaged file is kept as %1.")
                          .arg(m_path + QStringLiteral(".damaged"))
                    : tr("The settings file was damaged; the settings are back to their defaults. The damaged file is "
                         "kept as %1.")
                          .arg(m_path + QStringLiteral(".damaged"));
    }
    m_ini = std::make_unique<QSettings>(m_path, QSettings::IniFormat);
    if (m_ini->status() == QSettings::NoError)
        keepGoodCopy();
}

Settings::~Settings() {
    sync();
}

void Settings::keepGoodCopy() {
    const QByteArray bytes = readFile(m_path);
    if (!looksWhole(bytes))
        return;
    QSaveFile copy(m_path + QStringLiteral(".good"));
    if (copy.open(QIODevice::WriteOnly)) {
        copy.write(bytes);
        copy.commit();
    }
    for (const QString& path : {m_path, m_path + QStringLiteral(".good")})
        QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner);
}

bool Settings::sync() {
    m_ini->sync();
    if (m_ini->status() == QSettings::NoError) {
        if (QFileInfo::exists(m_path))
            QFile::setPermissions(m_path, QFile::ReadOwner | QFile::WriteOwner);
        return true;
    }
    m_problem = tr("The settings could not be written to %1. They hold until the program ends.").arg(m_path);
    return false;
}

QVariant Settings::value(const QString& name, const QVariant& fallback) const {
    return m_ini->value(name, fallback);
}

void Settings::setValue(const QString& name, const QVariant& value) {
    if (m_ini->value(name) == value)
        return;
    m_ini->setValue(name, value);
    emit changed(name);
}

Settings::Theme Settings::theme() const {
    const QString name = m_ini->value(QStringLiteral("look/theme")).toString();
    if (name == QLatin1String("light"))
        return Theme::Light;
    if (name == QLatin1String("dark"))
        return Theme::Dark;
    if (name == QLatin1String("high-contrast"))
        return Theme::HighContrast;
    return Theme::System;
}

void Settings::setTheme(Theme theme) {
    if (theme == this->theme())
        return;
    static constexpr const char* Names[] = {"system", "light", "dark", "high-contrast"};
    setValue(QStringLiteral("look/theme"), QString::fromLatin1(Names[static_cast<int>(theme)]));
    emit themeChanged(theme);
}

bool Settings::reduceMotion() const {
    return m_ini->value(QStringLiteral("look/reduceMotion"), false).toBool();
}
void Settings::setReduceMotion(bool on) {
    setValue(QStringLiteral("look/reduceMotion"), on);
}

int Settings::zoomPercent() const {
    return qBound(50, m_ini->value(QStringLiteral("look/zoomPercent"), 100).toInt(), 300);
}
void Settings::setZoomPercent(int percent) {
    setValue(QStringLiteral("look/zoomPercent"), qBound(50, percent, 300));
}

bool Settings::sendWithEnter() const {
    return m_ini->value(QStringLiteral("chat/sendWithEnter"), true).toBool();
}
void Settings::setSendWithEnter(bool on) {
    setValue(QStringLiteral("chat/sendWithEnter"), on);
}

QByteArray Settings::state(const QString& name) const {
    return m_ini->value(QStringLiteral("state/") + name).toByteArray();
}
void Settings::setState(const QString& name, const QByteArray& bytes) {
    m_ini->setValue(QStringLiteral("state/") + name, bytes);
}
void Settings::removeState(const QString& name) {
    m_ini->remove(QStringLiteral("state/") + name);
}

QStringList Settings::libraryFolders() const {
    return m_ini->value(QStringLiteral("library/folders")).toStringList();
}
void Settings::setLibraryFolders(const QStringList& folders) {
    setValue(QStringLiteral("library/folders"), folders);
}

QStringList Settings::lastModels() const {
    return m_ini->value(QStringLiteral("models/last")).toStringList();
}
void Settings::setLastModels(const QStringList& paths) {
    setValue(QStringLiteral("models/last"), paths);
}
bool Settings::loadLastModelAtStart() const {
    return m_ini->value(QStringLiteral("models/loadLast"), true).toBool();
}
void Settings::setLoadLastModelAtStart(bool on) {
    setValue(QStringLiteral("models/loadLast"), on);
}

int Settings::threads() const {
    return qBound(0, m_ini->value(QStringLiteral("engine/threads"), 0).toInt(), 1024);
}
void Settings::setThreads(int threads) {
    setValue(QStringLiteral("engine/threads"), qBound(0, threads, 1024));
}
bool Settings::exact() const {
    return m_ini->value(QStringLiteral("engine/exact"), false).toBool();
}
void Settings::setExact(bool on) {
    setValue(QStringLiteral("engine/exact"), on);
}

ChatSettings Settings::chatDefaults() const {
    const auto settings = ChatSettings::fromJson(
        m_ini->value(QStringLiteral("chat/defaults"), QStringLiteral("{}")).toString().toStdString());
    return settings ? *settings : ChatSettings{};
}
void Settings::setChatDefaults(const ChatSettings& settings) {
    setValue(QStringLiteral("chat/defaults"), QString::fromStdString(settings.toJson()));
}

QList<Preset> Settings::presets() const {
    QList<Preset> presets = builtinPresets();
    const int count = m_ini->beginReadArray(QStringLiteral("presets"));
    for (int i = 0; i < qMin(count, 1000); ++i) {
        m_ini->setArrayIndex(i);
        Preset preset;
        preset.name = m_ini->value(QStringLiteral("name")).toString();
        const auto settings = ChatSettings::fromJson(m_ini->value(QStringLiteral("settings")).toString().toStdString());
        if (!preset.name.isEmpty() && settings) {
            preset.settings = *settings;
            presets.append(preset);
        }
    }
    m_ini->endArray();
    return presets;
}

static QList<Preset> ownWithout(QList<Preset> presets, const QString& name) {
    presets.removeIf([&](const Preset& preset) { return preset.builtin || preset.name == name; });
    return presets;
}

static void writePresets(QSettings& ini, const QList<Preset>& own) {
    ini.remove(QStringLiteral("presets"));
    ini.beginWriteArray(QStringLiteral("presets"), static_cast<int>(own.size()));
    for (int i = 0; i < own.size(); ++i) {
        ini.setArrayIndex(i);
        ini.setValue(QStringLiteral("name"), own.at(i).name);
        ini.setValue(QStringLiteral("settings"), QString::fromStdString(own.at(i).settings.toJson()));
    }
    ini.endArray();
}

void Settings::savePreset(const QString& name, const ChatSettings& settings) {
    if (name.isEmpty())
        return;
    writePresets(*m_ini, ownWithout(presets(), name) << Preset{name, false, settings});
    emit presetsChanged();
}

void Settings::removePreset(const QString& name) {
    writePresets(*m_ini, ownWithout(presets(), name));
    emit presetsChanged();
}

}  // namespace app
