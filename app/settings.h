// The program's own settings: typed values over an ini file in the profile. Built once and passed in; a torn file gives
// the last good copy or the defaults and says so; unknown keys are kept. Thread: UI.
#pragma once

#include <QByteArray>
#include <QHash>
#include <QObject>
#include <QStringList>
#include <memory>

#include "app/setting_specs.h"

class QSettings;

namespace app {

class Settings : public QObject {
    Q_OBJECT
  public:
    enum class Theme { System, Light, Dark, HighContrast };
    Q_ENUM(Theme)

    explicit Settings(const QString& iniPath, QObject* parent = nullptr);
    ~Settings() override;

    QString problem() const { return m_problem; }  // "settings.ini was damaged ...", empty: none

    Theme theme() const;
    void setTheme(Theme theme);
    bool reduceMotion() const;
    void setReduceMotion(bool on);
    int zoomPercent() const;  // 50 to 300
    void setZoomPercent(int percent);
    bool sendWithEnter() const;  // else Ctrl+Enter sends
    void setSendWithEnter(bool on);

    // Window geometry, dock arrangement of a mode, splitter sizes: opaque bytes by name.
    QByteArray state(const QString& name) const;
    void setState(const QString& name, const QByteArray& bytes);
    void removeState(const QString& name);
    QVariant value(const QString& name, const QVariant& fallback = {}) const;  // small view choices by name
    void setValue(const QString& name, const QVariant& value);

    QStringList libraryFolders() const;
    void setLibraryFolders(const QStringList& folders);
    QStringList lastModels() const;  // paths that were loaded when the program ended
    void setLastModels(const QStringList& paths);
    bool loadLastModelAtStart() const;
    void setLoadLastModelAtStart(bool on);
    int threads() const;  // 0: by the machine
    void setThreads(int threads);
    bool exact() const;
    void setExact(bool on);

    ChatSettings chatDefaults() const;  // what a new chat starts with
    void setChatDefaults(const ChatSettings& settings);
    QList<Preset> presets() const;  // built-in ones first
    void savePreset(const QString& name, const ChatSettings& settings);
    void removePreset(const QString& name);

    bool sync();  // writes now; false: problem() says why

  signals:
    void themeChanged(app::Settings::Theme theme);
    void changed(const QString& name);
    void presetsChanged();

  private:
    void keepGoodCopy();
    std::unique_ptr<QSettings> m_ini;
    QString m_path, m_problem;
};

}  // namespace app
