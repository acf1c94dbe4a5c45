// Search inside the conversation: rows whose source holds the text are looked through as they are shown, a few
// milliseconds at a time, so that a long chat stays usable while it is searched.
#include <QElapsedTimer>
#include <QScrollBar>
#include <algorithm>
#include <utility>

#include "ui/widgets/conversation_view.h"

namespace ui {

void ConversationView::find(const QString& text) {
    m_needle = text;
    m_hits.clear();
    m_currentHit = -1;
    m_findRow = -1;
    m_revealFirst = true;
    m_findTimer.stop();
    if (!text.isEmpty() && !m_items.empty()) {
        m_findRow = 0;
        m_findTimer.start(0, this);
    }
    viewport()->update();
    emit findChanged(findState());
}

// Rows from here on have changed: their hits are looked for again, the view stays where it is.
void ConversationView::findAgainFrom(int row) {
    if (m_needle.isEmpty())
        return;
    const auto stale =
        std::lower_bound(m_hits.begin(), m_hits.end(), row, [](const Hit& h, int from) { return h.row < from; });
    m_hits.erase(stale, m_hits.end());
    m_currentHit = std::min(m_currentHit, int(m_hits.size()) - 1);
    m_findRow = m_findRow < 0 ? row : std::min(m_findRow, row);
    m_revealFirst = m_revealFirst && m_currentHit < 0;
    m_findTimer.start(0, this);
    emit findChanged(findState());
}

void ConversationView::findStep() {
    QElapsedTimer time;
    time.start();
    const size_t before = m_hits.size();
    while (m_findRow >= 0 && m_findRow < int(m_items.size()) && time.elapsed() < 8) {
        const int row = m_findRow;
        const app::MessageRow& message = m_model->at(row);
        // Marks of Markdown may stand inside a phrase: a phrase is looked for as it is shown, by its first word here.
        const QString firstWord = m_needle.section(QLatin1Char(' '), 0, 0, QString::SectionSkipEmpty);
        if (message.role != app::Role::Note && message.text.contains(firstWord.left(3), Qt::CaseInsensitive)) {
            if (!m_estimated)
                settle();
            const bool complete = prepare(row);
            MessageItem& item = m_items[size_t(row)];
            if (!complete && time.elapsed() < 8)
                continue;  // a very long message is parsed in steps
            if (!complete)
                break;
            for (int segment = 1; item.isPiece(segment); ++segment) {
                const QString shown = item.flatText(message, segment);
                for (qsizetype at = shown.indexOf(m_needle, 0, Qt::CaseInsensitive); at >= 0 && m_hits.size() < 100000;
                     at = shown.indexOf(m_needle, at + m_needle.size(), Qt::CaseInsensitive))
                    m_hits.push_back({row, segment, int(at), int(at + m_needle.size())});
            }
        }
        ++m_findRow;
    }
    if (m_findRow >= int(m_items.size())) {
        m_findRow = -1;
        m_findTimer.stop();
    }
    if (m_currentHit < 0 && !m_hits.empty()) {  // the first one from here on
        const auto from = std::lower_bound(m_hits.begin(), m_hits.end(), m_top.row,
                                           [](const Hit& h, int row) { return h.row < row; });
        if (from != m_hits.end() || m_findRow < 0) {
            m_currentHit = from != m_hits.end() ? int(from - m_hits.begin()) : 0;
            if (std::exchange(m_revealFirst, false))
                revealHit();
        }
    }
    if (m_hits.size() != before || m_findRow < 0) {
        viewport()->update();
        emit findChanged(findState());
    }
}

void ConversationView::findNext(bool backwards) {
    if (m_hits.empty())
        return;
    const int n = int(m_hits.size());
    m_currentHit = (m_currentHit + (backwards ? n - 1 : 1)) % n;
    revealHit();
    emit findChanged(findState());
}

void ConversationView::revealHit() {
    if (m_currentHit < 0 || m_currentHit >= int(m_hits.size()))
        return;
    const Hit& hit = m_hits[size_t(m_currentHit)];
    revealPiece(hit.row, hit.segment, [&hit](const BodyPiece& piece) { return piece.cursorRect(hit.from); });
}

// Brings a place inside a piece into sight; what is in sight stays where it is.
void ConversationView::revealPiece(int row, int segment, const std::function<QRectF(const BodyPiece&)>& where) {
    for (const Visible& v : m_visible) {
        const BodyPiece* piece = m_items[size_t(v.row)].piece(v.segment);
        if (v.row != row || v.segment != segment || piece == nullptr)
            continue;
        const QRectF rect = where(*piece).translated(0, v.y);
        if (rect.top() > 20 && rect.bottom() < viewport()->height() - 40) {
            viewport()->update();
            return;
        }
    }
    m_follow = false;
    m_top = Place{row, segment, 0};
    m_settling = true;
    prepare(row);
    layoutSegment(row, segment);
    const BodyPiece* piece = m_items[size_t(row)].piece(segment);
    moveBy((piece ? where(*piece).top() : 0) - viewport()->height() / 3.0);
    m_settling = false;
    settle();
}

}  // namespace ui
