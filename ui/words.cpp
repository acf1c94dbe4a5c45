#include "ui/words.h"

#include <QCoreApplication>
#include <QLocale>
#include <QTextDocument>

namespace ui {

QString bytesText(qint64 bytes) {
    return QLocale().formattedDataSize(bytes, bytes < 10'000'000'000 && bytes >= 1'000'000'000 ? 1 : 0,
                                       QLocale::DataSizeSIFormat);
}

QString countText(qint64 n) {
    return QLocale().toString(n);
}

QString parametersText(qint64 n) {
    const QLocale locale;
    if (n >= 1'000'000'000)
        return QCoreApplication::translate("Words", "%1 B", "billion parameters")
            .arg(locale.toString(static_cast<double>(n) / 1e9, 'f', n < 10'000'000'000 ? 1 : 0));
    return QCoreApplication::translate("Words", "%1 M", "million parameters")
        .arg(locale.toString(static_cast<double>(n) / 1e6, 'f', 0));
}

QString secondsText(double seconds) {
    const QLocale locale;
    if (seconds < 1)
        return QCoreApplication::translate("Words", "%1 ms").arg(locale.toString(seconds * 1000, 'f', 0));
    return QCoreApplication::translate("Words", "%1 s").arg(locale.toString(seconds, 'f', seconds < 10 ? 1 : 0));
}

QString joinFacts(QStringList facts) {
    facts.removeAll(QString());
    return facts.join(QStringLiteral(" · "));
}

QString withoutMnemonic(QString name) {
    return name.replace(QLatin1Char('&'), QLatin1String("&&"));
}

QString toolTipText(const QString& text) {
    if (!Qt::mightBeRichText(text))
        return text;
    return QStringLiteral("<p style='white-space:pre-wrap'>%1</p>").arg(text.toHtmlEscaped());
}

}  // namespace ui
