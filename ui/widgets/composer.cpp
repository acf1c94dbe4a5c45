#include "ui/widgets/composer.h"

#include <QAbstractTextDocumentLayout>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QMimeData>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextLayout>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/icons.h"

namespace ui {

// --- the field ---

ComposerEdit::ComposerEdit(QWidget* parent) : QPlainTextEdit(parent) {
    setTabChangesFocus(true);
    setLineWrapMode(QPlainTextEdit::WidgetWidth);
    setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setAccessibleName(tr("Message"));
    setAccessibleDescription(tr("Enter sends, Shift+Enter breaks the line, Escape stops the reply."));
    document()->setDocumentMargin(1);
    setLook(this, "bare");
}

void ComposerEdit::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    const bool control = event->modifiers() & Qt::ControlModifier;
    if (enter && !(event->modifiers() & (Qt::ShiftModifier | Qt::AltModifier)) && (m_sendWithEnter || control)) {
        emit sendPressed();  // an input method that composes takes its Enter before it comes here
        return;
    }
    if (enter) {
        insertPlainText(QStringLiteral("\n"));
        ensureCursorVisible();
        return;
    }
    if (event->key() == Qt::Key_Escape) {
        emit stopPressed();
        return;
    }
    if (event->key() == Qt::Key_Up && event->modifiers() == Qt::NoModifier && document()->isEmpty()) {
        emit editLastPressed();
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

bool ComposerEdit::canInsertFromMimeData(const QMimeData* source) const {
    return source->hasText() || source->hasImage() || source->hasUrls();
}

namespace {

bool arePictures(const QMimeData* source) {
    const QList<QUrl> urls = source->urls();
    return !urls.isEmpty() && std::all_of(urls.begin(), urls.end(), [](const QUrl& url) {
        static const QStringList kinds = {QStringLiteral("png"),  QStringLiteral("jpg"), QStringLiteral("jpeg"),
                                          QStringLiteral("webp"), QStringLiteral("gif"), QStringLiteral("bmp")};
        return kinds.contains(url.fileName().section(QLatin1Char('.'), -1).toLower());
    });
}

}  // namespace

void ComposerEdit::insertFromMimeData(const QMimeData* source) {
    if (source->hasText() && !arePictures(source)) {  // also of HTML: its words, never its markup
        QString text = source->text();
        text.remove(QChar(0));
        insertPlainText(text);
        ensureCursorVisible();
        return;
    }
    emit pictureRefused();
}

void ComposerEdit::focusInEvent(QFocusEvent* event) {
    QPlainTextEdit::focusInEvent(event);
    emit focusChanged(true);
}
void ComposerEdit::focusOutEvent(QFocusEvent* event) {
    QPlainTextEdit::focusOutEvent(event);
    emit focusChanged(false);
}

// --- the gauge ---

ContextGauge::ContextGauge(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

QSize ContextGauge::sizeHint() const {
    return {m_theme.px(120), m_theme.px(8)};
}

void ContextGauge::setUse(const app::ContextUse& use) {
    m_use = use;
    setAccessibleName(tr("Context"));
    setAccessibleDescription(Composer::contextText(use));
    update();
}

void ContextGauge::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = m_theme.tokens();
    const double h = m_theme.px(5), y = (height() - h) / 2.0;
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.surface2);
    painter.drawRoundedRect(QRectF(0, y, width(), h), h / 2, h / 2);
    if (m_use.limit <= 0)
        return;
    const double used = std::min(1.0, double(m_use.tokens) / double(m_use.limit));
    const double reserved = std::min(1.0, double(m_use.tokens + m_use.reserved) / double(m_use.limit));
    painter.setBrush(mixed(t.muted, t.surface2, 0.35));
    painter.drawRoundedRect(QRectF(0, y, std::max(h, width() * reserved), h), h / 2, h / 2);
    const bool over = m_use.tokens > m_use.limit, tight = m_use.tokens + m_use.reserved > m_use.limit;
    painter.setBrush(over ? t.error : tight ? t.warning : t.accent);
    painter.drawRoundedRect(QRectF(0, y, std::max(h, width() * used), h), h / 2, h / 2);
}

// --- the card ---

Composer::Composer(const Theme& theme, QWidget* parent) : QFrame(parent), m_theme(theme) {
    setLook(this, "composer");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 8, 10, 8);
    column->setSpacing(6);

    m_editBar = new QWidget;
    auto* editRow = new QHBoxLayout(m_editBar);
    editRow->setContentsMargins(0, 0, 0, 0);
    m_editLabel = new QLabel;
    m_editLabel->setTextFormat(Qt::PlainText);
    setLook(m_editLabel, "accent");
    m_cancelEdit = new QToolButton;
    m_cancelEdit->setText(tr("Cancel"));
    setLook(m_cancelEdit, "muted-link");
    editRow->addWidget(m_editLabel, 1);
    editRow->addWidget(m_cancelEdit);
    m_editBar->hide();
    column->addWidget(m_editBar);

    m_edit = new ComposerEdit(this);
    m_edit->setPlaceholderText(tr("Message"));
    column->addWidget(m_edit);

    m_hint = new QLabel;
    m_hint->setTextFormat(Qt::PlainText);
    m_hint->setWordWrap(true);
    setLook(m_hint, "warning");
    m_hint->hide();
    column->addWidget(m_hint);

    auto* row = new QHBoxLayout;
    row->setSpacing(10);
    m_count = new QLabel;
    m_count->setTextFormat(Qt::PlainText);
    setLook(m_count, "small");
    m_gauge = new ContextGauge(theme, this);
    m_send = new QPushButton;
    m_send->setObjectName(QStringLiteral("send"));
    setLook(m_send, "primary");
    row->addWidget(m_count);
    row->addWidget(m_gauge);
    row->addStretch(1);
    row->addWidget(m_send);
    column->addLayout(row);

    connect(m_edit, &ComposerEdit::sendPressed, this, &Composer::trySend);
    connect(m_edit, &ComposerEdit::stopPressed, this, [this] {
        if (m_editing != 0)
            endEdit();
        else
            emit stopRequested();
    });
    connect(m_edit, &ComposerEdit::editLastPressed, this, &Composer::editLastRequested);
    connect(m_edit, &ComposerEdit::pictureRefused, this,
            [this] { showHint(tr("Pictures cannot be sent yet: this version reads text only. Nothing was added.")); });
    connect(m_edit, &ComposerEdit::focusChanged, this, [this](bool on) {
        setProperty("focused", on);
        setLook(this, "composer");
    });
    connect(m_edit, &QPlainTextEdit::textChanged, this, [this] {
        showHint(m_use.problem);
        grow();
        refresh();
        if (m_editing == 0)
            emit textChanged(text());
    });
    connect(m_send, &QPushButton::clicked, this, [this] {
        if (m_running && m_editing == 0)
            emit stopRequested();
        else
            trySend();
    });
    connect(m_cancelEdit, &QToolButton::clicked, this, &Composer::endEdit);
    connect(&theme, &Theme::changed, this, [this] {
        m_gauge->updateGeometry();
        grow();
        refresh();
    });
    refresh();
    grow();
}

QString Composer::text() const {
    return m_edit->toPlainText();
}

void Composer::setText(const QString& text) {
    if (m_editing != 0) {
        m_stashed = text;
        return;
    }
    if (text == this->text())
        return;
    const QSignalBlocker quiet(this);  // what is put in from outside is not typed
    m_edit->setPlainText(text);
    m_edit->moveCursor(QTextCursor::End);
}

void Composer::insertTyped(const QString& text) {
    focusText();
    m_edit->insertPlainText(text);
}

void Composer::focusText() {
    m_edit->setFocus(Qt::OtherFocusReason);
}

void Composer::setRunning(bool running) {
    m_running = running;
    refresh();
}

void Composer::setBlocked(const QString& reason) {
    m_blocked = reason;
    refresh();
}

void Composer::setContextUse(const app::ContextUse& use) {
    // Why the context cannot be counted is said as long as it is so.
    if (!use.problem.isEmpty())
        showHint(use.problem);
    else if (m_hint->text() == m_use.problem)
        showHint({});
    m_use = use;
    m_gauge->setUse(use);
    refresh();
}

void Composer::setMaxHeight(int pixels) {
    m_maxHeight = pixels;
    grow();
}

void Composer::showHint(const QString& sentence) {
    m_hint->setText(sentence);
    m_hint->setVisible(!sentence.isEmpty());
}

void Composer::beginEdit(app::MessageId id, const QString& text, const QString& what, bool sends) {
    if (m_editing == 0)
        m_stashed = this->text();
    m_editing = id;
    m_editSends = sends;
    m_editLabel->setText(what);
    m_editBar->show();
    const QSignalBlocker quiet(this);
    m_edit->setPlainText(text);
    m_edit->moveCursor(QTextCursor::End);
    refresh();
    focusText();
}

void Composer::endEdit() {
    if (m_editing == 0)
        return;
    m_editBar->hide();
    {
        const QSignalBlocker quiet(this);
        m_edit->setPlainText(m_stashed);
        m_edit->moveCursor(QTextCursor::End);
    }
    m_editing = 0;
    m_stashed.clear();
    refresh();
    grow();
}

void Composer::trySend() {
    const QString message = text();
    if (message.trimmed().isEmpty())
        return;
    // What cannot be sent or saved now stays in the field.
    if (m_running) {
        showHint(m_editing != 0 ? tr("The reply is still being written. Save the change when it has ended.")
                                : tr("The reply is still being written. Stop it with Esc, or wait."));
        return;
    }
    if (!m_blocked.isEmpty() && (m_editing == 0 || m_editSends)) {
        showHint(m_blocked);
        return;
    }
    if (m_editing != 0) {
        const app::MessageId id = m_editing;
        endEdit();
        emit editRequested(id, message);
        return;
    }
    emit sendRequested(message);
}

QString Composer::contextText(const app::ContextUse& use) {
    const QLocale locale;
    if (!use.problem.isEmpty())
        return tr("Context cannot be counted");
    if (use.limit <= 0)
        return {};
    if (use.tokens > use.limit)
        return tr("%1 of %2 tokens: %3 too many")
            .arg(locale.toString(use.tokens), locale.toString(use.limit), locale.toString(use.tokens - use.limit));
    return use.exact ? tr("%1 of %2 tokens").arg(locale.toString(use.tokens), locale.toString(use.limit))
                     : tr("about %1 of %2 tokens").arg(locale.toString(use.tokens), locale.toString(use.limit));
}

void Composer::refresh() {
    const bool stops = m_running && m_editing == 0;
    m_send->setText(stops ? tr("Stop    Esc") : m_editing != 0 ? tr("Save") : tr("Send"));
    m_send->setAccessibleName(stops ? tr("Stop the reply") : m_editing != 0 ? tr("Save the change") : tr("Send"));
    m_send->setEnabled(stops || !text().trimmed().isEmpty());
    const QString count = contextText(m_use);
    m_count->setText(count);
    setLook(m_count, m_use.limit > 0 && m_use.tokens > m_use.limit ? "warning" : "small");
    m_count->setVisible(!count.isEmpty());
    m_gauge->setVisible(m_use.limit > 0 && m_use.problem.isEmpty());
    const QString invitation = m_blocked.isEmpty() || m_running ? tr("Message") : m_blocked;
    if (invitation != m_edit->placeholderText()) {
        m_edit->setPlaceholderText(invitation);
        m_edit->viewport()->update();  // the field itself only repaints when it becomes empty
    }
}

void Composer::grow() {
    const QFontMetricsF metrics(m_edit->font());
    double lines = 0;
    for (QTextBlock block = m_edit->document()->firstBlock(); block.isValid() && lines < 100; block = block.next())
        lines += std::max(1, block.layout()->lineCount());
    const double margins = 2 * m_edit->document()->documentMargin() + 2;
    const int chrome = m_theme.px(62) + (m_editBar->isVisible() ? m_editBar->sizeHint().height() : 0);
    const int most = std::max(m_theme.px(44), m_maxHeight - chrome);
    m_edit->setFixedHeight(std::min(most, int(std::ceil(std::max(1.0, lines) * metrics.lineSpacing() + margins))));
}

void Composer::resizeEvent(QResizeEvent* event) {
    QFrame::resizeEvent(event);
    grow();
}

}  // namespace ui
