// Speculative decoding changes nothing but speed: with right, wrong and random guesses, greedy and sampled, alone and
// among others, with stops, limits and preemption in the middle of a run, a reply has the bits that it has without.
#include <QtTest>

#include <algorithm>
#include <map>

#include "tests/support/engine_world.h"

using namespace engine;
using test::Outcome, test::withPages;

namespace {

// An engine with a tiny model, and a second one that may guess for it.
struct World : test::EngineWorld {
    LoadedModel draft;
    Speculation speculation = Speculation::Off;
    bool always = true;

    bool startDraft(const test::TinyModel& tiny, LoadOptions load = {}) {
        auto loaded = loadTiny("draft.gguf", tiny, load);
        if (!loaded)
            return false;
        draft = *std::move(loaded);
        return static_cast<bool>(engine->setDraft(model.id, draft.id));
    }

    // A prompt that repeats itself, so that there is something to look up.
    Request request(int n, int64_t promptTokens = 20) const {
        Request r = EngineWorld::request(n, promptTokens, 11);
        r.maxTokens = 40;
        r.nTop = 3;
        r.speculation = speculation;
        r.speculateAlways = always;
        return r;
    }
};

void same(const Outcome& got, const Outcome& want) {
    test::compare(got, want);
    QVERIFY(want.finished == 1);
    QVERIFY(got.reason == want.reason);
    QCOMPARE(got.stats.reusedTokens, want.stats.reusedTokens);
}

// Who guesses: the text, the model itself (always right when greedy), another model (hardly ever right).
enum class Guesser { Lookup, Itself, Stranger, All };

bool startGuesser(World& world, Guesser guesser, test::TinyModel tiny) {
    world.speculation = guesser == Guesser::Lookup ? Speculation::Lookup
                        : guesser == Guesser::All  ? Speculation::Auto
                                                   : Speculation::Draft;
    if (guesser == Guesser::Lookup)
        return true;
    if (guesser == Guesser::Stranger)
        tiny.seed += 100, tiny.nLayers = 1;
    return world.startDraft(tiny);
}

}  // namespace

Q_DECLARE_METATYPE(Guesser)

class TstSpeculation : public QObject {
    Q_OBJECT

  private slots:
    void sameBits_data();
    void sameBits();
    void sameBitsAmongOthers_data();
    void sameBitsAmongOthers();
    void sameBitsAfterPreemption_data() { sameBitsAmongOthers_data(); }
    void sameBitsAfterPreemption();
    void stopsInsideRun_data() { sameBitsAmongOthers_data(); }
    void stopsInsideRun();
    void limitsInsideRun_data() { sameBitsAmongOthers_data(); }
    void limitsInsideRun();
    void cancelAtEveryStep();
    void selfDraftIsAlwaysRight();
    void lookupFindsRepetition();
    void longPromptBehindDraft();
    void draftWithoutRoom();
    void turnsItselfOff();
    void refusesDrafts();
    void unloadsWhileGuessing();
};

void TstSpeculation::sameBits_data() {
    QTest::addColumn<Guesser>("guesser");
    QTest::addColumn<QString>("dtype");
    QTest::addColumn<QString>("sampling");
    const std::pair<const char*, Guesser> guessers[] = {{"lookup", Guesser::Lookup},
                                                        {"itself", Guesser::Itself},
                                                        {"stranger", Guesser::Stranger},
                                                        {"all", Guesser::All}};
    for (const auto& [name, guesser] : guessers)
        for (const char* dtype : {"F32", "Q8_0"})
            for (const char* sampling : {"greedy", "sampled", "penalties"})
                QTest::addRow("%s/%s/%s", name, dtype, sampling) << guesser << QString(dtype) << QString(sampling);
}

void TstSpeculation::sameBits() {
    QFETCH(Guesser, guesser);
    QFETCH(QString, dtype);
    QFETCH(QString, sampling);
    test::TinyModel tiny;
    tiny.dtype = *kernels::dtypeFromName(dtype.toStdString());
    World plain, guessing;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(guessing.start({.threads = 1, .prefillChunk = 7}, tiny));
    QVERIFY(startGuesser(guessing, guesser, tiny));
    int64_t proposed = 0;
    for (int n = 0; n < 3; ++n) {
        const auto change = [&](Request r) {
            r.maxTokens = 80;
            for (int i = 0; i < 3; ++i)  // few words: they repeat themselves often, and often otherwise than guessed
                r.sampling.logitBias.emplace_back(60 + n + 7 * i, 30.0f);
            if (sampling == "greedy")
                r.sampling.temperature = 0;
            if (sampling == "penalties") {
                r.sampling.temperature = 0.3f;
                r.sampling.repetitionPenalty = 1.1f;
                r.sampling.frequencyPenalty = 0.1f;
                r.sampling.dryMultiplier = 0.5f;
            }
            return r;
        };
        const Outcome got = guessing.run(change(guessing.request(n, 40)));
        same(got, plain.run(change(plain.request(n, 40))));
        proposed += got.stats.proposedTokens;
        QVERIFY(got.stats.acceptedTokens <= got.stats.proposedTokens);
    }
    QVERIFY(proposed > 0);
    QCOMPARE(guessing.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

void TstSpeculation::sameBitsAmongOthers_data() {
    QTest::addColumn<Guesser>("guesser");
    QTest::newRow("lookup") << Guesser::Lookup;
    QTest::newRow("itself") << Guesser::Itself;
    QTest::newRow("stranger") << Guesser::Stranger;
    QTest::newRow("all") << Guesser::All;
}

void TstSpeculation::sameBitsAmongOthers() {
    QFETCH(Guesser, guesser);
    test::TinyModel tiny;
    tiny.dtype = kernels::DType::Q8_0;
    World alone, batch;
    QVERIFY(alone.start({.threads = 1}, tiny));
    QVERIFY(batch.start({.threads = 2, .prefillChunk = 16, .maxBatchRows = 40}, tiny));
    QVERIFY(startGuesser(batch, guesser, tiny));
    std::vector<RequestId> ids;
    const auto varied = [](Request r, int n) {
        r.sampling.temperature = n % 2 ? 0.0f : 0.8f;
        r.maxTokens = 20 + n;
        return r;
    };
    for (int n = 0; n < 20; ++n) {
        Request r = varied(batch.request(n, 3 + n * 2), n);
        if (n % 3 == 0)
            r.speculation = Speculation::Off;
        const auto id = batch.engine->submit(r);
        QVERIFY(id);
        ids.push_back(*id);
    }
    auto outcomes = batch.runAll();
    for (int n = 0; n < 20; ++n) {
        const Outcome& got = outcomes[ids[static_cast<size_t>(n)]];
        QVERIFY(n % 3 != 0 || got.stats.proposedTokens == 0);
        same(got, alone.run(varied(alone.request(n, 3 + n * 2), n)));
    }
}

void TstSpeculation::sameBitsAfterPreemption() {
    QFETCH(Guesser, guesser);
    const test::TinyModel tiny;
    World roomy, tight;
    QVERIFY(roomy.start({.threads = 1}, tiny));
    QVERIFY(tight.start({.threads = 1}, tiny, withPages(8, tiny)));
    QVERIFY(startGuesser(tight, guesser, tiny));
    std::vector<RequestId> ids;
    const auto longer = [](Request r) {
        r.maxTokens = 60;
        return r;
    };
    for (int n = 0; n < 6; ++n)
        ids.push_back(*tight.engine->submit(longer(tight.request(n, 40))));
    auto outcomes = tight.runAll();
    for (int n = 0; n < 6; ++n)
        same(outcomes[ids[static_cast<size_t>(n)]], roomy.run(longer(roomy.request(n, 40))));
    QCOMPARE(tight.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

// Stop strings and the end of text at every place of a reply, most of them between two guesses.
void TstSpeculation::stopsInsideRun() {
    QFETCH(Guesser, guesser);
    const test::TinyModel tiny;
    World plain, guessing;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(guessing.start({.threads = 1}, tiny));
    QVERIFY(startGuesser(guessing, guesser, tiny));
    Request base = plain.request(1, 30);
    base.sampling.temperature = 0;
    const Outcome whole = plain.run(base);
    guessing.run(base);  // so that both find the same pages
    for (size_t at = 0; at + 2 < whole.text.size() && at < 24; at += 3) {
        const auto stopping = [&](Request r) {
            r.sampling.temperature = 0;
            r.stops = {whole.text.substr(at, 3)};
            return r;
        };
        same(guessing.run(stopping(guessing.request(1, 30))), plain.run(stopping(plain.request(1, 30))));
    }
    for (const float bias : {2.0f, 3.0f, 4.0f, 5.0f}) {
        const auto ending = [&](Request r) {
            r.ignoreEos = false;
            r.sampling.logitBias = {{2, bias}};
            return r;
        };
        same(guessing.run(ending(guessing.request(2, 30))), plain.run(ending(plain.request(2, 30))));
    }
}

void TstSpeculation::limitsInsideRun() {
    QFETCH(Guesser, guesser);
    const test::TinyModel tiny{.context = 64};
    World plain, guessing;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(guessing.start({.threads = 1}, tiny));
    QVERIFY(startGuesser(guessing, guesser, tiny));
    for (int64_t most = 1; most <= 12; ++most) {
        const auto limited = [&](Request r) {
            r.sampling.temperature = 0;
            r.maxTokens = most;
            return r;
        };
        const Outcome got = guessing.run(limited(guessing.request(1, 30)));
        same(got, plain.run(limited(plain.request(1, 30))));
        QCOMPARE(std::ssize(got.ids), most);
    }
    for (int64_t promptTokens = 42; promptTokens < 63; promptTokens += 4) {
        const auto unlimited = [&](Request r) {
            r.sampling.temperature = 0;
            r.maxTokens = -1;
            return r;
        };
        const Outcome got = guessing.run(unlimited(guessing.request(1, promptTokens)));
        same(got, plain.run(unlimited(plain.request(1, promptTokens))));
        QVERIFY(got.reason == StopReason::ContextFull);
    }
}

void TstSpeculation::cancelAtEveryStep() {
    const test::TinyModel tiny;
    World world;
    QVERIFY(world.start({.threads = 1, .prefillChunk = 8}, tiny));
    QVERIFY(startGuesser(world, Guesser::All, tiny));
    for (int steps = 0; steps < 12; ++steps) {
        const auto id = world.engine->submit(world.request(steps, 40));
        QVERIFY(id);
        std::vector<EngineEvent> events;
        for (int i = 0; i < steps; ++i)
            world.engine->step(events);
        world.engine->cancel(*id);
        while (world.engine->step(events)) {
        }
        for (const EngineSnapshot::PerModel& model : world.engine->snapshot().models)
            QCOMPARE(model.pagesUsed, int64_t{0});  // the draft's too
    }
}

void TstSpeculation::selfDraftIsAlwaysRight() {
    test::TinyModel tiny;
    tiny.dtype = kernels::DType::Q8_0;
    World world;
    QVERIFY(world.start({.threads = 1}, tiny));
    QVERIFY(startGuesser(world, Guesser::Itself, tiny));
    Request r = world.request(1, 50);
    r.sampling.temperature = 0;
    r.maxTokens = 100;
    const auto id = world.engine->submit(r);
    QVERIFY(id);
    std::vector<EngineEvent> events;
    int64_t steps = 0;
    for (; world.engine->step(events); ++steps) {
    }
    const auto& finished = std::get<FinishedEvent>(events.back());
    QCOMPARE(finished.stats.generatedTokens, int64_t{100});
    QCOMPARE(finished.stats.acceptedTokens, finished.stats.proposedTokens);
    QCOMPARE(steps, int64_t{1 + 11});  // the prompt with the first token, then nine a step
}

void TstSpeculation::lookupFindsRepetition() {
    World world;
    world.speculation = Speculation::Lookup;
    QVERIFY(world.start({.threads = 1}, {}));
    Request r = world.request(1, 60);
    r.sampling.temperature = 0;
    r.sampling.order = {SamplerStep::LogitBias, SamplerStep::Temperature};
    r.sampling.logitBias = {{70, 1000.0f}};  // says one thing for ever
    r.maxTokens = 60;
    const Outcome outcome = world.run(r);
    QVERIFY2(outcome.stats.acceptedTokens > 40, qPrintable(QString::number(outcome.stats.acceptedTokens)));
}

void TstSpeculation::longPromptBehindDraft() {  // more than the draft catches up with in one ask
    const test::TinyModel tiny{.context = 2048};
    World plain, guessing;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(guessing.start({.threads = 1}, tiny));
    QVERIFY(startGuesser(guessing, Guesser::Itself, tiny));
    const auto greedy = [](Request r) {
        r.sampling.temperature = 0;
        return r;
    };
    const Outcome got = guessing.run(greedy(guessing.request(1, 1200)));
    same(got, plain.run(greedy(plain.request(1, 1200))));
    QVERIFY(got.stats.proposedTokens > 20);
    QCOMPARE(got.stats.acceptedTokens, got.stats.proposedTokens);
}

void TstSpeculation::draftWithoutRoom() {  // for some of the requests there are no pages: they run without guesses
    const test::TinyModel tiny;
    World plain, guessing;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(guessing.start({.threads = 1}, tiny));
    guessing.speculation = Speculation::Draft;
    QVERIFY(guessing.startDraft(tiny, withPages(4, tiny)));
    std::vector<RequestId> ids;
    for (int n = 0; n < 6; ++n)
        ids.push_back(*guessing.engine->submit(guessing.request(n, 40)));
    auto outcomes = guessing.runAll();
    for (int n = 0; n < 6; ++n)
        same(outcomes[ids[static_cast<size_t>(n)]], plain.run(plain.request(n, 40)));
}

void TstSpeculation::turnsItselfOff() {  // guesses that are never right are soon no longer made
    const test::TinyModel tiny{.context = 1024};
    World world;
    world.always = false;
    QVERIFY(world.start({.threads = 1}, tiny));
    QVERIFY(startGuesser(world, Guesser::Stranger, tiny));
    Request r = world.request(1, 20);
    r.maxTokens = 600;
    const Outcome outcome = world.run(r);
    QCOMPARE(outcome.finished, 1);
    QVERIFY2(outcome.stats.proposedTokens < 600, qPrintable(QString::number(outcome.stats.proposedTokens)));
}

void TstSpeculation::refusesDrafts() {
    World world;
    QVERIFY(world.start({.threads = 1}, {}));
    const auto refused = [&](ModelId model, ModelId draft, const char* words) {
        const auto set = world.engine->setDraft(model, draft);
        return !set && set.error().code == ErrorCode::InvalidRequest &&
               set.error().message.find(words) != std::string::npos;
    };
    QVERIFY(refused(world.model.id, 77, "Model 77 is not loaded"));
    QVERIFY(refused(77, world.model.id, "Model 77 is not loaded"));
    QVERIFY(refused(world.model.id, world.model.id, "for itself"));
    const auto other = world.loadTiny("other.gguf", {.otherToken = 270});
    QVERIFY(other);
    QVERIFY(refused(world.model.id, other->id, "other.gguf cannot guess for tiny.gguf: token 270 is 'other'"));
    const auto larger = world.loadTiny(
        "larger.gguf", {.shapes = {{"token_embd.weight", {64, 290}}, {"output.weight", {64, 290}}}, .nTokens = 290});
    QVERIFY(larger);
    QVERIFY(refused(world.model.id, larger->id, "larger.gguf cannot guess for tiny.gguf: its vocabulary has 290"));
    const auto busy = world.loadTiny("busy.gguf", {.seed = 3});
    QVERIFY(busy);
    Request r = world.request(1);
    r.model = busy->id;
    QVERIFY(world.engine->submit(r));
    QVERIFY(refused(world.model.id, busy->id, "requests of its own"));
    (void)world.runAll();
    QVERIFY(world.engine->setDraft(world.model.id, busy->id));
    QVERIFY(!world.engine->submit(r));  // it drafts
    QVERIFY(refused(busy->id, world.model.id, "a draft model of its own"));
    QVERIFY(world.engine->setDraft(world.model.id, 0));
    Request drafted = world.request(1);
    drafted.speculation = Speculation::Draft;
    const auto without = world.engine->submit(drafted);
    QVERIFY(!without);
    QVERIFY2(without.error().message == "tiny.gguf has no draft model that could guess for it",
             without.error().message.c_str());
    QVERIFY(world.engine->submit(r));
    (void)world.runAll();
}

void TstSpeculation::unloadsWhileGuessing() {  // the draft first, then the model
    const test::TinyModel tiny;
    World plain, world;
    QVERIFY(plain.start({.threads = 1}, tiny));
    QVERIFY(world.start({.threads = 1}, tiny));
    QVERIFY(startGuesser(world, Guesser::Itself, tiny));
    const auto id = world.engine->submit(world.request(1));
    std::vector<EngineEvent> events;
    for (int i = 0; i < 3; ++i)
        QVERIFY(world.engine->step(events));
    QVERIFY(world.engine->unload(world.draft.id));
    while (world.engine->step(events)) {
    }
    std::vector<int32_t> ids;
    for (const EngineEvent& event : events)
        if (const auto* token = std::get_if<TokenEvent>(&event))
            ids.push_back(token->token.id);
    QCOMPARE(ids, plain.run(plain.request(1)).ids);
    QVERIFY(world.startDraft(tiny));
    QVERIFY(world.engine->submit(world.request(2)));
    QVERIFY(world.engine->step(events));
    QVERIFY(world.engine->unload(world.model.id));
    QCOMPARE(world.engine->snapshot().models[0].pagesUsed, int64_t{0});
}

QTEST_APPLESS_MAIN(TstSpeculation)
#include "tst_speculation.moc"
