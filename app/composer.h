// What is typed and not sent yet: the draft on disk within a second, the exact token count of what would be sent.
// Thread: UI; counting happens on a pool thread.
#pragma once

#include <QObject>
#include <QTimer>

#include "app/values.h"

namespace app {

struct WorkbenchParts;

class Composer {
  public:
    explicit Composer(WorkbenchParts& parts);

    void setDraft(const QString& text);
    void saveDraft();  // now
    void recount();    // soon: the conversation, the settings or the model changed
    const ContextUse& use() const { return m_use; }

  private:
    void count();
    WorkbenchParts& m_parts;
    QTimer m_saveTimer, m_countTimer;
    ContextUse m_use;
    quint64 m_generation = 0;  // a count that was overtaken is dropped
    bool m_counting = false, m_again = false, m_unsaved = false;
};

}  // namespace app
