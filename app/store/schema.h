// The tables and how older ones become today's. Every released schema stays readable: tests/data/store holds one file
// of each. Thread: one at a time.
#pragma once

#include <string>

#include "app/store/database.h"

namespace app {

constexpr int64_t ApplicationId = 0x54535331;  // "TSS1": the file is ours
int64_t currentSchema();                       // the number of migrations

// Creates what is missing in one transaction: killed at any moment, the file has the old schema or the new one.
engine::Result<void> migrate(Database& db, int64_t from);
// A consistent copy of the whole store, written beside and renamed into place.
engine::Result<void> backupTo(Database& db, const std::string& path);

}  // namespace app
