#include "ui/widgets/link_dialog.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/theme.h"

namespace ui {

QString LinkDialog::warningFor(const QString& url) {
    const QUrl parsed(url, QUrl::StrictMode);
    if (parsed.host(QUrl::FullyEncoded).contains(QLatin1String("xn--")))
        return tr("The name of this site uses letters of another alphabet. It may imitate a site that you know.");
    if (!parsed.userInfo().isEmpty())
        return tr("This address carries a user name before the site. The site is what stands after the @.");
    const QString host = parsed.host();
    if (!host.isEmpty() && std::all_of(host.begin(), host.end(), [](QChar c) {
            return c.isDigit() || c == QLatin1Char('.') || c == QLatin1Char(':');
        }))
        return tr("This address names a computer by its number, not by a name.");
    if (parsed.query().size() > 200)
        return tr("This address carries a lot of data in its query. It may send words of this chat to the site.");
    return {};
}

LinkDialog::LinkDialog(const Theme& theme, const QString& url, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Open this address?"));
    const QUrl parsed(url, QUrl::StrictMode);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(space::M);
    auto* lead =
        new QLabel(parsed.scheme() == QLatin1String("mailto")
                       ? tr("Your mail program would open with this address:")
                       : tr("Your browser would open this address at %1:").arg(parsed.host(QUrl::FullyEncoded)));
    lead->setTextFormat(Qt::PlainText);
    lead->setWordWrap(true);
    column->addWidget(lead);
    auto* address = new QPlainTextEdit(url);
    address->setReadOnly(true);
    address->setFont(theme.font(Type::Mono));
    address->setFixedHeight(theme.px(96));
    address->setAccessibleName(tr("The whole address"));
    column->addWidget(address);
    if (const QString warning = warningFor(url); !warning.isEmpty()) {
        auto* label = new QLabel(warning);
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        setLook(label, "warning");
        column->addWidget(label);
    }
    auto* buttons = new QDialogButtonBox;
    auto* open = buttons->addButton(tr("Open"), QDialogButtonBox::AcceptRole);
    auto* copy = buttons->addButton(tr("Copy the address"), QDialogButtonBox::ActionRole);
    auto* cancel = buttons->addButton(QDialogButtonBox::Cancel);
    open->setAutoDefault(false);
    copy->setAutoDefault(false);
    cancel->setDefault(true);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(copy, &QPushButton::clicked, this, [this, url] {
        QGuiApplication::clipboard()->setText(url);
        reject();
    });
    column->addWidget(buttons);
    resize(theme.px(520), sizeHint().height());
}

}  // namespace ui
