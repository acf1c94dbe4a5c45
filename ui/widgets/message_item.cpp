#include "ui/widgets/message_item.h"

#include <QCoreApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/icons.h"

namespace ui {
namespace {

constexpr qsizetype ParseStep = 64 * 1024;
constexpr double Gap = 26, NameHeight = 20, AfterName = 3, FootRow = 30, ButtonWidth = 26, ButtonHeight = 24;

QString words(const char* text) {
    return QCoreApplication::translate("MessageItem", text);
}

QColor readable(const QColor& color, const Tokens& t) {  // on code's background, at least 4.5 : 1
    for (double share = 1.0; share > 0; share -= 0.1) {
        const QColor c = mixed(color, t.text, share);
        if (contrastRatio(c, t.surface2) >= 4.5)
            return c;
    }
    return t.text;
}

bool isRunning(const app::MessageRow& row) {
    return row.state == app::MessageState::Waiting || row.state == app::MessageState::Streaming;
}

}  // namespace

void applyTheme(ConversationStyle& style, const Theme& theme) {
    const Tokens& t = theme.tokens();
    style.tokens = t;
    style.unit = theme.zoom();
    style.body = theme.font(Type::Body);
    style.strong = theme.font(Type::Strong);
    style.small = theme.font(Type::Small);
    style.smallStrong = theme.font(Type::SmallStrong);
    style.selection = mixed(t.accent, t.background, t.dark ? 0.45 : 0.28);
    style.hit = mixed(t.series[1], t.background, t.dark ? 0.4 : 0.35);
    style.currentHit = mixed(t.series[5], t.background, t.dark ? 0.75 : 0.55);
    auto& leaf = style.leaf;
    leaf.body = style.body;
    leaf.body.setPixelSize(qRound(markdown::pixelSize(style.body)));
    leaf.mono = theme.font(Type::Mono);
    leaf.mono.setPixelSize(qRound(markdown::pixelSize(leaf.mono)));
    leaf.small = style.small;
    leaf.math = style.body;
    leaf.math.setFamilies({QStringLiteral("STIX Two Text"), QStringLiteral("Latin Modern Roman"),
                           QStringLiteral("Cambria Math"), QStringLiteral("Noto Serif"), QStringLiteral("DejaVu Serif"),
                           QStringLiteral("serif")});
    leaf.text = t.text;
    leaf.muted = t.muted;
    leaf.accent = t.accent;
    leaf.surface2 = t.surface2;
    leaf.border = t.border;
    leaf.warning = t.warning;
    leaf.unit = style.unit;
    leaf.code = {readable(t.accent, t),                          // keyword
                 readable(t.series[0], t),                       // type
                 readable(t.series[2], t),                       // string
                 readable(t.series[5], t),                       // number
                 readable(t.muted, t),                           // comment
                 readable(t.series[3], t),                       // meta
                 readable(mixed(t.series[0], t.text, 0.55), t),  // function
                 readable(t.series[2], t),
                 readable(t.error, t)};  // added, removed
    style.token.font = leaf.body;
    style.token.text = t.text;
    style.token.heat = t.series[5];
    style.token.background = t.background;
    style.token.accent = t.accent;
    style.token.muted = t.muted;
    style.token.unit = style.unit;
}

// --- state ---

void MessageItem::update(const app::MessageRow& row, bool textChanged) {
    m_headChanged = true;
    if (textChanged && m_prepared && !m_tokenView) {
        const int stable = m_document.stableCount();
        const bool goesOn = row.text.startsWith(m_document.text());
        m_document.setText(row.text);
        m_changedFrom = goesOn ? std::min(m_changedFrom, std::max(0, stable - 1)) : 0;
    } else if (textChanged && m_prepared) {
        m_changedFrom = std::min(m_changedFrom, std::max(0, int(m_pieces.size()) - 1));
    }
}

void MessageItem::setTokenView(bool on) {
    if (m_tokenView == on)
        return;
    m_tokenView = on;
    m_focusedToken = -1;
    m_changedFrom = 0;
    m_headChanged = true;
    m_pieces.clear();
}

void MessageItem::setFocusedToken(int token) {
    const int before = m_focusedToken;
    m_focusedToken = token;
    if (!m_tokenView)
        return;
    for (const int changed : {before, token}) {
        const int piece = changed / TokenPiece::MaxTokens;
        if (changed >= 0 && piece < int(m_pieces.size()) && m_pieces[size_t(piece)])
            static_cast<TokenPiece*>(m_pieces[size_t(piece)].get())->setFocusedToken(token);
    }
}

void MessageItem::forgetLayout() {
    for (auto& piece : m_pieces)
        piece.reset();
}

void MessageItem::invalidate() {
    m_changedFrom = 0;
    m_headChanged = true;
    m_width = 0;
    m_pieces.clear();
    m_card.reset();
}

// --- heights ---

double MessageItem::estimate(const app::MessageRow& row, const ConversationStyle& style, double width) {
    const double line = std::round(markdown::pixelSize(style.leaf.body) * 1.45);
    const double perLine = std::max(10.0, width / (markdown::pixelSize(style.leaf.body) * 0.52));
    const double lines =
        std::max(double(row.text.count(QLatin1Char('\n'))) * 1.1, double(row.text.size()) / perLine + 0.5);
    m_estimate = isNote(row) ? 50 * style.unit
                             : (Gap + NameHeight + AfterName) * style.unit + std::ceil(std::max(1.0, lines)) * line +
                                   (row.role == app::Role::Assistant ? FootRow * style.unit : 0);
    return m_estimate;
}

double MessageItem::estimateLeaf(const markdown::Leaf& leaf, const ConversationStyle& style, double width) const {
    using markdown::LeafKind;
    const double line = std::round(markdown::pixelSize(style.leaf.body) * 1.45);
    switch (leaf.kind) {
        case LeafKind::Rule:
            return 19 * style.unit;
        case LeafKind::Math:
            return 44 * style.unit;
        case LeafKind::Heading:
            return 40 * style.unit;
        case LeafKind::Table:
            return double(leaf.rows.size()) * 31 * style.unit + (leaf.continues ? 0 : 10);
        case LeafKind::Code:
        case LeafKind::Html:
            return double(leaf.text.count(QLatin1Char('\n')) + 1) *
                       std::round(markdown::pixelSize(style.leaf.mono) * 1.4) +
                   (leaf.continues ? 0 : 56 * style.unit);
        case LeafKind::Plain:
        case LeafKind::Paragraph:
            break;
    }
    const double perLine = std::max(8.0, width / (markdown::pixelSize(style.leaf.body) * 0.5));
    return std::ceil(std::max(double(leaf.text.size()) / perLine, double(leaf.text.count(QLatin1Char('\n')) + 1))) *
               line +
           9;
}

double MessageItem::headHeight(const app::MessageRow& row, const ConversationStyle& style) const {
    if (isNote(row))
        return style.px(18) + (m_card ? m_card->height() : 34);
    return style.px(Gap) + style.px(NameHeight) + style.px(AfterName);
}

double MessageItem::cardTop() const {  // behind the pieces
    return m_heights.top(m_heights.count() - 1);
}

double MessageItem::footHeight(const app::MessageRow& row, const ConversationStyle& style, double width) const {
    if (isNote(row))
        return 0;
    double height = 0;
    if (!m_document.complete() && !m_tokenView) {
        const double perLine = std::max(8.0, width / (markdown::pixelSize(style.leaf.body) * 0.5));
        height += std::ceil((1 - m_document.parsedShare()) * double(row.text.size()) / perLine) * 20;
    }
    if (m_card)
        height += style.px(8) + m_card->height();
    if (row.role == app::Role::Assistant) {
        height += style.px(FootRow);
        if (!isRunning(row)) {
            const QString line = app::MessageModel::statsLine(row.stats);
            double buttonsWidth = 7 * style.px(ButtonWidth) + (row.versions > 1 ? style.px(110) : 0);
            if (QFontMetricsF(style.small).horizontalAdvance(line) + buttonsWidth > width && !line.isEmpty())
                height += style.px(20);
        }
    }
    return height;
}

int MessageItem::wantedPieces(const app::MessageRow& row) const {
    if (isNote(row))
        return 0;
    if (m_tokenView)
        return int((row.tokens.size() + TokenPiece::MaxTokens - 1) / TokenPiece::MaxTokens);
    return m_document.leafCount();
}

void MessageItem::makeCard(const app::MessageRow& row, const ConversationStyle& style, double width,
                           const Remedies& remedies) {
    const Tokens& t = style.tokens;
    QString text;
    QList<app::Action> actions;
    CardColors colors{t.warningSoft, t.warning, t.warning};
    m_card.reset();
    if (isNote(row)) {
        text = row.text;
        if (row.action)
            actions.push_back(row.action);
        if (row.severity == app::Severity::Info)
            colors = {t.accentSoft, t.text, t.accent};
        else if (row.severity == app::Severity::Error)
            colors = {t.errorSoft, t.error, t.error};
    } else {
        switch (row.state) {
            case app::MessageState::Failed:
            case app::MessageState::NotSaved:
                text = row.error;
                colors = {t.errorSoft, t.error, t.error};
                if (row.state == app::MessageState::NotSaved)
                    actions.push_back(
                        {QStringLiteral("message:retry-save"), words(QT_TRANSLATE_NOOP("MessageItem", "Save again"))});
                else if (row.role == app::Role::Assistant)
                    actions.push_back(
                        {QStringLiteral("message:regenerate"), words(QT_TRANSLATE_NOOP("MessageItem", "Try again"))});
                break;
            case app::MessageState::Interrupted:
                text = words(QT_TRANSLATE_NOOP(
                    "MessageItem", "The program ended while this reply was being written. What was on disk is here."));
                actions.push_back({QStringLiteral("message:continue"),
                                   words(QT_TRANSLATE_NOOP("MessageItem", "Continue the reply"))});
                break;
            default:
                return;
        }
        if (remedies)
            actions += remedies(row);
    }
    m_card.emplace(text, actions, style.small, colors, width, style.unit);
    m_noteTop = isNote(row) ? style.px(18) : 0;
    m_cardShift = style.px(8);
}

bool MessageItem::prepare(const app::MessageRow& row, const ConversationStyle& style, double width,
                          const Remedies& remedies) {
    if (!m_prepared) {
        m_prepared = true;
        m_plainDocument = row.role == app::Role::User || row.role == app::Role::System;
        m_document = markdown::Document(m_plainDocument);
        m_document.setText(isNote(row) ? QString() : row.text);
        m_changedFrom = 0;
        m_headChanged = true;
    }
    bool more = false;
    if (!m_tokenView && !m_document.complete()) {
        m_changedFrom = std::min(m_changedFrom, std::max(0, m_document.stableCount() - 1));
        try {
            more = m_document.advance(ParseStep);
        } catch (const std::exception&) {  // what cannot be parsed is shown as it was written
            m_document = markdown::Document(true);
            m_plainDocument = true;
            m_document.setText(row.text.left(MaxFallbackChars));
            more = m_document.advance(ParseStep);
            m_changedFrom = 0;
        }
        m_headChanged = true;
    }
    if (m_width != width) {
        m_width = width;
        m_changedFrom = 0;
        m_headChanged = true;
        m_pieces.clear();
    }
    if (!m_headChanged && m_changedFrom >= int(m_pieces.size()))
        return !more;
    if (m_headChanged)
        makeCard(row, style, width, remedies);
    syncPieces(row, style, width, m_changedFrom);
    m_headChanged = false;
    m_changedFrom = int(m_pieces.size());
    return !more;
}

void MessageItem::syncPieces(const app::MessageRow& row, const ConversationStyle& style, double width,
                             int changedFrom) {
    const int wanted = wantedPieces(row);
    const int keep = std::min({changedFrom, int(m_pieces.size()), wanted});
    if (m_heights.count() == 0)
        m_heights.assign({headHeight(row, style)});
    const bool rebuild = m_heights.count() < keep + 1;
    if (rebuild) {
        std::vector<double> heights{headHeight(row, style)};
        m_heights.assign(std::move(heights));
        m_pieces.clear();
    } else {
        m_heights.truncate(keep + 1);
        m_heights.set(0, headHeight(row, style));
    }
    const int from = m_heights.count() - 1;
    m_pieces.resize(size_t(from));
    m_pieces.resize(size_t(wanted));
    for (int i = from; i < wanted; ++i) {
        if (m_tokenView) {
            const double perLine = std::max(8.0, width / (markdown::pixelSize(style.leaf.body) * 0.5));
            const int count = std::min<int>(TokenPiece::MaxTokens, int(row.tokens.size()) - i * TokenPiece::MaxTokens);
            m_heights.append(std::ceil(count * 4.2 / perLine) * markdown::pixelSize(style.leaf.body) * 1.9);
        } else {
            m_heights.append(estimateLeaf(m_document.leaf(i), style, width));
        }
    }
    m_heights.append(footHeight(row, style, width));
}

void MessageItem::layoutSegment(const app::MessageRow& row, int segment, const ConversationStyle& style, double width) {
    if (!isPiece(segment))
        return;
    auto& piece = m_pieces[size_t(segment) - 1];
    if (piece)
        return;
    const int i = segment - 1;
    if (m_tokenView) {
        const int first = i * TokenPiece::MaxTokens;
        auto tokens = std::make_unique<TokenPiece>(
            row.tokens, first, std::min(TokenPiece::MaxTokens, int(row.tokens.size()) - first), style.token, width);
        tokens->setFocusedToken(m_focusedToken);
        piece = std::move(tokens);
    } else {
        const markdown::Leaf& leaf = m_document.leaf(i);
        const markdown::Leaf* before = i > 0 ? &m_document.leaf(i - 1) : nullptr;
        const markdown::Leaf* after = i + 1 < m_document.leafCount() ? &m_document.leaf(i + 1) : nullptr;
        piece = std::make_unique<LeafPiece>(leaf, markdown::leafPlace(before, leaf, after), m_document.definitions(),
                                            style.leaf, width);
    }
    if (m_heights.height(segment) != piece->height())
        m_heights.set(segment, piece->height());
}

const BodyPiece* MessageItem::piece(int segment) const {
    return isPiece(segment) ? m_pieces[size_t(segment) - 1].get() : nullptr;
}

// --- actions ---

std::vector<MessageButton> MessageItem::buttons(const app::MessageRow& row, const ConversationStyle& style,
                                                double width, bool active) const {
    std::vector<MessageButton> out;
    if (isNote(row) || !m_prepared || isRunning(row))
        return out;
    const bool reply = row.role == app::Role::Assistant;
    if (!reply && !active && row.versions <= 1)
        return out;
    const double h = style.px(ButtonHeight), w = style.px(ButtonWidth);
    const double y = reply ? m_heights.total() - h : style.px(Gap) + (style.px(NameHeight) - h) / 2;
    double x = width;
    const auto add = [&](MessageAction action, const char* icon, const QString& help, double buttonWidth,
                         const QString& text = {}) {
        x -= buttonWidth;
        MessageButton button;
        button.action = action;
        button.rect = QRectF(style.mirrored ? width - x - buttonWidth : x, y, buttonWidth, h);
        button.icon = QString::fromLatin1(icon);
        button.help = help;
        button.text = text;
        out.push_back(button);
    };
    if (row.versions > 1) {
        add(MessageAction::NextVersion, style.mirrored ? "chevron-left" : "chevron-right",
            words(QT_TRANSLATE_NOOP("MessageItem", "Next version (Alt+Right)")), style.px(20));
        out.back().enabled = row.version < row.versions;
        const QString text = words(QT_TRANSLATE_NOOP("MessageItem", "%1 of %2")).arg(row.version).arg(row.versions);
        add(MessageAction::None, "", {}, QFontMetricsF(style.small).horizontalAdvance(text) + style.px(4), text);
        add(MessageAction::PreviousVersion, style.mirrored ? "chevron-right" : "chevron-left",
            words(QT_TRANSLATE_NOOP("MessageItem", "Previous version (Alt+Left)")), style.px(20));
        out.back().enabled = row.version > 1;
        x -= style.px(4);
    }
    if (!reply && !active)
        return out;
    add(MessageAction::Delete, "trash", words(QT_TRANSLATE_NOOP("MessageItem", "Delete this and what follows (Del)")),
        w);
    if (reply) {
        if (row.hasTokens || !row.tokens.isEmpty()) {
            add(MessageAction::Tokens, "tokens",
                words(QT_TRANSLATE_NOOP("MessageItem", "Token view (T): how sure the model was of each word")), w);
            out.back().checked = m_tokenView;
        }
        add(MessageAction::Continue, "continue",
            words(QT_TRANSLATE_NOOP("MessageItem", "Continue the reply where it ended")), w);
    }
    add(MessageAction::Edit, "edit", words(QT_TRANSLATE_NOOP("MessageItem", "Edit (F2); the version of now stays")), w);
    if (reply)
        add(MessageAction::Regenerate, "regenerate",
            words(QT_TRANSLATE_NOOP("MessageItem", "Regenerate (R): a new version beside this one")), w);
    add(MessageAction::Copy, "copy", words(QT_TRANSLATE_NOOP("MessageItem", "Copy the message")), w);
    return out;
}

QString MessageItem::cardActionAt(QPointF point) const {
    if (!m_card || !m_prepared)
        return {};
    const double top = m_noteTop > 0 ? m_noteTop : cardTop() + m_cardShift;
    return m_card->actionAt(point - QPointF(0, top));
}

// --- painting ---

void MessageItem::paintHead(QPainter& painter, const app::MessageRow& row, QPointF origin,
                            const ConversationStyle& style, double width) const {
    const QRectF line(origin.x(), origin.y() + style.px(Gap), width, style.px(NameHeight));
    QString author = row.role == app::Role::User     ? words(QT_TRANSLATE_NOOP("MessageItem", "You"))
                     : row.role == app::Role::System ? words(QT_TRANSLATE_NOOP("MessageItem", "System"))
                     : row.stats.modelName.isEmpty() ? words(QT_TRANSLATE_NOOP("MessageItem", "Assistant"))
                                                     : row.stats.modelName;
    const QFontMetricsF strong(style.strong);
    author = strong.elidedText(author, Qt::ElideRight, width * 0.6);
    painter.setFont(style.strong);
    painter.setPen(style.tokens.text);
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, author);
    QStringList facts;
    if (row.role == app::Role::Assistant && !row.stats.quantization.isEmpty())
        facts += row.stats.quantization;
    if (m_tokenView)
        facts += words(QT_TRANSLATE_NOOP("MessageItem", "token view"));
    if (row.edited)
        facts += words(QT_TRANSLATE_NOOP("MessageItem", "edited"));
    painter.setFont(style.body);
    painter.setPen(style.tokens.muted);
    // Text that begins at the leading edge is mirrored by the painter; what is taken off a side is not.
    const double taken = strong.horizontalAdvance(author) + style.px(7);
    painter.drawText(style.mirrored ? line.adjusted(0, 0, -taken, 0) : line.adjusted(taken, 0, 0, 0),
                     Qt::AlignLeft | Qt::AlignVCenter, facts.join(QStringLiteral(" · ")));
}

void MessageItem::paintFoot(QPainter& painter, const app::MessageRow& row, QPointF origin,
                            const ConversationStyle& style, double width) const {
    if (row.role != app::Role::Assistant)
        return;
    const double height = m_heights.height(m_heights.count() - 1);
    QRectF line(origin.x(), origin.y() + height - style.px(ButtonHeight), width, style.px(ButtonHeight));
    QString text = app::MessageModel::statsLine(row.stats);
    if (row.state == app::MessageState::Waiting)
        text = words(QT_TRANSLATE_NOOP("MessageItem", "Reading the prompt…"));
    const QFontMetricsF small(style.small);
    const double right =
        isRunning(row) ? width : width - 7 * style.px(ButtonWidth) - (row.versions > 1 ? style.px(110) : 0);
    if (!isRunning(row) && small.horizontalAdvance(text) > right)
        line.translate(0, -style.px(20));
    painter.setFont(style.small);
    painter.setPen(style.tokens.muted);
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, small.elidedText(text, Qt::ElideRight, width));
}

void MessageItem::paintSegment(QPainter& painter, const app::MessageRow& row, int segment, QPointF origin,
                               const ConversationStyle& style, double width, const std::vector<markdown::Mark>& marks,
                               const QRectF& clip, MessageAction hovered, bool caretOn) const {
    if (segment == 0) {
        if (isNote(row)) {
            if (m_card)
                m_card->paint(painter, origin + QPointF(0, m_noteTop));
            return;
        }
        paintHead(painter, row, origin, style, width);
    } else if (const BodyPiece* body = piece(segment)) {
        body->paint(painter, origin, marks, clip);
        if (caretOn && segment == m_heights.count() - 2 && row.state == app::MessageState::Streaming) {
            const QRectF caret = body->cursorRect(int(flatText(row, segment).size())).translated(origin);
            painter.fillRect(QRectF(caret.left() + 2, caret.top() + 3, 2, caret.height() - 6), style.tokens.accent);
        }
        const QRectF header = body->copyRect();
        if (!header.isNull() && header.height() > 0) {
            const QRectF button = copyButton(header, style).translated(origin);
            painter.save();
            painter.setRenderHint(QPainter::Antialiasing);
            if (hovered == MessageAction::CopyCode) {
                painter.setPen(Qt::NoPen);
                painter.setBrush(style.tokens.border);
                painter.drawRoundedRect(button, 5, 5);
            }
            const double icon = style.px(14);
            paintIcon(painter, QRectF(button.left() + style.px(6), button.center().y() - icon / 2, icon, icon),
                      QStringLiteral("copy"), style.tokens.muted);
            painter.setFont(style.small);
            painter.setPen(style.tokens.muted);
            painter.drawText(button.adjusted(style.px(25), 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                             words(QT_TRANSLATE_NOOP("MessageItem", "Copy")));
            painter.restore();
        }
    } else {
        if (m_card && !isNote(row))
            m_card->paint(painter, origin + QPointF(0, m_cardShift));
        paintFoot(painter, row, origin, style, width);
    }
}

QRectF MessageItem::copyButton(const QRectF& header, const ConversationStyle& style) {
    const double w =
        QFontMetricsF(style.small).horizontalAdvance(words(QT_TRANSLATE_NOOP("MessageItem", "Copy"))) + style.px(33);
    return QRectF(header.right() - w - style.px(6), header.top() + style.px(5), w, style.px(23));
}

// --- text ---

QString MessageItem::flatText(const app::MessageRow& row, int segment) const {
    if (!isPiece(segment))
        return {};
    const int i = segment - 1;
    if (m_tokenView) {
        const int first = i * TokenPiece::MaxTokens;
        return TokenPiece::text(row.tokens, first, std::min(TokenPiece::MaxTokens, int(row.tokens.size()) - first));
    }
    return markdown::flatLeaf(m_document.leaf(i), m_document.definitions()).text;
}

QString MessageItem::plainText(const app::MessageRow& row, int fromSegment, int from, int toSegment, int to) const {
    QString out;
    for (int segment = std::max(1, fromSegment); segment <= toSegment && isPiece(segment); ++segment) {
        const int begin = segment == fromSegment ? from : 0;
        const int end = segment == toSegment ? to : -1;
        if (m_tokenView) {
            const QString text = flatText(row, segment);
            out += text.mid(begin, (end < 0 ? int(text.size()) : end) - begin)
                       .replace(QStringLiteral("↵\n"), QStringLiteral("\n"));
            continue;
        }
        const markdown::Leaf& leaf = m_document.leaf(segment - 1);
        const markdown::FlatLeaf flat = markdown::flatLeaf(leaf, m_document.definitions());
        if (!out.isEmpty()) {
            const bool sameList = !leaf.blankBefore && !leaf.frames.empty() &&
                                  m_document.leaf(segment - 2).frames.size() + leaf.frames.size() > 1;
            out += leaf.continues && !leaf.isCode() && leaf.kind != markdown::LeafKind::Table ? QString()
                   : leaf.continues || sameList                                               ? QStringLiteral("\n")
                                                                                              : QStringLiteral("\n\n");
        }
        if (begin == 0)
            out += markdown::markerText(leaf);
        out += flat.plain(begin, end < 0 ? int(flat.text.size()) : end);
    }
    return out;
}

QString MessageItem::codeBlock(int segment) const {
    QString out;
    for (int i = segment - 1; i >= 0 && i < m_document.leafCount(); ++i) {
        const markdown::Leaf& leaf = m_document.leaf(i);
        if (!leaf.isCode() || (i > segment - 1 && !leaf.continues))
            break;
        out += (i > segment - 1 ? QStringLiteral("\n") : QString()) + leaf.text;
    }
    return out;
}

QString MessageItem::readableText(const app::MessageRow& row) const {
    if (isNote(row) || !m_prepared || m_tokenView)
        return row.text.left(8000);
    QString out;
    for (int i = 0; i < m_document.leafCount() && out.size() < 8000; ++i) {
        const markdown::FlatLeaf flat = markdown::flatLeaf(m_document.leaf(i), m_document.definitions());
        out += (i > 0 ? QStringLiteral("\n") : QString()) + flat.plain(0, int(flat.text.size()), false);
    }
    return out;
}

}  // namespace ui
