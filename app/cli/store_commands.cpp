// store check, store export, store query: the records of the store.
#include <filesystem>
#include <fstream>

#include "app/cli/command.h"
#include "app/store/store.h"
#include "engine/io/plain_text.h"

namespace app {

using engine::Error;
using engine::ErrorCode;
using engine::invalid;
using engine::Result;

namespace {

Result<std::unique_ptr<Store>> openStore(CliContext& context, bool readOnly) {
    std::error_code ignored;
    if (!std::filesystem::exists(systemPath(context.profile.store), ignored))
        return Error{ErrorCode::FileNotFound,
                     "There is no store yet: " + engine::plainText(context.profile.store, 400) + " does not exist",
                     context.profile.store};
    TRY(auto store, Store::open(context.profile.store, {.readOnly = readOnly}));
    for (const std::string& notice : store->notices())
        context.output.note("note: " + notice);
    return store;
}

Result<void> writeFile(const std::string& path, const std::string& text) {
    const std::string part = path + ".part";
    {
        std::ofstream out(systemPath(part), std::ios::binary | std::ios::trunc);
        out << text;
        out.close();
        if (!out) {
            std::error_code ignored;
            std::filesystem::remove(systemPath(part), ignored);
            return invalid("{} cannot be written: no rights, or the disk is full", engine::plainText(path, 400));
        }
    }
    std::error_code error;
    std::filesystem::rename(systemPath(part), systemPath(path), error);
    if (error)
        return invalid("{} cannot be written: {}", engine::plainText(path, 400), error.message());
    return {};
}

}  // namespace

Result<void> runStoreCheck(CliContext& context) {
    // Not read-only: whoever was killed while writing left a log that has to be taken in first.
    TRY(const auto store, openStore(context, false));
    TRY(StoreCheck check, store->check());
    if (store->recovered()) {  // in order now, but something may be missing: said once, as a problem
        check.ok = false;
        check.problems.insert(check.problems.begin(), store->notices().begin(), store->notices().end());
    }
    if (context.output.json()) {
        context.output.object({{"ok", check.ok},
                               {"chats", check.chats},
                               {"messages", check.messages},
                               {"tokensRecords", check.tokensRecords},
                               {"problems", check.problems}});
    } else {
        context.output.text(fmt::format("{} chats, {} messages, {} token records: {}\n", check.chats, check.messages,
                                        check.tokensRecords, check.ok ? "all in order" : "not in order"));
        for (const std::string& problem : check.problems)
            context.output.text(engine::plainText(problem, 1000) + "\n");
    }
    context.output.resultGiven();
    if (!check.ok)
        return Error{ErrorCode::FileDamaged,
                     fmt::format("The store has {} problems, the first: {}", check.problems.size(),
                                 check.problems.empty() ? "unknown" : engine::plainText(check.problems.front(), 300)),
                     context.profile.store};
    return {};
}

Result<void> runStoreExport(CliContext& context) {
    TRY(const int64_t chat, context.arguments.integer("--chat", 0, 1, INT64_MAX));
    const std::string format = context.arguments.text("--format", "json");
    if (format != "json" && format != "markdown" && format != "html")
        return usageError("--format is '{}', expected json, markdown or html", engine::plainText(format));
    if (format != "json" && chat == 0)
        return usageError("--format {} needs --chat ID: only JSON holds all chats", format);
    TRY(const auto store, openStore(context, false));
    std::string text;
    if (format == "json") {
        TRY(text, store->exportJson(chat));
    } else if (format == "markdown") {
        TRY(text, store->exportMarkdown(chat));
    } else {
        TRY(text, store->exportHtml(chat));
    }
    if (context.arguments.has("--out")) {
        const std::string path = context.arguments.text("--out");
        TRY_VOID(writeFile(path, text));
        if (context.output.json())
            context.output.object({{"path", path}, {"sizeBytes", text.size()}});
        return {};
    }
    if (!context.output.json()) {
        context.output.text(text + (text.ends_with('\n') ? "" : "\n"));
    } else if (format == "json") {
        const Json value = Json::parse(text, nullptr, false);
        if (value.is_discarded())
            return Error{ErrorCode::Internal, "The export is not valid JSON", {}};
        context.output.object(value);
    } else {
        context.output.object({{"text", text}});
    }
    return {};
}

Result<void> runStoreQuery(CliContext& context) {
    TRY(const auto store, openStore(context, true));
    Json names = Json::array(), rows = Json::array();
    std::string lines;
    const auto row = [&](std::span<const std::string> columns, std::span<const std::string> values) {
        if (names.empty())
            names = std::vector<std::string>(columns.begin(), columns.end());
        Json cells = Json::object();
        for (size_t i = 0; i < values.size(); ++i) {
            Json value = Json::parse(values[i], nullptr, false);
            if (!context.output.json())
                lines +=
                    (i ? "\t" : "") + engine::plainText(value.is_string() ? value.get<std::string>() : values[i], 200);
            std::string name = columns[i];
            while (cells.contains(name))
                name += "_";  // two columns of one name
            cells[name] = std::move(value);
        }
        if (context.output.json())
            rows.push_back(std::move(cells));
        else
            lines += "\n";
        return !context.interrupt.poll();
    };
    TRY_VOID(store->query(context.arguments.positional().front(), row));
    if (context.output.json())
        context.output.object({{"columns", names}, {"rows", rows}});
    else
        context.output.text(lines);
    if (context.interrupt.poll())
        return Error{ErrorCode::Cancelled, "Cancelled; not all rows are printed", {}};
    return {};
}

}  // namespace app
