#include "app/cli/build_facts.h"

#include "generated/commit.h"

namespace app {

std::string buildVersion() {
    return TESSERA_VERSION;
}
std::string buildCommit() {
    return TESSERA_COMMIT;
}
std::string buildCompiler() {
#if defined(__clang__)
    return "Clang " __clang_version__;
#elif defined(__GNUC__)
    return "GCC " __VERSION__;
#else
    return "MSVC " + std::to_string(_MSC_VER);
#endif
}
std::string buildQt() {
    return TESSERA_QT;
}

}  // namespace app
