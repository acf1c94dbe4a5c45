// The thin strip at the foot: each vital with its last 60 seconds, and the jobs at its end. Values that cannot be read
// show a dash and say why on hover. Narrow windows drop the lines first, then the least urgent values. Thread: UI.
#pragma once

#include <QAbstractButton>
#include <QFrame>
#include <QPersistentModelIndex>

class QAbstractItemModel;
class QHBoxLayout;

namespace app {
class JobModel;
}

namespace ui {

class Theme;

// A flat button of the strip. Its parts follow each other from the leading edge.
class StripButton : public QAbstractButton {
    Q_OBJECT
  public:
    StripButton(const Theme& theme, int pad, QWidget* parent);

  protected:
    void beginPaint(QPainter& painter);  // the ground under the mouse, the ring of the focus
    QRect nextPart(int width);
    bool isMirrored() const { return layoutDirection() == Qt::RightToLeft; }
    const Theme& m_theme;

  private:
    int m_pad, m_x = 0;
};

class VitalCell : public StripButton {
    Q_OBJECT
  public:
    VitalCell(const Theme& theme, const QModelIndex& index, const QColor& (*color)(const Theme&), QWidget* parent);
    QSize sizeHint() const override { return sizeFor(m_line); }
    QSize sizeFor(bool line) const;
    void setLine(bool on);
    void refresh();
    QString panelId() const;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    QString text() const;
    QPersistentModelIndex m_index;
    const QColor& (*m_color)(const Theme&);
    int m_widest = 0;  // of the value so far: the strip does not jitter
    bool m_line = true;
};

// "Jobs  1 running" and a bar.
class JobsButton : public StripButton {
    Q_OBJECT
  public:
    JobsButton(const Theme& theme, app::JobModel& jobs, QWidget* parent);
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    void refresh();
    app::JobModel& m_jobs;
    QString m_state;
    double m_fraction = -1;
    bool m_failed = false;
};

class VitalsStrip : public QFrame {
    Q_OBJECT
  public:
    VitalsStrip(const Theme& theme, QAbstractItemModel& vitals, app::JobModel& jobs, QWidget* parent = nullptr);
    JobsButton* jobsButton() const { return m_jobs; }

  signals:
    void panelRequested(const QString& id);
    void jobsRequested();

  protected:
    void resizeEvent(QResizeEvent* event) override;

  private:
    void fit();
    const Theme& m_theme;
    QHBoxLayout* m_row;
    QList<VitalCell*> m_cells;
    JobsButton* m_jobs;
};

}  // namespace ui
