// Where a store lies: locks between processes and what kind of disk it is. Implemented per system (place_linux.cpp,
// place_windows.cpp). Thread: one at a time.
#pragma once

#include <memory>
#include <string>

#include "engine/core/result.h"

namespace app {

// True for NFS, SMB, 9p, sshfs and their like: shared memory and locks of the write-ahead log cannot be trusted there.
bool isNetworkFolder(const std::string& folder);

// Two locks on a file beside the store. Presence: everyone who has the store open. Writing: one transaction at a time,
// so that never two processes write or checkpoint the log at once. The system releases both when a process ends,
// however it ends.
class StoreLock {
  public:
    static engine::Result<std::unique_ptr<StoreLock>> open(const std::string& lockPath);
    virtual ~StoreLock() = default;
    // True: nobody else has the store open, and nobody can before share(). False: others have it open, presence is
    // shared. Waits at most so long for someone who is alone with it.
    virtual engine::Result<bool> enter(int milliseconds) = 0;
    virtual void share() = 0;
    // Waits at most so long; the error names the process that holds the lock.
    virtual engine::Result<void> lockWriting(int milliseconds) = 0;
    virtual void unlockWriting() = 0;
};

}  // namespace app
