#include "ui/markdown/math_symbols.h"

#include <iterator>

namespace ui::markdown {
namespace {

using enum MathClass;
constexpr MathSymbol symbols[] = {
    {"alpha", 0x3b1, Ordinary},
    {"beta", 0x3b2, Ordinary},
    {"gamma", 0x3b3, Ordinary},
    {"delta", 0x3b4, Ordinary},
    {"epsilon", 0x3f5, Ordinary},
    {"varepsilon", 0x3b5, Ordinary},
    {"zeta", 0x3b6, Ordinary},
    {"eta", 0x3b7, Ordinary},
    {"theta", 0x3b8, Ordinary},
    {"vartheta", 0x3d1, Ordinary},
    {"iota", 0x3b9, Ordinary},
    {"kappa", 0x3ba, Ordinary},
    {"lambda", 0x3bb, Ordinary},
    {"mu", 0x3bc, Ordinary},
    {"nu", 0x3bd, Ordinary},
    {"xi", 0x3be, Ordinary},
    {"omicron", 0x3bf, Ordinary},
    {"pi", 0x3c0, Ordinary},
    {"varpi", 0x3d6, Ordinary},
    {"rho", 0x3c1, Ordinary},
    {"varrho", 0x3f1, Ordinary},
    {"sigma", 0x3c3, Ordinary},
    {"varsigma", 0x3c2, Ordinary},
    {"tau", 0x3c4, Ordinary},
    {"upsilon", 0x3c5, Ordinary},
    {"phi", 0x3d5, Ordinary},
    {"varphi", 0x3c6, Ordinary},
    {"chi", 0x3c7, Ordinary},
    {"psi", 0x3c8, Ordinary},
    {"omega", 0x3c9, Ordinary},
    {"Gamma", 0x393, Ordinary},
    {"Delta", 0x394, Ordinary},
    {"Theta", 0x398, Ordinary},
    {"Lambda", 0x39b, Ordinary},
    {"Xi", 0x39e, Ordinary},
    {"Pi", 0x3a0, Ordinary},
    {"Sigma", 0x3a3, Ordinary},
    {"Upsilon", 0x3a5, Ordinary},
    {"Phi", 0x3a6, Ordinary},
    {"Psi", 0x3a8, Ordinary},
    {"Omega", 0x3a9, Ordinary},
    {"infty", 0x221e, Ordinary},
    {"partial", 0x2202, Ordinary},
    {"nabla", 0x2207, Ordinary},
    {"hbar", 0x210f, Ordinary},
    {"ell", 0x2113, Ordinary},
    {"Re", 0x211c, Ordinary},
    {"Im", 0x2111, Ordinary},
    {"aleph", 0x2135, Ordinary},
    {"emptyset", 0x2205, Ordinary},
    {"varnothing", 0x2205, Ordinary},
    {"angle", 0x2220, Ordinary},
    {"triangle", 0x25b3, Ordinary},
    {"square", 0x25a1, Ordinary},
    {"blacksquare", 0x25a0, Ordinary},
    {"degree", 0xb0, Ordinary},
    {"prime", 0x2032, Ordinary},
    {"forall", 0x2200, Ordinary},
    {"exists", 0x2203, Ordinary},
    {"nexists", 0x2204, Ordinary},
    {"neg", 0xac, Ordinary},
    {"lnot", 0xac, Ordinary},
    {"top", 0x22a4, Ordinary},
    {"bot", 0x22a5, Ordinary},
    {"ldots", 0x2026, Ordinary},
    {"dots", 0x2026, Ordinary},
    {"cdots", 0x22ef, Ordinary},
    {"vdots", 0x22ee, Ordinary},
    {"ddots", 0x22f1, Ordinary},
    {"imath", 0x131, Ordinary},
    {"jmath", 0x237, Ordinary},
    {"checkmark", 0x2713, Ordinary},
    {"sum", 0x2211, Operator},
    {"prod", 0x220f, Operator},
    {"coprod", 0x2210, Operator},
    {"int", 0x222b, Operator},
    {"iint", 0x222c, Operator},
    {"iiint", 0x222d, Operator},
    {"oint", 0x222e, Operator},
    {"bigcup", 0x22c3, Operator},
    {"bigcap", 0x22c2, Operator},
    {"bigoplus", 0x2a01, Operator},
    {"bigotimes", 0x2a02, Operator},
    {"bigvee", 0x22c1, Operator},
    {"bigwedge", 0x22c0, Operator},
    {"pm", 0xb1, Binary},
    {"mp", 0x2213, Binary},
    {"times", 0xd7, Binary},
    {"div", 0xf7, Binary},
    {"cdot", 0x22c5, Binary},
    {"ast", 0x2217, Binary},
    {"star", 0x22c6, Binary},
    {"circ", 0x2218, Binary},
    {"bullet", 0x2022, Binary},
    {"oplus", 0x2295, Binary},
    {"ominus", 0x2296, Binary},
    {"otimes", 0x2297, Binary},
    {"odot", 0x2299, Binary},
    {"cup", 0x222a, Binary},
    {"cap", 0x2229, Binary},
    {"setminus", 0x2216, Binary},
    {"land", 0x2227, Binary},
    {"wedge", 0x2227, Binary},
    {"lor", 0x2228, Binary},
    {"vee", 0x2228, Binary},
    {"dagger", 0x2020, Binary},
    {"le", 0x2264, Relation},
    {"leq", 0x2264, Relation},
    {"leqslant", 0x2264, Relation},
    {"ge", 0x2265, Relation},
    {"geq", 0x2265, Relation},
    {"geqslant", 0x2265, Relation},
    {"ne", 0x2260, Relation},
    {"neq", 0x2260, Relation},
    {"approx", 0x2248, Relation},
    {"equiv", 0x2261, Relation},
    {"sim", 0x223c, Relation},
    {"simeq", 0x2243, Relation},
    {"cong", 0x2245, Relation},
    {"propto", 0x221d, Relation},
    {"ll", 0x226a, Relation},
    {"gg", 0x226b, Relation},
    {"in", 0x2208, Relation},
    {"notin", 0x2209, Relation},
    {"ni", 0x220b, Relation},
    {"subset", 0x2282, Relation},
    {"subseteq", 0x2286, Relation},
    {"supset", 0x2283, Relation},
    {"supseteq", 0x2287, Relation},
    {"perp", 0x22a5, Relation},
    {"parallel", 0x2225, Relation},
    {"mid", 0x2223, Relation},
    {"models", 0x22a8, Relation},
    {"vdash", 0x22a2, Relation},
    {"to", 0x2192, Relation},
    {"rightarrow", 0x2192, Relation},
    {"longrightarrow", 0x27f6, Relation},
    {"leftarrow", 0x2190, Relation},
    {"gets", 0x2190, Relation},
    {"leftrightarrow", 0x2194, Relation},
    {"Rightarrow", 0x21d2, Relation},
    {"implies", 0x27f9, Relation},
    {"Longrightarrow", 0x27f9, Relation},
    {"Leftarrow", 0x21d0, Relation},
    {"Leftrightarrow", 0x21d4, Relation},
    {"iff", 0x27fa, Relation},
    {"mapsto", 0x21a6, Relation},
    {"uparrow", 0x2191, Relation},
    {"downarrow", 0x2193, Relation},
    {"rightleftharpoons", 0x21cc, Relation},
    {"therefore", 0x2234, Relation},
    {"because", 0x2235, Relation},
    {"coloneqq", 0x2254, Relation},
    {"triangleq", 0x225c, Relation},
    {"langle", 0x27e8, Open},
    {"lfloor", 0x230a, Open},
    {"lceil", 0x2308, Open},
    {"lbrace", '{', Open},
    {"lbrack", '[', Open},
    {"rangle", 0x27e9, Close},
    {"rfloor", 0x230b, Close},
    {"rceil", 0x2309, Close},
    {"rbrace", '}', Close},
    {"rbrack", ']', Close},
    {"lvert", '|', Open},
    {"rvert", '|', Close},
    {"lVert", 0x2016, Open},
    {"rVert", 0x2016, Close},
    {"vert", '|', Ordinary},
    {"Vert", 0x2016, Ordinary},
    {"colon", ':', Punctuation},
    {"backslash", '\\', Ordinary},
};

constexpr const char* functions[] = {"sin",    "cos",  "tan",    "cot",    "sec", "csc", "arcsin", "arccos", "arctan",
                                     "sinh",   "cosh", "tanh",   "log",    "ln",  "lg",  "exp",    "lim",    "limsup",
                                     "liminf", "max",  "min",    "sup",    "inf", "det", "dim",    "ker",    "deg",
                                     "gcd",    "arg",  "argmax", "argmin", "Pr",  "hom", "mod",    "tr"};
constexpr const char* limitFunctions[] = {"lim", "limsup", "liminf", "max", "min",    "sup",
                                          "inf", "det",    "gcd",    "Pr",  "argmax", "argmin"};

struct Accent {
    const char* name;
    const char16_t* sign;
};
constexpr Accent accents[] = {{"hat", u"ˆ"},
                              {"widehat", u"ˆ"},
                              {"bar", u"¯"},
                              {"vec", u"→"},
                              {"dot", u"˙"},
                              {"ddot", u"¨"},
                              {"tilde", u"˜"},
                              {"widetilde", u"˜"},
                              {"check", u"ˇ"},
                              {"breve", u"˘"},
                              {"overline", u"overline"},
                              {"underline", u"underline"},
                              {"overbrace", u"overbrace"},
                              {"underbrace", u"underbrace"},
                              {"overrightarrow", u"→"},
                              {"boxed", u"boxed"},
                              {"cancel", u"cancel"}};

constexpr char16_t raisedFrom[] = u"0123456789+-=()nixyabcdefghjklmoprstuvwzTβγδθφχ′−";
constexpr char16_t raisedTo[] = u"⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣʸᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷᶻᵀᵝᵞᵟᶿᵠᵡ′⁻";
constexpr char16_t loweredFrom[] = u"0123456789+-=()aeoxhklmnpstijruvβγρφχ−";
constexpr char16_t loweredTo[] = u"₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥᵦᵧᵨᵩᵪ₋";
static_assert(std::size(raisedFrom) == std::size(raisedTo) && std::size(loweredFrom) == std::size(loweredTo));

QString mapped(const QString& text, const char16_t* from, const char16_t* to) {
    const QStringView fromView(from), toView(to);
    QString out;
    for (const QChar c : text) {
        const qsizetype at = fromView.indexOf(c);
        if (at < 0)
            return {};
        out += toView[at];
    }
    return out;
}

}  // namespace

const MathSymbol* findMathSymbol(QStringView name) {
    for (const MathSymbol& symbol : symbols)
        if (name == QLatin1String(symbol.name))
            return &symbol;
    return nullptr;
}

bool isMathFunction(QStringView name) {
    for (const char* function : functions)
        if (name == QLatin1String(function))
            return true;
    return false;
}

bool hasLimits(QStringView name) {
    for (const char* function : limitFunctions)
        if (name == QLatin1String(function))
            return true;
    return false;
}

QString mathAccent(QStringView name) {
    for (const Accent& accent : accents)
        if (name == QLatin1String(accent.name))
            return QString::fromUtf16(accent.sign);
    return {};
}

QString mathAlphabet(QStringView name, const QString& letters) {
    const bool blackboard = name == QLatin1String("mathbb");
    QString out;
    for (const QChar c : letters) {
        char32_t code = 0;
        if (blackboard) {
            switch (c.unicode()) {
                case 'C':
                    code = 0x2102;
                    break;
                case 'H':
                    code = 0x210d;
                    break;
                case 'N':
                    code = 0x2115;
                    break;
                case 'P':
                    code = 0x2119;
                    break;
                case 'Q':
                    code = 0x211a;
                    break;
                case 'R':
                    code = 0x211d;
                    break;
                case 'Z':
                    code = 0x2124;
                    break;
                default:
                    if (c >= QLatin1Char('A') && c <= QLatin1Char('Z'))
                        code = 0x1d538 + (c.unicode() - 'A');
                    else if (c == QLatin1Char('1'))
                        code = 0x1d7d9;
            }
        } else if (c >= QLatin1Char('A') && c <= QLatin1Char('Z')) {
            switch (c.unicode()) {
                case 'B':
                    code = 0x212c;
                    break;
                case 'E':
                    code = 0x2130;
                    break;
                case 'F':
                    code = 0x2131;
                    break;
                case 'H':
                    code = 0x210b;
                    break;
                case 'I':
                    code = 0x2110;
                    break;
                case 'L':
                    code = 0x2112;
                    break;
                case 'M':
                    code = 0x2133;
                    break;
                case 'R':
                    code = 0x211b;
                    break;
                default:
                    code = 0x1d49c + (c.unicode() - 'A');
            }
        }
        out += code != 0 ? QString::fromUcs4(&code, 1) : QString(c);
    }
    return out;
}

QString superscript(const QString& text) {
    return mapped(text, raisedFrom, raisedTo);
}

QString subscript(const QString& text) {
    return mapped(text, loweredFrom, loweredTo);
}

}  // namespace ui::markdown
