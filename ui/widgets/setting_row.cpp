#include "ui/widgets/setting_row.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPlainTextEdit>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "ui/icons.h"
#include "ui/theme.h"

namespace ui {

namespace {

constexpr int SliderSteps = 1000;
constexpr double WidestSlider = 4096;  // a wider range is typed, not slid

}  // namespace

SettingRow::SettingRow(const app::SettingSpec& spec, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_spec(spec), m_theme(theme) {
    setObjectName(QStringLiteral("setting-") + spec.id);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(1);
    auto* head = new QWidget(this);
    auto* row = new QHBoxLayout(head);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::XS);
    m_name = new QLabel(spec.name, head);
    m_name->setMinimumWidth(10);
    m_name->setWordWrap(true);  // two lines rather than half a name
    setLook(m_name, "muted");
    row->addWidget(m_name, 1);
    m_reset = new QToolButton(head);
    m_reset->setIcon(icon(theme, QStringLiteral("reset"), IconTone::Accent));
    setIconSide(*m_reset, theme, 13);
    m_reset->setAccessibleName(tr("Reset %1").arg(spec.name));
    m_reset->setToolTip(tr("Changed. Back to the default: %1").arg(valueText(spec.defaultValue)));
    m_reset->hide();
    connect(m_reset, &QToolButton::clicked, this, [this] { emit resetRequested(m_spec.id); });
    row->addWidget(m_reset);
    column->addWidget(head);
    switch (spec.kind) {
        case app::SettingKind::Real:
        case app::SettingKind::Integer:
            makeNumber(column, head);
            break;
        case app::SettingKind::Toggle:
            makeToggle(head);
            break;
        case app::SettingKind::Choice:
            makeChoice(head);
            break;
        case app::SettingKind::Text:
        case app::SettingKind::Lines:
            makeText(column);
            break;
        case app::SettingKind::SamplerOrder:
            makeOrder(column);
            break;
    }
    m_help = new QLabel(this);
    m_help->setTextFormat(Qt::PlainText);
    m_help->setText(rangeText().isEmpty() ? spec.help : tr("%1 %2", "help, then range").arg(spec.help, rangeText()));
    m_help->setWordWrap(true);
    setLook(m_help, "small");
    m_help->hide();
    column->addWidget(m_help);
    m_problem = new QLabel(this);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->setWordWrap(true);
    setLook(m_problem, "error");
    m_problem->hide();
    column->addWidget(m_problem);
    setToolTip(QStringLiteral("<p>%1</p><p>%2</p>").arg(spec.help.toHtmlEscaped(), rangeText().toHtmlEscaped()));
    m_editor->setAccessibleName(spec.name);
    m_editor->setAccessibleDescription(m_help->text());
    m_name->setBuddy(m_editor);
}

QString SettingRow::valueText(const QVariant& value) const {
    const QLocale locale;
    if (m_spec.offValue.isValid() && value == m_spec.offValue && !m_spec.offValueText.isEmpty())
        return m_spec.offValueText;
    switch (m_spec.kind) {
        case app::SettingKind::Real:
            return locale.toString(value.toDouble(), 'f', m_spec.decimals);
        case app::SettingKind::Integer:
            return locale.toString(value.toLongLong());
        case app::SettingKind::Toggle:
            return value.toBool() ? tr("on") : tr("off");
        case app::SettingKind::Choice:
            return m_spec.choiceNames.value(m_spec.choices.indexOf(value.toString()), value.toString());
        default:
            return value.toStringList().isEmpty() ? tr("empty") : value.toStringList().join(QStringLiteral(", "));
    }
}

QString SettingRow::rangeText() const {
    const QString normally = valueText(m_spec.defaultValue);
    if (m_spec.kind == app::SettingKind::Real || m_spec.kind == app::SettingKind::Integer)
        return tr("Default %1, range %2 to %3.").arg(normally, valueText(m_spec.min), valueText(m_spec.max));
    if (m_spec.kind == app::SettingKind::Toggle || m_spec.kind == app::SettingKind::Choice)
        return tr("Default %1.").arg(normally);
    return {};
}

void SettingRow::watch(QWidget* editor) {
    editor->installEventFilter(this);
    if (!m_editor)
        m_editor = editor;
}

void SettingRow::makeNumber(QVBoxLayout* column, QWidget* head) {
    const bool real = m_spec.kind == app::SettingKind::Real;
    auto* spin = new QDoubleSpinBox(head);
    spin->setDecimals(real ? m_spec.decimals : 0);
    spin->setRange(m_spec.min, m_spec.max);
    spin->setSingleStep(m_spec.step > 0 ? m_spec.step : 1);
    spin->setKeyboardTracking(false);
    spin->setAlignment(Qt::AlignTrailing);
    spin->setButtonSymbols(QAbstractSpinBox::NoButtons);
    spin->setGroupSeparatorShown(!real);
    // As wide as what stands there, so that the name keeps its room.
    const auto measure = [this, spin] {
        spin->setFont(m_theme.font(Type::Strong));
        const int wide = QFontMetrics(spin->font()).horizontalAdvance(spin->text());
        spin->setFixedWidth(qBound(m_theme.px(54), wide, m_theme.px(160)) + m_theme.px(18));
    };
    measure();
    setLook(spin, "bare");
    if (!m_spec.offValueText.isEmpty() && m_spec.offValue.isValid() && m_spec.offValue.toDouble() == m_spec.min)
        spin->setSpecialValueText(m_spec.offValueText);
    static_cast<QHBoxLayout*>(head->layout())->addWidget(spin);
    const auto asVariant = [real](double v) { return real ? QVariant(v) : QVariant(qlonglong(std::llround(v))); };
    watch(spin);
    QSlider* slider = nullptr;
    const double span = m_spec.max - m_spec.min;
    if (span > 0 && span <= WidestSlider) {
        slider = new QSlider(Qt::Horizontal, this);
        slider->setRange(0, real ? SliderSteps : qMin(SliderSteps, static_cast<int>(span)));
        slider->setFocusPolicy(Qt::StrongFocus);
        slider->setAccessibleName(m_spec.name);
        slider->installEventFilter(this);
        column->addWidget(slider);
        connect(slider, &QSlider::valueChanged, this, [this, slider, spin, span, asVariant, real](int at) {
            double value = m_spec.min + span * at / slider->maximum();
            const double step = m_spec.step > 0 ? m_spec.step : real ? std::pow(10, -m_spec.decimals) : 1;
            value = qBound(m_spec.min, m_spec.min + std::round((value - m_spec.min) / step) * step, m_spec.max);
            const QSignalBlocker quiet(spin);
            spin->setValue(value);
            emit valueEdited(m_spec.id, asVariant(spin->value()));
        });
    }
    connect(spin, &QDoubleSpinBox::valueChanged, this,
            [this, asVariant](double value) { emit valueEdited(m_spec.id, asVariant(value)); });
    m_show = [this, spin, slider, span, measure](const QVariant& value) {
        const QSignalBlocker quietSpin(spin);
        spin->setValue(value.toDouble());
        measure();
        if (!slider)
            return;
        const QSignalBlocker quietSlider(slider);
        if (!slider->isSliderDown())
            slider->setValue(qRound((value.toDouble() - m_spec.min) / span * slider->maximum()));
    };
    connect(&m_theme, &Theme::changed, spin, measure);
}

void SettingRow::makeToggle(QWidget* head) {
    auto* box = new QCheckBox(head);
    setLook(box, "bare");
    static_cast<QHBoxLayout*>(head->layout())->addWidget(box);
    connect(box, &QCheckBox::toggled, this, [this](bool on) { emit valueEdited(m_spec.id, on); });
    m_show = [box](const QVariant& value) {
        const QSignalBlocker quiet(box);
        box->setChecked(value.toBool());
    };
    watch(box);
}

void SettingRow::makeChoice(QWidget* head) {
    auto* box = new QComboBox(head);
    for (int i = 0; i < m_spec.choices.size(); ++i)
        box->addItem(m_spec.choiceNames.value(i, m_spec.choices.at(i)), m_spec.choices.at(i));
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    static_cast<QHBoxLayout*>(head->layout())->addWidget(box);
    connect(box, &QComboBox::activated, this, [this, box](int at) { emit valueEdited(m_spec.id, box->itemData(at)); });
    m_show = [box](const QVariant& value) {
        const QSignalBlocker quiet(box);
        box->setCurrentIndex(box->findData(value.toString()));
    };
    watch(box);
}

void SettingRow::makeText(QVBoxLayout* column) {
    const bool lines = m_spec.kind == app::SettingKind::Lines;
    auto* text = new QPlainTextEdit(this);
    text->setTabChangesFocus(true);
    text->setPlaceholderText(lines ? tr("One a line") : QString());
    text->setFixedHeight(m_theme.px(lines ? 58 : 76));
    column->addWidget(text);
    const auto value = [text, lines]() -> QVariant {
        if (!lines)
            return text->toPlainText();
        return text->toPlainText().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    };
    // At once, not after a pause: the words belong to the chat that is open now.
    connect(text, &QPlainTextEdit::textChanged, this, [this, value] {
        m_telling = true;
        emit valueEdited(m_spec.id, value());
        m_telling = false;
    });
    m_show = [this, text, value, lines](const QVariant& now) {
        if (now == value() || m_telling)  // what is being typed stays as it is typed
            return;
        const QSignalBlocker quiet(text);
        text->setPlainText(lines ? now.toStringList().join(QLatin1Char('\n')) : now.toString());
    };
    watch(text);
}

void SettingRow::makeOrder(QVBoxLayout* column) {
    auto* list = new QListWidget(this);
    setLook(list, "field");
    list->setDragDropMode(QAbstractItemView::InternalMove);
    list->setFixedHeight(m_theme.px(140));
    column->addWidget(list);
    const auto tell = [this, list] {
        QStringList order;
        for (int i = 0; i < list->count(); ++i)
            order.append(list->item(i)->data(Qt::UserRole).toString());
        emit valueEdited(m_spec.id, order);
    };
    auto* buttons = new QHBoxLayout;
    buttons->addStretch(1);
    for (const int step : {-1, 1}) {
        auto* button = new QToolButton(this);
        button->setIcon(icon(m_theme, step < 0 ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down")));
        button->setAccessibleName(step < 0 ? tr("Move up") : tr("Move down"));
        button->setToolTip(button->accessibleName());
        connect(button, &QToolButton::clicked, this, [list, step, tell] {
            const int at = list->currentRow(), to = at + step;
            if (at < 0 || to < 0 || to >= list->count())
                return;
            list->insertItem(to, list->takeItem(at));
            list->setCurrentRow(to);
            tell();
        });
        buttons->addWidget(button);
    }
    column->addLayout(buttons);
    connect(list->model(), &QAbstractItemModel::rowsMoved, this, tell);
    m_show = [this, list](const QVariant& value) {
        const QStringList order = value.toStringList();
        QStringList shown;
        for (int i = 0; i < list->count(); ++i)
            shown.append(list->item(i)->data(Qt::UserRole).toString());
        if (shown == order)
            return;
        const int current = list->currentRow();
        list->clear();
        for (const QString& id : order) {
            auto* item = new QListWidgetItem(m_spec.choiceNames.value(m_spec.choices.indexOf(id), id), list);
            item->setData(Qt::UserRole, id);
        }
        list->setCurrentRow(current);
    };
    watch(list);
}

void SettingRow::setValue(const QVariant& value, bool isDefault) {
    m_show(value);
    m_reset->setVisible(!isDefault);
    setLook(m_name, isDefault ? "muted" : "strong");
    m_editor->setAccessibleDescription(isDefault ? m_help->text() : tr("%1 Changed.").arg(m_help->text()));
}

void SettingRow::setProblem(const QString& problem) {
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
}

bool SettingRow::eventFilter(QObject* watched, QEvent* event) {
    // A wheel that scrolls past must not change what it passes.
    if (event->type() == QEvent::Wheel && !static_cast<QWidget*>(watched)->hasFocus()) {
        event->ignore();
        return true;
    }
    if (event->type() == QEvent::FocusIn)
        m_help->show();
    if (event->type() == QEvent::FocusOut)
        m_help->hide();
    return QWidget::eventFilter(watched, event);
}

}  // namespace ui
