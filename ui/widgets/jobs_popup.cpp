#include "ui/widgets/jobs_popup.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"

namespace ui {

JobsPopup::JobsPopup(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : Popup(parent), m_workbench(workbench), m_theme(theme) {
    setAccessibleName(tr("Jobs"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::M, space::M, space::M, space::M);
    column->setSpacing(space::S);
    auto* head = new QHBoxLayout;
    auto* title = new QLabel(tr("Jobs"), this);
    setLook(title, "strong");
    auto* clear = new QToolButton(this);
    clear->setText(tr("Dismiss finished"));
    setLook(clear, "link");
    connect(clear, &QToolButton::clicked, this, [this] {
        auto* jobs = m_workbench.jobs();
        QList<app::JobId> finished;
        for (int i = 0; i < jobs->rowCount(); ++i)
            if (jobs->index(i).data(app::JobModel::StateRole).toInt() != static_cast<int>(app::JobState::Running))
                finished.append(jobs->index(i).data(app::JobModel::IdRole).value<app::JobId>());
        for (const app::JobId id : finished)
            m_workbench.dismissJob(id);
    });
    head->addWidget(title);
    head->addStretch(1);
    head->addWidget(clear);
    column->addLayout(head);
    m_empty = new QLabel(tr("Loading, exporting, importing and hashing show here while they run."), this);
    setLook(m_empty, "muted");
    m_empty->setWordWrap(true);
    column->addWidget(m_empty);
    m_scroll = new QScrollArea(this);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_inside = new QWidget;
    setLook(m_inside, "inside");
    m_list = new QVBoxLayout(m_inside);
    m_list->setContentsMargins(0, 0, 0, 0);
    m_list->setSpacing(space::S);
    m_list->addStretch(1);
    m_scroll->setWidget(m_inside);
    column->addWidget(m_scroll);
    setFixedWidth(theme.px(380));
    connect(&theme, &Theme::changed, this, [this] { setFixedWidth(m_theme.px(380)); });
    auto* jobs = workbench.jobs();
    connect(jobs, &QAbstractItemModel::dataChanged, this, &JobsPopup::refresh);
    connect(jobs, &QAbstractItemModel::rowsInserted, this, &JobsPopup::refresh);
    connect(jobs, &QAbstractItemModel::rowsRemoved, this, &JobsPopup::refresh);
    connect(jobs, &QAbstractItemModel::modelReset, this, &JobsPopup::refresh);
    refresh();
}

JobsPopup::Row JobsPopup::makeRow(app::JobId id) {
    Row row;
    row.frame = new QFrame(m_inside);
    setLook(row.frame, "card");
    auto* column = new QVBoxLayout(row.frame);
    column->setContentsMargins(space::M, space::S, space::S, space::S);
    column->setSpacing(space::XS);
    auto* head = new QHBoxLayout;
    row.name = new QLabel(row.frame);
    row.name->setTextFormat(Qt::PlainText);
    row.name->setWordWrap(true);
    setLook(row.name, "strong");
    row.cancel = new QToolButton(row.frame);
    row.cancel->setText(tr("Cancel"));
    setLook(row.cancel, "link");
    row.dismiss = new QToolButton(row.frame);
    row.dismiss->setIcon(icon(m_theme, QStringLiteral("close"), IconTone::Muted));
    row.dismiss->setToolTip(tr("Dismiss"));
    connect(row.cancel, &QToolButton::clicked, this, [this, id] { m_workbench.cancelJob(id); });
    connect(row.dismiss, &QToolButton::clicked, this, [this, id] { m_workbench.dismissJob(id); });
    head->addWidget(row.name, 1);
    head->addWidget(row.cancel, 0, Qt::AlignTop);
    head->addWidget(row.dismiss, 0, Qt::AlignTop);
    column->addLayout(head);
    row.bar = new QProgressBar(row.frame);
    row.bar->setTextVisible(false);
    column->addWidget(row.bar);
    row.facts = new QLabel(row.frame);
    row.facts->setTextFormat(Qt::PlainText);
    row.facts->setWordWrap(true);
    row.facts->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    column->addWidget(row.facts);
    m_list->insertWidget(0, row.frame);
    return row;
}

void JobsPopup::refresh() {
    auto* jobs = m_workbench.jobs();
    QSet<app::JobId> present;
    for (int i = 0; i < jobs->rowCount(); ++i) {
        const QModelIndex index = jobs->index(i);
        const auto id = index.data(app::JobModel::IdRole).value<app::JobId>();
        present.insert(id);
        if (!m_rows.contains(id))
            m_rows.insert(id, makeRow(id));
        const Row& row = m_rows[id];
        const auto state = static_cast<app::JobState>(index.data(app::JobModel::StateRole).toInt());
        const bool running = state == app::JobState::Running;
        const QString name = index.data(app::JobModel::NameRole).toString();
        row.name->setText(name);
        row.frame->setAccessibleName(index.data(Qt::AccessibleTextRole).toString());
        const double fraction = index.data(app::JobModel::FractionRole).toDouble();
        row.bar->setVisible(running);
        row.bar->setRange(0, fraction < 0 ? 0 : 1000);
        row.bar->setValue(qRound(fraction * 1000));
        row.bar->setAccessibleName(tr("Progress of %1").arg(name));
        row.cancel->setVisible(index.data(app::JobModel::CancellableRole).toBool());
        row.cancel->setAccessibleName(tr("Cancel %1").arg(name));
        row.dismiss->setVisible(!running);
        row.dismiss->setAccessibleName(tr("Dismiss %1").arg(name));
        QStringList facts;
        if (running) {
            facts = {index.data(app::JobModel::StageRole).toString(), index.data(app::JobModel::RateRole).toString(),
                     index.data(app::JobModel::TimeLeftRole).toString()};
        } else {
            const QString result = index.data(app::JobModel::ResultRole).toString();
            facts = {state == app::JobState::Failed      ? tr("Failed: %1").arg(result)
                     : state == app::JobState::Cancelled ? (result.isEmpty() ? tr("Cancelled") : result)
                                                         : (result.isEmpty() ? tr("Done") : result)};
        }
        facts.removeAll(QString());
        setLook(row.facts, state == app::JobState::Failed ? "error" : "small");
        row.facts->setText(facts.join(QStringLiteral(" · ")));
    }
    for (auto it = m_rows.begin(); it != m_rows.end();) {
        if (present.contains(it.key())) {
            ++it;
            continue;
        }
        it.value().frame->deleteLater();
        it = m_rows.erase(it);
    }
    m_empty->setVisible(m_rows.isEmpty());
    m_scroll->setVisible(!m_rows.isEmpty());
    m_scroll->setFixedHeight(qMin(m_inside->sizeHint().height(), m_theme.px(360)));
}

}  // namespace ui
