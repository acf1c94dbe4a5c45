// Facts about this build, filled in by CMake. Thread: any.
#pragma once

#include <string>

namespace app {

std::string buildVersion();   // "0.1.0"
std::string buildCommit();    // "6d8aff3", or "unknown" outside a clone
std::string buildCompiler();  // "GCC 12.2.0"
std::string buildQt();        // version of Qt that the window is built with

}  // namespace app
