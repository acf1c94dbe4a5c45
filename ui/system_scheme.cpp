#include "ui/system_scheme.h"

#include <QApplication>
#include <QPalette>
#include <QSettings>

namespace ui {

SystemScheme readSystemScheme(QApplication& app) {
    SystemScheme scheme;
    app.setPalette(QPalette());
    const QPalette palette = QApplication::palette();
    const int window = palette.color(QPalette::Window).lightness();
    const int text = palette.color(QPalette::WindowText).lightness();
    scheme.dark = window < text;
    scheme.highContrast = (window == 0 && text == 255);
#ifdef Q_OS_WIN
    // Qt 6.4 tells the palette of classic controls, which stays light.
    const QSettings personalize(
        QStringLiteral("HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Themes\\Personalize"),
        QSettings::NativeFormat);
    scheme.dark = personalize.value(QStringLiteral("AppsUseLightTheme"), 1).toInt() == 0;
#endif
    return scheme;
}

}  // namespace ui
