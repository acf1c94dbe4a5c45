// Colours, type, spacing and radii of the window: the only place that names a colour or a pixel count. Built once by
// the composition root and passed to every widget that paints itself; changed() tells it to paint again. Thread: UI.
//
// Standard widgets take their look from one stylesheet, chosen by the dynamic property "look" (see setLook):
//   QPushButton, QToolButton   "primary" (the one action)  "ghost" (outlined)  "link"  "flat" (icon only)  "danger"
//   QLabel                     "muted"  "heading" (small, strong, muted)  "strong"  "title"  "warning"  "error"  "mono"
//   QFrame, QWidget            "pane" (surface)  "card" (surface, hairline, radius)  "well" (surface 2)  "bar"
//                              "note" "note-error" "note-info" (honest notes)  "composer"
#pragma once

#include <QColor>
#include <QFont>
#include <QObject>
#include <QPalette>
#include <array>

#include "app/settings.h"

class QApplication;
class QWidget;

namespace ui {

struct Tokens {
    QColor background, surface, surface2, border;
    QColor text, muted;
    QColor accent, accentSoft, onAccent;
    QColor warning, warningSoft, error, errorSoft;
    std::array<QColor, 6> series;  // charts, owners, heat (the last)
    bool dark = false, highContrast = false;
};

// The three schemes. Pure values, so that a test can compute their contrast.
Tokens lightTokens();
Tokens darkTokens();
Tokens highContrastTokens();
// Contrast of two opaque colours after WCAG 2.1, 1 to 21.
double contrastRatio(const QColor& a, const QColor& b);
// `top` at `share` (0 to 1) over `under`: heat and selection tints.
QColor mixed(const QColor& top, const QColor& under, double share);

// Distances and radii in device-independent pixels.
namespace space {
constexpr int XS = 4, S = 8, M = 12, L = 16, XL = 24;
}
namespace radius {
constexpr int Control = 6, Card = 8, Composer = 10;
}
namespace motion {
constexpr int Ms = 120;
}

enum class Type {
    Body,         // 10 pt
    Strong,       // 10 pt, semibold
    Small,        // 9 pt: facts under a line
    SmallStrong,  // 9 pt, semibold
    Caption,      // 8.5 pt, semibold: headings of groups
    Tiny,         // 8 pt: labels of the rail
    Mono,         // 9.5 pt, the system's monospace
    MonoSmall,    // 8.5 pt
    Title         // 13 pt, semibold: the one title of an empty page
};

class Theme : public QObject {
    Q_OBJECT
  public:
    // Applies itself to `app` now and whenever the setting, the zoom or the system's scheme changes. Both outlive it.
    Theme(app::Settings& settings, QApplication& app);
    ~Theme() override;

    const Tokens& tokens() const { return m_tokens; }
    QFont font(Type type) const;
    double zoom() const { return m_zoom; }              // of text: 1.0 at 100 %
    int px(int n) const { return qRound(n * m_zoom); }  // a distance that grows with the text
    int motionMs() const;                               // 0 when less movement is asked for
    bool systemIsDark() const { return m_systemDark; }
    void refresh();  // reads the settings and the system again

  signals:
    void changed();  // tokens, fonts or zoom: repaint, measure again

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void apply();
    QFont makeFont(Type type) const;
    app::Settings& m_settings;
    QApplication& m_app;
    Tokens m_tokens;
    QFont m_systemFont, m_monoFont;
    std::array<QFont, 9> m_fonts;
    double m_zoom = 1.0;
    bool m_systemDark = false, m_systemContrast = false, m_applying = false, m_applied = false;
};

// Chooses the look of a standard widget; may be called again to change it.
void setLook(QWidget* widget, const char* look);

QPalette paletteFor(const Tokens& tokens);
QString styleSheetFor(const Tokens& tokens, double zoom);

}  // namespace ui
