// Chats as JSON, Markdown and HTML.
#include <ctime>

#include "app/store/state.h"

namespace app {

using engine::Result;
using nlohmann::ordered_json;

namespace {

std::string isoTime(int64_t ms) {
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
#ifdef _WIN32
    gmtime_s(&parts, &seconds);
#else
    gmtime_r(&seconds, &parts);
#endif
    char text[40] = {};
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

ordered_json parsedOrEmpty(const std::string& json) {
    ordered_json value = ordered_json::parse(json, nullptr, false);
    return value.is_object() ? value : ordered_json::object();
}

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string authorOf(const StoredMessage& m) {
    if (m.role == StoredRole::User)
        return "You";
    if (m.role == StoredRole::System)
        return "System";
    return m.facts.modelName.empty() ? "Assistant" : m.facts.modelName;
}

std::string figuresOf(const StoredMessage& m) {
    if (m.role != StoredRole::Assistant || m.facts.tokens == 0)
        return {};
    std::string text = fmt::format("{} tokens", m.facts.tokens);
    if (m.facts.decodeSeconds > 0)
        text += fmt::format(", {:.1f} tok/s", static_cast<double>(m.facts.tokens) / m.facts.decodeSeconds);
    if (!m.facts.quantization.empty())
        text += ", " + m.facts.quantization;
    return text + fmt::format(", seed {}", m.facts.seed);
}

ordered_json messageToJson(const StoredMessage& m) {
    ordered_json j;
    j["id"] = m.id;
    j["parent"] = m.parent;
    j["role"] = storedRoleName(m.role);
    j["state"] = storedStateName(m.state);
    j["text"] = m.text;
    if (!m.error.empty())
        j["error"] = m.error;
    j["createdMs"] = m.createdMs;
    j["created"] = isoTime(m.createdMs);
    if (m.edited)
        j["edited"] = true;
    if (!m.intact)
        j["damaged"] = true;
    if (m.role == StoredRole::Assistant)
        j["facts"] = parsedOrEmpty(factsToJson(m.facts));
    return j;
}

}  // namespace

Result<std::string> Store::exportJson(int64_t only, bool withTokens) {
    ordered_json root;
    root["format"] = "tessera-chats";
    root["version"] = 1;
    ordered_json list = ordered_json::array();
    TRY(const auto all, chats());
    TRY(const auto folderList, folders());
    bool found = only == 0;
    for (const StoredChat& chat : all) {
        if (only != 0 && chat.id != only)
            continue;
        found = true;
        TRY(const StoredConversation c, conversation(chat.id));
        ordered_json j;
        j["id"] = chat.id;
        j["title"] = chat.title;
        j["titleGiven"] = chat.titleGiven;
        j["pinned"] = chat.pinned;
        for (const StoredFolder& folder : folderList)
            if (folder.id == chat.folder)
                j["folder"] = folder.name;
        j["model"] = chat.modelName;
        j["modelPath"] = chat.modelPath;
        j["settings"] = parsedOrEmpty(chat.settingsJson);
        j["createdMs"] = chat.createdMs;
        j["created"] = isoTime(chat.createdMs);
        j["activeLeaf"] = chat.activeLeaf;
        j["messages"] = ordered_json::array();
        for (const StoredMessage& message : c.messages) {
            ordered_json m = messageToJson(message);
            if (withTokens && message.hasTokens) {
                // Records that are damaged cost the token view, not the export.
                const auto records = tokens(message.id);
                ordered_json rows = ordered_json::array();
                if (records)
                    for (const StoredToken& token : *records) {
                        ordered_json top = ordered_json::array();
                        for (const StoredAlternative& other : token.top)
                            top.push_back({{"id", other.id}, {"logprob", other.logprob}, {"text", other.text}});
                        rows.push_back({{"id", token.id},
                                        {"logprob", token.logprob},
                                        {"entropyBits", token.entropyBits},
                                        {"text", token.text},
                                        {"textEnd", token.textEnd},
                                        {"top", std::move(top)}});
                    }
                m["tokens"] = std::move(rows);
            }
            j["messages"].push_back(std::move(m));
        }
        j["notes"] = ordered_json::array();
        for (const StoredNote& note : c.notes)
            j["notes"].push_back({{"after", note.after},
                                  {"severity", note.severity},
                                  {"text", note.text},
                                  {"action", note.actionId},
                                  {"actionText", note.actionText},
                                  {"createdMs", note.createdMs}});
        list.push_back(std::move(j));
    }
    if (!found)
        return engine::invalid("there is no chat {}", only);
    root["chats"] = std::move(list);
    return dumpJson(root, 1);
}

Result<std::string> Store::exportMarkdown(int64_t chat) {
    TRY(const StoredConversation c, conversation(chat));
    std::string out = "# " + c.chat.title + "\n\n";
    const ordered_json settings = parsedOrEmpty(c.chat.settingsJson);
    if (const auto it = settings.find("systemPrompt");
        it != settings.end() && it->is_string() && !it->get_ref<const std::string&>().empty())
        out += "> " + it->get<std::string>() + "\n\n";
    for (const StoredMessage& m : branchOf(c, c.chat.activeLeaf)) {
        out += "## " + authorOf(m) + "\n\n" + m.text + "\n\n";
        if (!m.error.empty())
            out += "*" + m.error + "*\n\n";
        if (const std::string figures = figuresOf(m); !figures.empty())
            out += "*" + figures + "*\n\n";
        for (const StoredNote& note : c.notes)
            if (note.after == m.id)
                out += "> " + note.text + "\n\n";
    }
    return out;
}

Result<std::string> Store::exportHtml(int64_t chat) {
    TRY(const StoredConversation c, conversation(chat));
    const std::string title = escaped(c.chat.title);
    // The policy forbids scripts, frames and every load, should a reader of the file not trust the escaping.
    std::string out =
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<title>" +
        title +
        "</title>\n<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em}"
        "h2{font-size:1em;margin:1.5em 0 .3em}p{white-space:pre-wrap;margin:0}small{color:#5b6676}"
        ".note{background:#fdf0dc;padding:.4em .8em;border-radius:6px}</style></head>\n<body>\n<h1>" +
        title + "</h1>\n";
    for (const StoredMessage& m : branchOf(c, c.chat.activeLeaf)) {
        out += "<h2>" + escaped(authorOf(m)) + "</h2>\n<p>" + escaped(m.text) + "</p>\n";
        if (!m.error.empty())
            out += "<p class=\"note\">" + escaped(m.error) + "</p>\n";
        if (const std::string figures = figuresOf(m); !figures.empty())
            out += "<small>" + escaped(figures) + "</small>\n";
        for (const StoredNote& note : c.notes)
            if (note.after == m.id)
                out += "<p class=\"note\">" + escaped(note.text) + "</p>\n";
    }
    return out + "</body></html>\n";
}

}  // namespace app
