#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "engine/core/thread_pool.h"

#include <windows.h>

namespace engine {

int defaultThreadCount() {
    DWORD_PTR processMask = 0;
    DWORD_PTR systemMask = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &processMask, &systemMask))
        processMask = ~DWORD_PTR{0};

    DWORD length = 0;
    GetLogicalProcessorInformation(nullptr, &length);
    std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> rows(length / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
    int cores = 0;
    if (!rows.empty() && GetLogicalProcessorInformation(rows.data(), &length))
        for (const auto& row : rows)
            if (row.Relationship == RelationProcessorCore && (row.ProcessorMask & processMask) != 0)
                ++cores;
    if (cores == 0)
        cores = static_cast<int>(std::popcount(static_cast<unsigned long long>(processMask & systemMask)));
    return std::max(cores, 1);
}

}  // namespace engine
