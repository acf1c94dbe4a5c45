// What the library shows of a file, read from its header. Runs on pool threads.
#include <QFileInfo>
#include <QLocale>
#include <cmath>

#include "app/library.h"
#include "app/model_name.h"
#include "engine/io/model_file.h"
#include "engine/io/split_name.h"
#include "kernels/dtype.h"

namespace app {

namespace {

QString fromView(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString textOf(const engine::ModelFile& file, std::string_view key) {
    const auto value = file.has(key) ? file.string(key) : engine::Result<std::string>(std::string());
    return value ? QString::fromStdString(*value) : QString();
}

qint64 integerOf(const engine::ModelFile& file, const std::string& key) {
    const auto value = file.has(key) ? file.integer(key, 0, int64_t{1} << 40) : engine::Result<int64_t>(int64_t{0});
    return value ? *value : 0;
}

// The type that most of the weights have; "Q4_1", "F16".
QString commonType(const engine::ModelFile& file) {
    QHash<int, qint64> bytes;
    for (const engine::TensorInfo& tensor : file.tensors())
        if (tensor.rank >= 2)
            bytes[static_cast<int>(tensor.dtype)] += tensor.elements;
    int best = -1;
    for (auto it = bytes.begin(); it != bytes.end(); ++it)
        if (best < 0 || it.value() > bytes.value(best))
            best = it.key();
    return best < 0 ? QString() : fromView(kernels::info(static_cast<kernels::DType>(best)).name);
}

QString valueText(const engine::MetaValue& value);

QString arrayText(const engine::MetaArray& array) {
    constexpr size_t Shown = 8;
    QStringList parts;
    const QLocale locale = QLocale::c();
    for (size_t i = 0; i < array.size() && i < Shown; ++i)
        switch (array.element) {
            case engine::MetaArray::Element::Integer:
            case engine::MetaArray::Element::Bool:
                parts << QString::number(array.integers[i]);
                break;
            case engine::MetaArray::Element::Float:
                parts << QString::number(array.floats[i]);
                break;
            case engine::MetaArray::Element::String:
                parts << fromView(array.strings[i]);
                break;
            case engine::MetaArray::Element::Array:
                parts << QStringLiteral("[…]");
                break;
        }
    const QString list = parts.join(QStringLiteral(", "));
    return array.size() > Shown ? LibraryModel::tr("%1, … (%2 entries)")
                                      .arg(list, QLocale().toString(static_cast<qulonglong>(array.size())))
                                : list;
}

QString valueText(const engine::MetaValue& value) {
    struct Visitor {
        QString operator()(bool v) const { return v ? QStringLiteral("true") : QStringLiteral("false"); }
        QString operator()(int64_t v) const { return QString::number(v); }
        QString operator()(uint64_t v) const { return QString::number(v); }
        QString operator()(double v) const { return QString::number(v, 'g', 9); }
        QString operator()(std::string_view v) const {
            constexpr size_t Longest = 4000;
            return v.size() > Longest ? fromView(v.substr(0, Longest)) + QStringLiteral("…") : fromView(v);
        }
        QString operator()(const engine::MetaArray& v) const { return arrayText(v); }
    };
    return std::visit(Visitor{}, value.value);
}

struct Basics {
    QString architecture;
    qint64 parameters = 0, context = 0, kvBytesPerToken = 0;
};

Basics basicsOf(const engine::ModelFile& file) {
    Basics b;
    b.architecture = textOf(file, "general.architecture");
    for (const engine::TensorInfo& tensor : file.tensors())
        b.parameters += tensor.elements;
    const std::string prefix = b.architecture.toStdString() + ".";
    b.context = integerOf(file, prefix + "context_length");
    const qint64 layers = integerOf(file, prefix + "block_count"),
                 heads = integerOf(file, prefix + "attention.head_count");
    const qint64 dim = integerOf(file, prefix + "embedding_length");
    qint64 kvHeads = integerOf(file, prefix + "attention.head_count_kv");
    if (kvHeads == 0)
        kvHeads = heads;
    qint64 headDim = integerOf(file, prefix + "attention.key_length");
    if (headDim == 0 && heads > 0)
        headDim = dim / heads;
    // Keys and values of all layers in 16 bits. Numbers of a hostile file are kept within reason.
    const double bytes =
        4.0 * static_cast<double>(layers) * static_cast<double>(kvHeads) * static_cast<double>(headDim);
    b.kvBytesPerToken = static_cast<qint64>(std::min(bytes, 1e12));
    return b;
}

// Said of files that are no language model, so that nobody tries to talk to them.
QString kindProblem(const Basics& b) {
    if (b.architecture == QLatin1String("clip") || b.architecture == QLatin1String("mmproj"))
        return LibraryModel::tr("This is the vision part of another model; pictures are not supported yet.");
    return {};
}

}  // namespace

LibraryRow readLibraryRow(const QString& path) {
    LibraryRow row;
    const QFileInfo info(path);
    row.path = path;
    row.fileName = info.fileName();
    row.sizeBytes = info.size();
    row.filled = true;
    if (const auto split = engine::parseSplitName(path.toStdString()))
        row.parts = static_cast<int>(std::min<int64_t>(split->count, 65535));
    const auto file = engine::ModelFile::open(path.toStdString());
    if (!file) {
        row.problem = QString::fromStdString(file.error().message);
        return row;
    }
    const Basics b = basicsOf(**file);
    row.name = modelName(path);
    row.architecture = b.architecture;
    row.parameters = b.parameters;
    row.contextLength = b.context;
    row.kvBytesPerToken = b.kvBytesPerToken;
    row.sizeBytes = (*file)->sizeBytes();
    row.quantization = commonType(**file);
    row.format = fromView((*file)->format());
    row.licence = textOf(**file, "general.license");
    row.problem = kindProblem(b);
    if (row.problem.isEmpty() && (*file)->tensors().empty())
        row.problem = LibraryModel::tr("This file holds a vocabulary and no weights.");
    return row;
}

ModelDetails readModelDetails(const QString& path) {
    ModelDetails d;
    d.path = path;
    d.sizeBytes = QFileInfo(path).size();
    const auto opened = engine::ModelFile::open(path.toStdString());
    if (!opened) {
        d.problem = QString::fromStdString(opened.error().message);
        return d;
    }
    const engine::ModelFile& file = **opened;
    const Basics b = basicsOf(file);
    d.name = modelName(path);
    d.architecture = b.architecture;
    d.parameters = b.parameters;
    d.contextLength = b.context;
    d.sizeBytes = file.sizeBytes();
    d.format = fromView(file.format());
    d.quantization = commonType(file);
    d.licence = textOf(file, "general.license");
    d.tokenizerModel = textOf(file, "tokenizer.ggml.model");
    d.tokenizerPre = textOf(file, "tokenizer.ggml.pre");
    d.chatTemplate = textOf(file, "tokenizer.chat_template");
    if (const auto it = file.metadata().find("tokenizer.ggml.tokens"); it != file.metadata().end())
        if (const auto* tokens = std::get_if<engine::MetaArray>(&it->second.value))
            d.vocabSize = static_cast<qint64>(tokens->size());
    for (const auto& [key, value] : file.metadata())
        d.metadata.append({QString::fromStdString(key), valueText(value)});
    QHash<QString, qsizetype> place;
    for (const engine::TensorInfo& tensor : file.tensors()) {
        TensorRow row;
        row.name = QString::fromStdString(tensor.name);
        row.type = fromView(kernels::info(tensor.dtype).name);
        for (int i = 0; i < tensor.rank; ++i)
            row.shape << tensor.shape[i];
        row.sizeBytes = tensor.sizeBytes;
        row.offset = tensor.fileOffset;
        const QString layer = row.name.startsWith(QLatin1String("blk."))
                                  ? LibraryModel::tr("layer %1").arg(row.name.section(QLatin1Char('.'), 1, 1))
                              : row.name.startsWith(QLatin1String("token_embd")) ? LibraryModel::tr("embedding")
                              : row.name.startsWith(QLatin1String("output"))     ? LibraryModel::tr("output")
                                                                                 : LibraryModel::tr("other");
        if (!place.contains(layer)) {
            place.insert(layer, d.bytesByLayer.size());
            d.bytesByLayer.append({layer, 0});
        }
        d.bytesByLayer[place.value(layer)].second += row.sizeBytes;
        d.tensors.append(std::move(row));
    }
    for (const std::string& warning : file.warnings())
        d.warnings << QString::fromStdString(warning);
    return d;
}

QList<DetailDifference> differences(const ModelDetails& left, const ModelDetails& right) {
    QList<DetailDifference> out;
    const QLocale locale;
    const auto compare = [&](const QString& field, const QString& a, const QString& b) {
        if (a != b)
            out.append({field, a, b});
    };
    compare(LibraryModel::tr("Name"), left.name, right.name);
    compare(LibraryModel::tr("Architecture"), left.architecture, right.architecture);
    compare(LibraryModel::tr("Parameters"), locale.toString(left.parameters), locale.toString(right.parameters));
    compare(LibraryModel::tr("Quantization"), left.quantization, right.quantization);
    compare(LibraryModel::tr("Size"), locale.toString(left.sizeBytes), locale.toString(right.sizeBytes));
    compare(LibraryModel::tr("Context"), locale.toString(left.contextLength), locale.toString(right.contextLength));
    compare(LibraryModel::tr("Format"), left.format, right.format);
    QMap<QString, QPair<QString, QString>> metadata;
    for (const auto& [key, value] : left.metadata)
        metadata[key].first = value;
    for (const auto& [key, value] : right.metadata)
        metadata[key].second = value;
    for (auto it = metadata.begin(); it != metadata.end(); ++it)
        compare(it.key(), it.value().first, it.value().second);
    const auto shapeText = [](const TensorRow& t) {
        QStringList sizes;
        for (const qint64 n : t.shape)
            sizes << QString::number(n);
        return t.type + QStringLiteral(" [") + sizes.join(QStringLiteral(", ")) + QStringLiteral("]");
    };
    QMap<QString, QPair<QString, QString>> tensors;
    for (const TensorRow& tensor : left.tensors)
        tensors[tensor.name].first = shapeText(tensor);
    for (const TensorRow& tensor : right.tensors)
        tensors[tensor.name].second = shapeText(tensor);
    for (auto it = tensors.begin(); it != tensors.end(); ++it)
        compare(it.key(), it.value().first, it.value().second);
    return out;
}

}  // namespace app
