// A subcommand: its name, its options, what it does. The list of all is in commands.cpp. Thread: main.
#pragma once

#include <span>
#include <string_view>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/system.h"
#include "app/profile.h"
#include "engine/core/result.h"

namespace app {

struct CliContext {
    const Arguments& arguments;
    Output& output;
    Interrupt& interrupt;
    const Profile& profile;
};

struct Command {
    std::string_view name;                // "store check"
    std::string_view synopsis;            // what follows the name
    std::string_view what;                // one sentence for the list
    std::string_view details;             // further lines of its own help
    std::span<const OptionSpec> options;  // of its own, beside the global ones
    int positionals = 0;                  // words that it takes besides options
    engine::Result<void> (*run)(CliContext&) = nullptr;
};

std::span<const Command> commands();
std::span<const OptionSpec> globalOptions();
// The help of one subcommand, or the list of all when `name` is empty.
engine::Result<std::string> helpText(std::string_view name);

// The subcommands, by file.
engine::Result<void> runVersion(CliContext&);  // about_commands.cpp
engine::Result<void> runModels(CliContext&);
engine::Result<void> runInfo(CliContext&);
engine::Result<void> runVerify(CliContext&);
engine::Result<void> runTokenize(CliContext&);  // text_commands.cpp
engine::Result<void> runDetokenize(CliContext&);
engine::Result<void> runTemplate(CliContext&);
engine::Result<void> runGenerate(CliContext&);  // generate_command.cpp
engine::Result<void> runChat(CliContext&);      // chat_command.cpp
engine::Result<void> runLogits(CliContext&);    // measure_commands.cpp
engine::Result<void> runPerplexity(CliContext&);
engine::Result<void> runBench(CliContext&);       // bench_command.cpp
engine::Result<void> runStoreCheck(CliContext&);  // store_commands.cpp
engine::Result<void> runStoreExport(CliContext&);
engine::Result<void> runStoreQuery(CliContext&);

std::span<const OptionSpec> samplingOptions();  // sampling_options.cpp
std::span<const OptionSpec> generateOptions();  // generate_command.cpp
std::span<const OptionSpec> chatOptions();      // chat_command.cpp

}  // namespace app
