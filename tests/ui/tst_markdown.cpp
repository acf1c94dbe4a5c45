// The Markdown block model: CommonMark and GFM by our own cases, formulas, code, links, and streaming.
#include <QRandomGenerator>
#include <QTest>

#include "tests/ui/markdown_dump.h"
#include "ui/markdown/highlighter.h"
#include "ui/markdown/math.h"

using namespace ui::markdown;

class TstMarkdown : public QObject {
    Q_OBJECT
  private slots:
    void blocks_data();
    void blocks();
    void inlines_data();
    void inlines();
    void links_data();
    void links();
    void hidden_data();
    void hidden();
    void mathText_data();
    void mathText();
    void code_data();
    void code();
    void streamingEqualsWhole_data();
    void streamingEqualsWhole();
    void stableLeavesStay();
    void copyOfFormulas();
    void plainText();
};

void TstMarkdown::blocks_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char* source, const char* expected) {
        QTest::newRow(name) << QString::fromUtf8(source) << QString::fromUtf8(expected);
    };
    row("empty", "", "");
    row("blank lines", "\n  \n\t\n", "");
    row("paragraph", "one\ntwo", "p(one⏎two)");
    row("two paragraphs", "one\n\ntwo", "p(one) / p(two)");
    row("leading spaces", "   one\n      two", "p(one⏎two)");
    row("heading 1", "# one", "h1(one)");
    row("heading 6", "###### six", "h6(six)");
    row("heading 7 is text", "####### seven", "p(####### seven)");
    row("heading closed", "## two ##  ", "h2(two)");
    row("heading closing needs a space", "## two#", "h2(two#)");
    row("heading without space is text", "#hashtag", "p(#hashtag)");
    row("heading empty", "##", "h2()");
    row("heading after text", "a\n# b\nc", "p(a) / h1(b) / p(c)");
    row("setext 1", "one\n===", "h1(one)");
    row("setext 2", "one\ntwo\n---", "h2(one⏎two)");
    row("rule", "---", "rule");
    row("rule stars", " * * *", "rule");
    row("rule low lines", "___", "rule");
    row("rule too short", "--", "p(--)");
    row("rule between", "a\n\n---\n\nb", "p(a) / rule / p(b)");
    row("rule beats item", "* * *\n- a", "rule / * p(a)");
    row("indented code", "    a\n      b\n\n    c\n", "code[](a⏎  b⏎⏎c)");
    row("indented code is no lazy text", "a\n    b", "p(a⏎b)");
    row("tab code", "\tx\n", "code[](x)");
    row("fence", "```\na\n b\n```\nc", "code[](a⏎ b) / p(c)");
    row("fence language", "```C++ title=\"x\"\nint a;\n```", "code[c++](int a;)");
    row("fence tilde", "~~~\n```\n~~~", "code[](```)");
    row("fence unclosed", "```py\nprint(1)", "code[py](print(1))");
    row("fence longer", "````\n```\n````", "code[](```)");
    row("fence indented", "  ```\n   a\n  b\n  ```", "code[]( a⏎b)");
    row("fence with blank lines", "```\n\n\n```", "code[](⏎)");
    row("fence empty", "```\n```", "code[]()");
    row("fence info without backtick", "``` a`b\n", "p({...})");
    row("fence in item", "- a\n  ```\n  x\n  ```\n- b", "* p(a) / . code[](x) / * p(b)");
    row("quote", "> a\n> b", "> p(a⏎b)");
    row("quote lazy", "> a\nb", "> p(a⏎b)");
    row("quote ends", "> a\n\nb", "> p(a) / p(b)");
    row("quote no lazy fence", "> ```\na", "> code[]() / p(a)");
    row("quote nested", "> > a\n> b", "> > p(a⏎b)");
    row("quote with heading", "> # a\n> b", "> h1(a) / > p(b)");
    row("quote with rule", "> ---", "> rule");
    row("bullets", "- a\n- b", "* p(a) / * p(b)");
    row("bullet signs", "- a\n+ b\n* c", "* p(a) / * p(b) / * p(c)");
    row("loose bullets", "- a\n\n- b", "* p(a) / * p(b)");
    row("item with two paragraphs", "- a\n\n  b", "* p(a) / . p(b)");
    row("item ends", "- a\n\nb", "* p(a) / p(b)");
    row("item lazy", "- a\nb", "* p(a⏎b)");
    row("nested items", "- a\n  - b\n    - c\n- d", "* p(a) / . * p(b) / . . * p(c) / * p(d)");
    row("two markers on a line", "- - a", "* * p(a)");
    row("empty item", "-\n- b", "* p() / * p(b)");
    row("empty item then text", "-\n  a", "* p(a)");
    row("empty item then blank", "-\n\n  a", "* p() / p(a)");
    row("numbers", "1. a\n2. b", "1) p(a) / 2) p(b)");
    row("numbers start", "7. a\n9. b", "7) p(a) / 8) p(b)");
    row("numbers parenthesis", "1) a\n2. b", "1) p(a) / 2) p(b)");
    row("number interrupts only as one", "a\n2. b", "p(a⏎2. b)");
    row("number one interrupts", "a\n1. b", "p(a) / 1) p(b)");
    row("number too long", "1234567890. a", "p(1234567890. a)");
    row("numbers go on after nested", "1. a\n   - x\n2. b", "1) p(a) / . * p(x) / 2) p(b)");
    row("numbers restart after text", "1. a\n\ntext\n\n1. b", "1) p(a) / p(text) / 1) p(b)");
    row("item with code", "-     x\n", "* code[](x)");
    row("item wide indent", "-   a\n\n    b", "* p(a) / . p(b)");
    row("quote in item", "- > a\n- b", "* > p(a) / * p(b)");
    row("item in quote", "> - a\n> - b", "> * p(a) / > * p(b)");
    row("tasks", "- [ ] a\n- [x] b\n- [X] c", "[ ] p(a) / [x] p(b) / [x] p(c)");
    row("task needs text", "- [ ]", "* p([ ])");
    row("task only in item", "[x] b", "p([x] b)");
    row("table", "| a | b |\n|---|:-:|\n| 1 | 2 |", "table[-c]H(a|b)R(1|2)");
    row("table without outer bars", "a | b\n--: | :--\n1 | 2", "table[rl]H(a|b)R(1|2)");
    row("table short row", "|a|b|\n|-|-|\n|1|", "table[--]H(a|b)R(1|)");
    row("table long row", "|a|b|\n|-|-|\n|1|2|3|", "table[--]H(a|b)R(1|2)");
    row("table escaped bar", "|a|b|\n|-|-|\n|1\\|1|2|", "table[--]H(a|b)R(1|1|2)");
    row("table ends at blank", "|a|\n|-|\n|1|\n\nb", "table[-]H(a)R(1) / p(b)");
    row("table ends at block", "|a|\n|-|\n|1|\n> b", "table[-]H(a)R(1) / > p(b)");
    row("table after text", "text\n|a|b|\n|-|-|\n", "p(text) / table[--]H(a|b)");
    row("table count must agree", "|a|b|\n|-|\n", "p(|a|b|⏎|-|)");
    row("table in item", "- |a|b|\n  |-|-|\n  |1|2|", "* table[--]H(a|b)R(1|2)");
    row("table inline", "|**a**|\n|-|\n|`1`|", "table[-]H({b:a})R({c:1})");
    row("html block", "<div>\n*a*\n</div>\n\nb", "html(<div>⏎*a*⏎</div>) / p(b)");
    row("html comment", "<!-- a\n\nb -->\nc", "html(<!-- a⏎⏎b -->) / p(c)");
    row("html script", "<script>\nalert(1)\n\n</script>", "html(<script>⏎alert(1)⏎⏎</script>)");
    row("html inline stays in text", "a <b>c</b>", "p(a {h:<b>}c{h:</b>})");
    row("html think", "<think>\nhm\n</think>\n\nyes", "html(<think>⏎hm⏎</think>) / p(yes)");
    row("math block", "$$\nx^2\n$$", "math(x^2)");
    row("math one line", "$$ x $$", "math(x)");
    row("math square", "\\[ a \\]", "math(a)");
    row("math square lines", "text\n\\[\na\n\\]\nmore", "p(text) / math(a) / p(more)");
    row("math unclosed ends at blank", "$$ x\n\ny", "p($$ x) / p(y)");
    row("math in item", "- a\n  $$x$$\n", "* p(a) / . math(x)");
    row("math goes on as text", "$$a$$ and b", "p({M:a} and b)");
    row("definition", "[a]: http://x.org\n\n[a]", "p({a:a|http://x.org})");
    row("definition later", "[A b]\n\n[a  B]: https://x.org/ 'title'", "p({a:A b|https://x.org/})");
    row("definition first counts", "[a]: http://1.org\n[a]: http://2.org\n\n[a]", "p({a:a|http://1.org})");
    row("definition not in text", "x\n[a]: http://1.org", "p(x⏎[a]: {a:http://1.org|http://1.org})");
    row("carriage returns", "a\r\nb\rc", "p(a⏎b⏎c)");
    row("tabs in items", "-\ta\n\n\tb", "* p(a) / . p(b)");
    row("heading in item", "- # a\n- b", "* h1(a) / * p(b)");
    row("rule in list ends it", "- a\n***\n- b", "* p(a) / rule / * p(b)");
    row("trailing spaces", "a   \n", "p(a)");
    row("stars are a bullet only with a space", "*a*\n**b**", "p({i:a}⏎{b:b})");
}

void TstMarkdown::blocks() {
    QFETCH(QString, source);
    QFETCH(QString, expected);
    if (expected == QLatin1String("p({...})"))
        expected = QStringLiteral("p(``` a`b)");
    QCOMPARE(dump(parsed(source)), expected);
}

void TstMarkdown::inlines_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char* source, const char* expected) {
        QTest::newRow(name) << QString::fromUtf8(source) << QString::fromUtf8(expected);
    };
    row("plain", "hello world", "hello world");
    row("emphasis", "*a* _b_", "{i:a} {i:b}");
    row("strong", "**a** __b__", "{b:a} {b:b}");
    row("both", "***a***", "{bi:a}");
    row("nested", "**a *b* c**", "{b:a }{bi:b}{b: c}");
    row("nested other way", "*a **b** c*", "{i:a }{bi:b}{i: c}");
    row("inside a word", "a*b*c a_b_c", "a{i:b}c a_b_c");
    row("space after", "* a *", "* a *");
    row("unclosed", "**a", "**a");
    row("unclosed inside", "*a **b*", "*a *{i:b}");
    row("rule of three", "*foo**bar*", "{i:foo**bar}");
    row("quotes are punctuation", "a*\"foo\"*", "a*\"foo\"*");
    row("three and two", "***a** b*", "{bi:a}{i: b}");
    row("snake case", "snake_case_name", "snake_case_name");
    row("strike", "~~a~~ ~b~", "{s:a} {s:b}");
    row("strike three", "~~~a~~~", "~~~a~~~");
    row("strike unequal", "~~a~", "~~a~");
    row("code", "`a`", "{c:a}");
    row("code with backtick", "`` a`b ``", "{c:a`b}");
    row("code keeps stars", "`*a*`", "{c:*a*}");
    row("code beats emphasis", "*a `b*`", "*a {c:b*}");
    row("code unclosed", "`a", "`a");
    row("code unequal", "``a`", "``a`");
    row("code line end", "`a\nb`", "{c:a b}");
    row("code only spaces", "`  `", "{c:  }");
    row("escapes", "\\*a\\* \\# \\\\", "*a* # \\");
    row("escape letters stay", "\\a", "\\a");
    row("break by backslash", "a\\\nb", "a⏎b");
    row("break by spaces", "a  \nb", "a⏎b");
    row("entities", "&amp; &lt; &copy; &#65; &#x42; &hellip;", "& < © A B …");
    row("entity unknown", "&nothing; &", "&nothing; &");
    row("entity zero", "&#0;", "\xEF\xBF\xBD");
    row("entity hides nothing", "&#x202e;", "‹U+202E›");
    row("entity no markup", "&#42;a&#42;", "*a*");
    row("link", "[a](http://x.org)", "{a:a|http://x.org}");
    row("link title", "[a](http://x.org \"t\")", "{a:a|http://x.org}");
    row("link angle", "[a](<http://x.org/a b>)", "{a:a|http://x.org/a%20b}");
    row("link parentheses", "[a](http://x.org/(b))", "{a:a|http://x.org/(b)}");
    row("link with style", "[**a** b](http://x.org)", "{ba:a|http://x.org}{a: b|http://x.org}");
    row("style around link", "**[a](http://x.org)**", "{ba:a|http://x.org}");
    row("link in link", "[a [b](http://x.org) c](http://y.org)",
        "[a {a:b|http://x.org} c]({a:http://y.org|http://y.org})");
    row("link with space fails", "[a](http://x .org)", "[a](http://x .org)");
    row("brackets alone", "[a] [] ]", "[a] [] ]");
    row("autolink", "<https://x.org>", "{a:https://x.org|https://x.org}");
    row("autolink mail", "<a@b.org>", "{a:a@b.org|mailto:a@b.org}");
    row("bare link", "see https://x.org/a_b_c.", "see {a:https://x.org/a_b_c|https://x.org/a_b_c}.");
    row("bare www", "www.x.org", "{a:www.x.org|http://www.x.org}");
    row("bare in parentheses", "(https://x.org/a)", "({a:https://x.org/a|https://x.org/a})");
    row("bare with parentheses", "https://x.org/a_(b)", "{a:https://x.org/a_(b)|https://x.org/a_(b)}");
    row("bare inside a word", "xhttps://x.org", "xhttps://x.org");
    row("image", "![a](http://x.org/p.png)", "a{n: [image not loaded: http://x.org/p.png]}");
    row("image without words", "![](/etc/passwd)", "{n:[image not loaded: /etc/passwd]}");
    row("image file", "![x](file:///etc/passwd)", "x{n: [image not loaded: file:///etc/passwd]}");
    row("image in link", "[![a](http://x.org/p)](http://y.org)",
        "{a:a|http://y.org}{na: [image not loaded: http://x.org/p]|http://y.org}");
    row("html tags", "<b onclick=\"x\">a</b> <x/> <!-- c -->",
        "{h:<b onclick=\"x\">}a{h:</b>} {h:<x/>} {h:<!-- c -->}");
    row("html keeps stars", "<a title=\"*b*\">", "{h:<a title=\"*b*\">}");
    row("less than", "a < b > c <3", "a < b > c <3");
    row("line break tag", "a<br>b<br/>c", "a⏎b⏎c");
    row("math", "$x^2$", "{m:x^2}");
    row("math between", "a $b$ c", "a {m:b} c");
    row("money", "$5 and $6", "$5 and $6");
    row("money 2", "costs $5.", "costs $5.");
    row("math space inside", "$ x $", "$ x $");
    row("math escaped", "\\$x$", "$x$");
    row("math display", "a $$x$$ b", "a {M:x} b");
    row("math parentheses", "\\(a_1\\) b", "{m:a_1} b");
    row("math square", "b \\[a\\]", "b {M:a}");
    row("math keeps stars", "$a*b*c$", "{m:a*b*c}");
    row("math unclosed parenthesis", "\\(a", "(a");
    row("emphasis of umlauts", "*ä*ö", "{i:ä}ö");
    row("emoji", "**👍🏽** ok", "{b:👍🏽} ok");
    row("chinese", "**中文**。", "{b:中文}。");
}

void TstMarkdown::inlines() {
    QFETCH(QString, source);
    QFETCH(QString, expected);
    QCOMPARE(dumpInline(source), expected);
}

void TstMarkdown::links_data() {
    QTest::addColumn<QString>("target");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* target, const char* expected) {
        QTest::newRow(target) << QString::fromUtf8(target) << QString::fromUtf8(expected);
    };
    row("http://x.org", "http://x.org");
    row("HTTPS://x.org/a?b#c", "https://x.org/a?b#c");
    row("mailto:a@b.org", "mailto:a@b.org");
    for (const char* bad : {"javascript:alert(1)",
                            "JaVaScRiPt:alert(1)",
                            "file:///etc/passwd",
                            "file://host/share",
                            "ftp://x.org",
                            "data:text/html,x",
                            "ms-settings:",
                            "vbscript:x",
                            "/etc/passwd",
                            "../x",
                            "x.md",
                            "#anchor",
                            "",
                            "http:",
                            "http://",
                            "https:///x",
                            "smb://host/share",
                            "tel:1",
                            "\\\\host\\share",
                            "qrc:/x",
                            "about:blank",
                            "mailto:",
                            "blob:x",
                            "java\nscript:alert(1)",
                            " javascript:x",
                            "//x.org/a",
                            "ssh://x",
                            "zoommtg://x"})
        row(bad, "");
    row("https://аpple.com", "https://xn--pple-43d.com");  // a Cyrillic letter shows itself
}

void TstMarkdown::links() {
    QFETCH(QString, target);
    QFETCH(QString, expected);
    QCOMPARE(safeLink(target).value_or(QString()), expected);
    if (expected.isEmpty() && !target.contains(QLatin1Char('\n')) && !target.isEmpty())  // then the source is shown
        QVERIFY(!dumpInline(QStringLiteral("[a](<%1>)").arg(target)).contains(QLatin1String("a|")));
}

void TstMarkdown::hidden_data() {
    QTest::addColumn<QString>("raw");
    QTest::addColumn<QString>("expected");
    QTest::newRow("plain") << QStringLiteral("aäß中👍\n\tb") << QStringLiteral("aäß中👍\n\tb");
    QTest::newRow("override") << QStringLiteral("a\u202eb") << QStringLiteral("a‹U+202E›b");
    QTest::newRow("isolate") << QStringLiteral("\u2066\u2069") << QStringLiteral("‹U+2066›‹U+2069›");
    QTest::newRow("ansi") << QStringLiteral("\x1b[31mred") << QStringLiteral("␛[31mred");
    QTest::newRow("nul and bell") << QString::fromUtf16(u"a\0\ab", 4) << QStringLiteral("a␀␇b");
    QTest::newRow("delete and c1") << QString::fromUtf16(u"\x7f\x9b", 2) << QStringLiteral("␡‹U+009B›");
    QTest::newRow("tag characters") << QString::fromUtf8("\xF3\xA0\x81\x81") << QStringLiteral("‹U+E0041›");
    QTest::newRow("zero width space") << QStringLiteral("a\u200bb") << QStringLiteral("a‹U+200B›b");
    QTest::newRow("joiner stays") << QStringLiteral("👩\u200d💻") << QStringLiteral("👩\u200d💻");
    QTest::newRow("lone surrogate") << QString(QChar(0xd800)) + QLatin1Char('a') << QStringLiteral("\ufffda");
    QTest::newRow("line ends") << QStringLiteral("a\r\nb\rc\r\r\nd") << QStringLiteral("a\nb\nc\n\nd");
    QTest::newRow("marks") << QLatin1Char('a') + QString(20, QChar(0x301))
                           << QLatin1Char('a') + QString(16, QChar(0x301)) + QChar(0x25cc) + QString(4, QChar(0x301));
}

void TstMarkdown::hidden() {
    QFETCH(QString, raw);
    QFETCH(QString, expected);
    QCOMPARE(visible(raw), expected);
    VisibleText split;
    QString out;
    for (const QChar c : raw)
        out += split.push(QStringView(&c, 1));
    QCOMPARE(out + split.flush(), expected);
}

void TstMarkdown::mathText_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* source, const char* expected) {
        QTest::newRow(source) << QString::fromUtf8(source) << QString::fromUtf8(expected);
    };
    row("x^2", "x²");
    row("a_1", "a₁");
    row("a_{ij}^2", "aᵢⱼ²");
    row("\\frac{1}{2}", "1/2");
    row("\\frac{a+b}{2}", "(a + b)/2");
    row("\\sqrt{x}", "√x");
    row("\\sqrt[3]{x+1}", "³√(x + 1)");
    row("\\alpha \\le \\beta", "α ≤ β");
    row("\\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿi");
    row("\\mathbb{R}^n", "ℝⁿ");
    row("\\text{if } x", "if x");
    row("\\hat{x}", "x̂");
    row("\\left( \\frac{a}{b} \\right)", "(a/b)");
    row("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "(1 2; 3 4)");
    row("\\unknown{x}", "\\unknownx");
    row("\\sin x", "sinx");
    row("E = mc^2", "E = mc²");
    row("{", "");
    row("}", "}");
    row("^", "");
    row("\\frac", "/");
    row("\\left", "");
    row("\\begin{cases}", "{");
}

void TstMarkdown::mathText() {
    QFETCH(QString, source);
    QFETCH(QString, expected);
    QCOMPARE(mathToText(source), expected);
}

void TstMarkdown::code_data() {
    QTest::addColumn<QString>("language");
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("expected");
    QTest::newRow("cpp") << "cpp"
                         << "int a = 1; // x"
                         << "T:int N:1 C:// x";
    QTest::newRow("cpp string") << "c++"
                                << "f(\"a\\\"b\");"
                                << "F:f S:\"a\\\"b\"";
    QTest::newRow("cpp meta") << "cpp"
                              << "#include <x>"
                              << "M:#include";
    QTest::newRow("python") << "py"
                            << "def f(x): return 'a' # b"
                            << "K:def F:f K:return S:'a' C:# b";
    QTest::newRow("python doc string") << "python"
                                       << "\"\"\"a\nb\"\"\" 1"
                                       << "S:\"\"\"a\nb\"\"\" N:1";
    QTest::newRow("json") << "json"
                          << "{\"a\": \"b\", \"c\": -1.5e3, \"d\": true}"
                          << "T:\"a\" S:\"b\" T:\"c\" N:1.5e3 T:\"d\" K:true";
    QTest::newRow("html") << "html"
                          << "<a href=\"x\">b</a>"
                          << "K:<a T:href S:\"x\" K:> K:</a K:>";
    QTest::newRow("sql") << "sql"
                         << "SELECT a FROM b -- c"
                         << "K:SELECT K:FROM C:-- c";
    QTest::newRow("diff") << "diff"
                          << "+a\n-b\n c"
                          << "+:+a -:-b";
    QTest::newRow("shell") << "bash"
                           << "echo $# # x"
                           << "T:echo C:# x";
    QTest::newRow("unknown") << "brainfuck"
                             << "int 1"
                             << "";
    QTest::newRow("none") << ""
                          << "int 1"
                          << "";
}

void TstMarkdown::code() {
    QFETCH(QString, language);
    QFETCH(QString, source);
    QFETCH(QString, expected);
    const auto describe = [](const std::vector<CodeSpan>& spans, const QString& text, int offset) {
        QStringList out;
        for (const CodeSpan& span : spans)
            out += QLatin1Char("KTSNCMF+-"[int(span.kind)]) + QStringLiteral(":") +
                   text.mid(span.start + offset, span.length);
        return out;
    };
    int state = 0;
    QCOMPARE(describe(highlight(language, source, state), source, 0).join(QLatin1Char(' ')), expected);
    // What is open at a line end goes on in the next line.
    state = 0;
    (void)highlight(QStringLiteral("cpp"), u"/* a", state);
    QVERIFY(state != 0);
    QCOMPARE(describe(highlight(QStringLiteral("cpp"), u"b */ 1", state), QStringLiteral("b */ 1"), 0)
                 .join(QLatin1Char(' ')),
             QStringLiteral("C:b */ N:1"));
    QCOMPARE(state, 0);
}

namespace {

// Random texts out of the pieces that matter to the parser.
QString randomText(quint32 seed, int pieces) {
    static const char* const parts[] = {"# ",          "\n",
                                        "\n\n",        "- ",
                                        "  ",          "    ",
                                        "1. ",         "> ",
                                        "```\n",       "```cpp\n",
                                        "~~~\n",       "| a | b |\n",
                                        "|---|---|\n", "*",
                                        "**",          "_",
                                        "`",           "$",
                                        "$$",          "\\(",
                                        "\\)",         "\\[",
                                        "\\]",         "[a](http://x.org)",
                                        "![i](x.png)", "<b>",
                                        "</div>\n",    "<!--",
                                        "-->",         "word ",
                                        "text",        "é",
                                        "👍",           "\r\n",
                                        "\t",          "---\n",
                                        "===\n",       "[x]: http://y.org\n",
                                        "[x]",         "&amp;",
                                        "\\",          "~~",
                                        "[ ] ",        "\xE2\x80\xAE",
                                        "\x1b[0m",     "a|b\n",
                                        "+ ",          "2) "};
    QRandomGenerator random(seed);
    QByteArray out;
    for (int i = 0; i < pieces; ++i)
        out += parts[random.bounded(int(std::size(parts)))];
    return QString::fromUtf8(out);
}

}  // namespace

void TstMarkdown::streamingEqualsWhole_data() {
    QTest::addColumn<QString>("source");
    for (quint32 seed = 0; seed < 300; ++seed)
        QTest::newRow(qPrintable(QStringLiteral("seed=%1").arg(seed))) << randomText(seed, 3 + int(seed % 90));
    QTest::newRow("long line") << QString(100000, QLatin1Char('x'));
    QTest::newRow("long line of words") << QStringLiteral("word ").repeated(20000);
    QTest::newRow("long code line") << QStringLiteral("```\n") + QStringLiteral("code ").repeated(20000) +
                                           QStringLiteral("\n```\nend");
    QTest::newRow("long code") << QStringLiteral("```py\n") + QStringLiteral("print('a')  # b\n").repeated(3000) +
                                      QStringLiteral("```\nend");
    QTest::newRow("long table") << QStringLiteral("|a|b|\n|-|-|\n") + QStringLiteral("|1|2|\n").repeated(2000);
}

void TstMarkdown::streamingEqualsWhole() {
    QFETCH(QString, source);
    const QString whole = dump(parsed(source), true);
    for (quint32 round = 0; round < 3; ++round) {
        QRandomGenerator random(round + 7);
        Document streamed;
        int at = 0;
        const int step = source.size() > 5000 ? 9000 : round == 0 ? 2 : 17;
        while (at < source.size()) {
            at = std::min(int(source.size()), at + 1 + random.bounded(step));
            streamed.setText(source.left(at));
            while (streamed.advance(1 << 20)) {
            }
        }
        QCOMPARE(dump(streamed, true), whole);
    }
}

void TstMarkdown::stableLeavesStay() {
    const QString source =
        QStringLiteral("# a\n\none\ntwo\n\n- x\n- y\n\n```\ncode\n```\n\n|a|b|\n|-|-|\n|1|2|\n\nlast");
    Document streamed;
    QStringList stable;
    for (int at = 1; at <= source.size(); ++at) {
        streamed.setText(source.left(at));
        streamed.advance(1 << 20);
        for (int i = 0; i < stable.size(); ++i)
            QCOMPARE(dumpLeaf(streamed.leaf(i), {}), stable[i]);
        while (stable.size() < streamed.stableCount())
            stable += dumpLeaf(streamed.leaf(int(stable.size())), {});
    }
    QCOMPARE(stable.size(), 6);
    streamed.setText(QStringLiteral("other"));  // not a continuation: begins anew
    streamed.advance(1 << 20);
    QCOMPARE(dump(streamed), QStringLiteral("p(other)"));
}

void TstMarkdown::copyOfFormulas() {
    const InlineText text = parseInline(QStringLiteral("a $x^2$ b"), {});
    QCOMPARE(text.plain(0, int(text.text.size()), true), QStringLiteral("a $x^2$ b"));
    QCOMPARE(text.plain(0, int(text.text.size()), false), QStringLiteral("a x² b"));
    QCOMPARE(text.plain(0, 2, true), QStringLiteral("a "));
}

void TstMarkdown::plainText() {
    QCOMPARE(dump(parsed(QStringLiteral("# a\n  *b* <|im_end|>\n\n```py\nx\n```\n- c\n    d"), true)),
             QStringLiteral("plain(# a⏎  *b* <|im_end|>) / code[py](x) / plain(- c⏎    d)"));
}

QTEST_APPLESS_MAIN(TstMarkdown)
#include "tst_markdown.moc"
