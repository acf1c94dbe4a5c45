// English words for counts, without a translation file: "%n file(s)" becomes "1 file" or "3 files". Other languages
// come with their own translator, which is asked first. Thread: UI.
#pragma once

#include <QTranslator>

namespace ui {

class EnglishPlurals : public QTranslator {
    Q_OBJECT
  public:
    using QTranslator::QTranslator;
    bool isEmpty() const override { return false; }
    QString translate(const char* context, const char* source, const char* disambiguation, int n) const override;
};

}  // namespace ui
