#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "engine/core/error_text.h"
#include "engine/trace/host_metrics.h"

namespace engine {

namespace {

// The whole of a small file of /proc; empty with the system's reason.
std::string readSmall(const char* path, std::string& reason) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        reason = fmt::format("{} cannot be read: {}", path, std::strerror(errno));
        return {};
    }
    char bytes[8192];
    const ssize_t n = ::read(fd, bytes, sizeof bytes);
    ::close(fd);
    if (n <= 0) {
        reason = fmt::format("{} is empty", path);
        return {};
    }
    return std::string(bytes, static_cast<size_t>(n));
}

// Number `index` (from 0) of the white-space separated words.
bool numberAt(std::string_view text, int index, double& value) {
    for (int i = 0;; ++i) {
        const size_t from = text.find_first_not_of(" \t\n");
        if (from == std::string_view::npos)
            return false;
        const size_t to = std::min(text.find_first_of(" \t\n", from), text.size());
        if (i == index) {
            const auto word = text.substr(from, to - from);
            return std::from_chars(word.data(), word.data() + word.size(), value).ec == std::errc();
        }
        text.remove_prefix(to);
    }
}

bool memoryLine(const std::string& text, std::string_view name, double& bytes) {
    const size_t at = text.find(name);
    if (at == std::string::npos || !numberAt(std::string_view(text).substr(at + name.size()), 0, bytes))
        return false;
    bytes *= 1024;
    return true;
}

class LinuxHostSource : public MetricSource {
  public:
    std::span<const MetricInfo> metrics() const override { return HostMetrics; }

    std::vector<MetricValue> sample() override {
        std::vector<MetricValue> values(HostMetrics.size());
        hostCpu(values[0]);
        processCpu(values[1]);
        std::string reason;
        double number = 0;
        const std::string statm = readSmall("/proc/self/statm", reason);
        if (numberAt(statm, 1, number))
            values[2].value = number * static_cast<double>(::sysconf(_SC_PAGESIZE));
        else
            values[2].reason = reason.empty() ? "/proc/self/statm has another form than expected" : reason;
        reason.clear();
        const std::string memory = readSmall("/proc/meminfo", reason);
        const char* strange = "/proc/meminfo has another form than expected";
        if (!memoryLine(memory, "MemTotal:", values[3].value))
            values[3].reason = reason.empty() ? strange : reason;
        if (!memoryLine(memory, "MemAvailable:", values[4].value))
            values[4].reason = reason.empty() ? strange : reason;
        limitToGroup(values[3], values[4]);
        return values;
    }

  private:
    void hostCpu(MetricValue& out) {
        std::string reason;
        const std::string stat = readSmall("/proc/stat", reason);
        double total = 0, idle = 0;
        for (int i = 1; i <= 8; ++i) {
            double ticks = 0;
            if (!numberAt(stat, i, ticks)) {
                out.reason = reason.empty() ? "/proc/stat has another form than expected" : reason;
                return;
            }
            total += ticks;
            if (i == 4 || i == 5)  // idle and waiting for a disk
                idle += ticks;
        }
        const double spent = total - m_total, rested = idle - m_idle;
        const bool first = m_total == 0;
        m_total = total;
        m_idle = idle;
        if (first || spent <= 0)
            out.reason = "needs two readings";
        else
            out.value = std::clamp(100 * (1 - rested / spent), 0.0, 100.0);
    }

    void processCpu(MetricValue& out) {
        std::string reason;
        const std::string stat = readSmall("/proc/self/stat", reason);
        // The name in parentheses may hold spaces: fields are counted behind it.
        const size_t close = stat.rfind(')');
        double user = 0, system = 0;
        if (close == std::string::npos || !numberAt(std::string_view(stat).substr(close + 1), 11, user) ||
            !numberAt(std::string_view(stat).substr(close + 1), 12, system)) {
            out.reason = reason.empty() ? "/proc/self/stat has another form than expected" : reason;
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - m_when).count();
        const double ticks = user + system - m_ticks;
        const bool first = m_ticks < 0;
        m_when = now;
        m_ticks = user + system;
        const double cores = std::max(1u, std::thread::hardware_concurrency());
        if (first || seconds <= 0)
            out.reason = "needs two readings";
        else
            out.value = 100 * ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)) / seconds / cores;
    }

    // In a container the group's limit is what counts.
    static void limitToGroup(MetricValue& total, MetricValue& available) {
        std::string ignored;
        double limit = 0, used = 0;
        if (!numberAt(readSmall("/sys/fs/cgroup/memory.max", ignored), 0, limit) ||
            !numberAt(readSmall("/sys/fs/cgroup/memory.current", ignored), 0, used))
            return;
        if (total.ok() && limit < total.value) {
            total.value = limit;
            if (available.ok())
                available.value = std::min(available.value, std::max(0.0, limit - used));
        }
    }

    double m_total = 0, m_idle = 0, m_ticks = -1;
    std::chrono::steady_clock::time_point m_when{};
};

}  // namespace

std::unique_ptr<MetricSource> makeHostSource() {
    return std::make_unique<LinuxHostSource>();
}

}  // namespace engine
