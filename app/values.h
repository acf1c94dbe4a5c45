// The values that panels read: plain structs and enums, copied freely. Thread: any. They are registered with QVariant
// so that item models can hand them out: index.data(role).value<app::ReplyStats>().
#pragma once

#include <QDateTime>
#include <QList>
#include <QMetaType>
#include <QString>
#include <QStringList>
#include <QVariant>
#include <memory>

namespace app {
Q_NAMESPACE

using ChatId = qint64;     // 0: the new chat that has not been stored yet
using MessageId = qint64;  // negative: not stored yet
using FolderId = qint64;   // 0: no folder
using LoadedId = quint32;  // a loaded model; 0: none
using JobId = quint64;

enum class Role { System, User, Assistant, Note };
Q_ENUM_NS(Role)

// Saving: on its way to the disk. NotSaved: the disk refused it, the text is kept here (Workbench::retrySave).
// Waiting: queued or reading the prompt. Interrupted: the program ended while it streamed.
enum class MessageState { Saving, NotSaved, Waiting, Streaming, Done, Stopped, Interrupted, Failed };
Q_ENUM_NS(MessageState)

enum class Severity { Info, Warning, Error };
Q_ENUM_NS(Severity)

enum class JobState { Running, Done, Failed, Cancelled };
Q_ENUM_NS(JobState)

enum class ExportFormat { Json, Markdown, Html };
Q_ENUM_NS(ExportFormat)

struct ReplyStats {
    qint64 promptTokens = 0, reusedTokens = 0, tokens = 0;
    double prefillSeconds = 0, decodeSeconds = 0, firstTokenSeconds = 0;
    double tokensPerSecond = 0;  // decode; 0: unknown
    QString stopReason;          // "eos", "length", "stop-string", "cancelled", "context", "" while it runs
    quint64 seed = 0;
    QString modelName, quantization, modelPath;
    QString settingsJson;  // every parameter that shaped the reply
};

struct TokenAlternative {
    qint32 id = 0;
    float logprob = 0;  // natural logarithm
    QString text;       // for display: white space kept, control tokens by name
};
struct TokenRecord {
    qint32 id = 0;
    float logprob = 0, entropyBits = 0;
    QString text;      // the token's own text, for display
    qint32 begin = 0;  // where its characters are in the reply's text (QString index); equal ends: half a character
    qint32 end = 0;
    QList<TokenAlternative> top;  // most probable first
};
using TokenRecords = QList<TokenRecord>;

// An action that a note or a banner offers. Workbench::runAction(action.id).
struct Action {
    QString id;    // "retry-save", "open-settings:contextTokens", "new-chat", "load:PATH", ...
    QString text;  // for a button or link
    explicit operator bool() const { return !id.isEmpty(); }
};

// A line above the work: something about the store, the disk or the device.
struct Banner {
    QString id;
    Severity severity = Severity::Info;
    QString text;
    Action action;
};

struct LoadedModelInfo {
    LoadedId id = 0;
    QString path, name, architecture, quantization, device;  // device: "CPU, 2 threads, AVX2"
    qint64 parameters = 0, weightBytes = 0, kvBytes = 0, contextTokens = 0, trainedContext = 0, kvPages = 0;
    qint64 nLayers = 0, vocabSize = 0;
    QString kvType;       // "f16"
    QString ropeScaling;  // "model", "none", "linear", "yarn": what was asked for
    double ropeScale = 0, memoryTarget = 0.9;
    QString templateProblem;  // empty: the template works
    QStringList notes;        // what was cut or could not be used, in words
    double loadSeconds = 0;
};

// How much of the context the next request takes: whole conversation, system prompt and draft, rendered and counted
// exactly.
struct ContextUse {
    qint64 tokens = 0;       // of the rendered prompt including the draft
    qint64 draftTokens = 0;  // of the draft alone
    qint64 limit = 0;        // context of the model in use; 0: no model
    qint64 reserved = 0;     // room for the reply that the settings ask for
    bool exact = false;      // false while counting, or when there is no model
    QString problem;         // why it cannot be counted (template failed at line 3, ...)
};

struct TemplateInfo {
    enum Origin { FromModel, Custom, Builtin, None };
    Origin origin = None;
    QString source, builtinName, problem;  // problem: "template line 3, column 14: ..."
    QString modelSource;                   // what the file carries
};
struct TemplatePreview {
    QString text, problem;
    qint64 tokens = 0;  // -1: no model to count with
};

struct SearchHit {
    ChatId chat = 0;
    MessageId message = 0;
    QString chatTitle, snippet;
    QList<QPair<int, int>> marks;  // start and length in the snippet
};

struct FindHit {
    int row = 0;  // of MessageModel
    int start = 0, length = 0;
};

struct FolderInfo {
    FolderId id = 0;
    QString name;
};

struct TensorRow {
    QString name, type;
    QList<qint64> shape;
    qint64 sizeBytes = 0, offset = 0;
};
// Everything that the details page of a file shows.
struct ModelDetails {
    QString path, problem;  // problem: why it could not be read; the rest is what was readable
    QString name, architecture, quantization, format, licence, tokenizerModel, tokenizerPre, chatTemplate, sha256;
    qint64 parameters = 0, sizeBytes = 0, contextLength = 0, vocabSize = 0;
    QList<QPair<QString, QString>> metadata;  // key, value as text (long arrays shortened, said so)
    QList<TensorRow> tensors;
    QList<QPair<QString, qint64>> bytesByLayer;  // "embedding", "layer 0", ..., "output"
    QStringList warnings;
};
// What differs between two files: field, left, right.
struct DetailDifference {
    QString field, left, right;
};
QList<DetailDifference> differences(const ModelDetails& left, const ModelDetails& right);

}  // namespace app

Q_DECLARE_METATYPE(app::ReplyStats)
Q_DECLARE_METATYPE(app::TokenRecords)
Q_DECLARE_METATYPE(app::Action)
Q_DECLARE_METATYPE(app::LoadedModelInfo)
Q_DECLARE_METATYPE(app::ContextUse)
Q_DECLARE_METATYPE(app::ModelDetails)
