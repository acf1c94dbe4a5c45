#include "ui/widgets/banner_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench.h"
#include "ui/icons.h"
#include "ui/theme.h"

namespace ui {

BannerBar::BannerBar(app::Workbench& workbench, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_theme(theme) {
    setAccessibleName(tr("Notices"));
    m_column = new QVBoxLayout(this);
    m_column->setContentsMargins(space::M, space::S, space::M, space::S);
    m_column->setSpacing(space::XS);
    connect(&workbench, &app::Workbench::bannersChanged, this, &BannerBar::refresh);
    connect(&theme, &Theme::changed, this, &BannerBar::refresh);  // the signs are pictures in its colours
    refresh();
}

void BannerBar::refresh() {
    while (QLayoutItem* item = m_column->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    const QList<app::Banner> banners = m_workbench.banners();
    for (const app::Banner& banner : banners) {
        auto* frame = new QFrame(this);
        const bool error = banner.severity == app::Severity::Error;
        const bool info = banner.severity == app::Severity::Info;
        setLook(frame, error ? "note-error" : info ? "note-info" : "note");
        auto* row = new QHBoxLayout(frame);
        row->setContentsMargins(space::M, space::XS, space::XS, space::XS);
        auto* sign = new QLabel(frame);
        sign->setPixmap(icon(m_theme,
                             error  ? QStringLiteral("error")
                             : info ? QStringLiteral("info")
                                    : QStringLiteral("warning"),
                             error  ? IconTone::Error
                             : info ? IconTone::Accent
                                    : IconTone::Warning)
                            .pixmap(m_theme.px(16), m_theme.px(16)));
        sign->setAccessibleName(error ? tr("Error") : info ? tr("Notice") : tr("Warning"));
        row->addWidget(sign, 0, Qt::AlignTop);
        auto* text = new QLabel(frame);
        text->setTextFormat(Qt::PlainText);
        text->setText(banner.text);
        text->setWordWrap(true);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        setLook(text, error ? "error" : info ? "plain" : "warning");
        row->addWidget(text, 1);
        if (banner.action) {
            auto* action = new QPushButton(banner.action.text, frame);
            connect(action, &QPushButton::clicked, this, [this, id = banner.action.id] { m_workbench.runAction(id); });
            row->addWidget(action);
        }
        auto* close = new QToolButton(frame);
        close->setIcon(icon(m_theme, QStringLiteral("close"), IconTone::Muted));
        close->setToolTip(tr("Dismiss"));
        close->setAccessibleName(tr("Dismiss: %1").arg(banner.text));
        connect(close, &QToolButton::clicked, this, [this, id = banner.id] { m_workbench.dismissBanner(id); });
        row->addWidget(close, 0, Qt::AlignTop);
        m_column->addWidget(frame);
    }
    setVisible(!banners.isEmpty());
}

}  // namespace ui
