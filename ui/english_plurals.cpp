#include "ui/english_plurals.h"

namespace ui {

QString EnglishPlurals::translate(const char*, const char* source, const char*, int n) const {
    if (n < 0 || !source)
        return {};
    QString text = QString::fromUtf8(source);
    if (!text.contains(QLatin1String("(s)")))
        return {};
    if (n != 1)
        text.replace(QLatin1String("reply(s)"), QLatin1String("replies"));
    return text.replace(QLatin1String("(s)"), n == 1 ? QString() : QStringLiteral("s"));
}

}  // namespace ui
