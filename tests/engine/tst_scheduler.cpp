// The scheduler on an imaginary model whose next token depends on the whole sequence: whatever is cut, shared,
// preempted or cancelled, each sequence gets the tokens that it would get alone.
#include <QtTest>

#include <list>
#include <map>
#include <random>

#include "engine/run/scheduler.h"

using namespace engine;

namespace {

constexpr int64_t PageTokens = 4;

int32_t nextToken(const std::vector<int32_t>& ids) {
    uint32_t hash = 17;
    for (const int32_t id : ids)
        hash = hash * 31 + static_cast<uint32_t>(id);
    return static_cast<int32_t>((hash >> 7) % 3);
}

struct Job {
    Sequence sequence;
    size_t promptTokens = 0;
    size_t goal = 0;  // length at which it is done
    int64_t submitted = 0;
};

// A pool, its pages' contents and the jobs that run on them.
struct World {
    World(int64_t nPages, Scheduler::Limits limits)
        : pool(nullptr, nPages, PageTokens),
          scheduler(pool, limits),
          content(static_cast<size_t>(nPages * PageTokens), -1) {}

    Job& submit(std::vector<int32_t> prompt, size_t reply, int priority = 0) {
        Job& job = jobs.emplace_back();
        job.sequence.id = job.sequence.table.owner = ++lastId;
        job.sequence.priority = priority;
        job.promptTokens = prompt.size();
        job.goal = prompt.size() + reply;
        job.sequence.ids = std::move(prompt);
        job.submitted = steps;
        scheduler.add(&job.sequence);
        return job;
    }

    // One step. A row reads every earlier position through its page table, as attention does. Returns the rows.
    int64_t step(int64_t budget) {
        ++steps;
        int64_t rows = 0;
        scheduler.plan(budget);
        guess();
        struct Sampled {
            Sequence* sequence;
            int64_t guesses;
        };
        std::vector<Sampled> sampled;
        for (const PlannedRows& p : scheduler.planned()) {
            Sequence& s = *p.sequence;
            rows += p.rows;
            ok &= p.rows >= 1 && p.rows - p.guesses <= s.remaining();
            std::vector<int32_t> ids = s.ids;
            ids.insert(ids.end(), s.guesses.begin(), s.guesses.begin() + p.guesses);
            for (int64_t i = s.computed; i < s.computed + p.rows; ++i)
                content[place(s, i)] = ids[static_cast<size_t>(i)];
            for (int64_t i = 0; i < s.computed + p.rows; ++i)
                ok &= content[place(s, i)] == ids[static_cast<size_t>(i)];
            ok &= p.wantsLogits == (p.rows - p.guesses == s.remaining());
            if (p.wantsLogits)
                sampled.push_back({&s, p.guesses});
        }
        scheduler.commit();
        for (const Sampled& row : sampled) {
            Sequence& s = *row.sequence;
            const auto goal = std::find_if(jobs.begin(), jobs.end(), [&](Job& j) { return &j.sequence == &s; })->goal;
            s.ids.push_back(nextToken(s.ids));
            for (int64_t i = 0;
                 i < row.guesses && s.ids.back() == s.guesses[static_cast<size_t>(i)] && s.ids.size() < goal;
                 ++i, ++confirmed) {
                scheduler.confirm(&s);
                s.ids.push_back(nextToken(s.ids));
            }
        }
        for (auto it = jobs.begin(); it != jobs.end();) {
            if (it->sequence.ids.size() >= it->goal) {
                scheduler.remove(&it->sequence);
                check(*it);
                it = jobs.erase(it);
                ++finished;
            } else {
                ++it;
            }
        }
        const auto& c = pool.counts();
        ok &= c.free + c.held + c.cached == c.total && rows <= budget;
        return rows;
    }

    // For some of the planned sequences: what comes next, now and then with a mistake.
    void guess() {
        if (guessShare == 0)
            return;
        std::vector<const Sequence*> planned;
        for (const PlannedRows& p : scheduler.planned())
            planned.push_back(p.sequence);
        for (const Sequence* s : planned) {
            if (random() % 100 >= guessShare)
                continue;
            std::vector<int32_t> ids = s->ids, guesses;
            for (uint32_t n = random() % 9; n > 0; --n) {
                ids.push_back(random() % 6 == 0 ? 1 : nextToken(ids));
                guesses.push_back(ids.back());
            }
            guessed += scheduler.addGuesses(s, guesses);
        }
    }

    size_t place(const Sequence& s, int64_t position) const {
        const int64_t page = s.table.pages[static_cast<size_t>(position / PageTokens)];
        return static_cast<size_t>(page * PageTokens + position % PageTokens);
    }

    void check(const Job& job) {
        std::vector<int32_t> alone(job.sequence.ids.begin(),
                                   job.sequence.ids.begin() + static_cast<int64_t>(job.promptTokens));
        while (alone.size() < job.goal)
            alone.push_back(nextToken(alone));
        ok &= alone == job.sequence.ids;
        longestStay = std::max(longestStay, steps - job.submitted);
    }

    KvPool pool;
    Scheduler scheduler;
    std::vector<int32_t> content;
    std::list<Job> jobs;
    uint64_t lastId = 0;
    int64_t steps = 0, finished = 0, longestStay = 0;
    uint32_t guessShare = 0;  // of 100 planned sequences
    int64_t guessed = 0, confirmed = 0;
    std::mt19937 random{5};
    bool ok = true;
};

std::vector<int32_t> prompt(std::mt19937& random, size_t n) {
    std::vector<int32_t> ids(n);
    for (int32_t& id : ids)
        id = static_cast<int32_t>(random() % 3);
    return ids;
}

}  // namespace

class TstScheduler : public QObject {
    Q_OBJECT

  private slots:
    void mixesPromptAndDecode();
    void chunksPrompt();
    void importantFirst();
    void preemptsAndRecovers();
    void waitingEarnsPriority();
    void guessesTakeOnlyWhatIsLeft();
    void randomRequests_data();
    void randomRequests();
};

void TstScheduler::mixesPromptAndDecode() {
    World world(100, {.maxBatchRows = 16, .prefillChunk = 16});
    std::mt19937 random(1);
    world.submit(prompt(random, 5), 10);
    world.step(16);
    world.submit(prompt(random, 9), 10);
    const auto plan = world.scheduler.plan(16);
    QCOMPARE(plan.size(), size_t{2});
    QCOMPARE(plan[0].rows, int64_t{1});
    QCOMPARE(plan[1].rows, int64_t{9});
    QVERIFY(plan[0].wantsLogits && plan[1].wantsLogits);
}

void TstScheduler::chunksPrompt() {
    World world(100, {.maxBatchRows = 8, .prefillChunk = 6});
    std::mt19937 random(1);
    world.submit(prompt(random, 20), 1);
    QCOMPARE(world.step(8), int64_t{6});
    QCOMPARE(world.step(8), int64_t{6});
    QCOMPARE(world.step(4), int64_t{4});
    QCOMPARE(world.finished, int64_t{0});
    QCOMPARE(world.step(8), int64_t{4});
    QCOMPARE(world.finished, int64_t{1});
    QCOMPARE(world.step(8), int64_t{0});
    QVERIFY(world.ok);
}

void TstScheduler::importantFirst() {
    World world(6, {.maxBatchRows = 8, .prefillChunk = 8});
    std::mt19937 random(1);
    world.submit(prompt(random, 16), 4);
    world.step(8);
    Job& chat = world.submit(prompt(random, 12), 2, 1);  // does not fit beside the first: takes its place
    world.step(8);
    QVERIFY(chat.sequence.computed > 0);
    QCOMPARE(world.scheduler.waiting(), int64_t{1});
    while (world.step(8) > 0) {
    }
    QCOMPARE(world.finished, int64_t{2});
    QVERIFY(world.ok);
}

void TstScheduler::preemptsAndRecovers() {
    World world(8, {.maxBatchRows = 8, .prefillChunk = 8});
    std::mt19937 random(3);
    Job& first = world.submit(prompt(random, 4), 26);
    Job& second = world.submit(prompt(random, 4), 26);
    int64_t preempted = 0;
    while (!world.jobs.empty() && world.steps < 1000) {
        world.step(8);
        if (world.finished == 0)
            preempted = std::max(preempted, first.sequence.preemptions + second.sequence.preemptions);
    }
    QVERIFY(preempted > 0);
    QCOMPARE(world.finished, int64_t{2});
    QVERIFY(world.ok);
}

void TstScheduler::waitingEarnsPriority() {  // a stream of important requests does not starve a plain one
    World world(8, {.maxBatchRows = 4, .prefillChunk = 4, .stepsPerBoost = 16});
    std::mt19937 random(3);
    world.submit(prompt(random, 20), 8, 0);
    const uint64_t plain = world.lastId;
    const auto isThere = [&] {
        return std::any_of(world.jobs.begin(), world.jobs.end(), [&](const Job& j) { return j.sequence.id == plain; });
    };
    while (isThere() && world.steps < 2000) {
        while (world.jobs.size() < 4)
            world.submit(prompt(random, 12), 6, 1);
        world.step(4);
    }
    QVERIFY(!isThere());
    QVERIFY(world.ok);
}

void TstScheduler::guessesTakeOnlyWhatIsLeft() {
    World world(4, {.maxBatchRows = 20, .prefillChunk = 6});
    std::mt19937 random(1);
    Job& job = world.submit(prompt(random, 6), 9);
    const std::vector<int32_t> guesses(8, 1);
    world.scheduler.plan(6);
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{0});  // the prompt fills the step
    world.scheduler.commit();
    job.sequence.ids.push_back(1);
    world.scheduler.plan(6);
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{5});
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{0});  // once a step
    QCOMPARE(world.pool.counts().held, int64_t{3});
    QCOMPARE(world.scheduler.rowsLeft(), int64_t{0});
    world.scheduler.commit();
    QCOMPARE(job.sequence.computed, int64_t{7});  // nothing was confirmed
    job.sequence.ids.push_back(2);
    Job& second = world.submit(prompt(random, 3), 2);
    world.scheduler.plan(20);  // no page is free any more: guesses get what the held ones have left
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{4});
    QCOMPARE(world.scheduler.addGuesses(&second.sequence, guesses), int64_t{1});
}

void TstScheduler::randomRequests_data() {
    QTest::addColumn<int>("pages");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("chunk");
    QTest::addColumn<int>("guessShare");
    for (const int share : {0, 50, 100}) {
        QTest::addRow("roomy/guesses=%d", share) << 200 << 64 << 64 << share;
        QTest::addRow("few pages/guesses=%d", share) << 16 << 16 << 8 << share;
        QTest::addRow("tiny steps/guesses=%d", share) << 40 << 2 << 1 << share;
        QTest::addRow("just one fits/guesses=%d", share) << 12 << 32 << 32 << share;
    }
}

void TstScheduler::randomRequests() {
    QFETCH(int, pages);
    QFETCH(int, rows);
    QFETCH(int, chunk);
    QFETCH(int, guessShare);
    World world(pages, {.maxBatchRows = rows, .prefillChunk = chunk});
    world.guessShare = static_cast<uint32_t>(guessShare);
    std::mt19937 random(static_cast<uint32_t>(pages));
    int64_t cancelled = 0, submitted = 0;
    while (submitted < 3000) {
        if (world.jobs.size() < 40 && random() % 3 == 0) {
            world.submit(prompt(random, 1 + random() % 24), 1 + random() % 16, random() % 8 == 0);
            ++submitted;
        }
        if (!world.jobs.empty() && random() % 20 == 0) {
            auto it = std::next(world.jobs.begin(), static_cast<int64_t>(random() % world.jobs.size()));
            world.scheduler.remove(&it->sequence);
            world.jobs.erase(it);
            ++cancelled;
        }
        world.step(2 + static_cast<int64_t>(random() % static_cast<uint32_t>(rows)));
        QVERIFY2(world.ok, qPrintable(QString("after step %1").arg(world.steps)));
    }
    const int64_t left = static_cast<int64_t>(world.jobs.size());
    for (int64_t i = 0; i < 20000 && !world.jobs.empty(); ++i)
        world.step(rows);
    QVERIFY2(world.jobs.empty(), qPrintable(QString("%1 of %2 never ended").arg(world.jobs.size()).arg(left)));
    QCOMPARE(world.finished + cancelled, submitted);
    QCOMPARE(world.pool.counts().held, int64_t{0});
    QVERIFY(world.ok);
    QVERIFY(guessShare == 0 || rows < 16 || (world.confirmed > 0 && world.confirmed < world.guessed));
    QVERIFY2(world.longestStay < 40 * 40 * 10, qPrintable(QString::number(world.longestStay)));
}

QTEST_APPLESS_MAIN(TstScheduler)
#include "tst_scheduler.moc"
