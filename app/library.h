// The library: folders are walked on a pool thread, files appear at once and are filled in; what is known of a file is
// kept in the store. Thread: UI.
#pragma once

#include <QHash>
#include <QSet>
#include <QStringList>
#include <QThreadPool>
#include <memory>
#include <stop_token>

#include "app/items/library_model.h"
#include "app/store/records.h"

namespace app {

struct WorkbenchParts;

class Library {
  public:
    explicit Library(WorkbenchParts& parts);
    ~Library();

    QStringList folders() const;  // the models folder first
    void addFolder(const QString& folder);
    void removeFolder(const QString& folder);
    void setKnown(std::vector<StoredModel> models);  // from the store, before the first scan
    void rescan();
    bool isScanning() const { return m_scanning; }
    void requestDetails(const QString& path);
    void hash(const QString& path);
    void forget(const QString& path);
    // The model was loaded now: remembered with its file.
    void used(const QString& path);
    QString ownTemplate(const QString& path) const;
    void setOwnTemplate(const QString& path, const QString& source);

  private:
    StoredModel& known(const QString& path);
    void keep(const QString& path);
    void filled(const LibraryRow& row, qint64 modifiedMs);

    WorkbenchParts& m_parts;
    QHash<QString, StoredModel> m_known;
    bool m_isKnown = false;  // what the store knows is here
    QSet<QString> m_toKeep;  // changed before it was
    QHash<JobId, std::stop_source> m_hashing;
    QThreadPool m_pool, m_hashPool;  // reading every byte of a large file keeps no list waiting
    std::stop_source m_scanStop;
    bool m_scanning = false;
};

// Reads a file's header and tells what the library shows. Thread: any.
LibraryRow readLibraryRow(const QString& path);
ModelDetails readModelDetails(const QString& path);

}  // namespace app
