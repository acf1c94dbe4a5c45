// The one list of panels: modes, menus, docks, shortcuts, the palette and the tests read it. A panel is a QWidget built
// from the workbench and the theme; it knows no other panel. Thread: UI.
#pragma once

#include <QWidget>
#include <span>

namespace app {
class Workbench;
}

namespace ui {

class Theme;

enum class Mode { Chat, Library };
enum class Area { Left, Center, Right };

struct PanelEntry {
    const char* id;
    const char* title;  // context "Panel"
    const char* icon;
    Mode mode;  // where it is shown by default
    Area area;
    int width;  // wished for, in pixels at 100 %; Center takes the rest
    QWidget* (*make)(app::Workbench&, const Theme&, QWidget* parent);
};

struct ModeEntry {
    Mode mode;
    const char* id;
    const char* title;  // context "Mode"
    const char* icon;
};

std::span<const PanelEntry> panels();
// Only the modes that a panel names, in the order of the rail.
std::span<const ModeEntry> modes();
const PanelEntry* findPanel(const QString& id);

}  // namespace ui
