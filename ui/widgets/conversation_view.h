// The conversation: messages painted by hand, laid out only where they are seen, so that ten thousand of them open and
// scroll at once. Follows the end while the person is at the end. Selection and copying go across messages and work
// while a reply streams. It knows the message model and the theme; what a click means is told by signals. UI thread.
#pragma once

#include <QAbstractScrollArea>
#include <QBasicTimer>
#include <QElapsedTimer>
#include <deque>
#include <functional>

#include "ui/widgets/message_item.h"

class QToolButton;

namespace ui {

struct TextPosition {  // a place in the conversation's text
    int row = -1, segment = 0, position = 0;
    auto operator<=>(const TextPosition&) const = default;
};

struct FindState {
    int current = 0, count = 0;  // current from 1; 0: none
    bool searching = false;
};

class ConversationView : public QAbstractScrollArea {
    Q_OBJECT
  public:
    ConversationView(const Theme& theme, QWidget* parent = nullptr);
    ~ConversationView() override;

    void setModel(app::MessageModel* model);
    app::MessageModel* model() const { return m_model; }
    // More actions on the error of a message, beside the view's own.
    void setRemedies(MessageItem::Remedies remedies);

    // --- where it is
    bool atEnd() const;
    void jumpToEnd();
    void reveal(int row, bool flash = true);
    int currentRow() const { return m_current; }  // of the keyboard; -1: none
    void setCurrentRow(int row);
    QRect messageRect(int row) const;  // in the viewport, for screen readers; null when out of sight
    int rowAt(QPoint point) const;

    // --- token view
    void setTokenView(int row, bool on);
    bool tokenView(int row) const;
    QRect tokenRect(int row, int token) const;  // in the viewport; null: out of sight
    void focusToken(int row, int token);
    // Says in passing, at the foot, that something was done.
    void say(const QString& sentence);

    // --- selection
    bool hasSelection() const { return m_anchorPosition != m_headPosition; }
    QString selectedText() const;
    void selectAll();
    void clearSelection();
    void select(TextPosition from, TextPosition to);
    QString messageText(int row) const;  // as it is read aloud

    // --- search
    void find(const QString& text);  // empty: none
    void findNext(bool backwards);
    FindState findState() const { return {m_currentHit + 1, int(m_hits.size()), m_findRow >= 0}; }

    // Layouts made so far: tests see that only what is visible is laid out.
    int preparedMessages() const;

  signals:
    void actionTriggered(int row, ui::MessageAction action);
    void cardActionTriggered(int row, const QString& actionId);
    void linkClicked(const QString& url);
    void copyRequested(const QString& text, const QString& what);
    void tokenHovered(int row, int token);  // -1: none
    void tokenEntered();                    // Enter on a token: the keyboard goes on to its alternatives
    void contextMenuRequested(int row, const QPoint& globalPosition);
    void findChanged(const ui::FindState& state);
    void currentRowChanged(int row);
    void scrolled();
    void typed(const QString& text);  // a letter typed here belongs to the composer

  protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void timerEvent(QTimerEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    bool viewportEvent(QEvent* event) override;

  private:
    struct Visible {
        int row, segment;
        double y;  // in the viewport
    };
    struct Place {  // what is at the top of the viewport
        int row = 0, segment = 0;
        double offset = 0;
    };
    struct Hit {
        int row, segment, from, to;
    };
    struct Target {  // what is under the mouse
        int row = -1, segment = 0;
        MessageAction action = MessageAction::None;
        QString help, link, cardAction;
        int token = -1;
        bool text = false, enabled = true;
        bool operator==(const Target&) const = default;
    };

    // --- layout (conversation_view.cpp)
    double columnWidth() const;
    double columnLeft() const;
    void rebuild();
    void refreshStyle();
    bool prepare(int row);
    void layoutSegment(int row, int segment);
    void settle();
    void settleFromEnd();
    void updateBars();
    void moveBy(double pixels);
    void scheduleSettle();
    bool stepBack(Place& place);
    void forgetFarLayouts();
    double topOf(const Place& place) const;
    void onDataChanged(const QModelIndex& first, const QModelIndex& last, const QList<int>& roles);
    void onRowsInserted(int first, int last);
    void onRowsRemoved(int first, int last);
    std::vector<markdown::Mark> marksFor(int row, int segment) const;
    void paintLinkChip(QPainter& painter) const;
    void placeJumpButton();

    // --- input (conversation_input.cpp)
    Target targetAt(QPointF point) const;
    TextPosition positionAt(QPointF point) const;
    void setHovered(const Target& target);
    void trigger(const Target& target);
    void extendSelection(QPointF point);
    std::pair<TextPosition, TextPosition> selection() const;
    void expandToWord(TextPosition at);
    bool moveToken(int step);
    bool messageKey(QKeyEvent* event);

    // --- search (conversation_find.cpp)
    void findAgainFrom(int row);
    void findStep();
    void revealHit();
    void revealPiece(int row, int segment, const std::function<QRectF(const BodyPiece&)>& where);

    const Theme& m_theme;
    app::MessageModel* m_model = nullptr;
    MessageItem::Remedies m_remedies;
    ConversationStyle m_style;
    std::deque<MessageItem> m_items;
    HeightIndex m_heights;
    std::vector<Visible> m_visible;
    Place m_top;
    bool m_follow = true, m_settling = false, m_estimated = false;
    int m_lastBar = 0;
    int m_current = -1, m_flashRow = -1;
    double m_flash = 0;
    Target m_hovered, m_pressed;
    QString m_said;
    TextPosition m_anchorPosition, m_headPosition;
    bool m_selecting = false, m_wordwise = false;
    TextPosition m_wordFrom, m_wordTo;
    QPointF m_mouse;
    QString m_needle;
    std::vector<Hit> m_hits;
    int m_currentHit = -1, m_findRow = -1;
    bool m_revealFirst = false;  // a person asked; rows that come later are searched without moving the view
    bool m_caretOn = true;
    QBasicTimer m_parseTimer, m_findTimer, m_caretTimer, m_autoScroll, m_flashTimer, m_settleTimer, m_sayTimer;
    QElapsedTimer m_clickTime;
    QPointF m_clickPoint;
    int m_clicks = 0;
    QToolButton* m_jump = nullptr;

    friend class ConversationAccessible;
};

}  // namespace ui
