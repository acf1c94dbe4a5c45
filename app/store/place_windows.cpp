#include <windows.h>

#include <filesystem>

#include "app/store/place.h"
#include "engine/core/error_text.h"

namespace app {

using engine::Result;

bool isNetworkFolder(const std::string& folder) {
    std::error_code code;
    const auto path = std::filesystem::absolute(std::filesystem::u8path(folder), code);
    return path.wstring().starts_with(L"\\\\") || GetDriveTypeW(path.root_path().wstring().c_str()) == DRIVE_REMOTE;
}

namespace {

constexpr DWORD PresenceByte = 1 << 20, WritingByte = PresenceByte + 1;

class WindowsStoreLock : public StoreLock {
  public:
    explicit WindowsStoreLock(HANDLE file) : m_file(file) {}
    ~WindowsStoreLock() override { CloseHandle(m_file); }

    Result<bool> enter(int milliseconds) override {
        bool alone = false;
        TRY_VOID(waitFor(milliseconds, [&] {
            alone = set(PresenceByte, true);
            return alone || set(PresenceByte, false);
        }));
        return alone;
    }
    void share() override {
        // The second lock is held before the first is given up: there is no gap.
        set(PresenceByte, false);
        clear(PresenceByte);
    }
    Result<void> lockWriting(int milliseconds) override {
        return waitFor(milliseconds, [&] { return set(WritingByte, true); });
    }
    void unlockWriting() override { clear(WritingByte); }

  private:
    template <typename F>
    Result<void> waitFor(int milliseconds, F&& locked) {
        const ULONGLONG end = GetTickCount64() + static_cast<ULONGLONG>(milliseconds);
        while (!locked()) {
            if (GetTickCount64() >= end)
                return engine::makeError(engine::ErrorCode::DeviceFailed,
                                         "the store is locked by another program; close it and try again");
            Sleep(2);
        }
        return {};
    }
    bool set(DWORD at, bool exclusive) {
        OVERLAPPED where{};
        where.Offset = at;
        return LockFileEx(m_file, LOCKFILE_FAIL_IMMEDIATELY | (exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0), 0, 1, 0,
                          &where) != 0;
    }
    void clear(DWORD at) {
        OVERLAPPED where{};
        where.Offset = at;
        UnlockFileEx(m_file, 0, 1, 0, &where);
    }
    HANDLE m_file;
};

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::open(const std::string& lockPath) {
    const std::wstring wide = std::filesystem::u8path(lockPath).wstring();
    const HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                    nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE)
        return engine::makeError(engine::ErrorCode::DeviceFailed, "'{}' cannot be opened (Windows error {})", lockPath,
                                 GetLastError());
    return std::unique_ptr<StoreLock>(std::make_unique<WindowsStoreLock>(file));
}

}  // namespace app
