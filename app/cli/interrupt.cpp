#include <condition_variable>
#include <mutex>

#include "app/cli/system.h"

namespace app {

// A signal handler can set a flag and no more; a thread of its own looks at it, since the main one may be computing.
Interrupt::Interrupt() {
    catchInterrupts();
    m_watch = std::jthread([stop = m_stop](std::stop_token over) mutable {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!wasInterrupted() && !over.stop_requested())
            wake.wait_for(lock, over, std::chrono::milliseconds(20), [] { return false; });
        if (wasInterrupted())
            stop.request_stop();
    });
}

}  // namespace app
