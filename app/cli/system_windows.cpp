#include <windows.h>
// windows.h first
#include <io.h>
#include <psapi.h>

#include <atomic>
#include <ctime>
#include <filesystem>

#include "app/cli/system.h"

namespace app {

namespace {

std::atomic<bool> interrupted{false};  // set by the system's own thread

BOOL WINAPI onControl(DWORD) {
    return interrupted.exchange(true) ? FALSE : TRUE;  // the second one ends the program
}

}  // namespace

void keepFilesPrivate() {}  // a profile folder is private by its inherited access list

int64_t peakRssBytes() {
    PROCESS_MEMORY_COUNTERS counters{};
    GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return static_cast<int64_t>(counters.PeakWorkingSetSize);
}

int64_t memoryBytes() {
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof status;
    GlobalMemoryStatusEx(&status);
    return static_cast<int64_t>(status.ullTotalPhys);
}

std::string cpuName() {
    char name[128] = {};
    DWORD size = sizeof name;
    const LSTATUS found = RegGetValueA(HKEY_LOCAL_MACHINE, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                                       "ProcessorNameString", RRF_RT_REG_SZ, nullptr, name, &size);
    return found == ERROR_SUCCESS ? name : "unknown";
}

bool errorIsTerminal() {
    return _isatty(2);
}
bool inputIsTerminal() {
    return _isatty(0);
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    char text[16];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d", std::localtime(&now))};
}

int64_t modifiedMilliseconds(const std::string& path) {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(std::u8string(path.begin(), path.end()), error);
    if (error)
        return 0;
    const auto system = std::chrono::file_clock::to_sys(time);
    return std::chrono::duration_cast<std::chrono::milliseconds>(system.time_since_epoch()).count();
}

void catchInterrupts() {
    SetConsoleCtrlHandler(onControl, TRUE);
}

bool wasInterrupted() {
    return interrupted;
}

}  // namespace app
