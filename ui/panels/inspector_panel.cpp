#include "ui/panels/inspector_panel.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/panels/template_dialog.h"
#include "ui/theme.h"
#include "ui/widgets/setting_row.h"
#include "ui/words.h"

namespace ui {

namespace {
constexpr auto PromptId = "systemPrompt";
}  // namespace

InspectorPanel::InspectorPanel(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QScrollArea(parent), m_workbench(workbench), m_theme(theme) {
    setLook(this, "pane");
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setAccessibleName(tr("Inspector"));
    m_inside = new QWidget(this);
    setLook(m_inside, "pane");
    auto* column = new QVBoxLayout(m_inside);
    column->setContentsMargins(space::L - 2, space::M, space::L - 2, space::L);
    column->setSpacing(space::S);
    makePrompt(column);
    makeSettings(column);
    makeModel(column);
    column->addStretch(1);
    setWidget(m_inside);

    connect(&workbench, &app::Workbench::settingsChanged, this, &InspectorPanel::refresh);
    connect(&workbench, &app::Workbench::chatOpened, this, &InspectorPanel::refresh);
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, &InspectorPanel::refreshModel);
    connect(&workbench, &app::Workbench::currentModelChanged, this, &InspectorPanel::refreshModel);
    connect(&workbench, &app::Workbench::templateChanged, this, &InspectorPanel::refreshModel);
    connect(&workbench, &app::Workbench::loadingChanged, this, &InspectorPanel::refreshModel);
    connect(&workbench, &app::Workbench::uiActionRequested, this, [this](const QString& action) {
        if (action.startsWith(QLatin1String("edit-template")))
            editTemplate();
        else if (action.startsWith(QLatin1String("open-settings")))
            reveal(action.section(QLatin1Char(':'), 1));
    });
    refresh();
}

QLabel* InspectorPanel::heading(const QString& text) {
    auto* label = new QLabel(text, m_inside);
    setLook(label, "heading");
    return label;
}

void InspectorPanel::makePrompt(QVBoxLayout* column) {
    auto* head = new QHBoxLayout;
    auto* title = new QLabel(tr("System prompt"), m_inside);
    setLook(title, "heading");
    head->addWidget(title, 1);
    m_promptReset = new QToolButton(m_inside);
    m_promptReset->setIcon(icon(m_theme, QStringLiteral("reset"), IconTone::Accent));
    setIconSide(*m_promptReset, m_theme, 13);
    m_promptReset->setAccessibleName(tr("Reset the system prompt"));
    m_promptReset->setToolTip(tr("Changed. Back to the default"));
    head->addWidget(m_promptReset);
    column->addLayout(head);
    m_prompt = new QPlainTextEdit(m_inside);
    m_prompt->setPlaceholderText(tr("What the model should be and how it should answer"));
    m_prompt->setAccessibleName(tr("System prompt"));
    m_prompt->setTabChangesFocus(true);
    m_prompt->setFixedHeight(m_theme.px(76));
    connect(&m_theme, &Theme::changed, m_prompt, [this] { m_prompt->setFixedHeight(m_theme.px(76)); });
    title->setBuddy(m_prompt);
    column->addWidget(m_prompt);
    // At once, not after a pause: a chat that is opened meanwhile must not get the words meant for this one.
    connect(m_prompt, &QPlainTextEdit::textChanged, this,
            [this] { m_workbench.setSetting(QLatin1String(PromptId), m_prompt->toPlainText()); });
    connect(m_promptReset, &QToolButton::clicked, this, [this] { m_workbench.resetSetting(QLatin1String(PromptId)); });
}

void InspectorPanel::makeSettings(QVBoxLayout* column) {
    QString group;
    QWidget* fold = nullptr;
    bool first = true;
    // Groups in the order of their first setting; the folded settings of a group come after the others.
    QList<app::SettingSpec> specs = m_workbench.settingSpecs();
    QStringList groups;
    for (const app::SettingSpec& spec : specs)
        if (!groups.contains(spec.group))
            groups.append(spec.group);
    std::stable_sort(specs.begin(), specs.end(), [&groups](const app::SettingSpec& a, const app::SettingSpec& b) {
        const auto at = [&groups](const app::SettingSpec& s) { return groups.indexOf(s.group) * 2 + s.advanced; };
        return at(a) < at(b);
    });
    for (const app::SettingSpec& spec : specs) {
        if (spec.id == QLatin1String(PromptId))
            continue;
        if (spec.group != group) {
            group = spec.group;
            fold = nullptr;
            auto* head = new QHBoxLayout;
            head->setContentsMargins(0, space::S, 0, 0);
            head->addWidget(heading(group), 1);
            if (first) {
                m_presets = new QToolButton(m_inside);
                m_presets->setPopupMode(QToolButton::InstantPopup);
                setLook(m_presets, "menu");
                m_presets->setFont(m_theme.font(Type::SmallStrong));
                connect(&m_theme, &Theme::changed, m_presets,
                        [this] { m_presets->setFont(m_theme.font(Type::SmallStrong)); });
                m_presets->setMenu(new QMenu(m_presets));
                connect(m_presets->menu(), &QMenu::aboutToShow, this, &InspectorPanel::makePresetMenu);
                head->addWidget(m_presets);
                first = false;
            }
            column->addLayout(head);
        }
        QWidget* parent = m_inside;
        if (spec.advanced && !fold) {
            auto* opener = new QToolButton(m_inside);
            opener->setText(tr("More"));
            opener->setAccessibleName(tr("More settings of %1").arg(group));
            opener->setCheckable(true);
            opener->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
            opener->setIcon(icon(m_theme, QStringLiteral("chevron-right"), IconTone::Muted));
            setIconSide(*opener, m_theme, 12);
            setLook(opener, "fold");
            fold = new QWidget(m_inside);
            auto* inFold = new QVBoxLayout(fold);
            inFold->setContentsMargins(0, 0, 0, 0);
            inFold->setSpacing(space::S);
            fold->hide();
            connect(opener, &QToolButton::toggled, this, [this, opener, fold](bool on) {
                fold->setVisible(on);
                opener->setIcon(icon(m_theme, on ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right"),
                                     IconTone::Muted));
                opener->setText(on ? tr("Less") : tr("More"));
            });
            m_openers.insert(fold, opener);
            column->addWidget(opener, 0, Qt::AlignLeading);
            column->addWidget(fold);
        }
        if (spec.advanced)
            parent = fold;
        auto* row = new SettingRow(spec, m_theme, parent);
        (parent == m_inside ? column : static_cast<QVBoxLayout*>(parent->layout()))->addWidget(row);
        if (spec.advanced)
            m_folds.insert(spec.id, fold);
        m_rows.insert(spec.id, row);
        connect(row, &SettingRow::valueEdited, this, &InspectorPanel::onEdited);
        connect(row, &SettingRow::resetRequested, this, [this](const QString& id) {
            m_rows[id]->setProblem({});
            m_workbench.resetSetting(id);
        });
    }
    m_reloadNote = new QFrame(m_inside);
    setLook(m_reloadNote, "note");
    auto* inNote = new QVBoxLayout(m_reloadNote);
    inNote->setContentsMargins(space::M, space::S, space::M, space::S);
    auto* text = new QLabel(tr("Context and KV type change when the model is loaded again."), m_reloadNote);
    text->setWordWrap(true);
    setLook(text, "warning");
    auto* reload = new QPushButton(tr("Load again"), m_reloadNote);
    connect(reload, &QPushButton::clicked, &m_workbench, &app::Workbench::reloadModel);
    inNote->addWidget(text);
    inNote->addWidget(reload, 0, Qt::AlignLeading);
    column->addWidget(m_reloadNote);
}

QLabel* InspectorPanel::addFact(QVBoxLayout* column, const QString& name) {
    auto* row = new QHBoxLayout;
    auto* left = new QLabel(name, m_modelFacts);
    setLook(left, "muted");
    auto* right = new QLabel(m_modelFacts);
    right->setTextFormat(Qt::PlainText);
    right->setAlignment(Qt::AlignTrailing | Qt::AlignTop);
    right->setWordWrap(true);
    right->setTextInteractionFlags(Qt::TextSelectableByMouse);
    right->setAccessibleName(name);
    setLook(right, "strong");
    row->addWidget(left, 0, Qt::AlignTop);
    row->addWidget(right, 1);
    column->addLayout(row);
    return right;
}

void InspectorPanel::makeModel(QVBoxLayout* column) {
    column->addSpacing(space::S);
    column->addWidget(heading(tr("This model")));
    m_noModel = new QLabel(tr("Context, memory, device and template of the model in use show here."), m_inside);
    m_noModel->setWordWrap(true);
    setLook(m_noModel, "muted");
    column->addWidget(m_noModel);
    m_modelFacts = new QWidget(m_inside);
    auto* facts = new QVBoxLayout(m_modelFacts);
    facts->setContentsMargins(0, 0, 0, 0);
    facts->setSpacing(space::S);
    m_context = addFact(facts, tr("Context"));
    m_kv = addFact(facts, tr("KV type"));
    m_device = addFact(facts, tr("Device"));
    m_memory = addFact(facts, tr("Memory"));
    m_loaded = addFact(facts, tr("Loaded in"));
    m_notes = new QLabel(m_modelFacts);
    m_notes->setTextFormat(Qt::PlainText);
    m_notes->setWordWrap(true);
    setLook(m_notes, "warning");
    facts->addWidget(m_notes);
    auto* row = new QHBoxLayout;
    m_templateState = new QLabel(m_modelFacts);
    m_templateState->setWordWrap(true);
    m_templateState->setTextFormat(Qt::PlainText);
    setLook(m_templateState, "muted");
    m_template = new QPushButton(tr("Chat template…"), m_modelFacts);
    row->addWidget(m_templateState, 1);
    row->addWidget(m_template);
    facts->addLayout(row);
    connect(m_template, &QPushButton::clicked, this, &InspectorPanel::editTemplate);
    column->addWidget(m_modelFacts);
}

void InspectorPanel::makePresetMenu() {
    QMenu* menu = m_presets->menu();
    menu->clear();
    const QString current = m_workbench.presetName();
    bool own = false;
    for (const app::Preset& preset : m_workbench.presets()) {
        own = own || !preset.builtin;
        QAction* action = menu->addAction(withoutMnemonic(preset.name), this,
                                          [this, name = preset.name] { m_workbench.applyPreset(name); });
        action->setCheckable(true);
        action->setChecked(preset.name == current);
    }
    menu->addSeparator();
    menu->addAction(tr("Save as a preset…"), this, &InspectorPanel::askPresetName);
    if (own) {
        QMenu* remove = menu->addMenu(tr("Remove a preset"));
        for (const app::Preset& preset : m_workbench.presets())
            if (!preset.builtin)
                remove->addAction(withoutMnemonic(preset.name), this,
                                  [this, name = preset.name] { m_workbench.removePreset(name); });
    }
    menu->addSeparator();
    menu->addAction(tr("Start new chats with these"), this, [this] { m_workbench.useAsDefaults(); });
    menu->addAction(tr("Reset all to the defaults"), this, [this] { m_workbench.resetSettings(); });
}

void InspectorPanel::askPresetName() {
    auto* dialog = new QInputDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Save as a preset"));
    dialog->setLabelText(tr("Name of the preset"));
    dialog->setOkButtonText(tr("Save"));
    connect(dialog, &QInputDialog::textValueSelected, this, [this](const QString& name) {
        if (!name.trimmed().isEmpty())
            m_workbench.savePreset(name.trimmed());
    });
    dialog->open();
}

void InspectorPanel::onEdited(const QString& id, const QVariant& value) {
    const QString refused = m_workbench.setSetting(id, value);
    m_rows[id]->setProblem(refused);
    if (refused.isEmpty())
        m_rows[id]->setValue(m_workbench.setting(id), m_workbench.isDefault(id));
}

void InspectorPanel::refresh() {
    const QString prompt = m_workbench.setting(QLatin1String(PromptId)).toString();
    if (prompt != m_prompt->toPlainText()) {
        const QSignalBlocker quiet(m_prompt);
        m_prompt->setPlainText(prompt);
    }
    m_promptReset->setVisible(!m_workbench.isDefault(QLatin1String(PromptId)));
    for (auto it = m_rows.cbegin(); it != m_rows.cend(); ++it)
        it.value()->setValue(m_workbench.setting(it.key()), m_workbench.isDefault(it.key()));
    const QString preset = m_workbench.presetName();
    const QString shown = preset.isEmpty() ? tr("Preset: own values") : tr("Preset: %1").arg(preset);
    m_presets->setAccessibleName(shown);
    m_presets->setText(tr("%1 ▾", "a button with a menu").arg(withoutMnemonic(shown)));
    refreshModel();
}

void InspectorPanel::refreshModel() {
    const app::LoadedModelInfo info = m_workbench.model(m_workbench.currentModel());
    const bool any = info.id != 0;
    m_noModel->setVisible(!any);
    m_modelFacts->setVisible(any);
    if (!any) {
        m_reloadNote->hide();
        return;
    }
    m_context->setText(info.trainedContext > info.contextTokens
                           ? tr("%1 of %2 tokens").arg(countText(info.contextTokens), countText(info.trainedContext))
                           : tr("%1 tokens").arg(countText(info.contextTokens)));
    m_kv->setText(info.kvType.toUpper());
    m_device->setText(info.device);
    m_memory->setText(
        tr("%1 + %2", "weights and context, in bytes").arg(bytesText(info.weightBytes), bytesText(info.kvBytes)));
    m_memory->setToolTip(
        tr("%1 weights and %2 for the context").arg(bytesText(info.weightBytes), bytesText(info.kvBytes)));
    m_loaded->setText(secondsText(info.loadSeconds));
    m_notes->setText(info.notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!info.notes.isEmpty());
    const app::TemplateInfo source = m_workbench.templateInfo(info.id);
    setLook(m_templateState, source.problem.isEmpty() ? "muted" : "error");
    m_templateState->setText(!source.problem.isEmpty()                    ? source.problem
                             : source.origin == app::TemplateInfo::Custom ? tr("Own template")
                             : source.origin == app::TemplateInfo::Builtin
                                 ? tr("Built-in template: %1").arg(source.builtinName)
                             : source.origin == app::TemplateInfo::FromModel ? tr("Template of the file")
                                                                             : tr("No template"));
    const app::ChatSettings wanted = m_workbench.chatSettings();
    const bool differs =
        (wanted.contextTokens > 0 && wanted.contextTokens != info.contextTokens &&
         (info.trainedContext <= 0 || qMin<qint64>(wanted.contextTokens, info.trainedContext) != info.contextTokens)) ||
        QString::fromStdString(wanted.kvType) != info.kvType.toLower() ||
        QString::fromStdString(wanted.ropeScaling) != info.ropeScaling || wanted.ropeScale != info.ropeScale ||
        wanted.memoryTarget != info.memoryTarget;
    m_reloadNote->setVisible(differs && m_workbench.loadingModel().isEmpty());
}

void InspectorPanel::reveal(const QString& settingId) {
    if (settingId == QLatin1String(PromptId)) {
        m_prompt->setFocus();
        ensureWidgetVisible(m_prompt);
        return;
    }
    SettingRow* row = m_rows.value(settingId);
    if (!row)
        return;
    if (QWidget* fold = m_folds.value(settingId))
        m_openers.value(fold)->setChecked(true);
    row->editor()->setFocus(Qt::OtherFocusReason);
    ensureWidgetVisible(row);
}

void InspectorPanel::editTemplate() {
    if (m_workbench.currentModel() == 0)
        return;
    auto* dialog = new TemplateDialog(m_workbench, m_theme, m_workbench.currentModel(), window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

}  // namespace ui
