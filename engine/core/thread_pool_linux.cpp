#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "engine/core/thread_pool.h"

namespace engine {

namespace {

// Physical cores in the affinity mask: hardware threads of one core share its arithmetic units and count once.
int allowedCores() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    if (sched_getaffinity(0, sizeof(mask), &mask) != 0)
        return static_cast<int>(std::thread::hardware_concurrency());
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &mask))
            continue;
        std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
        std::string siblings;
        if (!(file >> siblings))
            siblings = std::to_string(cpu);
        cores.insert(siblings);
    }
    return static_cast<int>(cores.size());
}

// Cores' worth of time that the control groups of this process leave it; infinite without a quota.
double quotaCores() {
    double cores = std::numeric_limits<double>::infinity();
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const size_t colon = line.rfind(':');
        if (colon == std::string::npos)
            continue;
        const bool unified = line.rfind("0::", 0) == 0;
        if (!unified && line.find("cpu") == std::string::npos)
            continue;
        // A limit on any ancestor holds too.
        std::string path = line.substr(colon + 1);
        for (;;) {
            if (path == "/")
                path.clear();
            double quota = 0;
            double period = 0;
            if (unified) {
                std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
                if (file >> quota >> period && quota > 0 && period > 0)
                    cores = std::min(cores, quota / period);
            } else {
                std::ifstream quotaFile("/sys/fs/cgroup/cpu" + path + "/cpu.cfs_quota_us");
                std::ifstream periodFile("/sys/fs/cgroup/cpu" + path + "/cpu.cfs_period_us");
                if (quotaFile >> quota && periodFile >> period && quota > 0 && period > 0)
                    cores = std::min(cores, quota / period);
            }
            if (path.empty())
                break;
            path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
        }
    }
    return cores;
}

}  // namespace

int defaultThreadCount() {
    const double quota = quotaCores();
    int cores = std::max(allowedCores(), 1);
    if (quota < cores)
        cores = std::max(static_cast<int>(std::lround(quota)), 1);
    return cores;
}

}  // namespace engine
