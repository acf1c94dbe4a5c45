// The scheduler on an imaginary model whose next token depends on the whole sequence: whatever is cut, shared,
// preempted or cancelled, each sequence gets the tokens that it would get alone.
#include <QtTest>

#include <list>
#include <map>
#include <random>
#include <set>

#include "engine/run/scheduler.h"
#include "tests/support/token_storage.h"

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
        : pool(std::make_unique<test::TokenStorage>(nPages, PageTokens), nPages, PageTokens), scheduler(pool, limits) {}

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
    int64_t step(int64_t budget) { return step(StepBudget{.rows = budget}); }
    int64_t step(const StepBudget& budget) {
        ++steps;
        int64_t rows = 0;
        load = {};
        decodeRows = 0;
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
            load.add(p.rows, s.computed);
            decodeRows += s.remaining() == 1;
            ok &= p.rows >= 1 && p.rows - p.guesses <= s.remaining();
            std::vector<int32_t> ids = s.ids;
            ids.insert(ids.end(), s.guesses.begin(), s.guesses.begin() + p.guesses);
            for (int64_t i = s.computed; i < s.computed + p.rows; ++i)
                key(s, i) = ids[static_cast<size_t>(i)];
            for (int64_t i = 0; i < s.computed + p.rows; ++i)
                ok &= key(s, i) == ids[static_cast<size_t>(i)];
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
        ok &= c.free + c.held + c.cached == c.total && rows <= budget.rows;
        return rows;
    }

    bool isThere(uint64_t id) const {
        return std::any_of(jobs.begin(), jobs.end(), [id](const Job& job) { return job.sequence.id == id; });
    }

    int32_t& key(const Sequence& s, int64_t position) {
        return static_cast<test::TokenStorage*>(pool.storage())->at(s.table.pages, position);
    }

    // Whatever has no content that counts is overwritten: what is read from it would be seen.
    void giveBack(int64_t n) {
        pool.giveBack(n);
        const auto pages = pool.map();
        for (size_t page = 0; page < pages.size(); ++page)
            if (pages[page].state == PageInfo::State::Free)
                pool.storage()->discard(static_cast<int32_t>(page), 1);
    }

    // Every held page is in as many tables as it has references, and in none twice; no other page is in a table.
    void checkPages() {
        std::vector<int32_t> references(static_cast<size_t>(pool.counts().total));
        for (const Job& job : jobs) {
            std::set<int32_t> own;
            for (const int32_t page : job.sequence.table.pages) {
                ++references[static_cast<size_t>(page)];
                ok &= own.insert(page).second;
            }
            ok &= job.sequence.running || job.sequence.table.pages.empty();
        }
        const auto pages = pool.map();
        int64_t held = 0, shared = 0;
        for (size_t i = 0; i < pages.size(); ++i) {
            ok &= pages[i].references == references[i];
            ok &= (pages[i].state == PageInfo::State::Held) == (references[i] > 0);
            held += references[i] > 0;
            shared += references[i] > 1;
        }
        ok &= held == pool.counts().held && shared == pool.counts().shared;
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
    std::list<Job> jobs;
    uint64_t lastId = 0;
    int64_t steps = 0, finished = 0, longestStay = 0;
    StepLoad load;  // of the last step
    int64_t decodeRows = 0;
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
    void shortOvertakesWhatDoesNotFit();
    void longPromptSharesItsRows();
    void chatInFrontFirst();
    void promptsEarnRows();
    void importantGetsASlot();
    void boundsDelayOfReplies_data();
    void boundsDelayOfReplies();
    void commonBeginningIsComputedOnce();
    void guessesTakeOnlyWhatIsLeft();
    void randomRequests_data();
    void randomRequests();
};

void TstScheduler::mixesPromptAndDecode() {
    World world(100, {.maxBatchRows = 16, .prefillChunk = 16});
    std::mt19937 random(1);
    world.submit(prompt(random, 5), 10);
    world.step(16);
    std::vector<int32_t> other = prompt(random, 9);
    other[0] = 7;  // nothing in common with the first
    world.submit(std::move(other), 10);
    const auto plan = world.scheduler.plan({.rows = 16});
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
    while (world.isThere(plain) && world.steps < 2000) {
        while (world.jobs.size() < 4)
            world.submit(prompt(random, 12), 6, 1);
        world.step(4);
    }
    QVERIFY(!world.isThere(plain));
    QVERIFY(world.ok);
}

void TstScheduler::shortOvertakesWhatDoesNotFit() {
    World world(20, {.maxBatchRows = 16, .prefillChunk = 16, .stepsPerBoost = 50});
    std::mt19937 random(3);
    world.submit(prompt(random, 40), 30);  // holds 10 pages and more
    world.step(16);
    const uint64_t longOne = world.submit(prompt(random, 60), 4).sequence.id;
    const uint64_t shortOne = world.submit(prompt(random, 6), 2).sequence.id;
    for (int i = 0; i < 4; ++i)
        world.step(16);
    QVERIFY2(!world.isThere(shortOne), "the short request waited behind the long one, although its pages were free");
    while (world.isThere(longOne) && world.steps < 500) {  // and those after it do not keep the long one out for ever
        while (world.jobs.size() < 6)
            world.submit(prompt(random, 10), 20);
        world.step(16);
    }
    QVERIFY2(world.steps < 400, qPrintable(QString::number(world.steps)));
    QVERIFY(world.ok);
}

void TstScheduler::longPromptSharesItsRows() {
    World world(2000, {.maxBatchRows = 64, .prefillChunk = 64});
    std::mt19937 random(3);
    const Sequence& longOne = world.submit(prompt(random, 4000), 2).sequence;
    world.step(64);
    QCOMPARE(longOne.computed, int64_t{64});  // alone it has all rows
    const uint64_t shortOne = world.submit(prompt(random, 50), 3).sequence.id;
    const Sequence& middle = world.submit(prompt(random, 500), 3).sequence;
    for (int i = 0; i < 4; ++i)
        world.step(64);
    QVERIFY2(!world.isThere(shortOne), "the short prompt waited for the long one");
    QVERIFY2(longOne.computed >= 64 + 4 * 28, "the long prompt had less than half");
    QVERIFY(middle.computed > 0);
    while (!world.jobs.empty() && world.steps < 1000)
        world.step(64);
    QVERIFY(world.jobs.empty() && world.ok);
}

void TstScheduler::chatInFrontFirst() {
    World world(4000, {.maxBatchRows = 64, .prefillChunk = 64});
    std::mt19937 random(3);
    for (int i = 0; i < 8; ++i)
        world.submit(prompt(random, 1000), 5);
    for (int i = 0; i < 5; ++i)
        world.step(64);
    std::vector<int32_t> own = prompt(random, 150);
    own[0] = 7;  // nothing in common with the others
    const Sequence& chat = world.submit(std::move(own), 3, 1).sequence;
    world.step(64);
    QCOMPARE(chat.computed, int64_t{64});
    world.step(64);
    world.step(64);
    QCOMPARE(chat.computed, int64_t{150});
    for (int i = 0; i < 100; ++i)  // more replies than rows: it still gets one in each step
        world.submit(prompt(random, 2), 50);
    const Sequence& other = world.submit(prompt(random, 3), 200, 1).sequence;
    for (int i = 0; i < 20; ++i)
        world.step(64);
    const auto before = static_cast<int64_t>(other.ids.size());
    for (int i = 0; i < 20; ++i)
        world.step(64);
    QCOMPARE(static_cast<int64_t>(other.ids.size()), before + 20);
    while (!world.jobs.empty() && world.steps < 5000)
        world.step(64);
    QVERIFY(world.jobs.empty() && world.ok);
}

void TstScheduler::promptsEarnRows() {  // important prompts without end take every row, but not for ever
    World world(400, {.maxBatchRows = 8, .prefillChunk = 8, .stepsPerBoost = 20});
    std::mt19937 random(3);
    const uint64_t plain = world.submit(prompt(random, 100), 4).sequence.id;
    while (world.isThere(plain) && world.steps < 5000) {
        while (world.jobs.size() < 8)
            world.submit(prompt(random, 60), 1, 1);
        world.step(8);
    }
    QVERIFY2(world.steps < 2000, qPrintable(QString::number(world.steps)));
    QVERIFY(world.ok);
}

void TstScheduler::importantGetsASlot() {  // as many sequences run as a step has rows
    World world(400, {.maxBatchRows = 4, .prefillChunk = 4});
    std::mt19937 random(3);
    for (int i = 0; i < 6; ++i)
        world.submit(prompt(random, 3), 100);
    for (int i = 0; i < 10; ++i)
        world.step(4);
    QCOMPARE(world.scheduler.running(), int64_t{4});
    const uint64_t chat = world.submit(prompt(random, 3), 4, 1).sequence.id;
    for (int i = 0; i < 12; ++i)
        world.step(4);
    QVERIFY(!world.isThere(chat));
    while (!world.jobs.empty() && world.steps < 2000)
        world.step(4);
    QVERIFY(world.jobs.empty() && world.ok);
}

void TstScheduler::boundsDelayOfReplies_data() {
    QTest::addColumn<double>("fixed");
    QTest::addColumn<double>("perRow");
    QTest::addColumn<double>("perDepth");
    QTest::addColumn<int>("replies");
    QTest::newRow("small model") << 0.012 << 0.001 << 1e-7 << 4;
    QTest::newRow("one reply") << 0.03 << 0.0005 << 1e-7 << 1;
    QTest::newRow("thirty replies") << 0.01 << 0.001 << 1e-7 << 30;
    QTest::newRow("attention is dear") << 0.005 << 0.0001 << 5e-6 << 2;
    QTest::newRow("never within the bound") << 0.4 << 0.02 << 1e-6 << 1;
}

// The time is imaginary: what a step takes comes from a cost that the scheduler learns like that of a real machine.
void TstScheduler::boundsDelayOfReplies() {
    QFETCH(double, fixed);
    QFETCH(double, perRow);
    QFETCH(double, perDepth);
    QFETCH(int, replies);
    constexpr double Target = 0.1, Longest = 0.5;
    constexpr int64_t LeastPromptRows = 16;
    const StepCost truth(fixed, perRow, perDepth);
    StepCost learned;
    World world(4000, {});
    std::mt19937 random(5);
    const auto step = [&] {
        const bool decoding = world.scheduler.decoding();
        const int64_t rows = world.step(StepBudget{learned.known() ? 512 : 64, decoding ? Target : Longest, &learned});
        learned.observe(world.load, truth.seconds(world.load) * (0.97 + 0.06 * (random() % 1000) / 1000));
        return rows;
    };
    world.submit(prompt(random, 3000), 200);  // alone: steps as large as stopping allows
    step();
    step();
    for (int i = 0; i < 3; ++i) {
        step();
        QVERIFY2(truth.seconds(world.load) <= Longest * 1.15 || world.load.rows <= LeastPromptRows,
                 qPrintable(QString::number(truth.seconds(world.load))));
        QVERIFY(truth.seconds(world.load) >= Longest * 0.7 || world.load.rows >= LeastPromptRows);
    }
    while (!world.scheduler.decoding())
        step();
    for (int i = 1; i < replies; ++i)
        world.submit(prompt(random, 4), 200);
    for (int i = 0; i < 4; ++i)
        step();
    world.submit(prompt(random, 2000), 4);
    const Sequence& late = world.jobs.back().sequence;
    step();
    int64_t before = late.computed, nLate = 0;
    while (late.remaining() > 1 && world.scheduler.decoding()) {
        step();
        const int64_t rows = late.computed - before;
        before = late.computed;
        QCOMPARE(world.decodeRows, static_cast<int64_t>(replies));
        QVERIFY2(rows >= std::min(LeastPromptRows, late.remaining()), qPrintable(QString::number(rows)));
        QVERIFY2(truth.seconds(world.load) <= Target * 1.2 || rows <= LeastPromptRows,
                 qPrintable(QString("%1 s, %2 rows").arg(truth.seconds(world.load)).arg(rows)));
        ++nLate;
    }
    QVERIFY(nLate >= 2);
    QVERIFY2(late.remaining() == 1 || replies < 2 || perRow > 0.01, "the prompt did not advance");
    QVERIFY(world.ok);
}

void TstScheduler::commonBeginningIsComputedOnce() {
    World world(400, {.maxBatchRows = 64, .prefillChunk = 64});
    std::mt19937 random(4);
    const std::vector<int32_t> beginning = prompt(random, 201);
    for (int i = 0; i < 16; ++i) {
        std::vector<int32_t> ids = beginning;
        ids.push_back(10 + i);
        world.submit(std::move(ids), 3);
    }
    int64_t rows = 0;
    while (!world.jobs.empty() && world.steps < 100)
        rows += world.step(64);
    QVERIFY(world.jobs.empty() && world.ok);
    // Once what they share, then each its own last page's rest and three tokens.
    QVERIFY2(rows <= 202 + 16 * (PageTokens + 3), qPrintable(QString::number(rows)));
}

void TstScheduler::guessesTakeOnlyWhatIsLeft() {
    World world(4, {.maxBatchRows = 20, .prefillChunk = 6});
    std::mt19937 random(1);
    Job& job = world.submit(prompt(random, 6), 9);
    const std::vector<int32_t> guesses(8, 1);
    world.scheduler.plan({.rows = 6});
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{0});  // the prompt fills the step
    world.scheduler.commit();
    job.sequence.ids.push_back(1);
    world.scheduler.plan({.rows = 6});
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{5});
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{0});  // once a step
    QCOMPARE(world.pool.counts().held, int64_t{3});
    QCOMPARE(world.scheduler.rowsLeft(), int64_t{0});
    world.scheduler.commit();
    QCOMPARE(job.sequence.computed, int64_t{7});  // nothing was confirmed
    job.sequence.ids.push_back(2);
    Job& second = world.submit(prompt(random, 3), 2);
    world.scheduler.plan({.rows = 20});  // no page is free any more: guesses get what the held ones have left
    QCOMPARE(world.scheduler.addGuesses(&job.sequence, guesses), int64_t{4});
    QCOMPARE(world.scheduler.addGuesses(&second.sequence, guesses), int64_t{1});
}

void TstScheduler::randomRequests_data() {
    QTest::addColumn<int>("pages");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("chunk");
    QTest::addColumn<int>("crowd");
    QTest::addColumn<int>("longestWait");  // steps that a request may take from its coming to its end
    QTest::addColumn<int>("guessShare");
    for (const int share : {0, 50, 100}) {
        QTest::addRow("roomy/guesses=%d", share) << 200 << 64 << 64 << 40 << 300 << share;
        QTest::addRow("few pages/guesses=%d", share) << 16 << 16 << 8 << 40 << 2000 << share;
        QTest::addRow("tiny steps/guesses=%d", share) << 40 << 2 << 1 << 20 << 3000 << share;
        QTest::addRow("just one fits/guesses=%d", share) << 12 << 32 << 32 << 20 << 1500 << share;
        QTest::addRow("more than slots/guesses=%d", share) << 300 << 6 << 6 << 60 << 3000 << share;
    }
}

// A hundred thousand requests over all rows of this test: they come in bursts, many begin alike, some are important,
// some are cancelled, cached pages lose their memory, and memory becomes short at times.
void TstScheduler::randomRequests() {
    QFETCH(int, pages);
    QFETCH(int, rows);
    QFETCH(int, chunk);
    QFETCH(int, crowd);
    QFETCH(int, longestWait);
    QFETCH(int, guessShare);
    constexpr int64_t Requests = 20000;
    World world(pages, {.maxBatchRows = rows, .prefillChunk = chunk, .stepsPerBoost = 64});
    world.guessShare = static_cast<uint32_t>(guessShare);
    std::mt19937 random(static_cast<uint32_t>(pages));
    const auto chance = [&](uint32_t n) { return random() % n == 0; };
    std::vector<std::vector<int32_t>> beginnings;
    for (int i = 0; i < 4; ++i)
        beginnings.push_back(prompt(random, 3 + random() % 14));
    int64_t cancelled = 0, submitted = 0;
    const auto cancelOne = [&] {
        auto it = std::next(world.jobs.begin(), static_cast<int64_t>(random() % world.jobs.size()));
        world.scheduler.remove(&it->sequence);
        world.jobs.erase(it);
        ++cancelled;
    };
    while (submitted < Requests) {
        for (uint32_t burst = chance(3) ? 1 + random() % 4 : 0; burst > 0; --burst) {
            if (world.jobs.size() >= static_cast<size_t>(crowd))
                break;
            std::vector<int32_t> ids = prompt(random, 1 + random() % 14);
            if (chance(2))
                ids.insert(ids.begin(), beginnings[submitted % 4].begin(), beginnings[submitted % 4].end());
            world.submit(std::move(ids), 1 + random() % 16, chance(8) ? 1 + static_cast<int>(random() % 2) : 0);
            ++submitted;
        }
        if (!world.jobs.empty() && chance(20))
            cancelOne();
        if (chance(500))
            world.pool.clearCache();
        if (chance(50))
            world.giveBack(static_cast<int64_t>(random() % 16));
        if (chance(200))  // memory becomes short, or is back; the longest request fits always
            world.scheduler.setPageLimit(12 + static_cast<int64_t>(random() % static_cast<uint32_t>(pages)));
        if (chance(400))
            while (!world.jobs.empty() && chance(2))
                cancelOne();
        world.step(2 + static_cast<int64_t>(random() % static_cast<uint32_t>(rows)));
        if (world.steps % 16 == 0)
            world.checkPages();
        QVERIFY2(world.ok, qPrintable(QString("after step %1").arg(world.steps)));
    }
    const int64_t left = static_cast<int64_t>(world.jobs.size());
    for (int64_t i = 0; i < 20000 && !world.jobs.empty(); ++i)
        world.step(rows);
    QVERIFY2(world.jobs.empty(), qPrintable(QString("%1 of %2 never ended").arg(world.jobs.size()).arg(left)));
    QCOMPARE(world.finished + cancelled, submitted);
    QCOMPARE(world.pool.counts().held, int64_t{0});
    world.checkPages();
    QVERIFY(world.ok);
    QVERIFY(guessShare == 0 || rows < 16 || (world.confirmed > 0 && world.confirmed < world.guessed));
    QVERIFY2(world.longestStay < longestWait, qPrintable(QString("the longest took %1 steps").arg(world.longestStay)));
}

QTEST_APPLESS_MAIN(TstScheduler)
#include "tst_scheduler.moc"
