// A regular file mapped read-only into memory. Thread: any.
//
// A mapped file can shrink, vanish or become unreadable (a pulled drive) while it is in use. On Linux touching such a
// page raises SIGBUS; a process-wide handler, installed with the first mapping, puts a page of zeros in its place,
// marks the mapping as broken and lets the thread go on, so that every thread survives it, compute threads too. The
// owner asks intact() after its work (once a step) and throws the result away when it says no. Windows refuses to
// truncate or delete a mapped file; a drive that goes away there is caught for read() only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/core/result.h"

namespace engine {

struct FaultGuard;  // one mapping as the fault handler knows it

class MappedFile {
  public:
    // Opens and maps a regular file (a symbolic link to one counts). Refuses folders, pipes and devices without
    // touching them. `pathUtf8` may hold any character the system allows; on Windows it may be longer than 260
    // characters.
    static Result<std::shared_ptr<const MappedFile>> open(const std::string& pathUtf8);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::string& path() const { return m_path; }
    std::span<const std::byte> bytes() const { return {m_data, static_cast<size_t>(m_sizeBytes)}; }
    int64_t sizeBytes() const { return m_sizeBytes; }

    // False once a page could not be read or the file became shorter than it was when opened. One system call.
    bool intact() const;
    // Copies bytes by an ordinary read, which fails where touching the mapping would fault.
    Result<void> read(int64_t offset, std::span<std::byte> out) const;

  private:
    MappedFile() = default;
    std::string m_path;
    const std::byte* m_data = nullptr;
    int64_t m_sizeBytes = 0;
    intptr_t m_handle = -1;
    FaultGuard* m_guard = nullptr;  // entry of the fault handler's table; null when the file is empty
};

}  // namespace engine
