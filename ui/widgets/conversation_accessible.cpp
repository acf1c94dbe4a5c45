#include "ui/widgets/conversation_accessible.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QHash>

#include "ui/widgets/conversation_view.h"

namespace ui {

// One message. Knows its row only; the text is asked for when a reader asks.
class MessageAccessible : public QAccessibleInterface, public QAccessibleActionInterface {
  public:
    MessageAccessible(ConversationView* view, int row) : m_view(view), m_row(row) {}

    bool isValid() const override { return m_view && m_view->model() && m_row < m_view->model()->rowCount(); }
    QObject* object() const override { return nullptr; }
    QWindow* window() const override { return nullptr; }
    QAccessibleInterface* parent() const override { return QAccessible::queryAccessibleInterface(m_view); }
    QAccessibleInterface* child(int) const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QAccessible::Role role() const override { return QAccessible::ListItem; }
    void setText(QAccessible::Text, const QString&) override {}

    QString text(QAccessible::Text which) const override {
        if (!isValid())
            return {};
        const QModelIndex index = m_view->model()->index(m_row);
        switch (which) {
            case QAccessible::Name: {
                const QString author = index.data(app::MessageModel::AuthorRole).toString();
                const QString error = index.data(app::MessageModel::ErrorRole).toString();
                const QString said = m_view->messageText(m_row);
                return error.isEmpty()
                           ? ConversationView::tr("%1: %2", "author and message").arg(author, said)
                           : ConversationView::tr("%1: %2 %3", "author, message, error").arg(author, said, error);
            }
            case QAccessible::Description:
                return index.data(app::MessageModel::StatsLineRole).toString();
            default:
                return {};
        }
    }
    QRect rect() const override {
        const QRect rect = isValid() ? m_view->messageRect(m_row) : QRect();
        return rect.isNull() ? QRect() : QRect(m_view->viewport()->mapToGlobal(rect.topLeft()), rect.size());
    }
    QAccessible::State state() const override {
        QAccessible::State state;
        state.focusable = state.selectable = state.readOnly = state.multiLine = true;
        state.focused = state.selected = m_view->hasFocus() && m_view->currentRow() == m_row;
        state.offscreen = rect().isNull();
        return state;
    }
    void* interface_cast(QAccessible::InterfaceType type) override {
        return type == QAccessible::ActionInterface ? static_cast<QAccessibleActionInterface*>(this) : nullptr;
    }

    QStringList actionNames() const override {
        return {setFocusAction(), ConversationView::tr("Copy"), ConversationView::tr("Edit"),
                ConversationView::tr("Regenerate"), ConversationView::tr("Delete")};
    }
    void doAction(const QString& name) override {
        if (!isValid())
            return;
        if (name == setFocusAction()) {
            m_view->setFocus();
            m_view->setCurrentRow(m_row);
            m_view->reveal(m_row, false);
            return;
        }
        const QStringList names = actionNames();
        constexpr MessageAction actions[] = {MessageAction::None, MessageAction::Copy, MessageAction::Edit,
                                             MessageAction::Regenerate, MessageAction::Delete};
        const qsizetype i = names.indexOf(name);
        if (i > 0)
            emit m_view->actionTriggered(m_row, actions[i]);
    }
    QStringList keyBindingsForAction(const QString&) const override { return {}; }

  private:
    ConversationView* m_view;
    int m_row;
};

class ConversationAccessible : public QAccessibleWidget {
  public:
    explicit ConversationAccessible(ConversationView* view)
        : QAccessibleWidget(view, QAccessible::List), m_view(view) {}
    ~ConversationAccessible() override { forget(); }

    int childCount() const override { return m_view->model() ? m_view->model()->rowCount() : 0; }
    QAccessibleInterface* child(int index) const override {
        if (index < 0 || index >= childCount())
            return nullptr;
        const auto found = m_children.constFind(index);
        if (found != m_children.constEnd())
            return QAccessible::accessibleInterface(*found);
        auto* message = new MessageAccessible(m_view, index);
        m_children.insert(index, QAccessible::registerAccessibleInterface(message));
        return message;
    }
    QAccessibleInterface* childAt(int x, int y) const override {
        return child(m_view->rowAt(m_view->viewport()->mapFromGlobal(QPoint(x, y))));
    }
    int indexOfChild(const QAccessibleInterface* child) const override {
        for (auto i = m_children.constBegin(); i != m_children.constEnd(); ++i)
            if (QAccessible::accessibleInterface(i.value()) == child)
                return i.key();
        return -1;
    }
    QAccessibleInterface* focusChild() const override { return child(m_view->currentRow()); }
    QString text(QAccessible::Text which) const override {
        if (which == QAccessible::Value)
            return ConversationView::tr("Messages: %1").arg(childCount());
        return QAccessibleWidget::text(which);
    }
    void forget() {
        for (const QAccessible::Id id : std::as_const(m_children))
            QAccessible::deleteAccessibleInterface(id);
        m_children.clear();
    }

  private:
    ConversationView* m_view;
    mutable QHash<int, QAccessible::Id> m_children;
};

namespace {

QAccessibleInterface* makeAccessible(const QString&, QObject* object) {
    auto* view = qobject_cast<ConversationView*>(object);
    return view ? new ConversationAccessible(view) : nullptr;
}

}  // namespace

void installConversationAccessible() {
    QAccessible::removeFactory(makeAccessible);
    QAccessible::installFactory(makeAccessible);
}

void notifyConversationReset(ConversationView* view) {
    if (!QAccessible::isActive())
        return;
    if (auto* list = dynamic_cast<ConversationAccessible*>(QAccessible::queryAccessibleInterface(view)))
        list->forget();
    QAccessibleEvent event(view, QAccessible::ObjectReorder);
    QAccessible::updateAccessibility(&event);
}

void notifyConversationRows(ConversationView* view, int first, int last, bool inserted) {
    if (!QAccessible::isActive())
        return;
    auto* list = dynamic_cast<ConversationAccessible*>(QAccessible::queryAccessibleInterface(view));
    if (list && !inserted)
        list->forget();  // rows have other numbers now
    if (!inserted)
        return;
    for (int row = first; row <= last && row < first + 10; ++row) {
        QAccessibleEvent event(view, QAccessible::ObjectCreated);
        event.setChild(row);
        QAccessible::updateAccessibility(&event);
    }
}

void notifyConversationChanged(ConversationView* view, int row) {
    if (!QAccessible::isActive())
        return;
    QAccessibleEvent event(view, QAccessible::NameChanged);
    event.setChild(row);
    QAccessible::updateAccessibility(&event);
}

void notifyConversationFocus(ConversationView* view, int row) {
    if (!QAccessible::isActive() || row < 0)
        return;
    QAccessibleEvent event(view, QAccessible::Focus);
    event.setChild(row);
    QAccessible::updateAccessibility(&event);
}

}  // namespace ui
