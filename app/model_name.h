// The name under which people know a model: its file's, without part number and quantization. What a file says of
// itself (general.name) is often a label of its training run; it stays in the metadata. Thread: any.
#pragma once

#include <QString>

namespace app {

// "/m/SmolLM2-135M-Instruct.Q4_1.gguf" -> "SmolLM2-135M-Instruct"; never empty for a path with a file name.
QString modelName(const QString& path);

}  // namespace app
