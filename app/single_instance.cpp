#include "app/single_instance.h"

#include <QCryptographicHash>
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLocalSocket>
#include <QTimer>

namespace app {

namespace {
constexpr qint64 LongestMessage = 1 << 20;
}

SingleInstance::SingleInstance(const QString& profileFolder, QObject* parent)
    : QObject(parent), m_folder(profileFolder) {
    // A socket's path is short by the system's rule: the profile is named by its hash, in the folder for such things.
    const QByteArray hash =
        QCryptographicHash::hash(QDir(m_folder).canonicalPath().toUtf8(), QCryptographicHash::Sha256);
    m_socket = QStringLiteral("tessera-") + QString::fromLatin1(hash.toHex().left(24));
}

SingleInstance::Claim SingleInstance::claim(const QStringList& files) {
    m_lock = std::make_unique<QLockFile>(QDir(m_folder).filePath(QStringLiteral("instance.lock")));
    m_lock->setStaleLockTime(0);  // only a lock whose process is gone is stale, however long it was held
    if (m_lock->tryLock(0)) {
        listen();
        return Claim::First;
    }
    if (handOver(files))
        return Claim::HandedOver;
    // It may have ended in this moment.
    if (m_lock->tryLock(500)) {
        listen();
        return Claim::First;
    }
    qint64 pid = 0;
    QString host, program;
    m_holder = m_lock->getLockInfo(&pid, &host, &program)
                   ? tr("%1, process %2 on %3", "program, number and computer").arg(program).arg(pid).arg(host)
                   : tr("another program");
    return Claim::Held;
}

void SingleInstance::listen() {
    QLocalServer::removeServer(m_socket);  // left by a process that was killed; the lock says that it is gone
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket* socket = m_server.nextPendingConnection()) {
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
            QTimer::singleShot(5000, socket, [socket] { socket->abort(); });
            connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
                if (socket->bytesAvailable() > LongestMessage)
                    return socket->abort();
                if (!socket->canReadLine())
                    return;
                QStringList files;
                for (const QJsonValue& value : QJsonDocument::fromJson(socket->readLine()).array())
                    if (value.isString())
                        files << value.toString();
                socket->write("ok\n");
                socket->disconnectFromServer();
                emit raised(files);
            });
        }
    });
    m_server.listen(m_socket);
}

bool SingleInstance::handOver(const QStringList& files) {
    QLocalSocket socket;
    socket.connectToServer(m_socket);
    if (!socket.waitForConnected(1000))
        return false;
    QJsonArray array;
    for (const QString& file : files)
        array.append(QDir::current().absoluteFilePath(file));
    socket.write(QJsonDocument(array).toJson(QJsonDocument::Compact) + '\n');
    return socket.waitForBytesWritten(1000) && socket.waitForReadyRead(2000) && socket.readLine().startsWith("ok");
}

}  // namespace app
