#include "app/cli/output.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/cli/system.h"

namespace app {

namespace {

void write(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

}  // namespace

std::string jsonText(const Json& value, int indent) {
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json errorJson(const engine::Error& error) {
    return {{"code", engine::codeName(error.code)}, {"message", error.message}, {"where", error.where}};
}

std::string humanBytes(int64_t bytes) {
    if (bytes < 1000)
        return fmt::format("{} bytes", bytes);
    const char* units[] = {"kB", "MB", "GB", "TB", "PB"};
    double value = static_cast<double>(bytes) / 1000;
    int unit = 0;
    while (value >= 999.95 && unit < 4) {
        value /= 1000;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units[unit]);
}

void Output::object(const Json& value) {
    progressDone();
    write(stdout, jsonText(value) + "\n");
}

void Output::text(std::string_view text) {
    if (m_json)
        return;
    progressDone();
    write(stdout, text);
}

void Output::note(std::string_view sentence) {
    progressDone();
    write(stderr, fmt::format("{}\n", sentence));
}

void Output::error(const engine::Error& error) {
    progressDone();
    if (m_json && !m_resultGiven)
        object({{"error", errorJson(error)}});
    // One line, whatever the sentence quotes.
    std::string line = fmt::format("error: {}: {}", engine::codeName(error.code), error.message);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20)
            c = ' ';
    write(stderr, line + "\n");
}

void Output::progress(std::string_view stage, double fraction) {
    if (!errorIsTerminal())
        return;
    const Clock::time_point now = Clock::now();
    if (stage != m_stage) {
        m_stage = stage;
        m_stageBegan = now;
    } else if (now - m_lastDrawn < std::chrono::milliseconds(100)) {
        return;
    }
    m_lastDrawn = now;
    const double seconds = std::chrono::duration<double>(now - m_stageBegan).count();
    std::string line = fmt::format("\r\x1B[K{} {:.0f} %", stage, fraction * 100);
    if (fraction > 0.02 && seconds > 1)
        line += fmt::format(", {:.0f} s left", seconds / fraction * (1 - fraction));
    write(stderr, line);
    m_lineOpen = true;
}

void Output::progressDone() {
    if (m_lineOpen)
        write(stderr, "\r\x1B[K");
    m_lineOpen = false;
    m_stage.clear();
}

bool Output::flush() {
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace app
