// What can still be read from a damaged store: first through SQLite, row by row around the damage, then from the raw
// pages of the file and its log. A message counts only when its checksum agrees. Thread: one at a time.
#pragma once

#include <map>
#include <string>

#include "app/store/database.h"
#include "app/store/records.h"

namespace app {

struct Salvage {
    std::map<int64_t, StoredChat> chats;
    std::map<int64_t, bool> deletedChats;
    std::map<int64_t, StoredMessage> messages;
    std::map<int64_t, std::string> tokens;  // packed records by message
    std::vector<StoredNote> notes;
    std::vector<StoredFolder> folders;
    std::vector<StoredModel> models;
    std::map<int64_t, std::string> drafts;
    std::map<int64_t, int64_t> deletedMessages;
    int64_t chatsSeen = 0;       // chats of which any trace was found
    int64_t chatsRecovered = 0;  // of which all that was found could be read
};

// Never fails because of the content; the error is an unreadable file.
engine::Result<Salvage> salvage(const std::string& path);
engine::Result<void> fillFrom(Database& target, const Salvage& found);

}  // namespace app
