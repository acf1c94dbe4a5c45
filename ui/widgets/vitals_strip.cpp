#include "ui/widgets/vitals_strip.h"

#include <QAbstractItemModel>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include "app/items/job_model.h"
#include "app/items/vitals_model.h"
#include "ui/panels.h"
#include "ui/theme.h"
#include "ui/widgets/spark_line.h"
#include "ui/words.h"

namespace ui {

namespace {

constexpr int LineWidth = 64, LineHeight = 16, Gap = 8;

template <int Index>
const QColor& seriesColor(const Theme& theme) {
    return theme.tokens().series[Index];
}

// Values that belong together keep one colour in strip and charts.
const QColor& (*colorOf(const QString& id))(const Theme&) {
    if (id == QLatin1String("kv-pages"))
        return seriesColor<2>;
    if (id == QLatin1String("cpu"))
        return seriesColor<1>;
    if (id == QLatin1String("memory"))
        return seriesColor<3>;
    if (id == QLatin1String("gpu"))
        return seriesColor<4>;
    if (id == QLatin1String("first-token"))
        return seriesColor<5>;
    return seriesColor<0>;
}

// Dropped in this order when there is no room.
int urgency(const QString& id) {
    static const QStringList order = {QStringLiteral("gpu"), QStringLiteral("first-token"), QStringLiteral("kv-pages"),
                                      QStringLiteral("cpu"), QStringLiteral("memory"),      QStringLiteral("speed")};
    return static_cast<int>(order.indexOf(id));
}

}  // namespace

StripButton::StripButton(const Theme& theme, int pad, QWidget* parent)
    : QAbstractButton(parent), m_theme(theme), m_pad(pad) {
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
}

void StripButton::beginPaint(QPainter& painter) {
    const Tokens& t = m_theme.tokens();
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse() || hasFocus()) {
        painter.setPen(hasFocus() ? QPen(t.accent, 1.5) : QPen(Qt::NoPen));
        painter.setBrush(t.surface2);
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::Control, radius::Control);
    }
    m_x = m_pad;
}

QRect StripButton::nextPart(int width) {
    const QRect part(isMirrored() ? this->width() - m_x - width : m_x, 0, width, height());
    m_x += width + Gap;
    return part;
}

VitalCell::VitalCell(const Theme& theme, const QModelIndex& index, const QColor& (*color)(const Theme&),
                     QWidget* parent)
    : StripButton(theme, space::XS, parent), m_index(index), m_color(color) {
    setObjectName(QStringLiteral("vital-") + index.data(app::VitalsModel::IdRole).toString());
    connect(&theme, &Theme::changed, this, [this] {
        m_widest = 0;
        refresh();
    });
    refresh();
}

QString VitalCell::text() const {
    // A machine without a GPU is in order: a word says more than the dash of a failed reading.
    if (m_index.data(app::VitalsModel::IdRole).toString() == QLatin1String("gpu") &&
        !m_index.data(app::VitalsModel::ReasonRole).toString().isEmpty())
        return tr("not used");
    return m_index.data(app::VitalsModel::TextRole).toString();
}

QString VitalCell::panelId() const {
    return m_index.data(app::VitalsModel::PanelRole).toString();
}

void VitalCell::refresh() {
    setAccessibleName(m_index.data(app::VitalsModel::NameRole).toString());
    setAccessibleDescription(m_index.data(Qt::AccessibleTextRole).toString());
    setToolTip(toolTipText(m_index.data(Qt::ToolTipRole).toString()));
    const int wide = QFontMetrics(m_theme.font(Type::SmallStrong)).horizontalAdvance(text());
    if (wide > m_widest) {
        m_widest = wide;
        updateGeometry();
    }
    update();
}

void VitalCell::setLine(bool on) {
    if (m_line == on)
        return;
    m_line = on;
    updateGeometry();
    update();
}

QSize VitalCell::sizeFor(bool line) const {
    const QFontMetrics name(m_theme.font(Type::Small));
    const int nameWidth = name.horizontalAdvance(m_index.data(app::VitalsModel::NameRole).toString());
    const int lineWidth = line ? m_theme.px(LineWidth) + Gap : 0;
    return {space::XS * 2 + nameWidth + Gap + m_widest + lineWidth, m_theme.px(26)};
}

void VitalCell::paintEvent(QPaintEvent*) {
    const Tokens& t = m_theme.tokens();
    QPainter painter(this);
    beginPaint(painter);
    const QString name = m_index.data(app::VitalsModel::NameRole).toString();
    const bool unknown = !m_index.data(app::VitalsModel::ReasonRole).toString().isEmpty();
    painter.setFont(m_theme.font(Type::Small));
    painter.setPen(t.muted);
    painter.drawText(nextPart(QFontMetrics(painter.font()).horizontalAdvance(name)), Qt::AlignVCenter, name);
    painter.setFont(m_theme.font(unknown ? Type::Small : Type::SmallStrong));
    painter.setPen(unknown ? t.muted : t.text);
    // A number and its unit read from left to right in every layout.
    painter.drawText(nextPart(m_widest),
                     Qt::AlignVCenter | Qt::TextForceLeftToRight | (isMirrored() ? Qt::AlignRight : Qt::AlignLeft),
                     text());
    if (!m_line)
        return;
    QRectF line = nextPart(m_theme.px(LineWidth));
    const double high = m_theme.px(LineHeight);
    line = QRectF(line.left(), (height() - high) / 2, line.width(), high);
    paintSparkLine(painter, line.adjusted(0, 1, 0, -1),
                   m_index.data(app::VitalsModel::HistoryRole).value<QList<double>>(), app::VitalsModel::HistoryLength,
                   m_index.data(app::VitalsModel::MaximumRole).toDouble(), m_color(m_theme));
}

JobsButton::JobsButton(const Theme& theme, app::JobModel& jobs, QWidget* parent)
    : StripButton(theme, space::S, parent), m_jobs(jobs) {
    setObjectName(QStringLiteral("jobs-button"));
    setAccessibleName(tr("Jobs"));
    connect(&jobs, &QAbstractItemModel::dataChanged, this, &JobsButton::refresh);
    connect(&jobs, &QAbstractItemModel::rowsInserted, this, &JobsButton::refresh);
    connect(&jobs, &QAbstractItemModel::rowsRemoved, this, &JobsButton::refresh);
    connect(&jobs, &QAbstractItemModel::modelReset, this, &JobsButton::refresh);
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(), update(); });
    refresh();
}

void JobsButton::refresh() {
    int running = 0, failed = 0;
    double sum = 0;
    bool known = true;
    for (int i = 0; i < m_jobs.rowCount(); ++i) {
        const QModelIndex index = m_jobs.index(i);
        const auto state = static_cast<app::JobState>(index.data(app::JobModel::StateRole).toInt());
        failed += state == app::JobState::Failed;
        if (state != app::JobState::Running)
            continue;
        ++running;
        const double fraction = index.data(app::JobModel::FractionRole).toDouble();
        known = known && fraction >= 0;
        sum += qMax(0.0, fraction);
    }
    m_failed = failed > 0 && running == 0;
    m_fraction = running == 0 ? -1 : known ? sum / running : 0;
    const int finished = m_jobs.rowCount() - running;
    m_state = running > 0    ? tr("%n running", nullptr, running)
              : failed > 0   ? tr("%n failed", nullptr, failed)
              : finished > 0 ? tr("%n done", nullptr, finished)
                             : tr("none");
    setAccessibleDescription(m_state);
    setToolTip(tr("Show what is running and what has finished"));
    updateGeometry();
    update();
}

QSize JobsButton::sizeHint() const {
    const int text = QFontMetrics(m_theme.font(Type::Small)).horizontalAdvance(tr("Jobs")) + Gap +
                     QFontMetrics(m_theme.font(Type::SmallStrong)).horizontalAdvance(m_state);
    return {space::S * 2 + text + (m_fraction >= 0 ? m_theme.px(90) + Gap : 0), m_theme.px(26)};
}

void JobsButton::paintEvent(QPaintEvent*) {
    const Tokens& t = m_theme.tokens();
    QPainter painter(this);
    beginPaint(painter);
    painter.setFont(m_theme.font(Type::Small));
    painter.setPen(t.muted);
    painter.drawText(nextPart(QFontMetrics(painter.font()).horizontalAdvance(tr("Jobs"))), Qt::AlignVCenter,
                     tr("Jobs"));
    painter.setFont(m_theme.font(Type::SmallStrong));
    painter.setPen(m_failed ? t.error : m_fraction >= 0 ? t.text : t.muted);
    painter.drawText(nextPart(QFontMetrics(painter.font()).horizontalAdvance(m_state)), Qt::AlignVCenter, m_state);
    if (m_fraction < 0)
        return;
    QRectF bar = nextPart(m_theme.px(90));
    bar = QRectF(bar.left(), height() / 2.0 - 2.5, bar.width(), 5);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.surface2);
    painter.drawRoundedRect(bar, 2.5, 2.5);
    painter.setBrush(t.accent);
    const double filled = bar.width() * qBound(0.03, m_fraction, 1.0);
    painter.drawRoundedRect(QRectF(isMirrored() ? bar.right() - filled : bar.left(), bar.top(), filled, 5), 2.5, 2.5);
}

VitalsStrip::VitalsStrip(const Theme& theme, QAbstractItemModel& vitals, app::JobModel& jobs, QWidget* parent)
    : QFrame(parent), m_theme(theme) {
    setLook(this, "bar-bottom");
    setAccessibleName(tr("Vitals"));
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(space::S, 3, space::S, 3);
    m_row->setSpacing(space::S);
    for (int i = 0; i < vitals.rowCount(); ++i) {
        const QModelIndex index = vitals.index(i, 0);
        auto* cell = new VitalCell(theme, index, colorOf(index.data(app::VitalsModel::IdRole).toString()), this);
        m_row->addWidget(cell);
        m_cells.append(cell);
        connect(cell, &QAbstractButton::clicked, this, [this, cell] {
            if (findPanel(cell->panelId()))
                emit panelRequested(cell->panelId());
            else
                QToolTip::showText(cell->mapToGlobal(QPoint(0, -cell->height() - 4)), cell->toolTip(), cell);
        });
    }
    m_row->addStretch(1);
    m_jobs = new JobsButton(theme, jobs, this);
    m_row->addWidget(m_jobs);
    connect(m_jobs, &QAbstractButton::clicked, this, &VitalsStrip::jobsRequested);
    connect(&vitals, &QAbstractItemModel::dataChanged, this, [this] {
        for (VitalCell* cell : m_cells)
            cell->refresh();
        fit();
    });
    connect(&theme, &Theme::changed, this, &VitalsStrip::fit);
    setMinimumWidth(0);
}

void VitalsStrip::resizeEvent(QResizeEvent* event) {
    QFrame::resizeEvent(event);
    fit();
}

void VitalsStrip::fit() {
    const int room = width() - m_jobs->sizeHint().width() - space::S * 4;
    const auto needed = [this](bool lines) {
        int sum = 0;
        for (const VitalCell* cell : m_cells)
            sum += cell->sizeFor(lines).width() + space::S;
        return sum;
    };
    const bool lines = needed(true) <= room;
    int sum = needed(lines);
    QList<VitalCell*> byUrgency = m_cells;
    std::sort(byUrgency.begin(), byUrgency.end(), [](const VitalCell* a, const VitalCell* b) {
        return urgency(a->objectName().mid(6)) < urgency(b->objectName().mid(6));
    });
    QSet<VitalCell*> dropped;
    for (VitalCell* cell : byUrgency) {
        if (sum <= room)
            break;
        sum -= cell->sizeFor(lines).width() + space::S;
        dropped.insert(cell);
    }
    for (VitalCell* cell : m_cells) {
        cell->setLine(lines);
        cell->setVisible(!dropped.contains(cell));
    }
}

}  // namespace ui
