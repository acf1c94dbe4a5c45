#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "app/store/place.h"
#include "engine/core/error_text.h"

namespace app {

using engine::Result;

bool isNetworkFolder(const std::string& folder) {
    struct statfs facts {};
    if (statfs(folder.empty() ? "." : folder.c_str(), &facts) != 0)
        return false;
    switch (static_cast<unsigned long>(facts.f_type)) {
        case 0x6969:      // NFS
        case 0x517B:      // SMB
        case 0xFF534D42:  // CIFS
        case 0xFE534D42:  // SMB2
        case 0x564C:      // NCP
        case 0x73757245:  // Coda
        case 0x5346414F:  // AFS
        case 0x65735546:  // FUSE: sshfs and its like
        case 0x00C36400:  // Ceph
        case 0x01021997:  // 9p
            return true;
        default:
            return false;
    }
}

namespace {

constexpr off_t PresenceByte = 1 << 20, WritingByte = PresenceByte + 1;

// Open-file-description locks: they belong to this descriptor, so closing another one does not drop them.
class LinuxStoreLock : public StoreLock {
  public:
    explicit LinuxStoreLock(int fd, std::string path) : m_fd(fd), m_path(std::move(path)) {}
    ~LinuxStoreLock() override { ::close(m_fd); }

    Result<bool> enter(int milliseconds) override {
        bool alone = false;
        TRY_VOID(waitFor(milliseconds, [&] {
            alone = set(PresenceByte, F_WRLCK);
            return alone || set(PresenceByte, F_RDLCK);
        }));
        if (alone)
            writeHolder();
        return alone;
    }
    // The open-description lock turns from exclusive into shared without a gap.
    void share() override { set(PresenceByte, F_RDLCK); }

    Result<void> lockWriting(int milliseconds) override {
        TRY_VOID(waitFor(milliseconds, [&] { return set(WritingByte, F_WRLCK); }));
        writeHolder();
        return {};
    }
    void unlockWriting() override { set(WritingByte, F_UNLCK); }

  private:
    template <typename F>
    Result<void> waitFor(int milliseconds, F&& locked) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
        while (!locked()) {
            if (errno != EAGAIN && errno != EACCES)
                return engine::makeError(engine::ErrorCode::DeviceFailed, "'{}' cannot be locked: {}", m_path,
                                         std::strerror(errno));
            if (std::chrono::steady_clock::now() >= end)
                return engine::makeError(engine::ErrorCode::DeviceFailed,
                                         "the store is locked by process {}; close it and try again", holder());
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        return {};
    }
    bool set(off_t at, short type) {
        struct flock lock {};
        lock.l_type = type;
        lock.l_whence = SEEK_SET;
        lock.l_start = at;
        lock.l_len = 1;
        return ::fcntl(m_fd, F_OFD_SETLK, &lock) == 0;
    }
    void writeHolder() {
        const std::string pid = fmt::format("{:<12}", getpid());
        (void)!::pwrite(m_fd, pid.data(), pid.size(), 0);
    }
    std::string holder() const {
        char text[13] = {};
        if (::pread(m_fd, text, 12, 0) <= 0)
            return "unknown";
        const std::string pid(text, std::strcspn(text, " \n"));
        char name[64] = {};
        if (const int fd = ::open(("/proc/" + pid + "/comm").c_str(), O_RDONLY | O_CLOEXEC); fd >= 0) {
            const ssize_t n = ::read(fd, name, sizeof name - 1);
            ::close(fd);
            if (n > 0)
                return pid + " (" + std::string(name, std::strcspn(name, "\n")) + ")";
        }
        return pid;
    }
    int m_fd;
    std::string m_path;
};

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::open(const std::string& lockPath) {
    const int fd = ::open(lockPath.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return engine::makeError(engine::ErrorCode::DeviceFailed, "'{}' cannot be opened: {}", lockPath,
                                 std::strerror(errno));
    return std::unique_ptr<StoreLock>(std::make_unique<LinuxStoreLock>(fd, lockPath));
}

}  // namespace app
