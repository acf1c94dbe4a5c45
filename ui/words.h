// Sizes, times and counts as people write them, in the person's locale. Thread: any.
#pragma once

#include <QString>

namespace ui {

QString bytesText(qint64 bytes);       // "98 MB", "3.1 GB"; powers of ten
QString countText(qint64 n);           // "8,192"
QString parametersText(qint64 n);      // "135 M", "1.5 B"
QString secondsText(double seconds);   // "64 ms", "1.2 s"
QString joinFacts(QStringList facts);  // "Q4_1 · 98 MB"; leaves out empty ones
// A name as the text of an action or a button: "&" is shown, not taken for the mark of a shortcut.
QString withoutMnemonic(QString name);
// A tool tip that shows exactly these characters: Qt would read "<img src=...>" in a file's name or metadata as markup
// and open the picture.
QString toolTipText(const QString& text);

}  // namespace ui
