// Where things live: the profile folder (store, settings), the models folder, the sample model. Thread: any; reads the
// environment only.
#pragma once

#include <optional>
#include <string>

#include "engine/core/result.h"

namespace app {

struct Profile {
    std::string
        home;  // $TESSERA_HOME, else $XDG_DATA_HOME/tessera, else ~/.local/share/tessera; UTF-8, no trailing slash
    std::string store;     // home/tessera.db
    std::string settings;  // home/settings.ini
    std::string models;    // $TESSERA_MODELS, else $XDG_DATA_HOME/tessera/models
};

// The paths; creates nothing.
Profile profileFromEnvironment();
// Sets umask 077 and creates the profile folder with mode 0700. Error: where and what the system said.
engine::Result<void> prepareProfile(const Profile& profile);
// The sample language model in the models folder, if it is there.
std::optional<std::string> findSampleModel(const Profile& profile);

}  // namespace app
