// What the desktop asks for: dark, high contrast. Read through public interfaces only. Thread: UI.
#pragma once

class QApplication;

namespace ui {

struct SystemScheme {
    bool dark = false, highContrast = false;
};

// Briefly gives the application its system palette back to read it; the caller applies its own afterwards.
SystemScheme readSystemScheme(QApplication& app);

}  // namespace ui
