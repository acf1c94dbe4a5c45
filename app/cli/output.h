// What the program says: results on standard output (JSON, or text for people), everything else on standard error.
// Thread: main.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/core/result.h"

namespace app {

using Json = nlohmann::ordered_json;

class Output {
  public:
    explicit Output(bool json) : m_json(json) {}
    bool json() const { return m_json; }

    void object(const Json& value);        // one line, flushed
    void text(std::string_view text);      // as it is, flushed; not under --json
    void note(std::string_view sentence);  // a line for people on standard error
    void error(const engine::Error& error);
    // The object that was printed says everything: an error that follows goes to standard error alone.
    void resultGiven() { m_resultGiven = true; }
    // Work in progress: stage, rate and time left on standard error when that is a terminal, at most ten times a
    // second.
    void progress(std::string_view stage, double fraction);
    void progressDone();
    // False: standard output did not take everything (disk full, pipe closed).
    bool flush();

  private:
    using Clock = std::chrono::steady_clock;
    bool m_json;
    bool m_lineOpen = false, m_resultGiven = false;
    std::string m_stage;
    Clock::time_point m_stageBegan{}, m_lastDrawn{};
};

// JSON text in valid UTF-8, on one line; broken bytes of foreign strings become U+FFFD.
std::string jsonText(const Json& value, int indent = -1);
Json errorJson(const engine::Error& error);  // {"code", "message", "where"}
std::string humanBytes(int64_t bytes);       // "98.5 MB"

}  // namespace app
