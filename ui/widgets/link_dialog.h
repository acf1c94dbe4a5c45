// Asks before an address from a message is opened: the whole address in plain text, its host by itself, and what is odd
// about it. Opening is the person's click, never the message's. UI thread.
#pragma once

#include <QDialog>
#include <QString>

namespace ui {

class Theme;

class LinkDialog : public QDialog {
    Q_OBJECT
  public:
    LinkDialog(const Theme& theme, const QString& url, QWidget* parent);
    // What a careful person would notice: other alphabets, a name before '@', a bare number as host. Empty: nothing.
    static QString warningFor(const QString& url);
};

}  // namespace ui
