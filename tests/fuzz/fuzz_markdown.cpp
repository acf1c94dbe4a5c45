// Feeds bytes as the text of a message: parses them whole and in two parts, reads every leaf's inline text and
// formulas. Aborts when the two ways differ or a link appears that must not.
#include <cstdlib>

#include "ui/markdown/document.h"
#include "ui/markdown/flat_leaf.h"
#include "ui/markdown/math.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace ui::markdown;
    const QString text = QString::fromUtf8(reinterpret_cast<const char*>(data), qsizetype(size));
    const Document whole = parsed(text);
    Document streamed;
    for (const qsizetype part : {text.size() / 3, text.size()}) {
        streamed.setText(text.left(part));
        while (streamed.advance(1 << 16)) {
        }
    }
    if (streamed.leafCount() != whole.leafCount())
        std::abort();
    for (int i = 0; i < whole.leafCount(); ++i) {
        if (whole.leaf(i).text != streamed.leaf(i).text)
            std::abort();
        for (const FlatLeaf::Part& part : flatLeaf(whole.leaf(i), whole.definitions()).parts) {
            for (const QString& link : part.inlines.links)
                if (!link.startsWith(QLatin1String("http")) && !link.startsWith(QLatin1String("mailto:")))
                    std::abort();
            for (const QString& formula : part.inlines.formulas)
                (void)mathToText(formula);
        }
    }
    return 0;
}
