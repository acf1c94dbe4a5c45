// How long the store and a long chat take: a durable turn, opening 10,000 messages, starting with 10,000 chats, a
// search. bench_store FOLDER (a folder on the disk that is to be measured; files are left there)
#include <fmt/format.h>

#include <QDir>
#include <algorithm>
#include <chrono>
#include <functional>

#include "app/conversation.h"
#include "app/store/store.h"

using namespace app;

namespace {

double secondsOf(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void show(const char* what, std::vector<double> seconds) {
    std::sort(seconds.begin(), seconds.end());
    fmt::print("{:<46} median {:8.2f} ms   largest {:8.2f} ms   n {}\n", what, seconds[seconds.size() / 2] * 1e3,
               seconds.back() * 1e3, seconds.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: bench_store FOLDER\n");
        return 2;
    }
    const std::string path = std::string(argv[1]) + "/bench.db";
    QDir(QString::fromLocal8Bit(argv[1])).remove(QStringLiteral("bench.db"));
    std::unique_ptr<Store> store;
    const auto open = [&] {
        auto opened = Store::open(path);
        if (!opened) {
            fmt::print(stderr, "error: {}\n", opened.error().message);
            std::exit(1);
        }
        store = std::move(*opened);
    };
    open();

    std::vector<double> turns, updates;
    Store::Turn turn;
    for (int i = 0; i < 300; ++i) {
        turn.user = StoredMessage{.text = std::string(200, 'u')};
        turn.reply = StoredMessage{.role = StoredRole::Assistant, .state = StoredState::Streaming};
        Store::TurnIds ids;
        turns.push_back(secondsOf([&] { ids = *store->beginTurn(turn); }));
        updates.push_back(secondsOf([&] { (void)store->updateStreaming(ids.reply, std::string(2000, 's')); }));
        turn.chat.id = ids.chat;
    }
    show("a turn, durable", turns);
    show("streamed text, durable", updates);

    std::string json = R"({"format":"tessera-chats","version":1,"chats":[{"title":"long","messages":[)";
    for (int i = 1; i <= 10'000; ++i)
        json += fmt::format(R"({}{{"id":{},"parent":{},"role":"{}","text":"message {} {}"}})", i > 1 ? "," : "", i,
                            i - 1, i % 2 ? "user" : "assistant", i, std::string(400, 'w'));
    json += "]}]}";
    int64_t chat = 0;
    fmt::print("{:<46} {:15.2f} ms\n", "import of 10,000 messages",
               1e3 * secondsOf([&] { chat = store->importJson(json)->front(); }));

    std::vector<double> read, build, rows, prompts;
    for (int i = 0; i < 5; ++i) {
        StoredConversation stored;
        std::shared_ptr<Conversation> conversation;
        read.push_back(secondsOf([&] { stored = *store->conversation(chat); }));
        build.push_back(secondsOf([&] { conversation = Conversation::fromStored(stored, {}); }));
        MessageModel model;
        rows.push_back(secondsOf([&] { model.setRows(conversation->rows()); }));
        prompts.push_back(secondsOf([&] { (void)conversation->messagesFor(conversation->activeLeaf); }));
    }
    show("10,000 messages: read, store thread", read);
    show("10,000 messages: tree, UI thread", build);
    show("10,000 messages: rows, UI thread", rows);
    show("10,000 messages: for the template, UI thread", prompts);

    std::string many = R"({"format":"tessera-chats","version":1,"chats":[)";
    for (int i = 0; i < 10'000; ++i)
        many += fmt::format(R"({}{{"title":"chat {}","messages":[{{"id":1,"role":"user","text":"question {}"}}]}})",
                            i ? "," : "", i, i);
    (void)store->importJson(many + "]}");
    store.reset();
    fmt::print("{:<46} {:15.2f} ms\n", "open with 10,000 chats", 1e3 * secondsOf(open));
    fmt::print("{:<46} {:15.2f} ms\n", "list 10,000 chats", 1e3 * secondsOf([&] { (void)store->chats(); }));
    std::vector<double> searches;
    for (int i = 0; i < 20; ++i)
        searches.push_back(secondsOf([&] { (void)store->search("question 9" + std::to_string(i)); }));
    show("search", searches);
    return 0;
}
