#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "engine/core/error_text.h"
#include "engine/io/mapped_file.h"
#include "engine/io/plain_text.h"

namespace engine {

struct FaultGuard {
    std::atomic<bool> taken{false};
    std::atomic<uintptr_t> begin{0};  // 0: not watched
    std::atomic<uintptr_t> end{0};
    std::atomic<bool> broken{false};
};

namespace {

// The handler runs inside whichever thread touched the page, so its table must be reachable without any object: this is
// the one process-wide state of the engine. It has a fixed size and no lock; a file beyond it is refused.
std::array<FaultGuard, 1024> faultTable;
struct sigaction previousAction;
long pageBytes = 4096;

void onBusError(int signal, siginfo_t* information, void* context) {
    const int keptErrno = errno;
    const auto address = reinterpret_cast<uintptr_t>(information->si_addr);
    for (FaultGuard& guard : faultTable) {
        const uintptr_t begin = guard.begin.load(std::memory_order_acquire);
        if (begin == 0 || address < begin || address >= guard.end.load(std::memory_order_acquire))
            continue;
        void* page = reinterpret_cast<void*>(address / pageBytes * pageBytes);
        if (mmap(page, pageBytes, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            break;
        guard.broken.store(true, std::memory_order_release);
        errno = keptErrno;
        return;  // the access is repeated and finds zeros
    }
    // Not ours: as if this handler did not exist.
    if (previousAction.sa_flags & SA_SIGINFO) {
        previousAction.sa_sigaction(signal, information, context);
    } else if (previousAction.sa_handler != SIG_DFL && previousAction.sa_handler != SIG_IGN) {
        previousAction.sa_handler(signal);
    } else {
        struct sigaction defaultAction {};
        defaultAction.sa_handler = SIG_DFL;
        sigaction(signal, &defaultAction, nullptr);  // the repeated access ends the process
    }
    errno = keptErrno;
}

FaultGuard* watch(const void* begin, int64_t sizeBytes) {
    static std::once_flag installed;
    std::call_once(installed, [] {
        pageBytes = sysconf(_SC_PAGESIZE);
        struct sigaction action {};
        action.sa_sigaction = onBusError;
        action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        sigaction(SIGBUS, &action, &previousAction);
    });
    for (FaultGuard& guard : faultTable) {
        if (guard.taken.exchange(true, std::memory_order_acq_rel))
            continue;
        const auto address = reinterpret_cast<uintptr_t>(begin);
        guard.broken.store(false, std::memory_order_relaxed);
        // The handler sees whole pages: the last one may reach beyond the file's last byte.
        guard.end.store((address + static_cast<uintptr_t>(sizeBytes) + pageBytes - 1) / pageBytes * pageBytes,
                        std::memory_order_release);
        guard.begin.store(address, std::memory_order_release);
        return &guard;
    }
    return nullptr;
}

std::string systemReason(int error) {
    std::array<char, 160> buffer{};
    return strerror_r(error, buffer.data(), buffer.size());
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : m_fd(fd) {}
    ~Descriptor() {
        if (m_fd >= 0)
            close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return m_fd; }
    int release() { return std::exchange(m_fd, -1); }

  private:
    int m_fd;
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& pathUtf8) {
    const std::string shown = plainFileName(pathUtf8);
    const auto fail = [&](ErrorCode code, const std::string& what) {
        return Error{code, fmt::format("{} {}", shown, what), pathUtf8};
    };
    if (pathUtf8.empty())
        return Error{ErrorCode::InvalidRequest, "The path of the file is empty", {}};
    if (pathUtf8.find('\0') != std::string::npos)
        return fail(ErrorCode::InvalidRequest, "is not a path: it contains a zero byte");

    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    Descriptor file(::open(pathUtf8.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return fail(ErrorCode::FileNotFound, "was not found: " + plainText(pathUtf8, 400) + " does not exist");
        return fail(ErrorCode::InvalidRequest, "cannot be opened: " + systemReason(errno));
    }
    struct stat status {};
    if (fstat(file.get(), &status) != 0)
        return fail(ErrorCode::InvalidRequest, "cannot be examined: " + systemReason(errno));
    if (S_ISDIR(status.st_mode))
        return fail(ErrorCode::InvalidRequest, "is a folder, not a file");
    if (!S_ISREG(status.st_mode))
        return fail(ErrorCode::InvalidRequest, "is a pipe or a device, not an ordinary file");

    std::shared_ptr<MappedFile> mapped(new MappedFile);
    mapped->m_path = pathUtf8;
    mapped->m_sizeBytes = status.st_size;
    if (status.st_size > 0) {
        void* data = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, file.get(), 0);
        if (data == MAP_FAILED)
            return fail(errno == ENOMEM ? ErrorCode::OutOfMemory : ErrorCode::InvalidRequest,
                        "cannot be mapped into memory: " + systemReason(errno));
        mapped->m_data = static_cast<const std::byte*>(data);
        mapped->m_guard = watch(data, status.st_size);
        if (!mapped->m_guard)
            return fail(ErrorCode::OutOfMemory,
                        fmt::format("cannot be opened: {} files are in use, which is the limit", faultTable.size()));
    }
    mapped->m_handle = file.release();
    return std::shared_ptr<const MappedFile>(std::move(mapped));
}

MappedFile::~MappedFile() {
    if (m_guard) {
        m_guard->begin.store(0, std::memory_order_release);
        m_guard->taken.store(false, std::memory_order_release);
    }
    if (m_data)
        munmap(const_cast<std::byte*>(m_data), static_cast<size_t>(m_sizeBytes));
    if (m_handle >= 0)
        close(static_cast<int>(m_handle));
}

bool MappedFile::intact() const {
    if (m_guard && m_guard->broken.load(std::memory_order_acquire))
        return false;
    struct stat status {};
    return fstat(static_cast<int>(m_handle), &status) == 0 && status.st_size >= m_sizeBytes;
}

Result<void> MappedFile::read(int64_t offset, std::span<std::byte> out) const {
    if (offset < 0 || offset > m_sizeBytes || static_cast<int64_t>(out.size()) > m_sizeBytes - offset)
        return invalid("{}: bytes {} to {} were asked for, the file has {}", plainFileName(m_path), offset,
                       offset + static_cast<int64_t>(out.size()), m_sizeBytes);
    while (!out.empty()) {
        const ssize_t got = pread(static_cast<int>(m_handle), out.data(), out.size(), offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return damaged("{} cannot be read at byte {}: {}", plainFileName(m_path), offset,
                           got == 0 ? std::string("the file became shorter while it was open") : systemReason(errno));
        out = out.subspan(static_cast<size_t>(got));
        offset += got;
    }
    return {};
}

}  // namespace engine
