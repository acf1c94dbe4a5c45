#include "ui/widgets/model_selector.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"
#include "ui/words.h"

namespace ui {

namespace {

constexpr int MaxRows = 60;  // more than that is what the library is for

app::JobId loadingJob(const app::Workbench& workbench) {
    const QString file = QFileInfo(workbench.loadingModel()).fileName();
    const auto* jobs = workbench.jobs();
    for (int i = 0; i < jobs->rowCount(); ++i) {
        const QModelIndex index = jobs->index(i);
        if (index.data(app::JobModel::CancellableRole).toBool() &&
            index.data(app::JobModel::NameRole).toString().contains(file))
            return index.data(app::JobModel::IdRole).value<app::JobId>();
    }
    return 0;
}

}  // namespace

ModelButton::ModelButton(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QAbstractButton(parent), m_workbench(workbench), m_theme(theme) {
    setObjectName(QStringLiteral("model-button"));
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, &ModelButton::refresh);
    connect(&workbench, &app::Workbench::currentModelChanged, this, &ModelButton::refresh);
    connect(&workbench, &app::Workbench::loadingChanged, this, &ModelButton::refresh);
    connect(&theme, &Theme::changed, this, &ModelButton::refresh);
    refresh();
}

void ModelButton::refresh() {
    const app::LoadedModelInfo info = m_workbench.model(m_workbench.currentModel());
    const QString loading = m_workbench.loadingModel();
    m_fraction = m_workbench.loadingFraction();
    if (!loading.isEmpty()) {
        m_state = State::Loading;
        m_name = QFileInfo(loading).completeBaseName();
        m_facts = tr("loading, %1 %").arg(qRound(m_fraction * 100));
    } else if (info.id != 0) {
        m_state = State::Ready;
        m_name = info.name.isEmpty() ? QFileInfo(info.path).completeBaseName() : info.name;
        m_facts = joinFacts({info.quantization, bytesText(info.weightBytes)});
        if (!m_workbench.loadError().isEmpty())
            m_facts = joinFacts({m_facts, tr("another file failed to load")});
    } else if (!m_workbench.loadError().isEmpty()) {
        m_state = State::Failed;
        m_name = tr("The model did not load");
        m_facts = tr("show why");
    } else {
        m_state = State::None;
        m_name = tr("No model");
        m_facts = tr("choose one");
    }
    setAccessibleName(tr("Model: %1").arg(m_name));
    setAccessibleDescription(m_facts);
    QStringList tip = {m_name, m_facts};
    if (m_state == State::Ready)
        tip = {info.path,
               joinFacts({info.device, tr("%1 weights").arg(bytesText(info.weightBytes)),
                          tr("%1 for a context of %2").arg(bytesText(info.kvBytes), countText(info.contextTokens))})};
    else if (m_state == State::Failed)
        tip = {m_workbench.loadError()};
    setToolTip(toolTipText(tip.join(QLatin1Char('\n'))));
    updateGeometry();
    update();
}

QSize ModelButton::sizeHint() const {
    const QFontMetrics strong(m_theme.font(Type::Strong)), small(m_theme.font(Type::Small));
    return {m_theme.px(58) + strong.horizontalAdvance(m_name) + space::S + small.horizontalAdvance(m_facts),
            m_theme.px(30)};
}
QSize ModelButton::minimumSizeHint() const {
    return {m_theme.px(120), m_theme.px(30)};
}

void ModelButton::paintEvent(QPaintEvent*) {
    const Tokens& t = m_theme.tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(QPen(hasFocus() ? t.accent : underMouse() ? t.muted : t.border, hasFocus() ? 1.5 : 1));
    painter.setBrush(t.surface2);
    painter.drawRoundedRect(box, radius::Control, radius::Control);
    const auto placed = [this](const QRect& r) { return QStyle::visualRect(layoutDirection(), rect(), r); };
    const int dot = m_theme.px(8), pad = m_theme.px(10);
    const QRectF dotRect = placed(QRect(pad, (height() - dot) / 2, dot, dot));
    painter.setPen(Qt::NoPen);
    switch (m_state) {  // full, half, cross, ring: the shape says it too
        case State::Ready:
            painter.setBrush(t.series[2]);
            painter.drawEllipse(dotRect);
            break;
        case State::Loading:
            painter.setPen(QPen(t.series[1], 1.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(dotRect);
            painter.setBrush(t.series[1]);
            painter.drawPie(dotRect, 90 * 16, -qRound(qMax(0.05, m_fraction) * 360 * 16));
            break;
        case State::Failed:
            painter.setPen(QPen(t.error, 2, Qt::SolidLine, Qt::RoundCap));
            painter.drawLine(dotRect.topLeft(), dotRect.bottomRight());
            painter.drawLine(dotRect.topRight(), dotRect.bottomLeft());
            break;
        case State::None:
            painter.setPen(QPen(t.muted, 1.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(dotRect);
            break;
    }
    const int chevron = m_theme.px(14);
    paintIcon(painter, placed(QRect(width() - chevron - m_theme.px(8), (height() - chevron) / 2, chevron, chevron)),
              QStringLiteral("chevron-down"), t.muted);
    int left = pad + dot + pad;
    const int right = width() - chevron - m_theme.px(14);
    const QFontMetrics strong(m_theme.font(Type::Strong));
    const int nameWidth = qMin(strong.horizontalAdvance(m_name) + 1, right - left);
    painter.setFont(m_theme.font(Type::Strong));
    painter.setPen(m_state == State::Failed ? t.error : t.text);
    painter.drawText(placed(QRect(left, 0, nameWidth, height())), Qt::AlignVCenter | Qt::AlignLeading,
                     strong.elidedText(m_name, Qt::ElideMiddle, nameWidth));
    left += nameWidth + space::S;
    if (right - left > m_theme.px(24)) {
        painter.setFont(m_theme.font(Type::Small));
        painter.setPen(t.muted);
        painter.drawText(placed(QRect(left, 0, right - left, height())), Qt::AlignVCenter | Qt::AlignLeading,
                         QFontMetrics(painter.font()).elidedText(m_facts, Qt::ElideRight, right - left));
    }
}

ModelPopup::ModelPopup(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : Popup(parent), m_workbench(workbench), m_theme(theme) {
    setAccessibleName(tr("Models"));
    setObjectName(QStringLiteral("model-popup"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::M, space::M, space::M, space::M);
    column->setSpacing(space::S);
    m_title = new QLabel(this);
    setLook(m_title, "strong");
    column->addWidget(m_title);

    m_loading = new QFrame(this);
    setLook(m_loading, "card");
    auto* loading = new QVBoxLayout(m_loading);
    loading->setContentsMargins(space::M, space::S, space::S, space::M);
    auto* loadingHead = new QHBoxLayout;
    m_loadingText = new QLabel(m_loading);
    m_loadingText->setTextFormat(Qt::PlainText);
    m_loadingText->setWordWrap(true);
    m_cancel = new QPushButton(tr("Cancel"), m_loading);
    setLook(m_cancel, "link");
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (const app::JobId job = loadingJob(m_workbench))
            m_workbench.cancelJob(job);
    });
    loadingHead->addWidget(m_loadingText, 1);
    loadingHead->addWidget(m_cancel);
    loading->addLayout(loadingHead);
    m_bar = new QProgressBar(m_loading);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of loading"));
    loading->addWidget(m_bar);
    column->addWidget(m_loading);

    m_failed = new QFrame(this);
    setLook(m_failed, "note-error");
    auto* failed = new QVBoxLayout(m_failed);
    failed->setContentsMargins(space::M, space::S, space::M, space::S);
    m_error = new QLabel(m_failed);
    m_error->setTextFormat(Qt::PlainText);
    m_error->setWordWrap(true);
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLook(m_error, "error");
    auto* another = new QPushButton(tr("Choose another file"), m_failed);
    setLook(another, "link");
    connect(another, &QPushButton::clicked, this, [this] {
        hide();
        emit chooseFileRequested(m_beside);
    });
    failed->addWidget(m_error);
    failed->addWidget(another, 0, Qt::AlignLeading);
    column->addWidget(m_failed);

    m_filter = new QLineEdit(this);
    m_filter->setPlaceholderText(tr("Filter models"));
    m_filter->setAccessibleName(tr("Filter models"));
    m_filter->setClearButtonEnabled(true);
    connect(m_filter, &QLineEdit::textChanged, this, &ModelPopup::refresh);
    column->addWidget(m_filter);

    m_empty = new QLabel(this);
    m_empty->setWordWrap(true);
    setLook(m_empty, "muted");
    column->addWidget(m_empty);
    m_scroll = new QScrollArea(this);
    m_scroll->setWidgetResizable(true);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_inside = new QWidget;
    setLook(m_inside, "inside");
    m_list = new QVBoxLayout(m_inside);
    m_list->setContentsMargins(0, 0, 0, 0);
    m_list->setSpacing(2);
    m_scroll->setWidget(m_inside);
    column->addWidget(m_scroll);

    auto* foot = new QHBoxLayout;
    const auto addFoot = [&](const QString& text, auto signal) {
        auto* button = new QPushButton(text, this);
        setLook(button, "link");
        connect(button, &QPushButton::clicked, this, [this, signal] {
            hide();
            signal();
        });
        foot->addWidget(button);
    };
    addFoot(tr("Choose a file…"), [this] { emit chooseFileRequested(m_beside); });
    addFoot(tr("Add a folder…"), [this] { emit addFolderRequested(); });
    foot->addStretch(1);
    addFoot(tr("Open the library"), [this] { emit libraryRequested(); });
    column->addLayout(foot);
    setFixedWidth(theme.px(460));
    connect(&theme, &Theme::changed, this, [this] { setFixedWidth(m_theme.px(460)); });

    connect(&workbench, &app::Workbench::loadingChanged, this, &ModelPopup::refreshLoading);
    connect(&workbench, &app::Workbench::loadedModelsChanged, this, &ModelPopup::refresh);
    connect(&workbench, &app::Workbench::currentModelChanged, this, &ModelPopup::refresh);
    connect(&workbench, &app::Workbench::modelLoaded, this, [this] {
        if (isVisible())
            hide();
    });
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(workbench.library(), signal, this, &ModelPopup::refresh);
    connect(workbench.library(), &QAbstractItemModel::dataChanged, this, &ModelPopup::refresh);
}

void ModelPopup::openFor(QWidget* anchor, bool beside) {
    m_beside = beside;
    m_filter->clear();
    fill();
    openAt(anchor, Side::Below);
    m_filter->setFocus(Qt::PopupFocusReason);
}

void ModelPopup::refreshLoading() {
    const QString loading = m_workbench.loadingModel();
    m_loading->setVisible(!loading.isEmpty());
    if (!loading.isEmpty()) {
        m_loadingText->setText(tr("Loading %1").arg(QFileInfo(loading).fileName()));
        m_bar->setValue(qRound(m_workbench.loadingFraction() * 1000));
        m_cancel->setVisible(loadingJob(m_workbench) != 0);
        m_cancel->setAccessibleName(tr("Cancel loading %1").arg(QFileInfo(loading).fileName()));
    }
    const QString error = m_workbench.loadError();
    m_failed->setVisible(!error.isEmpty());
    m_error->setText(error);
    if (isVisible())
        adjustSize();
}

QWidget* ModelPopup::makeLoadedRow(const app::LoadedModelInfo& info) {
    auto* frame = new QFrame(m_inside);
    setLook(frame, "card");
    auto* row = new QHBoxLayout(frame);
    row->setContentsMargins(space::M, space::S, space::S, space::S);
    auto* text = new QVBoxLayout;
    text->setSpacing(0);
    const bool current = info.id == m_workbench.currentModel();
    auto* name = new QLabel(current ? tr("%1 (answers here)").arg(info.name) : info.name, frame);
    setLook(name, "strong");
    name->setTextFormat(Qt::PlainText);
    auto* facts = new QLabel(
        joinFacts({info.quantization, tr("%1 + %2 in memory").arg(bytesText(info.weightBytes), bytesText(info.kvBytes)),
                   tr("context %1").arg(countText(info.contextTokens))}),
        frame);
    setLook(facts, "small");
    facts->setTextFormat(Qt::PlainText);
    facts->setWordWrap(true);
    text->addWidget(name);
    text->addWidget(facts);
    row->addLayout(text, 1);
    if (!current) {
        auto* use = new QPushButton(tr("Use here"), frame);
        use->setAccessibleName(tr("Use %1 in this chat").arg(info.name));
        connect(use, &QPushButton::clicked, this, [this, id = info.id] {
            m_workbench.useModel(id);
            hide();
        });
        row->addWidget(use);
    }
    auto* unload = new QPushButton(tr("Unload"), frame);
    unload->setAccessibleName(tr("Unload %1").arg(info.name));
    connect(unload, &QPushButton::clicked, this, [this, id = info.id] { m_workbench.unloadModel(id); });
    row->addWidget(unload);
    return frame;
}

QWidget* ModelPopup::makeFileRow(int index) {
    const auto* library = m_workbench.library();
    const app::LibraryRow& file = library->at(index);
    auto* button = new QPushButton(m_inside);
    setLook(button, "flat");
    auto* row = new QHBoxLayout(button);
    row->setContentsMargins(space::S, space::XS, space::S, space::XS);
    auto* text = new QVBoxLayout;
    text->setSpacing(0);
    const QString title = file.name.isEmpty() ? file.fileName : file.name;
    auto* name = new QLabel(title, button);
    name->setTextFormat(Qt::PlainText);
    const QModelIndex fits = library->index(index, app::LibraryModel::Fits);
    auto* facts = new QLabel(file.problem.isEmpty() ? joinFacts({file.quantization, bytesText(file.sizeBytes),
                                                                 fits.data(Qt::DisplayRole).toString()})
                                                    : file.problem,
                             button);
    facts->setTextFormat(Qt::PlainText);
    facts->setWordWrap(true);
    setLook(facts, file.problem.isEmpty() ? "small" : "error");
    text->addWidget(name);
    text->addWidget(facts);
    row->addLayout(text, 1);
    for (QLabel* label : {name, facts})
        label->setAttribute(Qt::WA_TransparentForMouseEvents);
    button->setEnabled(file.problem.isEmpty() && m_workbench.loadingModel().isEmpty());
    button->setAccessibleName(m_beside ? tr("Load %1 beside the others").arg(title) : tr("Load %1").arg(title));
    button->setAccessibleDescription(facts->text());
    button->setToolTip(toolTipText(file.path));
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    button->setMinimumHeight(m_theme.px(file.problem.isEmpty() ? 46 : 64));
    connect(button, &QPushButton::clicked, this, [this, path = file.path] {
        m_workbench.loadModel(path, m_beside);
        refreshLoading();
    });
    return button;
}

void ModelPopup::refresh() {
    if (isVisible())
        fill();  // else it is filled when it opens
}

void ModelPopup::fill() {
    m_title->setText(m_beside ? tr("Load a second model") : tr("Models"));
    while (QLayoutItem* item = m_list->takeAt(0)) {
        if (QWidget* row = item->widget()) {  // later: it may be a click in this row that fills anew
            row->hide();
            row->setParent(nullptr);
            row->deleteLater();
        }
        delete item;
    }
    const QString needle = m_filter->text().trimmed();
    const auto wanted = [&needle](const QString& a, const QString& b) {
        return needle.isEmpty() || a.contains(needle, Qt::CaseInsensitive) || b.contains(needle, Qt::CaseInsensitive);
    };
    QStringList loadedPaths;
    for (const app::LoadedModelInfo& info : m_workbench.loadedModels()) {
        loadedPaths.append(info.path);
        if (!m_beside && wanted(info.name, info.path))
            m_list->addWidget(makeLoadedRow(info));
    }
    const auto* library = m_workbench.library();
    int shown = 0, more = 0;
    for (int i = 0; i < library->rowCount(); ++i) {
        const app::LibraryRow& file = library->at(i);
        if ((!m_beside && loadedPaths.contains(file.path)) || !wanted(file.name, file.fileName))
            continue;
        if (++shown <= MaxRows)
            m_list->addWidget(makeFileRow(i));
        else
            ++more;
    }
    if (more > 0) {
        auto* rest = new QLabel(tr("%n more in the library", nullptr, more), m_inside);
        setLook(rest, "muted");
        m_list->addWidget(rest);
    }
    m_list->addStretch(1);
    const bool nothing = shown == 0 && loadedPaths.isEmpty();
    m_empty->setVisible(shown == 0);
    m_empty->setText(!needle.isEmpty() ? tr("No model has these letters in its name.")
                     : nothing ? tr("No model file was found yet. Choose a GGUF file, or add a folder that holds some.")
                               : tr("No other model file was found. Choose one, or add a folder that holds some."));
    m_scroll->setVisible(m_list->count() > 1);
    for (QWidget* row : m_inside->findChildren<QWidget*>(Qt::FindDirectChildrenOnly))
        row->show();  // a layout leaves out what was never shown
    m_list->activate();
    m_scroll->setFixedHeight(qMin(m_inside->sizeHint().height() + 2, m_theme.px(340)));
    refreshLoading();
    if (isVisible())
        adjustSize();
}

}  // namespace ui
