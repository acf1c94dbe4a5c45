// tessera-cli: everything that the window runs, without a window.
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "engine/io/plain_text.h"

using namespace app;
using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr int Done = 0, Failed = 1, WrongUsage = 2, Cancelled = 130;

int exitStatus(const Error& error) {
    if (error.code == ErrorCode::Cancelled)
        return Cancelled;
    return isUsageError(error) ? WrongUsage : Failed;
}

// The subcommand is the first word that is no option; some names have two words. Its words are taken out.
const Command* takeCommand(std::vector<std::string>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
        for (const Command& command : commands()) {
            const size_t space = command.name.find(' ');
            const bool two = space != std::string_view::npos;
            if (words[i] != command.name.substr(0, space))
                continue;
            if (two && (i + 1 == words.size() || words[i + 1] != command.name.substr(space + 1)))
                continue;
            words.erase(words.begin() + static_cast<ptrdiff_t>(i), words.begin() + static_cast<ptrdiff_t>(i + 1 + two));
            return &command;
        }
        if (words[i] != "--json")
            break;  // only switches may stand before the subcommand
    }
    return nullptr;
}

Result<void> run(std::vector<std::string> words, Output& output) {
    if (words.empty()) {
        TRY(const std::string text, helpText(""));
        output.note(text);
        return usageError("a subcommand is needed");
    }
    if (words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
        std::string name;
        for (size_t i = 1; i < words.size(); ++i)
            name += (i > 1 ? " " : "") + words[i];
        TRY(const std::string text, helpText(name));
        output.text(text + "\n");
        return {};
    }
    if (words[0] == "--version")
        words[0] = "version";
    const Command* command = takeCommand(words);
    if (!command) {
        const std::string given = words[0] == "--json" && words.size() > 1 ? words[1] : words[0];
        return usageError("there is no subcommand '{}'; `tessera-cli help` names what there is",
                          engine::plainText(given));
    }
    for (const std::string& word : words)
        if (word == "--help" || word == "-h") {
            TRY(const std::string text, helpText(command->name));
            output.text(text + "\n");
            return {};
        }
    const std::span<const OptionSpec> groups[] = {globalOptions(), command->options};
    TRY(const Arguments arguments, Arguments::parse(words, groups));
    if (static_cast<int>(arguments.positional().size()) > command->positionals)
        return usageError("'{}' is one word too many for {}",
                          engine::plainText(arguments.positional()[static_cast<size_t>(command->positionals)]),
                          command->name);
    if (static_cast<int>(arguments.positional().size()) < command->positionals)
        return usageError("{} needs {}", command->name, command->synopsis);
    Interrupt interrupt;
    const Profile profile = profileFromEnvironment();
    CliContext context{arguments, output, interrupt, profile};
    return command->run(context);
}

}  // namespace

int main(int argc, char** argv) {
    keepFilesPrivate();
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    bool json = false;
    for (const std::string& word : words)
        json |= word == "--json";
    Output output(json);
    Result<void> result;
    try {
        result = run(std::move(words), output);
    } catch (const std::bad_alloc&) {
        result = Error{ErrorCode::OutOfMemory, "The system has no memory left for this", {}};
    } catch (const std::exception& problem) {
        result = Error{ErrorCode::Internal, problem.what(), {}};
    }
    output.progressDone();
    if (result && !output.flush())
        result = Error{ErrorCode::InvalidRequest, "Standard output did not take the whole result", {}};
    if (result)
        return Done;
    output.error(result.error());
    return exitStatus(result.error());
}
