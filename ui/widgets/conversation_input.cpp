// Mouse, keyboard and selection of the conversation.
#include <QApplication>
#include <QClipboard>
#include <QGuiApplication>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QStyleHints>
#include <QTextBoundaryFinder>
#include <algorithm>

#include "ui/widgets/conversation_view.h"

namespace ui {

// --- what is where ---

ConversationView::Target ConversationView::targetAt(QPointF point) const {
    Target target;
    const double left = columnLeft(), width = columnWidth();
    for (const Visible& v : m_visible) {
        const MessageItem& item = m_items[size_t(v.row)];
        const double height = item.segmentHeight(v.segment);
        if (point.y() < v.y || point.y() >= v.y + height)
            continue;
        target.row = v.row;
        target.segment = v.segment;
        const app::MessageRow& row = m_model->at(v.row);
        const QPointF inMessage(point.x() - left, point.y() - v.y + item.segmentTop(v.segment));
        for (const MessageButton& button : item.buttons(row, m_style, width, true)) {
            if (button.action != MessageAction::None && button.rect.contains(inMessage)) {
                target.action = button.action;
                target.help = button.help;
                target.enabled = button.enabled;
                return target;
            }
        }
        target.cardAction = item.cardActionAt(inMessage);
        if (const BodyPiece* piece = item.piece(v.segment)) {
            const QPointF inPiece(point.x() - left, point.y() - v.y);
            const QRectF header = piece->copyRect();
            if (!header.isNull() && header.height() > 0 && MessageItem::copyButton(header, m_style).contains(inPiece)) {
                target.action = MessageAction::CopyCode;
                return target;
            }
            target.link = piece->linkAt(inPiece);
            target.token = piece->tokenAt(inPiece);
            target.text = inPiece.x() > -20 && inPiece.x() < width + 20;
        }
        return target;
    }
    return target;
}

TextPosition ConversationView::positionAt(QPointF point) const {
    const Visible* best = nullptr;
    for (const Visible& v : m_visible) {
        const MessageItem& item = m_items[size_t(v.row)];
        if (!item.isPiece(v.segment))
            continue;
        if (best == nullptr || v.y <= point.y())
            best = &v;
    }
    if (best == nullptr)
        return {};
    const BodyPiece* piece = m_items[size_t(best->row)].piece(best->segment);
    return {best->row, best->segment, piece ? piece->positionAt(point - QPointF(columnLeft(), best->y)) : 0};
}

// --- selection ---

std::pair<TextPosition, TextPosition> ConversationView::selection() const {
    return std::minmax(m_anchorPosition, m_headPosition);
}

void ConversationView::select(TextPosition from, TextPosition to) {
    m_anchorPosition = from;
    m_headPosition = to;
    viewport()->update();
}

void ConversationView::clearSelection() {
    if (!hasSelection())
        return;
    m_anchorPosition = m_headPosition = TextPosition();
    viewport()->update();
}

void ConversationView::selectAll() {
    if (m_items.empty())
        return;
    m_anchorPosition = {0, 1, 0};
    m_headPosition = {int(m_items.size()) - 1, INT_MAX, INT_MAX};
    viewport()->update();
}

QString ConversationView::selectedText() const {
    if (!hasSelection() || !m_model)
        return {};
    const auto [from, to] = selection();
    QString out;
    for (int row = std::max(0, from.row); row <= to.row && row < int(m_items.size()); ++row) {
        const app::MessageRow& message = m_model->at(row);
        if (message.role == app::Role::Note)
            continue;
        const bool first = row == from.row, last = row == to.row;
        const MessageItem& item = m_items[size_t(row)];
        QString text;
        if (!item.prepared() || (!first && !last && !item.complete())) {
            text = message.text;  // never seen: as it was written
        } else {
            const int end = last && to.position != INT_MAX ? to.position : -1;
            text = item.plainText(message, first ? from.segment : 1, first ? from.position : 0,
                                  last ? to.segment : INT_MAX, end);
        }
        if (from.row != to.row) {  // who said it
            const QString author = m_model->index(row).data(app::MessageModel::AuthorRole).toString();
            out += (out.isEmpty() ? QString() : QStringLiteral("\n\n")) + author + QStringLiteral(":\n");
        }
        out += text;
    }
    return out;
}

QString ConversationView::messageText(int row) const {
    return row >= 0 && row < int(m_items.size()) ? m_items[size_t(row)].readableText(m_model->at(row)) : QString();
}

void ConversationView::expandToWord(TextPosition at) {
    if (at.row < 0)
        return;
    const QString text = m_items[size_t(at.row)].flatText(m_model->at(at.row), at.segment);
    QTextBoundaryFinder finder(QTextBoundaryFinder::Word, text);
    finder.setPosition(std::min<qsizetype>(at.position, text.size()));
    TextPosition from = at, to = at;
    if (!(finder.boundaryReasons() & QTextBoundaryFinder::StartOfItem))
        finder.toPreviousBoundary();
    from.position = int(std::max<qsizetype>(0, finder.position()));
    finder.toNextBoundary();
    to.position = finder.position() < 0 ? int(text.size()) : int(finder.position());
    m_wordFrom = from;
    m_wordTo = to;
    select(from, to);
}

void ConversationView::extendSelection(QPointF point) {
    const TextPosition at = positionAt(point);
    if (at.row < 0)
        return;
    if (m_wordwise) {
        m_anchorPosition = at < m_wordFrom ? m_wordTo : m_wordFrom;
        m_headPosition = at < m_wordFrom ? at : std::max(at, m_wordTo);
    } else {
        m_headPosition = at;
    }
    viewport()->update();
}

// --- mouse ---

void ConversationView::mousePressEvent(QMouseEvent* event) {
    const QPointF point = event->position();
    if (event->button() != Qt::LeftButton)
        return;
    m_mouse = point;
    const Target target = targetAt(point);
    m_pressed = target;
    if (target.action != MessageAction::None || !target.cardAction.isEmpty())
        return;
    const bool again = m_clickTime.isValid() &&
                       m_clickTime.elapsed() < QGuiApplication::styleHints()->mouseDoubleClickInterval() &&
                       (point - m_clickPoint).manhattanLength() < 6;
    m_clicks = again ? m_clicks + 1 : 1;
    m_clickPoint = point;
    m_clickTime.start();
    const TextPosition at = positionAt(point);
    if (at.row < 0)
        return;
    m_selecting = true;
    m_wordwise = false;
    if (m_clicks >= 3) {  // the whole piece
        m_anchorPosition = {at.row, at.segment, 0};
        m_headPosition = {at.row, at.segment,
                          int(m_items[size_t(at.row)].flatText(m_model->at(at.row), at.segment).size())};
        m_selecting = false;
    } else if (event->modifiers() & Qt::ShiftModifier && m_anchorPosition.row >= 0) {
        m_headPosition = at;
    } else {
        m_anchorPosition = m_headPosition = at;
    }
    viewport()->update();
}

void ConversationView::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton)
        return;
    const Target target = targetAt(event->position());
    if (target.action != MessageAction::None || !target.cardAction.isEmpty()) {
        m_pressed = target;
        return;
    }
    m_clicks = 2;
    m_clickPoint = event->position();
    m_clickTime.start();
    m_selecting = m_wordwise = true;
    expandToWord(positionAt(event->position()));
}

void ConversationView::mouseMoveEvent(QMouseEvent* event) {
    m_mouse = event->position();
    if (m_selecting && (event->buttons() & Qt::LeftButton)) {
        extendSelection(m_mouse);
        const bool outside = m_mouse.y() < 0 || m_mouse.y() > viewport()->height();
        if (outside && !m_autoScroll.isActive())
            m_autoScroll.start(40, this);
        else if (!outside)
            m_autoScroll.stop();
        return;
    }
    setHovered(targetAt(m_mouse));
}

void ConversationView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton)
        return;
    m_autoScroll.stop();
    m_selecting = false;
    const Target target = targetAt(event->position());
    const bool button = m_pressed.action != MessageAction::None || !m_pressed.cardAction.isEmpty();
    if (button && target == m_pressed) {
        trigger(target);
    } else if (!button && hasSelection()) {
        if (QGuiApplication::clipboard()->supportsSelection())
            QGuiApplication::clipboard()->setText(selectedText(), QClipboard::Selection);
    } else if (target == m_pressed) {
        trigger(target);
    }
    m_pressed = Target();
}

void ConversationView::trigger(const Target& target) {
    if (target.row < 0 || !target.enabled)
        return;
    if (target.action == MessageAction::CopyCode)
        emit copyRequested(m_items[size_t(target.row)].codeBlock(target.segment), tr("Code copied"));
    else if (target.action != MessageAction::None)
        emit actionTriggered(target.row, target.action);
    else if (!target.cardAction.isEmpty())
        emit cardActionTriggered(target.row, target.cardAction);
    else if (!target.link.isEmpty())
        emit linkClicked(target.link);
    else if (target.token >= 0)
        focusToken(target.row, target.token);
}

void ConversationView::setHovered(const Target& target) {
    if (target == m_hovered)
        return;
    const bool tokenChanged = target.token != m_hovered.token || target.row != m_hovered.row;
    m_hovered = target;
    const bool hand = target.action != MessageAction::None || !target.link.isEmpty() || !target.cardAction.isEmpty() ||
                      target.token >= 0;
    viewport()->setCursor(hand ? Qt::PointingHandCursor : target.text ? Qt::IBeamCursor : Qt::ArrowCursor);
    viewport()->update();
    if (tokenChanged)
        emit tokenHovered(target.row, target.token);
}

void ConversationView::leaveEvent(QEvent* event) {
    QAbstractScrollArea::leaveEvent(event);
    setHovered(Target());
}

bool ConversationView::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave)
        setHovered(Target());
    if (event->type() == QEvent::ToolTip)
        return true;  // hints are painted: a tool tip would read text as markup
    return QAbstractScrollArea::viewportEvent(event);
}

void ConversationView::wheelEvent(QWheelEvent* event) {
    QAbstractScrollArea::wheelEvent(event);
    setHovered(targetAt(viewport()->mapFromGlobal(QCursor::pos())));
}

void ConversationView::contextMenuEvent(QContextMenuEvent* event) {
    if (event->reason() == QContextMenuEvent::Keyboard) {
        const int row = m_current >= 0 ? m_current : m_visible.empty() ? -1 : m_visible.back().row;
        const QRect rect = messageRect(row);
        emit contextMenuRequested(row, viewport()->mapToGlobal(rect.isNull() ? viewport()->rect().center()
                                                                             : rect.topLeft() + QPoint(20, 40)));
        return;
    }
    emit contextMenuRequested(rowAt(viewport()->mapFromGlobal(event->globalPos())), event->globalPos());
}

// --- keyboard ---

void ConversationView::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    if (m_current < 0 && !m_visible.empty() &&
        (event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason))
        setCurrentRow(m_visible.back().row);
    viewport()->update();
}

void ConversationView::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

bool ConversationView::moveToken(int step) {
    if (m_current < 0 || !m_items[size_t(m_current)].tokenView())
        return false;
    const int count = int(m_model->at(m_current).tokens.size());
    if (count == 0)
        return false;
    const int before = m_items[size_t(m_current)].focusedToken();
    const int token = std::clamp(before < 0 ? 0 : before + step, 0, count - 1);
    revealPiece(m_current, token / TokenPiece::MaxTokens + 1,
                [token](const BodyPiece& piece) { return piece.tokenRect(token); });
    focusToken(m_current, token);
    return true;
}

bool ConversationView::messageKey(QKeyEvent* event) {
    if (m_current < 0 || m_current >= int(m_items.size()))
        return false;
    const app::MessageRow& row = m_model->at(m_current);
    const auto act = [&](MessageAction action) {
        const auto buttons = m_items[size_t(m_current)].buttons(row, m_style, columnWidth(), true);
        const auto found =
            std::find_if(buttons.begin(), buttons.end(), [&](const MessageButton& b) { return b.action == action; });
        if (found != buttons.end() && found->enabled)
            emit actionTriggered(m_current, action);
        return true;
    };
    const bool alt = event->modifiers() & Qt::AltModifier, plain = event->modifiers() == Qt::NoModifier;
    switch (event->key()) {
        case Qt::Key_Left:
            return alt ? act(MessageAction::PreviousVersion) : plain && moveToken(-1);
        case Qt::Key_Right:
            return alt ? act(MessageAction::NextVersion) : plain && moveToken(1);
        case Qt::Key_F2:
            return act(MessageAction::Edit);
        case Qt::Key_Delete:
            return act(MessageAction::Delete);
        case Qt::Key_R:
            return plain && act(MessageAction::Regenerate);
        case Qt::Key_T:
            return plain && act(MessageAction::Tokens);
        case Qt::Key_Return:
        case Qt::Key_Enter: {
            if (m_items[size_t(m_current)].focusedToken() >= 0) {
                emit tokenEntered();
                return true;
            }
            const QList<app::Action> actions = m_items[size_t(m_current)].cardActions();
            if (actions.isEmpty())
                return false;
            emit cardActionTriggered(m_current, actions.front().id);
            return true;
        }
        default:
            return false;
    }
}

void ConversationView::keyPressEvent(QKeyEvent* event) {
    QScrollBar* bar = verticalScrollBar();
    if (event->matches(QKeySequence::Copy)) {
        if (hasSelection())
            emit copyRequested(selectedText(), QString());
        else if (m_current >= 0)
            emit actionTriggered(m_current, MessageAction::Copy);
        return;
    }
    if (event->matches(QKeySequence::SelectAll)) {
        selectAll();
        return;
    }
    const bool jump = event->modifiers() & (Qt::AltModifier | Qt::ControlModifier);
    if (jump && (event->key() == Qt::Key_Up || event->key() == Qt::Key_Down) && !m_items.empty()) {
        const int from = m_current >= 0      ? m_current
                         : m_visible.empty() ? 0
                                             : m_visible.back().row + (event->key() == Qt::Key_Up ? 0 : -1);
        setCurrentRow(std::clamp(from + (event->key() == Qt::Key_Up ? -1 : 1), 0, int(m_items.size()) - 1));
        const QRect rect = messageRect(m_current);
        if (rect.isNull() || rect.top() < 0 || (rect.bottom() > viewport()->height() && rect.top() > 40))
            reveal(m_current, false);
        return;
    }
    if (messageKey(event))
        return;
    switch (event->key()) {
        case Qt::Key_Up:
            bar->triggerAction(QAbstractSlider::SliderSingleStepSub);
            return;
        case Qt::Key_Down:
            bar->triggerAction(QAbstractSlider::SliderSingleStepAdd);
            return;
        case Qt::Key_PageUp:
            bar->triggerAction(QAbstractSlider::SliderPageStepSub);
            return;
        case Qt::Key_PageDown:
        case Qt::Key_Space:
            bar->triggerAction(QAbstractSlider::SliderPageStepAdd);
            return;
        case Qt::Key_Home:
            bar->setValue(0);
            return;
        case Qt::Key_End:
            jumpToEnd();
            return;
        case Qt::Key_Escape:
            if (hasSelection() || m_current >= 0) {
                clearSelection();
                setCurrentRow(-1);
                emit tokenHovered(-1, -1);
                return;
            }
            break;
        default:
            break;
    }
    if (m_current < 0 && !event->text().isEmpty() && event->text().at(0).isPrint() &&
        !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier))) {
        emit typed(event->text());
        return;
    }
    QAbstractScrollArea::keyPressEvent(event);
}

}  // namespace ui
