#include "app/store_queue.h"

#include <QCoreApplication>

namespace app {

StoreQueue::StoreQueue(std::string path, QObject* parent) : QObject(parent), m_path(std::move(path)) {
    m_pool.setMaxThreadCount(1);  // one thread: the order of posting is the order of doing
    m_pool.setExpiryTimeout(-1);
}

StoreQueue::~StoreQueue() {
    m_pool.waitForDone();
}

void StoreQueue::submit(std::function<std::function<void()>()> work) {
    ++m_pending;
    m_pool.start([this, work = std::move(work)] {
        auto answer = work();
        QMetaObject::invokeMethod(
            this,
            [this, answer = std::move(answer)] {
                --m_pending;
                answer();
                if (m_pending == 0)
                    emit finished();
            },
            Qt::QueuedConnection);
    });
}

void StoreQueue::open() {
    submit([this]() -> std::function<void()> {
        auto store = valueOf<engine::Result<std::unique_ptr<Store>>>([&] { return Store::open(m_path); });
        QStringList notices;
        QString problem;
        bool readOnly = false;
        if (store) {
            m_store = std::move(*store);
            readOnly = m_store->readOnly();
            for (const std::string& notice : m_store->notices())
                notices << QString::fromStdString(notice);
        } else {
            m_openError = store.error();
            problem = QString::fromStdString(m_openError.message);
        }
        return [this, notices, problem, readOnly] {
            m_open = problem.isEmpty();
            m_readOnly = readOnly;
            emit opened(notices, problem);
        };
    });
}

void StoreQueue::flush() {
    m_pool.waitForDone();
    QCoreApplication::sendPostedEvents(this, QEvent::MetaCall);
}

}  // namespace app
