#include "ui/widgets/conversation_view.h"

#include <QPaintEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTimerEvent>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "ui/icons.h"
#include "ui/widgets/conversation_accessible.h"

namespace ui {
namespace {

constexpr int ColumnWidth = 760, SideMargin = 24, BottomMargin = 20, KeptLayouts = 80, SaidMs = 2500;

}  // namespace

ConversationView::ConversationView(const Theme& theme, QWidget* parent) : QAbstractScrollArea(parent), m_theme(theme) {
    installConversationAccessible();
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Conversation"));
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    viewport()->setCursor(Qt::ArrowCursor);
    verticalScrollBar()->setSingleStep(40);
    m_jump = new QToolButton(this);
    m_jump->setText(tr("Jump to latest"));
    m_jump->setIcon(icon(theme, QStringLiteral("arrow-down")));
    setIconSide(*m_jump, theme, 16);
    m_jump->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_jump->setFocusPolicy(Qt::TabFocus);
    setLook(m_jump, "ghost");
    m_jump->hide();
    connect(m_jump, &QToolButton::clicked, this, &ConversationView::jumpToEnd);
    connect(&theme, &Theme::changed, this, &ConversationView::refreshStyle);
    applyTheme(m_style, theme);
    m_style.mirrored = isRightToLeft();
}

ConversationView::~ConversationView() = default;

void ConversationView::refreshStyle() {
    applyTheme(m_style, m_theme);
    m_estimated = false;
    for (MessageItem& item : m_items)
        item.invalidate();
    scheduleSettle();
}

void ConversationView::setRemedies(MessageItem::Remedies remedies) {
    m_remedies = std::move(remedies);
}

void ConversationView::setModel(app::MessageModel* model) {
    if (m_model)
        m_model->disconnect(this);
    m_model = model;
    if (model) {
        connect(model, &QAbstractItemModel::modelReset, this, &ConversationView::rebuild);
        connect(model, &QAbstractItemModel::dataChanged, this, &ConversationView::onDataChanged);
        connect(model, &QAbstractItemModel::rowsInserted, this,
                [this](const QModelIndex&, int first, int last) { onRowsInserted(first, last); });
        connect(model, &QAbstractItemModel::rowsRemoved, this,
                [this](const QModelIndex&, int first, int last) { onRowsRemoved(first, last); });
    }
    rebuild();
}

double ConversationView::columnWidth() const {
    return std::max(160.0, std::min<double>(m_style.px(ColumnWidth), width() - 2 * SideMargin));
}

double ConversationView::columnLeft() const {
    // In the middle of the whole, with the scroll bar: the composer below stands there too.
    return std::floor((width() - columnWidth()) / 2) - viewport()->x();
}

void ConversationView::rebuild() {
    m_items.clear();
    m_visible.clear();
    m_hovered = m_pressed = Target();
    m_anchorPosition = m_headPosition = TextPosition();
    m_current = -1;
    m_top = Place();
    m_follow = true;
    m_estimated = false;
    const int rows = m_model ? m_model->rowCount() : 0;
    for (int i = 0; i < rows; ++i)
        m_items.emplace_back();
    m_hits.clear();
    m_currentHit = m_findRow = -1;
    findAgainFrom(0);
    scheduleSettle();
    notifyConversationReset(this);
}

void ConversationView::onRowsInserted(int first, int last) {
    for (int i = first; i <= last; ++i)
        m_items.insert(m_items.begin() + i, MessageItem());
    const auto shift = [&](int& row) { row += row >= first ? last - first + 1 : 0; };
    if (first < int(m_items.size()) - (last - first + 1)) {
        if (!m_follow)
            shift(m_top.row);
        shift(m_anchorPosition.row);
        shift(m_headPosition.row);
        if (m_current >= 0)
            shift(m_current);
    }
    m_estimated = false;
    findAgainFrom(first);
    scheduleSettle();
    notifyConversationRows(this, first, last, true);
}

void ConversationView::onRowsRemoved(int first, int last) {
    m_items.erase(m_items.begin() + first, m_items.begin() + last + 1);
    m_visible.clear();
    m_hovered = m_pressed = Target();
    clearSelection();
    m_current = m_current >= first ? std::min(first - 1, int(m_items.size()) - 1) : m_current;
    if (m_top.row >= int(m_items.size())) {
        m_top = Place();
        m_follow = true;
    }
    m_estimated = false;
    findAgainFrom(first);
    scheduleSettle();
    notifyConversationRows(this, first, last, false);
}

void ConversationView::onDataChanged(const QModelIndex& first, const QModelIndex& last, const QList<int>& roles) {
    using Model = app::MessageModel;
    for (int row = first.row(); row <= last.row() && row < int(m_items.size()); ++row) {
        MessageItem& item = m_items[size_t(row)];
        const bool text = roles.isEmpty() || roles.contains(Model::TextRole) ||
                          (item.tokenView() && roles.contains(Model::TokensRole));
        const bool wasPrepared = item.prepared();
        item.update(m_model->at(row), text);
        if (!wasPrepared && m_estimated)
            m_heights.set(row, item.estimate(m_model->at(row), m_style, columnWidth()));
        if (roles.isEmpty() || roles.contains(Model::StateRole))
            notifyConversationChanged(this, row);
        // A reply is searched when it has ended.
        if ((text || roles.contains(Model::StateRole)) && m_model->at(row).state != app::MessageState::Streaming)
            findAgainFrom(row);
    }
    scheduleSettle();
}

void ConversationView::scheduleSettle() {
    if (!m_settleTimer.isActive())
        m_settleTimer.start(0, Qt::PreciseTimer, this);
}

// --- layout of what is visible ---

bool ConversationView::prepare(int row) {
    MessageItem& item = m_items[size_t(row)];
    const bool complete = item.prepare(m_model->at(row), m_style, columnWidth(), m_remedies);
    if (!complete && !m_parseTimer.isActive())
        m_parseTimer.start(0, this);  // the rest in steps, between events
    if (m_heights.height(row) != item.height())
        m_heights.set(row, item.height());
    return complete;
}

void ConversationView::layoutSegment(int row, int segment) {
    MessageItem& item = m_items[size_t(row)];
    item.layoutSegment(m_model->at(row), segment, m_style, columnWidth());
    if (m_heights.height(row) != item.height())
        m_heights.set(row, item.height());
}

double ConversationView::topOf(const Place& place) const {
    if (place.row < 0 || place.row >= int(m_items.size()))
        return 0;
    return m_heights.top(place.row) + m_items[size_t(place.row)].segmentTop(place.segment) + place.offset;
}

// To the segment before; false at the beginning.
bool ConversationView::stepBack(Place& place) {
    if (place.segment > 0) {
        --place.segment;
    } else {
        if (place.row == 0)
            return false;
        --place.row;
        prepare(place.row);
        place.segment = m_items[size_t(place.row)].segmentCount() - 1;
    }
    layoutSegment(place.row, place.segment);
    place.offset += m_items[size_t(place.row)].segmentHeight(place.segment);
    return true;
}

void ConversationView::moveBy(double pixels) {
    if (m_items.empty())
        return;
    m_top.offset += pixels;
    while (m_top.offset < 0 && stepBack(m_top)) {
    }
    m_top.offset = std::max(0.0, m_top.offset);
    for (;;) {  // forward over what is above the viewport now
        prepare(m_top.row);
        MessageItem& item = m_items[size_t(m_top.row)];
        m_top.segment = std::min(m_top.segment, item.segmentCount() - 1);
        layoutSegment(m_top.row, m_top.segment);
        const double height = item.segmentHeight(m_top.segment);
        if (m_top.offset < height)
            break;
        const bool last = m_top.segment + 1 == item.segmentCount();
        if (last && m_top.row + 1 == int(m_items.size()))
            break;
        m_top.offset -= height;
        m_top.segment = last ? 0 : m_top.segment + 1;
        m_top.row += last ? 1 : 0;
    }
}

void ConversationView::settleFromEnd() {
    m_top.row = int(m_items.size()) - 1;
    prepare(m_top.row);
    m_top.segment = m_items.back().segmentCount() - 1;
    layoutSegment(m_top.row, m_top.segment);
    m_top.offset = m_items.back().segmentHeight(m_top.segment) + BottomMargin - viewport()->height();
    while (m_top.offset < 0 && stepBack(m_top)) {
    }
}

void ConversationView::settle() {
    m_settleTimer.stop();
    m_visible.clear();
    if (!m_model || m_items.empty() || viewport()->width() < 10) {
        updateBars();
        viewport()->update();
        return;
    }
    m_settling = true;
    if (!m_estimated) {
        std::vector<double> heights;
        heights.reserve(m_items.size());
        for (size_t i = 0; i < m_items.size(); ++i)
            heights.push_back(m_items[i].prepared() ? m_items[i].height()
                                                    : m_items[i].estimate(m_model->at(int(i)), m_style, columnWidth()));
        m_heights.assign(std::move(heights));
        m_estimated = true;
    }
    for (int round = 0; round < 2; ++round) {
        if (m_follow)
            settleFromEnd();
        else
            moveBy(0);
        double y = -m_top.offset;
        int row = m_top.row, segment = m_top.segment;
        m_visible.clear();
        while (y < viewport()->height() && row < int(m_items.size())) {
            prepare(row);
            segment = std::min(segment, m_items[size_t(row)].segmentCount() - 1);
            layoutSegment(row, segment);
            m_visible.push_back({row, segment, y});
            y += m_items[size_t(row)].segmentHeight(segment);
            if (++segment >= m_items[size_t(row)].segmentCount()) {
                segment = 0;
                ++row;
            }
        }
        // Past the end: show the end instead (unless everything fits).
        if (!m_follow && y + BottomMargin < viewport()->height() && topOf(m_top) > 0.5) {
            m_follow = true;
            continue;
        }
        break;
    }
    if (m_top.offset < 0)
        m_top.offset = 0;  // everything fits: from the top
    if (!m_visible.empty() && m_visible.front().y > 0) {
        const double lift = m_visible.front().y;
        for (Visible& v : m_visible)
            v.y -= lift;
    }
    forgetFarLayouts();
    updateBars();
    m_settling = false;
    const bool streaming =
        !m_visible.empty() && m_model->at(m_visible.back().row).state == app::MessageState::Streaming;
    if (streaming && !m_caretTimer.isActive())
        m_caretTimer.start(530, this);
    else if (!streaming)
        m_caretTimer.stop();
    placeJumpButton();
    viewport()->update();
    emit scrolled();
}

void ConversationView::forgetFarLayouts() {
    if (m_visible.empty())
        return;
    const int first = m_visible.front().row, last = m_visible.back().row;
    // Only the neighbourhood is looked at: what is far was forgotten when it went far.
    for (int row = std::max(0, first - KeptLayouts - 40); row < first - KeptLayouts; ++row)
        m_items[size_t(row)].forgetLayout();
    for (int row = last + KeptLayouts; row < std::min(int(m_items.size()), last + KeptLayouts + 40); ++row)
        m_items[size_t(row)].forgetLayout();
}

void ConversationView::updateBars() {
    const double total = m_estimated ? m_heights.total() + BottomMargin : 0;
    const int range = std::max(0, int(std::ceil(total - viewport()->height())));
    QScrollBar* bar = verticalScrollBar();
    const bool before = m_settling;
    m_settling = true;  // the bar follows the view here, not the other way round
    bar->setPageStep(std::max(1, viewport()->height() - 60));
    bar->setRange(0, range);
    bar->setValue(m_follow ? range : std::min(range, int(std::lround(topOf(m_top)))));
    m_lastBar = bar->value();
    m_settling = before;
}

void ConversationView::scrollContentsBy(int, int) {
    if (m_settling || m_items.empty() || !m_estimated)
        return;
    const int value = verticalScrollBar()->value();
    const int change = value - m_lastBar;
    m_lastBar = value;
    if (change == 0)
        return;
    m_settling = true;
    if (m_follow && change < 0) {
        m_follow = false;
    }
    if (value == verticalScrollBar()->maximum()) {
        m_follow = true;
    } else if (std::abs(change) <= 3 * viewport()->height()) {
        m_follow = false;
        moveBy(change);
    } else {  // a jump: by the estimates
        m_follow = false;
        m_top.row = std::max(0, m_heights.rowAt(value));
        const double inside = value - m_heights.top(m_top.row);
        m_top.segment = m_items[size_t(m_top.row)].segmentAt(inside);
        m_top.offset = std::max(0.0, inside - m_items[size_t(m_top.row)].segmentTop(m_top.segment));
    }
    m_settling = false;
    settle();
}

void ConversationView::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    if (event->size().width() != event->oldSize().width())
        m_estimated = false;
    settle();
}

void ConversationView::changeEvent(QEvent* event) {
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::LayoutDirectionChange) {
        m_style.mirrored = isRightToLeft();
        refreshStyle();
    }
}

bool ConversationView::atEnd() const {
    return m_follow || verticalScrollBar()->value() >= verticalScrollBar()->maximum();
}

void ConversationView::jumpToEnd() {
    m_follow = true;
    settle();
}

void ConversationView::reveal(int row, bool flash) {
    if (row < 0 || row >= int(m_items.size()))
        return;
    if (!m_estimated)
        settle();
    m_follow = false;
    m_top = Place{row, 0, 0};
    m_settling = true;
    moveBy(-double(m_style.px(8)));
    m_settling = false;
    settle();
    if (flash && m_theme.motionMs() > 0) {
        m_flashRow = row;
        m_flash = 1;
        m_flashTimer.start(30, this);
    }
}

void ConversationView::setCurrentRow(int row) {
    row = std::clamp(row, -1, int(m_items.size()) - 1);
    if (row == m_current)
        return;
    m_current = row;
    viewport()->update();
    emit currentRowChanged(row);
    notifyConversationFocus(this, row);
}

QRect ConversationView::messageRect(int row) const {
    double top = 0, bottom = 0;
    bool seen = false;
    for (const Visible& v : m_visible) {
        if (v.row != row)
            continue;
        if (!seen)
            top = v.y;
        seen = true;
        bottom = v.y + m_items[size_t(row)].segmentHeight(v.segment);
    }
    return seen ? QRectF(columnLeft(), top, columnWidth(), bottom - top).toAlignedRect() : QRect();
}

int ConversationView::rowAt(QPoint point) const {
    for (const Visible& v : m_visible)
        if (point.y() >= v.y && point.y() < v.y + m_items[size_t(v.row)].segmentHeight(v.segment))
            return v.row;
    return -1;
}

int ConversationView::preparedMessages() const {
    return int(std::count_if(m_items.begin(), m_items.end(), [](const MessageItem& item) { return item.prepared(); }));
}

// --- token view ---

bool ConversationView::tokenView(int row) const {
    return row >= 0 && row < int(m_items.size()) && m_items[size_t(row)].tokenView();
}

void ConversationView::setTokenView(int row, bool on) {
    if (row < 0 || row >= int(m_items.size()))
        return;
    if (m_follow && row + 1 < int(m_items.size()))
        m_follow = false;
    m_items[size_t(row)].setTokenView(on);
    clearSelection();
    findAgainFrom(row);
    scheduleSettle();
}

QRect ConversationView::tokenRect(int row, int token) const {
    for (const Visible& v : m_visible) {
        if (v.row != row)
            continue;
        const BodyPiece* piece = m_items[size_t(row)].piece(v.segment);
        const QRectF rect = piece ? piece->tokenRect(token) : QRectF();
        if (!rect.isNull())
            return rect.translated(columnLeft(), v.y).toAlignedRect();
    }
    return {};
}

void ConversationView::focusToken(int row, int token) {
    if (row < 0 || row >= int(m_items.size()))
        return;
    m_items[size_t(row)].setFocusedToken(token);
    viewport()->update();
    emit tokenHovered(row, token);
}

void ConversationView::say(const QString& sentence) {
    m_said = sentence;
    m_sayTimer.start(SaidMs, this);
    viewport()->update();
}

// --- painting ---

std::vector<markdown::Mark> ConversationView::marksFor(int row, int segment) const {
    std::vector<markdown::Mark> marks;
    const auto hit = std::lower_bound(m_hits.begin(), m_hits.end(), std::pair(row, segment),
                                      [](const Hit& h, const auto& key) { return std::pair(h.row, h.segment) < key; });
    for (auto h = hit; h != m_hits.end() && h->row == row && h->segment == segment; ++h)
        marks.push_back({h->from, h->to, h - m_hits.begin() == m_currentHit ? m_style.currentHit : m_style.hit});
    if (hasSelection()) {
        const auto [from, to] = selection();
        if (std::pair(from.row, from.segment) <= std::pair(row, segment) &&
            std::pair(row, segment) <= std::pair(to.row, to.segment)) {
            const bool first = from.row == row && from.segment == segment,
                       last = to.row == row && to.segment == segment;
            marks.push_back({first ? from.position : 0, last ? to.position : INT_MAX, m_style.selection});
        }
    }
    return marks;
}

void ConversationView::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    painter.fillRect(event->rect(), m_style.tokens.background);
    const double left = columnLeft(), width = columnWidth();
    const QRectF clip = event->rect();
    for (const Visible& v : m_visible) {
        const MessageItem& item = m_items[size_t(v.row)];
        const double height = item.segmentHeight(v.segment);
        if (v.y > clip.bottom() + 1 || v.y + height < clip.top() - 1)
            continue;
        const app::MessageRow& row = m_model->at(v.row);
        if (v.row == m_flashRow && m_flash > 0)
            painter.fillRect(
                QRectF(left - 14, v.y + (v.segment == 0 ? 18 : 0), width + 28, height - (v.segment == 0 ? 18 : 0)),
                mixed(m_style.tokens.accent, m_style.tokens.background, 0.18 * m_flash));
        if (v.row == m_current && hasFocus()) {
            const double from = v.segment == 0 ? m_style.px(row.role == app::Role::Note ? 18 : 26) : 0;
            painter.fillRect(QRectF(left - 13, v.y + from, 3, height - from), m_style.tokens.accent);
        }
        const MessageAction hovered =
            m_hovered.row == v.row && m_hovered.segment == v.segment ? m_hovered.action : MessageAction::None;
        item.paintSegment(painter, row, v.segment, QPointF(left, v.y), m_style, width, marksFor(v.row, v.segment), clip,
                          hovered, m_caretOn);
    }
    // Buttons over everything: those of a head stand in one segment, those of a foot in another.
    int done = -1;
    painter.setRenderHint(QPainter::Antialiasing);
    for (const Visible& v : m_visible) {
        if (v.row == done)
            continue;
        done = v.row;
        const MessageItem& item = m_items[size_t(v.row)];
        const double top = v.y - item.segmentTop(v.segment);
        const bool active = m_hovered.row == v.row || (v.row == m_current && hasFocus());
        for (const MessageButton& button : item.buttons(m_model->at(v.row), m_style, width, active)) {
            const QRectF rect = button.rect.translated(left, top);
            if (!rect.intersects(clip))
                continue;
            const bool hover =
                m_hovered.row == v.row && button.action != MessageAction::None && m_hovered.action == button.action;
            if ((hover && button.enabled) || button.checked) {
                painter.setPen(Qt::NoPen);
                painter.setBrush(button.checked ? m_style.tokens.accentSoft : m_style.tokens.surface2);
                painter.drawRoundedRect(rect, 5, 5);
            }
            const QColor color = !button.enabled  ? m_style.tokens.border
                                 : button.checked ? m_style.tokens.accent
                                 : hover          ? m_style.tokens.text
                                                  : m_style.tokens.muted;
            if (!button.text.isEmpty()) {
                painter.setFont(m_style.small);
                painter.setPen(m_style.tokens.muted);
                painter.drawText(rect, Qt::AlignCenter, button.text);
            } else {
                const double size = m_style.px(15);
                paintIcon(painter, QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size),
                          button.icon, color);
            }
        }
    }
    paintLinkChip(painter);
}

// The full address of the link under the mouse, as browsers show it; painted, so that it is never read as markup.
void ConversationView::paintLinkChip(QPainter& painter) const {
    const QString text = !m_said.isEmpty() ? m_said : !m_hovered.link.isEmpty() ? m_hovered.link : m_hovered.help;
    if (text.isEmpty())
        return;
    painter.setFont(m_style.small);
    const QFontMetricsF metrics(m_style.small);
    const double pad = m_style.px(8), most = viewport()->width() - 2 * pad - 12;
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAnywhere);
    const QRectF bounds = metrics.boundingRect(QRectF(0, 0, most, 2000), Qt::TextWrapAnywhere, text);
    const QRectF chip(6, viewport()->height() - bounds.height() - pad - 6, bounds.width() + 2 * pad,
                      bounds.height() + pad);
    painter.setPen(m_style.tokens.border);
    painter.setBrush(m_style.tokens.surface);
    painter.drawRoundedRect(chip.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    painter.setPen(m_style.tokens.text);
    painter.drawText(chip.adjusted(pad, pad / 2, -pad + 2, 0), text, option);
}

void ConversationView::placeJumpButton() {
    const bool wanted = !atEnd() && verticalScrollBar()->maximum() - verticalScrollBar()->value() > 120;
    m_jump->setVisible(wanted);
    if (!wanted)
        return;
    m_jump->adjustSize();
    m_jump->move((viewport()->width() - m_jump->width()) / 2, viewport()->height() - m_jump->height() - 14);
    m_jump->raise();
}

void ConversationView::timerEvent(QTimerEvent* event) {
    if (event->timerId() == m_settleTimer.timerId()) {
        settle();
    } else if (event->timerId() == m_parseTimer.timerId()) {
        m_parseTimer.stop();
        settle();  // each pass parses one more step of what is visible
    } else if (event->timerId() == m_findTimer.timerId()) {
        findStep();
    } else if (event->timerId() == m_caretTimer.timerId()) {
        m_caretOn = !m_caretOn;
        viewport()->update();
    } else if (event->timerId() == m_autoScroll.timerId()) {
        const int beyond = m_mouse.y() < 0 ? int(m_mouse.y()) : int(m_mouse.y()) - viewport()->height();
        verticalScrollBar()->setValue(verticalScrollBar()->value() + std::clamp(beyond, -60, 60));
        extendSelection(m_mouse);
    } else if (event->timerId() == m_sayTimer.timerId()) {
        m_sayTimer.stop();
        m_said.clear();
        viewport()->update();
    } else if (event->timerId() == m_flashTimer.timerId()) {
        m_flash -= 0.04;
        if (m_flash <= 0) {
            m_flashTimer.stop();
            m_flashRow = -1;
        }
        viewport()->update();
    } else {
        QAbstractScrollArea::timerEvent(event);
    }
}

}  // namespace ui
