// A store with words in it, and its files as bytes. For the tests of the store.
#pragma once

#include <QFile>
#include <QString>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "app/store/store.h"

namespace test {

using namespace app;

inline std::unique_ptr<Store> mustOpen(const QString& path, StoreOptions options = {}) {
    auto store = Store::open(path.toStdString(), options);
    if (!store) {
        qWarning("%s", store.error().message.c_str());
        return nullptr;
    }
    return std::move(*store);
}

struct Spoken {
    int64_t chat, user, reply;
};

// One turn with a finished reply.
inline Spoken speak(Store& store, int64_t chat, int64_t parent, const std::string& said, const std::string& answer) {
    Store::Turn turn;
    turn.chat.id = chat;
    turn.chat.title = said.substr(0, 20);
    turn.user = StoredMessage{.parent = parent, .text = said};
    turn.reply = StoredMessage{.role = StoredRole::Assistant, .state = StoredState::Streaming};
    const auto ids = store.beginTurn(turn);
    if (!ids)
        return {};
    StoredMessage reply{.id = ids->reply, .state = StoredState::Done, .text = answer};
    reply.facts.tokens = 3;
    reply.facts.seed = 42;
    reply.facts.modelName = "Tiny";
    reply.facts.settingsJson = R"({"temperature":0.7})";
    const std::vector<StoredToken> tokens = {{5,
                                              -0.5f,
                                              1.25f,
                                              answer,
                                              static_cast<int64_t>(answer.size()),
                                              {{5, -0.5f, answer}, {7, -1.5f, "other"}, {9, -INFINITY, "never"}}}};
    if (!store.finishReply(reply, tokens))
        return {};
    return {ids->chat, ids->user, ids->reply};
}

inline const char* firstProblem(const StoreCheck& check) {
    return check.problems.empty() ? "" : check.problems.front().c_str();
}

inline QByteArray readAll(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}
inline bool writeAll(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}
// Pages in the middle: SQLite opens such a file and finds the damage when it looks.
inline QByteArray damagedInTheMiddle(QByteArray bytes) {
    return bytes.replace(bytes.size() / 2, 3 * 4096, QByteArray(3 * 4096, '\xa5'));
}

}  // namespace test
