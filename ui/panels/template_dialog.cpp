#include "ui/panels/template_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSplitter>
#include <QTextBlock>
#include <QTimer>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/theme.h"
#include "ui/words.h"

namespace ui {

namespace {
constexpr int TypingPauseMs = 250;
constexpr qsizetype MostShown = 200'000;  // characters of the preview
enum Alternative { Keep = 0, FromModel = 1, FirstBuiltin = 2 };
}  // namespace

TemplateDialog::TemplateDialog(app::Workbench& workbench, const Theme& theme, app::LoadedId model, QWidget* parent)
    : QDialog(parent), m_workbench(workbench), m_theme(theme), m_model(model) {
    setWindowTitle(tr("Chat template of %1").arg(workbench.model(model).name));
    setObjectName(QStringLiteral("template-dialog"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::L, space::L, space::L, space::L);
    column->setSpacing(space::M);
    const app::TemplateInfo info = workbench.templateInfo(model);
    auto* head = new QHBoxLayout;
    auto* explain = new QLabel(tr("The template turns a conversation into the text that the model reads. "
                                  "A change is kept for this file."),
                               this);
    explain->setWordWrap(true);
    setLook(explain, "muted");
    m_alternatives = new QComboBox(this);
    m_alternatives->setAccessibleName(tr("Other templates"));
    m_alternatives->addItem(tr("Start from…"));
    m_alternatives->addItem(tr("The file's own"));
    for (const QString& name : workbench.builtinTemplateNames())
        m_alternatives->addItem(tr("Built-in: %1").arg(name), name);
    head->addWidget(explain, 1);
    head->addWidget(m_alternatives);
    column->addLayout(head);
    auto* split = new QSplitter(Qt::Horizontal, this);
    const auto addEdit = [&](const QString& title, const QString& name) {
        auto* box = new QWidget(split);
        auto* inBox = new QVBoxLayout(box);
        inBox->setContentsMargins(space::XS, 0, space::XS, 0);
        auto* label = new QLabel(title, box);
        setLook(label, "heading");
        auto* edit = new QPlainTextEdit(box);
        edit->setFont(theme.font(Type::Mono));
        edit->setAccessibleName(name);
        inBox->addWidget(label);
        inBox->addWidget(edit);
        split->addWidget(box);
        return edit;
    };
    m_source = addEdit(tr("Template"), tr("Template source"));
    m_source->setPlainText(info.source);
    m_source->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_source->setTabStopDistance(QFontMetricsF(theme.font(Type::Mono)).horizontalAdvance(QLatin1Char(' ')) * 2);
    m_preview = addEdit(tr("What the model reads, from the open chat"), tr("Preview"));
    m_preview->setReadOnly(true);
    column->addWidget(split, 1);
    m_problem = new QLabel(this);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->setWordWrap(true);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLook(m_problem, "error");
    column->addWidget(m_problem);
    auto* foot = new QHBoxLayout;
    m_tokens = new QLabel(this);
    setLook(m_tokens, "muted");
    foot->addWidget(m_tokens, 1);
    auto* cancel = new QPushButton(tr("Cancel"), this);
    m_apply = new QPushButton(tr("Use this template"), this);
    setLook(m_apply, "primary");
    m_apply->setDefault(true);
    foot->addWidget(cancel);
    foot->addWidget(m_apply);
    column->addLayout(foot);
    m_pause = new QTimer(this);
    m_pause->setSingleShot(true);
    m_pause->setInterval(TypingPauseMs);
    connect(m_source, &QPlainTextEdit::textChanged, m_pause, qOverload<>(&QTimer::start));
    connect(m_pause, &QTimer::timeout, this, &TemplateDialog::preview);
    connect(&m_made, &QFutureWatcherBase::finished, this, &TemplateDialog::onPreview);
    connect(m_alternatives, &QComboBox::activated, this, &TemplateDialog::onAlternative);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_apply, &QPushButton::clicked, this, &TemplateDialog::apply);
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, [this] {
        if (m_workbench.model(m_model).id == 0)
            reject();  // the model is gone
    });
    // Not larger than the window that it belongs to, with room for a title.
    resize(QSize(theme.px(980), theme.px(620)).boundedTo(parent->window()->size() - QSize(40, 60)));
    m_atFirst = info.problem;
    connect(m_source, &QPlainTextEdit::textChanged, this, [this] { m_atFirst.clear(); });
    showProblem(m_atFirst);
    preview();
    m_source->setFocus();
}

void TemplateDialog::onAlternative(int index) {
    if (index == FromModel)
        m_source->setPlainText(m_workbench.templateInfo(m_model).modelSource);
    else if (index >= FirstBuiltin)
        m_source->setPlainText(m_workbench.builtinTemplate(m_alternatives->itemData(index).toString()));
    m_alternatives->setCurrentIndex(Keep);
}

void TemplateDialog::preview() {
    m_again = m_made.isRunning();
    if (!m_again)
        m_made.setFuture(m_workbench.previewTemplate(m_model, m_source->toPlainText()));
}

void TemplateDialog::onPreview() {
    if (m_again) {
        preview();
        return;
    }
    const app::TemplatePreview made = m_made.result();
    // A text field takes its time with megabytes, and nobody reads them here.
    const qsizetype more = made.text.size() - MostShown;
    m_preview->setPlainText(more > 0 ? made.text.first(MostShown) + QLatin1Char('\n') +
                                           tr("... and %n more character(s)", nullptr, static_cast<int>(more))
                                     : made.text);
    m_tokens->setText(made.tokens >= 0 ? tr("%n token(s)", nullptr, static_cast<int>(made.tokens)) : QString());
    showProblem(m_atFirst.isEmpty() ? made.problem : m_atFirst);
}

// "template line 3, column 14: ...": the line is marked and the cursor can go there.
void TemplateDialog::showProblem(const QString& problem) {
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    m_apply->setEnabled(problem.isEmpty());
    QList<QTextEdit::ExtraSelection> marks;
    static const QRegularExpression place(QStringLiteral("line (\\d+), column (\\d+)"));
    if (const auto match = place.match(problem); match.hasMatch()) {
        const QTextBlock block = m_source->document()->findBlockByNumber(match.captured(1).toInt() - 1);
        if (block.isValid()) {
            QTextEdit::ExtraSelection line;
            line.format.setBackground(m_theme.tokens().errorSoft);
            line.format.setProperty(QTextFormat::FullWidthSelection, true);
            line.cursor = QTextCursor(block);
            marks.append(line);
            const int column = qBound(0, match.captured(2).toInt() - 1, qMax(0, block.length() - 1));
            QTextEdit::ExtraSelection letter;
            letter.format.setUnderlineStyle(QTextCharFormat::WaveUnderline);
            letter.format.setUnderlineColor(m_theme.tokens().error);
            letter.cursor = QTextCursor(block);
            letter.cursor.setPosition(block.position() + column);
            letter.cursor.movePosition(QTextCursor::EndOfBlock, QTextCursor::KeepAnchor);
            marks.append(letter);
        }
    }
    m_source->setExtraSelections(marks);
}

void TemplateDialog::apply() {
    const app::TemplateInfo info = m_workbench.templateInfo(m_model);
    if (m_source->toPlainText() == info.modelSource) {
        m_workbench.resetTemplate(m_model);
        accept();
        return;
    }
    const QString refused = m_workbench.setTemplate(m_model, m_source->toPlainText());
    if (refused.isEmpty())
        accept();
    else
        showProblem(refused);
}

}  // namespace ui
