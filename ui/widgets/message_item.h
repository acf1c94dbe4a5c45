// One message of a conversation as the view shows it: head line, body pieces, notes, foot line with facts and actions.
// Its text is parsed and laid out only where it is seen; what was not seen has an estimated height. UI thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/items/message_model.h"
#include "ui/markdown/document.h"
#include "ui/theme.h"
#include "ui/widgets/height_index.h"
#include "ui/widgets/text_card.h"
#include "ui/widgets/token_view.h"

namespace ui {

// Everything that painting a conversation needs, made from the theme.
struct ConversationStyle {
    Tokens tokens;
    markdown::LayoutStyle leaf;
    TokenStyle token;
    QFont body, strong, small, smallStrong;
    QColor selection, hit, currentHit;
    double unit = 1;
    bool mirrored = false;  // right-to-left: names at the right, actions at the left
    int px(double n) const { return qRound(n * unit); }
};
void applyTheme(ConversationStyle& style, const Theme& theme);

enum class MessageAction {
    None,
    Copy,
    Regenerate,
    Edit,
    Continue,
    Tokens,
    Delete,
    PreviousVersion,
    NextVersion,
    RetrySave,
    CopyCode
};

struct MessageButton {
    MessageAction action = MessageAction::None;
    QRectF rect;  // in the message
    QString icon, text, help;
    bool checked = false, enabled = true;
};

class MessageItem {
  public:
    using Remedies = std::function<QList<app::Action>(const app::MessageRow&)>;

    // The row as the model has it now. Cheap: nothing is parsed until prepare().
    void update(const app::MessageRow& row, bool textChanged);
    void setTokenView(bool on);
    bool tokenView() const { return m_tokenView; }
    void setFocusedToken(int token);
    int focusedToken() const { return m_focusedToken; }

    // Parses a bounded part and estimates the rest. False: there is more to parse.
    bool prepare(const app::MessageRow& row, const ConversationStyle& style, double width, const Remedies& remedies);
    bool prepared() const { return m_prepared; }
    bool complete() const { return m_document.complete(); }
    void forgetLayout();  // keeps the heights
    void invalidate();    // theme or width changed

    double height() const { return m_prepared ? m_heights.total() : m_estimate; }
    double estimate(const app::MessageRow& row, const ConversationStyle& style, double width);
    // Segments: 0 the head, 1 to n the pieces, n + 1 the foot.
    int segmentCount() const { return m_prepared ? m_heights.count() : 1; }
    double segmentTop(int segment) const { return m_prepared ? m_heights.top(segment) : 0; }
    double segmentHeight(int segment) const { return m_prepared ? m_heights.height(segment) : m_estimate; }
    int segmentAt(double y) const { return m_prepared ? std::max(0, m_heights.rowAt(y)) : 0; }
    bool isPiece(int segment) const {  // the pieces may be gone until the next prepare()
        return m_prepared && segment > 0 && segment + 1 < m_heights.count() && segment <= int(m_pieces.size());
    }
    // Lays the segment out; its height may change.
    void layoutSegment(const app::MessageRow& row, int segment, const ConversationStyle& style, double width);
    const BodyPiece* piece(int segment) const;

    void paintSegment(QPainter& painter, const app::MessageRow& row, int segment, QPointF origin,
                      const ConversationStyle& style, double width, const std::vector<markdown::Mark>& marks,
                      const QRectF& clip, MessageAction hovered, bool caretOn) const;
    std::vector<MessageButton> buttons(const app::MessageRow& row, const ConversationStyle& style, double width,
                                       bool active) const;
    static QRectF copyButton(const QRectF& header, const ConversationStyle& style);  // of a code block
    QString cardActionAt(QPointF point) const;                                       // point in the message
    QList<app::Action> cardActions() const { return m_card ? m_card->actions() : QList<app::Action>(); }

    QString flatText(const app::MessageRow& row, int segment) const;  // the positions' text of a piece
    // For the clipboard: from a position of one segment to one of another (-1: its end).
    QString plainText(const app::MessageRow& row, int fromSegment, int from, int toSegment, int to) const;
    QString codeBlock(int segment) const;                    // the whole block that the segment is the head of
    QString readableText(const app::MessageRow& row) const;  // for screen readers

  private:
    bool isNote(const app::MessageRow& row) const { return row.role == app::Role::Note; }
    void syncPieces(const app::MessageRow& row, const ConversationStyle& style, double width, int changedFrom);
    int wantedPieces(const app::MessageRow& row) const;
    double estimateLeaf(const markdown::Leaf& leaf, const ConversationStyle& style, double width) const;
    double headHeight(const app::MessageRow& row, const ConversationStyle& style) const;
    double footHeight(const app::MessageRow& row, const ConversationStyle& style, double width) const;
    void makeCard(const app::MessageRow& row, const ConversationStyle& style, double width, const Remedies& remedies);
    void paintHead(QPainter& painter, const app::MessageRow& row, QPointF origin, const ConversationStyle& style,
                   double width) const;
    void paintFoot(QPainter& painter, const app::MessageRow& row, QPointF origin, const ConversationStyle& style,
                   double width) const;
    double cardTop() const;  // in the message
    static constexpr qsizetype MaxFallbackChars = 1 << 20;

    markdown::Document m_document;
    bool m_plainDocument = false, m_prepared = false, m_tokenView = false;
    int m_focusedToken = -1;
    int m_changedFrom = 0;  // pieces from here on have changed since the last prepare()
    bool m_headChanged = true;
    double m_estimate = 60, m_width = 0;
    HeightIndex m_heights;
    std::vector<std::unique_ptr<BodyPiece>> m_pieces;
    std::optional<TextCard> m_card;
    double m_noteTop = 0, m_cardShift = 0;  // of the card, in the head of a note or in the foot
};

}  // namespace ui
