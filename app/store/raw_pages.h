// Finds table records in the raw bytes of an SQLite file or of its log, without trusting any pointer between pages. For
// rescue only. Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/result.h"

namespace app {

struct RawValue {
    enum Kind : uint8_t { Null, Integer, Real, Text, Blob } kind = Null;  // the store's rows hold no real: not decoded
    int64_t integer = 0;
    std::string bytes;
};
struct RawRecord {
    int64_t rowid = 0;
    std::vector<RawValue> values;
};

// Every record of every table leaf page, in file order. A missing file gives none.
engine::Result<void> readRawRecords(const std::string& path, const std::function<void(const RawRecord&)>& sink);

}  // namespace app
