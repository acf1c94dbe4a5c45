// Our own line icons: SVGs of one stroke weight under resources/icons, recoloured from the theme at paint time and
// rendered for the exact device pixels asked for. Thread: UI.
#pragma once

#include <QIcon>

#include "ui/theme.h"

class QAbstractButton;

namespace ui {

// `name` is the file's name without ending: "chat", "library", "send". The icon follows the theme as long as both
// live. Normal: text colour (or muted); checked or active: accent; disabled: pale. A name that does not exist gives
// an icon that paints nothing.
enum class IconTone { Text, Muted, Accent, OnAccent, Warning, Error };
QIcon icon(const Theme& theme, const QString& name, IconTone tone = IconTone::Text);
// The same for widgets that paint themselves.
void paintIcon(QPainter& painter, const QRectF& rect, const QString& name, const QColor& color);
// The side of a button's icon at 100 %; it grows with the text as long as both live.
void setIconSide(QAbstractButton& button, const Theme& theme, int side);
// The program's own icon, in fixed colours, for windows and docks of the desktop.
QIcon appIcon();

}  // namespace ui
