#include "ui/panels.h"

#include <QCoreApplication>
#include <array>

#include "ui/panels/chat_list_panel.h"
#include "ui/panels/chat_panel.h"
#include "ui/panels/inspector_panel.h"
#include "ui/panels/library_panel.h"
#include "ui/panels/model_details_panel.h"

namespace ui {

namespace {

template <typename Panel>
QWidget* makePanel(app::Workbench& workbench, const Theme& theme, QWidget* parent) {
    return new Panel(workbench, theme, parent);
}

constexpr PanelEntry panelList[] = {
    {"chats", QT_TRANSLATE_NOOP("Panel", "Chats"), "menu", Mode::Chat, Area::Left, 232, makePanel<ChatListPanel>},
    {"chat", QT_TRANSLATE_NOOP("Panel", "Chat"), "chat", Mode::Chat, Area::Center, 0, makePanel<ChatPanel>},
    {"inspector", QT_TRANSLATE_NOOP("Panel", "Inspector"), "sliders", Mode::Chat, Area::Right, 268,
     makePanel<InspectorPanel>},
    {"library", QT_TRANSLATE_NOOP("Panel", "Library"), "library", Mode::Library, Area::Center, 0,
     makePanel<LibraryPanel>},
    {"model_details", QT_TRANSLATE_NOOP("Panel", "Model details"), "details", Mode::Library, Area::Right, 400,
     makePanel<ModelDetailsPanel>},
};

constexpr ModeEntry modeList[] = {
    {Mode::Chat, "chat", QT_TRANSLATE_NOOP("Mode", "Chat"), "chat"},
    {Mode::Library, "library", QT_TRANSLATE_NOOP("Mode", "Library"), "library"},
};

}  // namespace

std::span<const PanelEntry> panels() {
    return panelList;
}

std::span<const ModeEntry> modes() {
    return modeList;
}

const PanelEntry* findPanel(const QString& id) {
    for (const PanelEntry& entry : panelList)
        if (id == QLatin1String(entry.id))
            return &entry;
    return nullptr;
}

}  // namespace ui
