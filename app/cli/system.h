// What the command line needs of the operating system. Implemented per system (system_linux.cpp, system_windows.cpp).
// Thread: main, and wasInterrupted any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>

namespace app {

// Files that are created from now on belong to this user alone.
void keepFilesPrivate();
int64_t peakRssBytes();
int64_t memoryBytes();
std::string cpuName();
bool errorIsTerminal();
bool inputIsTerminal();
inline std::filesystem::path systemPath(const std::string& utf8) {
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}
std::string today();                                    // "2026-01-31", local
int64_t modifiedMilliseconds(const std::string& path);  // since 1970; 0: unknown

// Ctrl-C and a request to end, as a flag that long work polls. The second Ctrl-C ends the program at once.
class Interrupt {
  public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    // True once it was pressed.
    bool poll() const { return m_stop.stop_requested(); }
    // Told within 20 ms, whatever the main thread does.
    std::stop_token token() const { return m_stop.get_token(); }

  private:
    std::stop_source m_stop;
    std::jthread m_watch;
};
// For Interrupt: from now on it is caught; whether it was.
void catchInterrupts();
bool wasInterrupted();

}  // namespace app
