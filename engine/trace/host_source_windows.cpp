#include <windows.h>

#include <psapi.h>

#include <algorithm>

#include "engine/core/error_text.h"
#include "engine/trace/host_metrics.h"

namespace engine {

namespace {

double seconds(const FILETIME& time) {
    return static_cast<double>(static_cast<ULONGLONG>(time.dwHighDateTime) << 32 | time.dwLowDateTime) * 1e-7;
}
std::string lastReason(const char* what) {
    return fmt::format("{} gives Windows error {}", what, GetLastError());
}

class WindowsHostSource : public MetricSource {
  public:
    std::span<const MetricInfo> metrics() const override { return HostMetrics; }

    std::vector<MetricValue> sample() override {
        std::vector<MetricValue> values(HostMetrics.size());
        FILETIME idle{}, kernel{}, user{}, created{}, ended{};
        double all = 0;
        if (GetSystemTimes(&idle, &kernel, &user)) {
            all = seconds(kernel) + seconds(user);  // kernel holds idle
            const double spent = all - m_all, rested = seconds(idle) - m_idle;
            if (m_all == 0 || spent <= 0)
                values[0].reason = "needs two readings";
            else
                values[0].value = std::clamp(100 * (1 - rested / spent), 0.0, 100.0);
        } else {
            values[0].reason = lastReason("GetSystemTimes");
        }
        const double idleNow = seconds(idle);
        if (GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) {
            const double own = seconds(kernel) + seconds(user);
            if (m_all == 0 || all <= m_all)
                values[1].reason = "needs two readings";
            else
                values[1].value = 100 * (own - m_own) / (all - m_all);
            m_own = own;
        } else {
            values[1].reason = lastReason("GetProcessTimes");
        }
        m_all = all;
        m_idle = idleNow;
        PROCESS_MEMORY_COUNTERS memory{};
        if (K32GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory))
            values[2].value = static_cast<double>(memory.WorkingSetSize);
        else
            values[2].reason = lastReason("GetProcessMemoryInfo");
        MEMORYSTATUSEX status{};
        status.dwLength = sizeof status;
        if (GlobalMemoryStatusEx(&status)) {
            values[3].value = static_cast<double>(status.ullTotalPhys);
            values[4].value = static_cast<double>(status.ullAvailPhys);
        } else {
            values[3].reason = values[4].reason = lastReason("GlobalMemoryStatusEx");
        }
        return values;
    }

  private:
    double m_all = 0, m_idle = 0, m_own = 0;
};

}  // namespace

std::unique_ptr<MetricSource> makeHostSource() {
    return std::make_unique<WindowsHostSource>();
}

}  // namespace engine
