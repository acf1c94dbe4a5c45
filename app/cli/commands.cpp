#include <fmt/format.h>

#include <algorithm>

#include "app/cli/command.h"
#include "engine/io/plain_text.h"

namespace app {

namespace {

constexpr OptionSpec globals[] = {
    {"--json", "", "one JSON object on standard output and nothing else there"},
    {"-m", "MODEL", "a path, a name from the library, or `sample`", "--model"},
    {"--exact", "", "compute in f32 throughout: slow, for proof"},
    {"--threads", "N", "compute threads (default: this machine's cores)"},
    {"--backend", "NAME", "cpu or auto (default)"},
    {"--isa", "NAME", "highest instruction set: scalar, avx2, avx512 or amx"},
    {"--seed", "N", "seed of the sampler (default: a new one, reported)"},
    {"--ctx", "N", "tokens of context (default: the model's, as memory allows)"},
    {"--kv", "TYPE", "type of the key and value cache: f16 (default), q8_0, q4_0 or f32"},
    {"--memory-target", "SHARE", "of the free memory that may be used (default 0.9)"},
    {"--rope-scaling", "NAME",
     "none, linear or yarn instead of what the file says, for contexts beyond the trained one"},
    {"--rope-scale", "X", "how many times longer the context becomes (default: --ctx over the trained one)"},
    {"--kv-k", "TYPE", "type of the keys alone (default: that of --kv)"},
    {"--kv-v", "TYPE", "type of the values alone (default: that of --kv)"},
};

constexpr OptionSpec infoOptions[] = {
    {"--full", "", "print long arrays of the metadata as a whole"},
};
constexpr OptionSpec tokenizeOptions[] = {
    {"--file", "FILE", "read the text from a file instead of standard input"},
    {"--special", "", "control tokens written in the text count as such"},
    {"--bos", "", "put first what the model puts first"},
    {"--bench", "", "measure the speed as well"},
};
constexpr OptionSpec detokenizeOptions[] = {
    {"--special", "", "show control tokens by name"},
};
constexpr OptionSpec templateOptions[] = {
    {"--file", "FILE", "the conversation: {\"messages\": [...], \"tools\": [...], ...}"},
    {"--template", "FILE", "another template than the model's own"},
};
constexpr OptionSpec logitsOptions[] = {
    {"--ids", "FILE", "token ids, a JSON array"},
    {"--out", "FILE", "where the NumPy file goes"},
};
constexpr OptionSpec perplexityOptions[] = {
    {"--file", "FILE", "the text"},
    {"--chunks", "N", "windows to measure (default: the whole text)"},
    {"--mode", "NAME", "llama.cpp (default), sliding or paper"},
};
constexpr OptionSpec benchOptions[] = {
    {"-p", "N,...", "prompt lengths to prefill (default 512; 0: none)"},
    {"-n", "N,...", "tokens to decode (default 128; 0: none)"},
    {"-d", "N,...", "tokens already in the context (default 0)"},
    {"-b", "N,...", "sequences decoded together (default 1)"},
    {"-r", "N", "repetitions (default 5)"},
};
constexpr OptionSpec exportOptions[] = {
    {"--chat", "ID", "one chat instead of all"},
    {"--format", "NAME", "json (default), or markdown or html for one chat"},
    {"--out", "FILE", "write to a file instead of standard output"},
};

const std::vector<Command>& list() {
    static const std::vector<Command> all = {
        {"version", "", "facts about this build and this machine", "", {}, 0, runVersion},
        {"models", "", "the models of the library", "", {}, 0, runModels},
        {"info", "-m MODEL", "one model file, checked: metadata, tensors, memory", "", infoOptions, 0, runInfo},
        {"verify", "-m MODEL", "read every byte of a model file: hash, finite values", "", {}, 0, runVerify},
        {"tokenize", "-m MODEL", "text (standard input) to token ids", "", tokenizeOptions, 0, runTokenize},
        {"detokenize", "-m MODEL", "token ids (a JSON array on standard input) to text", "", detokenizeOptions, 0,
         runDetokenize},
        {"template", "-m MODEL --file MESSAGES.json", "render a chat template",
         "Every key of the file becomes a variable of the template; \"date\" is the day that it sees.", templateOptions,
         0, runTemplate},
        {"generate", "-m MODEL -p TEXT", "continue a text, without a chat template",
         "A batch is a file of lines like {\"prompt\": \"...\", \"n\": 64, \"temp\": 0.7, \"seed\": 1}; the keys are "
         "the names of\n"
         "the options with underscores. All requests run together; results are printed in the file's order.",
         generateOptions(), 0, runGenerate},
        {"chat", "-m MODEL", "a conversation: one turn per line of standard input",
         "Turns and replies are kept in the store, like any chat of the window.", chatOptions(), 0, runChat},
        {"logits", "-m MODEL --ids FILE --out FILE.npy", "the logits of given tokens, f32 [tokens, vocabulary]", "",
         logitsOptions, 0, runLogits},
        {"perplexity", "-m MODEL --file TEXT", "how well a model predicts a text",
         "llama.cpp: windows side by side, the second half of each scored. sliding: windows that advance by half, "
         "every token\n"
         "scored once. paper: windows side by side, all but the first token scored.",
         perplexityOptions, 0, runPerplexity},
        {"bench", "-m MODEL", "tokens per second, beside what this machine allows",
         "Lists (\"-n 32,64\") give one test each; under --json one object per test and line.", benchOptions, 0,
         runBench},
        {"store check", "", "check every record of the store", "", {}, 0, runStoreCheck},
        {"store export", "", "print the chats", "", exportOptions, 0, runStoreExport},
        {"store query", "SQL", "one SELECT on the store, read-only", "", {}, 1, runStoreQuery},
    };
    return all;
}

std::string optionLines(std::span<const OptionSpec> options) {
    std::string text;
    for (const OptionSpec& option : options)
        text += fmt::format("  {:<24}{}\n", fmt::format("{} {}", option.name, option.value), option.help);
    return text;
}

}  // namespace

std::span<const Command> commands() {
    return list();
}

std::span<const OptionSpec> globalOptions() {
    return globals;
}

engine::Result<std::string> helpText(std::string_view name) {
    if (name.empty()) {
        std::string text = "usage: tessera-cli SUBCOMMAND [options]\n\n";
        for (const Command& command : list())
            text += fmt::format("  {:<15}{}\n", command.name, command.what);
        text += "\nFor every subcommand:\n" + optionLines(globals);
        text +=
            "\n`tessera-cli help SUBCOMMAND` tells its options. Exit status: 0 done, 1 failed, 2 wrong usage, 130 "
            "cancelled.";
        return text;
    }
    for (const Command& command : list()) {
        if (command.name != name)
            continue;
        std::string text =
            fmt::format("usage: tessera-cli {} {}\n\n{}\n", command.name, command.synopsis, command.what);
        if (!command.details.empty())
            text += fmt::format("{}\n", command.details);
        if (!command.options.empty())
            text += "\n" + optionLines(command.options);
        text += "\nFor every subcommand:\n" + optionLines(globals);
        text.pop_back();
        return text;
    }
    return usageError("there is no subcommand '{}'; `tessera-cli help` names what there is", engine::plainText(name));
}

}  // namespace app
