#include "app/model_name.h"

#include <QFileInfo>
#include <QRegularExpression>

namespace app {

QString modelName(const QString& path) {
    static const QRegularExpression part(QStringLiteral("-\\d{5}-of-\\d{5}$"));
    static const QRegularExpression type(QStringLiteral("[.\\-_](?:I?Q\\d[A-Z0-9_]*|F16|F32|BF16|MXFP4(?:_MOE)?)$"),
                                         QRegularExpression::CaseInsensitiveOption);
    const QString stem = QFileInfo(path).completeBaseName();
    QString name = stem;
    name.remove(part).remove(type);
    return name.isEmpty() ? (stem.isEmpty() ? QFileInfo(path).fileName() : stem) : name;
}

}  // namespace app
