// Conversations for tests of the chat's widgets.
#pragma once

#include <cmath>

#include "app/items/message_model.h"

inline app::MessageRow userRow(qint64 id, const QString& text) {
    app::MessageRow row;
    row.id = id;
    row.role = app::Role::User;
    row.text = text;
    return row;
}

inline app::MessageRow replyRow(qint64 id, const QString& text) {
    app::MessageRow row;
    row.id = id;
    row.role = app::Role::Assistant;
    row.text = text;
    row.stats.modelName = QStringLiteral("SmolLM2");
    row.stats.quantization = QStringLiteral("Q4_1");
    row.stats.tokens = 68;
    row.stats.tokensPerSecond = 187;
    row.stats.firstTokenSeconds = 0.064;
    row.stats.stopReason = QStringLiteral("eos");
    row.stats.seed = 7;
    return row;
}

inline app::TokenRecords tokensOf(const QStringList& words, const QList<double>& probabilities) {
    app::TokenRecords out;
    int at = 0;
    for (int i = 0; i < words.size(); ++i) {
        app::TokenRecord token;
        token.id = i + 100;
        token.text = words[i];
        token.logprob = float(std::log(probabilities[i % probabilities.size()]));
        token.entropyBits = float(2.1 * (1 - probabilities[i % probabilities.size()]));
        token.begin = at;
        at += int(words[i].size());
        token.end = at;
        token.top = {{token.id, token.logprob, token.text},
                     {1, std::log(0.33F), QStringLiteral(" very")},
                     {2, std::log(0.11F), QStringLiteral(" not")},
                     {3, std::log(0.06F), QStringLiteral(" pretty")}};
        out.push_back(token);
    }
    return out;
}

inline QList<app::MessageRow> longChat(int messages) {
    QList<app::MessageRow> rows;
    for (int i = 0; i < messages; ++i) {
        if (i % 2 == 0)
            rows.push_back(
                userRow(i + 1, QStringLiteral("Question %1: what is the capital of country number %1?").arg(i)));
        else
            rows.push_back(replyRow(
                i + 1, QStringLiteral("The **capital** of number %1 is `city-%1`.\n\n- one\n- two\n\n```cpp\nint x = "
                                      "%1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nDone with %1.")
                           .arg(i)));
    }
    return rows;
}
