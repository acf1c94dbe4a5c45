// One window per profile: a second start hands over to the first (it comes to the front, with the files it was given)
// or says who holds the profile. Thread: UI.
#pragma once

#include <QLocalServer>
#include <QLockFile>
#include <QObject>
#include <QStringList>
#include <memory>

namespace app {

class SingleInstance : public QObject {
    Q_OBJECT
  public:
    explicit SingleInstance(const QString& profileFolder, QObject* parent = nullptr);

    enum class Claim { First, HandedOver, Held };
    // First: this process holds the profile now. HandedOver: the first one was told. Held: it did not answer; holder()
    // names it.
    Claim claim(const QStringList& files);
    QString holder() const { return m_holder; }

  signals:
    void raised(const QStringList& files);  // in the first instance

  private:
    void listen();
    bool handOver(const QStringList& files);
    QString m_folder, m_socket, m_holder;
    std::unique_ptr<QLockFile> m_lock;
    QLocalServer m_server;
};

}  // namespace app
