#!/usr/bin/env python3
"""Measures Tessera and llama.cpp alternately in one run, on the same file, with the same number of threads.

usage: versus.py [-m MODEL] [--pairs 7] [--threads N] [--tests prefill512,decode] [--isa NAME] [--peer PYTHON] [--out FILE.jsonl]
Tests: prefill512, prefill4096, decode, b8, b32, d2048, d4096.
The peer is the Python package llama-cpp-python, built natively into a cache folder on first use (minutes), or the Python given by
--peer that can import it. A pair is A B B A, each a fresh process; printed are the median of the pairs' ratios and its bootstrap 95 %
interval. Over 1 means that Tessera is faster; a win counts only if the interval excludes 1.
"""
import argparse, ctypes, json, os, platform, random, statistics, subprocess, sys, time, venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSION = "0.3.36"
TESTS = {
    "prefill512": {"p": 512}, "prefill4096": {"p": 4096}, "decode": {"n": 64}, "b8": {"n": 24, "b": 8}, "b32": {"n": 16, "b": 32},
    "d2048": {"n": 32, "d": 2048}, "d4096": {"n": 16, "d": 4096},
}


def peer_python(given):
    if given:
        return given
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tessera-peer")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python) or subprocess.run([python, "-c", "import llama_cpp"], capture_output=True).returncode:
        print("building llama.cpp natively into", folder, file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-binary", "llama-cpp-python", f"llama-cpp-python=={VERSION}"],
                       env={**os.environ, "CMAKE_ARGS": "-DGGML_NATIVE=ON"}, check=True)
    return python


def peer_main(options):
    """Runs inside the peer's Python: one test, one JSON line. Random tokens, no sampling, one warm-up."""
    import llama_cpp as L
    o = json.loads(options)
    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda *_: None)
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    model = L.llama_model_load_from_file(o["m"].encode(), L.llama_model_default_params())
    if not model:
        raise SystemExit("llama.cpp cannot load " + o["m"])
    vocabulary = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
    p = L.llama_context_default_params()
    p.n_ctx, p.n_batch, p.n_ubatch, p.n_seq_max = (o["d"] + max(o["p"], o["n"]) + 64) * o["b"], 2048, 512, o["b"]
    p.n_threads = p.n_threads_batch = o["threads"]
    p.flash_attn_type = o.get("fa", -1)
    context = L.llama_init_from_model(model, p)
    rng = random.Random(1)

    def decode(rows):
        for at in range(0, len(rows), 2048):
            part = rows[at:at + 2048]
            batch = L.llama_batch_init(len(part), 0, 1)
            batch.n_tokens = len(part)
            for i, (position, sequence, wanted) in enumerate(part):
                batch.token[i], batch.pos[i], batch.n_seq_id[i] = rng.randrange(vocabulary), position, 1
                batch.seq_id[i][0], batch.logits[i] = sequence, wanted
            if L.llama_decode(context, batch):
                raise SystemExit("llama_decode failed")
            L.llama_synchronize(context)
            L.llama_batch_free(batch)

    samples = []
    for repeat in range(3):
        L.llama_memory_clear(L.llama_get_memory(context), True)
        for sequence in range(o["b"] if o["d"] else 0):
            decode([(i, sequence, int(i == o["d"] - 1)) for i in range(o["d"])])
        began = time.perf_counter()
        if o["p"]:
            decode([(i, 0, int(i == o["p"] - 1)) for i in range(o["p"])])
        for step in range(o["n"]):
            decode([(o["d"] + step, sequence, 1) for sequence in range(o["b"])])
        seconds = time.perf_counter() - began
        if repeat:
            samples.append((o["p"] + o["n"] * o["b"]) / seconds)
    print(json.dumps({"tokensPerSecond": statistics.median(samples)}))


def rate(command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise SystemExit(f"failed: {' '.join(command)}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    value = json.loads(lines[-1])["tokensPerSecond"]
    return value["median"] if isinstance(value, dict) else value


def interval(ratios, rounds=2000):
    rng = random.Random(7)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(rounds))
    return medians[int(0.025 * rounds)], medians[int(0.975 * rounds)]


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--peer-run":
        return peer_main(sys.argv[2])
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("-m", default="sample")
    arguments.add_argument("--pairs", type=int, default=7)
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments.add_argument("--tests", default="prefill512,decode")
    arguments.add_argument("--isa", default="")
    arguments.add_argument("--peer", default="")
    arguments.add_argument("--out", default="")
    a = arguments.parse_args()
    cli = os.path.join(ROOT, "build", "bin", "tessera-cli")
    model = a.m
    if not os.path.exists(model):
        known = json.loads(subprocess.run([cli, "info", "-m", model, "--json"], capture_output=True, text=True, check=True).stdout)
        model = known["path"]
    python = peer_python(a.peer)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    print(f"{os.path.basename(model)}, {a.threads} threads, {cpu}, {time.strftime('%Y-%m-%d')}, peer llama-cpp-python {VERSION} (native build)")
    for name in a.tests.split(","):
        shape = {"p": 0, "n": 0, "d": 0, "b": 1, **TESTS[name]}
        ours = [cli, "bench", "-m", model, "--threads", str(a.threads), "-r", "2", "--json"] + (["--isa", a.isa] if a.isa else [])
        for key, value in shape.items():
            ours += [f"-{key}", str(value)]
        peer = [python, os.path.abspath(__file__), "--peer-run", json.dumps({**shape, "m": model, "threads": a.threads})]
        mine, theirs, ratios = [], [], []
        for pair in range(a.pairs):
            runs = [rate(command) for command in (ours, peer, peer, ours)]
            mine.append((runs[0] + runs[3]) / 2)
            theirs.append((runs[1] + runs[2]) / 2)
            ratios.append(mine[-1] / theirs[-1])
            if a.out:
                with open(a.out, "a") as out:
                    out.write(json.dumps({"time": time.time(), "cpu": cpu, "threads": a.threads, "isa": a.isa or "best", "model": os.path.basename(model),
                                          "test": name, "pair": pair, "order": "ABBA", "ours": runs[0::3], "peer": runs[1:3]}) + "\n")
        low, high = interval(ratios)
        print(f"{name:12s} Tessera {statistics.median(mine):9.1f}  llama.cpp {statistics.median(theirs):9.1f} tok/s   "
              f"ratio {statistics.median(ratios):5.2f}  (95 %: {low:.2f} to {high:.2f})", flush=True)


if __name__ == "__main__":
    main()
