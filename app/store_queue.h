// The store on its own thread: work is done in the order in which it was posted, results come back on the UI thread. A
// disk that stalls stalls no window. Thread: UI.
#pragma once

#include <QObject>
#include <QPointer>
#include <QThreadPool>
#include <functional>
#include <memory>
#include <new>

#include "app/store/store.h"

namespace app {

class StoreQueue : public QObject {
    Q_OBJECT
  public:
    explicit StoreQueue(std::string path, QObject* parent = nullptr);
    ~StoreQueue() override;  // what was posted is done first

    void open();  // opened() follows
    bool isOpen() const { return m_open; }
    bool readOnly() const { return m_readOnly; }
    // Work in hand. finished() follows when it reaches 0.
    int pending() const { return m_pending; }
    void flush();  // waits; for the end of the program and for tests

    // work(Store&) -> Result<T> on the store's thread; then(Result<T>) on this one, unless `context` is gone. An
    // exception of the work becomes its error.
    template <typename Work, typename Then>
    void post(QObject* context, Work work, Then then) {
        using R = std::invoke_result_t<Work, Store&>;
        submit([this, context = QPointer<QObject>(context), work = std::move(work), then = std::move(then)]() mutable {
            auto result = std::make_shared<R>(m_store ? valueOf<R>([&] { return work(*m_store); }) : R(m_openError));
            return std::function<void()>([context, then = std::move(then), result]() mutable {
                if (context)
                    then(std::move(*result));
            });
        });
    }

  signals:
    // problem empty: it can be used. notices: what happened while opening, in sentences.
    void opened(const QStringList& notices, const QString& problem);
    void finished();

  private:
    template <typename R, typename Work>
    static R valueOf(Work&& work) {
        try {
            return work();
        } catch (const std::bad_alloc&) {
            return R(engine::Error{engine::ErrorCode::OutOfMemory, "there was not enough memory for this", {}});
        } catch (const std::exception& e) {
            return R(engine::Error{engine::ErrorCode::Internal, e.what(), {}});
        }
    }
    void submit(std::function<std::function<void()>()> work);

    std::string m_path;
    std::unique_ptr<Store> m_store;  // store thread only
    engine::Error m_openError{engine::ErrorCode::Internal, "the store is not open yet", {}};
    QThreadPool m_pool;
    bool m_open = false, m_readOnly = false;
    int m_pending = 0;
};

}  // namespace app
