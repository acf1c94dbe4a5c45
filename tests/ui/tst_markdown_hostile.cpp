// Hostile Markdown: nothing stalls, nothing is opened, nothing hides, nothing becomes a link that must not.
#include <QElapsedTimer>
#include <QFile>
#include <QGuiApplication>
#include <QImage>
#include <QPainter>
#include <QRandomGenerator>
#include <QTest>

#include "tests/ui/markdown_dump.h"
#include "tests/ui/open_counter.h"
#include "ui/markdown/leaf_layout.h"

using namespace ui::markdown;

namespace {

LayoutStyle plainStyle() {
    LayoutStyle style;
    style.body = style.mono = style.math = style.small = QFont(QStringLiteral("sans"), 10);
    style.text = style.muted = style.accent = style.border = style.warning = Qt::black;
    style.surface2 = Qt::lightGray;
    style.code.fill(Qt::blue);
    return style;
}

// Lays out and paints what a window shows of the document, from `first` on; returns the milliseconds of the slowest
// leaf.
double paintSome(const Document& document, int first, int count) {
    static const LayoutStyle style = plainStyle();
    QImage image(760, 800, QImage::Format_RGB32);
    QPainter painter(&image);
    double worst = 0;
    for (int i = first; i < std::min(first + count, document.leafCount()); ++i) {
        QElapsedTimer time;
        time.start();
        const Leaf* before = i > 0 ? &document.leaf(i - 1) : nullptr;
        const Leaf* after = i + 1 < document.leafCount() ? &document.leaf(i + 1) : nullptr;
        const LeafLayout layout(document.leaf(i), leafPlace(before, document.leaf(i), after), document.definitions(),
                                style, 700);
        layout.paint(painter, {10, 10}, {{0, 5, Qt::yellow}}, QRectF(0, 0, 760, 800));
        (void)layout.positionAt({100, 20});
        (void)layout.linkAt({100, 20});
        (void)layout.cursorRect(3);
        if (!qIsFinite(layout.height()) || layout.height() < 0)
            return 1e9;
        worst = std::max(worst, double(time.nsecsElapsed()) / 1e6);
    }
    return worst;
}

bool hasForbiddenLink(const Document& document) {
    for (int i = 0; i < document.leafCount(); ++i)
        for (const auto& part : flatLeaf(document.leaf(i), document.definitions()).parts)
            for (const QString& link : part.inlines.links)
                if (!link.startsWith(QLatin1String("http://")) && !link.startsWith(QLatin1String("https://")) &&
                    !link.startsWith(QLatin1String("mailto:")))
                    return true;
    return false;
}

}  // namespace

class TstMarkdownHostile : public QObject {
    Q_OBJECT
  private slots:
    void huge_data();
    void huge();
    void generated_data();
    void generated();
    void opensNothing();
    void hidesNothing();
    void hugeStream();
};

// Time is bounded generously (a sanitizer or a busy machine is slower): what is quadratic here takes minutes.
void TstMarkdownHostile::huge_data() {
    QTest::addColumn<QString>("text");
    const auto many = [](const char* piece, int times) { return QString::fromUtf8(piece).repeated(times); };
    const auto row = [](const char* name, const QString& text) { QTest::newRow(name) << text; };
    row("10 MB line", QString(10000000, QLatin1Char('x')));
    row("10 MB line of words", many("word ", 2000000));
    row("10 MB line in a fence", QStringLiteral("```\n") + QString(10000000, QLatin1Char('x')));
    row("1e5 list levels on a line", many("- ", 100000));
    row("1e5 numbered levels on a line", many("1. ", 100000));
    row("1e5 quote levels", many(">", 100000));
    row("quote levels by line", [] {
        QString out;
        for (int i = 1; i < 400; ++i)
            out += QString(i, QLatin1Char('>')) + QStringLiteral(" a\n");
        return out;
    }());
    row("list levels by line", [] {
        QString out;
        for (int i = 0; i < 500; ++i)
            out += QString(2 * i, QLatin1Char(' ')) + QStringLiteral("- a\n");
        return out;
    }());
    row("1e5 table cells", QStringLiteral("|a|b|c|d|e|f|g|h|i|j|\n") + many("|-", 10) + QStringLiteral("|\n") +
                               many("|1|2|3|4|5|6|7|8|9|0|\n", 10000));
    row("1e5 columns", many("|a", 100000) + QStringLiteral("|\n") + many("|-", 100000) + QStringLiteral("|\n"));
    row("1e5 cells in a row", QStringLiteral("|a|\n|-|\n") + many("|a", 100000));
    row("unclosed fence", QStringLiteral("```cpp\n") + many("int x = 1; /* open\n", 100000));
    row("stars", QString(100000, QLatin1Char('*')));
    row("stars and letters", many("*a ", 100000));
    row("strong open", many("**a", 100000));
    row("alternating", many("*a_b*c_", 50000));
    row("brackets", QString(100000, QLatin1Char('[')));
    row("closing brackets", QString(100000, QLatin1Char(']')));
    row("links open", many("[a](", 50000));
    row("links nested", many("[", 50000) + QStringLiteral("a") + many("](http://x.org)", 50000));
    row("images", many("![a](file:///etc/passwd)", 20000));
    row("backticks of growing length", [] {
        QString out;
        for (int i = 1; i < 400; ++i)
            out += QString(i, QLatin1Char('`')) + QLatin1Char('a');
        return out;
    }());
    row("dollars", many("$a ", 100000));
    row("double dollars", many("$$\n", 100000));
    row("formulas open", many("\\(", 100000));
    row("deep fraction", many("$\\frac{", 1) + many("\\frac{", 5000) + QLatin1Char('$'));
    row("deep braces", QStringLiteral("$") + QString(5000, QLatin1Char('{')) + QLatin1Char('$'));
    row("matrix of 4 kB", QStringLiteral("$$\\begin{matrix}") + many("a&", 1000) + QStringLiteral("\\end{matrix}$$"));
    row("left without right", QStringLiteral("$") + many("\\left(", 800) + QLatin1Char('$'));
    row("angles", many("<a ", 100000));
    row("comments", many("<!-- ", 50000));
    row("entities", many("&amp;", 100000));
    row("definitions", [] {
        QString out;
        for (int i = 0; i < 30000; ++i)
            out += QStringLiteral("[l%1]: http://x.org/%1\n").arg(i);
        return out;
    }());
    row("combining marks", QLatin1Char('a') + QString(100000, QChar(0x301)));
    row("joined emoji", many("👩‍", 50000));
    row("right to left overrides", QString(100000, QChar(0x202e)));
    row("ansi", many("\x1b[31mred\x1b[0m ", 20000));
    row("nul", QString(100000, QChar(0)));
    row("blank lines", QString(1000000, QLatin1Char('\n')));
    row("spaces", QString(1000000, QLatin1Char(' ')));
    row("tabs", QString(300000, QLatin1Char('\t')));
    row("carriage returns", QString(300000, QLatin1Char('\r')));
    row("rules", many("---\n", 100000));
    row("setext", many("a\n=\n", 100000));
    row("hebrew", many("שלום ", 50000));
    row("chinese", many("中文字", 100000));
}

void TstMarkdownHostile::huge() {
    QFETCH(QString, text);
    QElapsedTimer all;
    all.start();
    Document document;
    document.setText(text);
    double worstStep = 0;
    bool more = true;
    while (more) {
        QElapsedTimer step;
        step.start();
        more = document.advance(64 * 1024);
        worstStep = std::max(worstStep, double(step.nsecsElapsed()) / 1e6);
    }
    QVERIFY2(all.elapsed() < 20000, qPrintable(QStringLiteral("%1 ms").arg(all.elapsed())));
    const int leaves = document.leafCount();
    const double worstLeaf = std::max({paintSome(document, 0, 12), paintSome(document, leaves / 2, 6),
                                       paintSome(document, std::max(0, leaves - 6), 6)});
    qInfo("%d leaves, slowest step %.1f ms, slowest leaf %.1f ms", leaves, worstStep, worstLeaf);
    QVERIFY2(worstStep < 3000, qPrintable(QString::number(worstStep)));
    QVERIFY2(worstLeaf < 3000, qPrintable(QString::number(worstLeaf)));
    for (int i = 0; i < leaves; ++i) {
        const Leaf& leaf = document.leaf(i);
        QVERIFY(leaf.frames.size() <= size_t(MaxDepth));
        QVERIFY(leaf.text.size() <= std::max(MaxParagraphChars, MaxLineChars));
    }
}

// Random pieces of everything that means something, with addresses that must not be opened.
void TstMarkdownHostile::generated_data() {
    QTest::addColumn<QString>("text");
    static const char* const pieces[] = {"![x](file:///etc/passwd)",
                                         "[x](file:///etc/shadow)",
                                         "[x](javascript:alert(1))",
                                         "<img src=\"file:///etc/passwd\">",
                                         "<iframe src=http://x>",
                                         "[x](data:text/html;base64,AAAA)",
                                         "![x](//host/share/p.png)",
                                         "![x](\\\\host\\share)",
                                         "[x](ms-settings:)",
                                         "<a href='javascript:x'>",
                                         "![](qrc:/x)",
                                         "[a]: javascript:alert(1)\n",
                                         "[a]: file:///etc/passwd\n",
                                         "[a]",
                                         "![a]",
                                         "<file:///etc/passwd>",
                                         "<javascript:alert(1)>",
                                         "https://x.org/?q=",
                                         "\xE2\x80\xAE",
                                         "\x1b[2J",
                                         "\xE2\x81\xA6",
                                         "\xF3\xA0\x81\xA1",
                                         "&#x202e;",
                                         "&#0;",
                                         "\\",
                                         "`",
                                         "```\n",
                                         "~~~",
                                         "\n",
                                         "\n\n",
                                         "# ",
                                         "> ",
                                         "- ",
                                         "1. ",
                                         "   ",
                                         "\t",
                                         "|",
                                         "|-|-|\n",
                                         "*",
                                         "**",
                                         "_",
                                         "$",
                                         "$$",
                                         "\\(",
                                         "\\)",
                                         "\\[",
                                         "\\]",
                                         "\\frac{",
                                         "}",
                                         "^",
                                         "_{",
                                         "<",
                                         ">",
                                         "&",
                                         "]",
                                         "[",
                                         "(",
                                         ")",
                                         "!",
                                         "word",
                                         "中",
                                         "é",
                                         "👍🏽",
                                         "<!--",
                                         "-->",
                                         "<script>",
                                         "</script>",
                                         "\r",
                                         "ﷺ",
                                         "=",
                                         "---\n",
                                         "[ ] ",
                                         "\xEF\xBF\xBE"};
    for (quint32 seed = 1; seed <= 240; ++seed) {
        QRandomGenerator random(seed);
        QByteArray out;
        const int n = 1 + random.bounded(120);
        for (int i = 0; i < n; ++i)
            out += pieces[random.bounded(int(std::size(pieces)))];
        QTest::newRow(qPrintable(QStringLiteral("seed=%1").arg(seed))) << QString::fromUtf8(out);
    }
}

void TstMarkdownHostile::generated() {
    QFETCH(QString, text);
    const Document document = parsed(text);
    QVERIFY(!hasForbiddenLink(document));
    QVERIFY(paintSome(document, 0, 12) < 3000);
    const QString shown = dump(document);
    for (const QChar hidden : {QChar(0x202e), QChar(0x2066), QChar(0x1b), QChar(0)})
        QVERIFY(!shown.contains(hidden));
    // In any pieces the same.
    Document streamed;
    for (int at = 0; at < text.size();) {
        at = std::min(int(text.size()), at + 1 + int(text.size() % 23));
        streamed.setText(text.left(at));
        streamed.advance(1 << 20);
    }
    QCOMPARE(dump(streamed, true), dump(document, true));
}

void TstMarkdownHostile::opensNothing() {
    const QString text = QStringLiteral(
        "![a](file:///etc/passwd) ![b](/etc/passwd) <img src=\"/etc/passwd\"> [c](file:///etc/passwd)\n\n"
        "[d]: /etc/passwd\n![d] ![x](http://127.0.0.1:1/x.png) ![y](qrc:/x.png) ![z](//host/share/x)\n\n"
        "| ![a](/etc/hosts) |\n|---|\n| <object data=/etc/passwd> |\n\n$\\includegraphics{/etc/passwd}$\n");
    (void)paintSome(parsed(QStringLiteral("a **b** `c` $x^2$\n\n```cpp\nint\n```")), 0, 10);  // fonts are loaded now
    const Document document = parsed(text);
    startCountingOpens();
    (void)paintSome(document, 0, 100);
    (void)dump(document);
    const OpenCount opened = stopCountingOpens();
    QVERIFY2(opened.count == 0, opened.last);
    QVERIFY(dump(document).contains(QLatin1String("[image not loaded: file:///etc/passwd]")));
    if (!opensAreCounted())
        QSKIP("Opened files are counted on Linux only");
    startCountingOpens();
    QFile file(QStringLiteral("/etc/passwd"));
    (void)file.open(QIODevice::ReadOnly);
    QVERIFY(stopCountingOpens().count > 0);  // the counter does see what is opened
}

void TstMarkdownHostile::hidesNothing() {
    const Document document = parsed(
        QStringLiteral("<div style=\"display:none\">secret</div>\n\n<!-- note -->\n\na <span hidden>b</span> &lt;"));
    const QString shown = dump(document);
    for (const char* part : {"display:none", "secret", "<!-- note -->", "hidden", "</span>"})
        QVERIFY2(shown.contains(QLatin1String(part)), part);
}

void TstMarkdownHostile::hugeStream() {  // many small appends to a long text: each costs only its last block
    const QString block = QStringLiteral(
        "A paragraph with **bold** text.\n\n```py\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n");
    Document document;
    QString text;
    for (int i = 0; i < 1500; ++i) {
        text += block.mid((i * 7) % block.size(), 7);
        document.setText(text);
        document.advance(1 << 20);
    }
    QVERIFY(document.leafCount() > 100);
    QCOMPARE(dump(document, true), dump(parsed(text), true));
}

int main(int argc, char** argv) {
    QGuiApplication app(argc, argv);
    TstMarkdownHostile test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_markdown_hostile.moc"
