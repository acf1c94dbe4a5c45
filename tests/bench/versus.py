#!/usr/bin/env python3
"""Measures Tessera and llama.cpp alternately in one run, on the same files, with the same number of threads.

usage: versus.py [-m MODEL]... [--tests NAME,...] [--pairs 7] [--threads N] [--isa NAME] [--peer PATH] [--out FILE.jsonl]
                 [--keep] [--models-folder DIR]
       versus.py report FILE.jsonl...        the Markdown table of earlier runs

MODEL: sample, 1b-q4_k, 1b-q6_k, 1b-q8_0, 1b-f16, 1b-bf16 (random weights, made on first use) or a file. Without -m: the whole
table, which takes hours; --tests picks some of it.
Tests: load, accuracy, prefill512, prefill4096, prefill4096q8 (cache in Q8_0), decode, b8, b32 (sequences together), d2048, d4096,
d8192, d32768 (decode after as many tokens), chats, chats1 (16 chats with a common beginning of 1000 tokens: both together; ours
together against the peer's one after the other).

Both sides run as processes that hold the model and do one sample at a time when they are told: A B, B A, A B, ... The roofs are
probed between the pairs; a pair is thrown away when the probes around it differ by more than 10 % (--keep keeps it). Printed are
the medians, the median of the pairs' ratios with its bootstrap 95 % interval and the share of the roof. Over 1 means that Tessera
is faster, loads sooner or needs less; a win counts only if the interval excludes 1. The peer's switches (flash attention,
repacking, ...) are tried first and the fastest are used. --peer: a Python that can import llama_cpp, or a folder with llama-bench;
without it llama-cpp-python is built natively into a cache folder. Ours samples greedily and runs its whole engine in what is timed;
the peer's time is its evaluation alone.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time

import report
from bench_tools import ROOT, SCHEMA, Refused, Worker, host, interval, machine, now, sha256_16, shares, steady, stolen_share
from peers import find_peer

BENCH = os.path.join(ROOT, "build", "bench")
CLI = os.path.join(ROOT, "build", "bin", "tessera-cli")
CHATS = {"op": "chats", "count": 16, "prefix": 1000, "own": 32, "n": 32}
TESTS = {
    "load": {"op": "load"}, "accuracy": {"op": "accuracy", "n": 512},
    "prefill512": {"op": "prefill", "n": 512}, "prefill4096": {"op": "prefill", "n": 4096},
    "prefill4096q8": {"op": "prefill", "n": 4096, "kv": "q8_0"},
    "decode": {"op": "decode", "n": 64}, "b8": {"op": "decode", "n": 24, "batch": 8}, "b32": {"op": "decode", "n": 16, "batch": 32},
    "d2048": {"op": "decode", "n": 32, "depth": 2048}, "d4096": {"op": "decode", "n": 16, "depth": 4096},
    "d8192": {"op": "decode", "n": 16, "depth": 8192}, "d32768": {"op": "decode", "n": 8, "depth": 32768},
    "chats": {**CHATS, "peerOrder": "together"}, "chats1": {**CHATS, "peerOrder": "one-by-one"},
}
LONG = "load accuracy prefill512 prefill4096 prefill4096q8 decode b8 b32 d2048 d4096"
TABLE = {
    "sample": f"{LONG} chats chats1".split(), "1b-q4_k": f"{LONG} d8192 d32768".split(),
    "1b-q6_k": "load accuracy prefill512 decode".split(), "1b-q8_0": "load accuracy prefill512 decode".split(),
    "1b-f16": "load accuracy prefill512 decode".split(), "1b-bf16": "load accuracy prefill512 decode".split(),
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def model_path(name, folder):
    if os.path.exists(name):
        return os.path.abspath(name)
    if name.startswith("1b-"):
        path = os.path.join(folder, name[3:] + ".gguf")
        if not os.path.exists(path):
            say(f"making {path}")
            os.makedirs(folder, exist_ok=True)
            subprocess.run([os.path.join(BENCH, "make_model"), path, "--type", name[3:].upper()], check=True)
        return path
    known = subprocess.run([CLI, "info", "-m", name, "--json"], capture_output=True, text=True)
    if known.returncode:
        raise SystemExit(f"error: no model '{name}': {known.stderr.strip() or known.stdout.strip()}")
    return json.loads(known.stdout)["path"]


def sizes(test):
    """Context of a sequence, and of all together: whole pages, with room for sequences that wait for the others."""
    n, batch = test.get("n", 1), test.get("count", test.get("batch", 1))
    before = test.get("depth", 0) + test.get("prefix", 0) + test.get("own", 0)
    waiting = batch * (before // 64 + 3) if test["op"] == "decode" else 0
    one = -(-(before + n + waiting + 64) // 64) * 64
    return one, one * batch, batch


class Side:
    """One engine, ready for one test."""

    def __init__(self, start, test, fields, label):
        self.start, self.test, self.label = start, test, label
        context, tokens, sequences = sizes(test)
        self.opening = {"context": context, "tokens": tokens, "sequences": sequences, "kv": test.get("kv", "f16"), **fields}
        self.worker, self.opened = None, {}

    def open(self):
        self.close()
        self.worker = self.start()
        self.opened = self.worker.ask("open", **self.opening)
        return self

    def close(self):
        if self.worker:
            self.worker.close()
        self.worker = None

    def sample(self):
        """Seconds, tokens and resident bytes of one sample."""
        test = self.test
        time.sleep(0.02)  # the other side's threads go to sleep
        if test["op"] == "load":
            opened = self.open().opened
            self.close()
            return {"seconds": opened["firstSeconds"], "ready": opened["seconds"], "tokens": 1,
                    "rss": opened["memory"]["rss"] - opened["memoryBefore"]["rss"], "peak": opened["memory"]["peak"]}
        order = {key: test[key] for key in ("n", "depth", "batch", "count", "prefix", "own") if key in test}
        if test["op"] == "chats":
            order["order"] = test["peerOrder"] if self.label == "peer" else "together"
        return self.worker.ask(test["op"], **order)

    def warm(self):
        """Until two samples agree within 3 %, four at most; long ones once."""
        last = self.sample()["seconds"]
        for _ in range(3):
            if last > 8 or self.test["op"] == "load":
                break
            seconds = self.sample()["seconds"]
            if abs(seconds - last) <= 0.03 * last:
                break
            last = seconds


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.peer = find_peer(arguments.peer)
        self.host = host()
        version = json.loads(subprocess.run([CLI, "version", "--json"], capture_output=True, text=True, check=True).stdout)
        self.engine = {"name": "Tessera", "version": version["version"], "commit": version["commit"], "build": version["compiler"]}
        self.probe = Worker([os.path.join(BENCH, "bench_roofs"), "--watch", "--threads", str(arguments.threads)])

    def write(self, record):
        if self.arguments.out:
            with open(self.arguments.out, "a") as out:
                out.write(json.dumps({"schema": SCHEMA, "time": now(), "host": self.host, **record}) + "\n")

    def start_ours(self):
        return Worker([os.path.join(BENCH, "bench_engine")])

    def fields(self, path):
        return {"model": path, "threads": self.arguments.threads}

    def ours(self, test, path, **more):
        return Side(self.start_ours, test, {**self.fields(path), "isa": self.arguments.isa, **more}, "ours")

    def best_peer(self, test, path):
        """The peer with the switches that are fastest for this test."""
        rows, variants = [], self.peer.variants(test)
        for flags in variants:
            side = Side(self.peer.start, test, {**self.fields(path), **flags}, "peer")
            try:
                side.open() if test["op"] != "load" else None
                first = side.sample()["seconds"]
                seconds = first if first > 20 else min(side.sample()["seconds"] for _ in range(3))
                rows.append((seconds, flags))
            except Refused as refused:
                say(f"  llama.cpp with {flags}: {refused}")
            finally:
                side.close()
        if not rows:
            raise Refused("llama.cpp cannot do this")
        seconds, flags = min(rows, key=lambda row: row[0])
        tried = ", ".join(f"{json.dumps(f)} {s:.3f} s" for s, f in rows)
        say(f"  llama.cpp is fastest with {json.dumps(flags)} ({tried})")
        return flags

    def model_facts(self, path, opened):
        return {"file": os.path.basename(path), "sha256_16": sha256_16(path), "arch": opened["architecture"],
                "params": opened["parameters"], "type": opened["type"], "bytes": os.path.getsize(path)}

    def compare(self, name, model, path):
        test = TESTS[name]
        flags = self.best_peer(test, path)
        sides = {"ours": self.ours(test, path), "peer": Side(self.peer.start, test, {**self.fields(path), **flags}, "peer")}
        try:
            for side in sides.values():
                side.open()
                side.warm()
            opened = sides["ours"].opened
            facts = self.model_facts(path, opened)
            pairs, discarded = self.pairs(test, sides, facts, flags)
        finally:
            for side in sides.values():
                side.close()
        if not pairs:
            say(f"{model} {name}: the machine was never steady ({discarded} pairs discarded)")
            return
        self.summary(name, model, test, facts, opened, flags, pairs, discarded)

    def pairs(self, test, sides, facts, flags):
        """Pairs of samples, each between two probes that agree."""
        wanted, pairs, discarded = self.arguments.pairs, [], 0
        before = self.probe.ask("probe")
        while len(pairs) < wanted and discarded < 3 * wanted + 3:
            order = ("ours", "peer") if (len(pairs) + discarded) % 2 == 0 else ("peer", "ours")
            ticks, _ = stolen_share()
            done = {label: sides[label].sample() for label in order}
            after = self.probe.ask("probe")
            _, steal = stolen_share(ticks)
            kept = self.arguments.keep or steady(before, after)
            pair = {"samples": done, "roof": [before, after], "order": order, "kept": kept}
            self.write_samples(pair, len(pairs), test, sides, facts, flags, steal)
            before = after
            if kept:
                pairs.append(pair)
            else:
                discarded += 1
        return pairs, discarded

    def write_samples(self, pair, index, test, sides, facts, flags, steal):
        roof, cost = pair["roof"], sides["ours"].opened["cost"]
        described = {"kind": test["op"], "n": test.get("n", 0), "depth": test.get("depth", 0), "batch": test.get("batch", test.get("count", 1)),
                     "ubatch": 512, "threads": self.arguments.threads, "kv": test.get("kv", "f16"), "fa": flags.get("fa"), "seed": 1}
        for place, label in enumerate(pair["order"]):
            sample = pair["samples"][label]
            record = {"engine": {**self.engine, "flags": {"isa": sides["ours"].opened["isa"]}} if label == "ours"
                      else {**self.peer.facts, "flags": flags},
                      "model": facts, "test": described, "pair": index, "order": place, "kept": pair["kept"],
                      "seconds": sample["seconds"], "tok_s": sample["tokens"] / sample["seconds"],
                      "roof": {"gbs": max(p["read"]["best"] for p in roof) / 1e9, "gops": max(p["int8"]["best"] for p in roof) / 1e9,
                               "gflops": max(p["fma"]["best"] for p in roof) / 1e9},
                      "clock_ghz": roof[1]["clockGhz"], "load1": os.getloadavg()[0], "steal": steal}
            if test["op"] in ("prefill", "decode"):
                record.update(shares(test, cost, facts["type"], roof, sample["seconds"]))
            if test["op"] == "load":
                record.update(rss=sample["rss"], rss_peak=sample["peak"])
            self.write({"record": "sample", **record})

    def summary(self, name, model, test, facts, opened, flags, pairs, discarded):
        def of(label, value):
            return [value(pair["samples"][label]) for pair in pairs]

        def row(metric, unit, value, larger_is_better=True, **more):
            mine, theirs = of("ours", value), of("peer", value)
            ratios = [m / t if larger_is_better else t / m for m, t in zip(mine, theirs)]
            low, high = interval(ratios)
            result = {"record": "row", "model": facts, "modelName": model, "test": name, "metric": metric, "unit": unit,
                      "ours": statistics.median(mine), "peer": statistics.median(theirs), "ratio": statistics.median(ratios),
                      "interval": [low, high], "pairs": len(pairs), "discarded": discarded, "kept": self.arguments.keep,
                      "threads": self.arguments.threads, "isa": opened["isa"], "peerFlags": flags, "engine": self.engine,
                      "peerEngine": self.peer.facts, **more}
            self.write(result)
            print(report.line(result), flush=True)

        if test["op"] == "load":
            row("load to first token", "s", lambda s: s["seconds"], False)
            row("load to ready", "s", lambda s: s["ready"], False)
            row("resident after load", "MiB", lambda s: s["rss"] / 2**20, False, fileMiB=facts["bytes"] / 2**20)
            return
        share = {}
        if test["op"] != "chats":
            for label, key in (("ours", "ourRoof"), ("peer", "peerRoof")):
                share[key] = statistics.median(
                    shares(test, opened["cost"], facts["type"], pair["roof"], pair["samples"][label]["seconds"])["pct_roof"] for pair in pairs)
        row(name, "tokens/s", lambda s: s["tokens"] / s["seconds"], **share)

    def accuracy(self, model, path):
        """Divergence of both from our exact arithmetic on a fixed text, for each type of cache."""
        with open(os.path.join(ROOT, "LICENSE"), encoding="utf-8") as file:
            text = " ".join(file.read().split())
        ids = json.loads(subprocess.run([CLI, "tokenize", "-m", path, "--json"], input=text, capture_output=True, text=True,
                                        check=True).stdout)["ids"][:TESTS["accuracy"]["n"]]
        with tempfile.TemporaryDirectory() as folder:
            files = {name: os.path.join(folder, name) for name in ("exact", "ours", "peer")}
            for kv in ("f16", "q8_0"):
                test = {"op": "accuracy", "n": len(ids), "kv": kv}
                flags = self.peer.variants({"op": "prefill", "kv": kv})[0]
                sides = {"ours": self.ours(test, path), "peer": Side(self.peer.start, test, {**self.fields(path), **flags}, "peer")}
                if kv == "f16":
                    sides["exact"] = self.ours(test, path, exact=True)
                for label, side in sides.items():
                    opened = side.open().opened
                    vocab = side.worker.ask("logits", ids=ids, out=files[label])["vocab"]
                    side.close()
                    if label == "ours":
                        facts = self.model_facts(path, opened)
                with self.start_ours() as worker:
                    kl = {label: worker.ask("divergence", base=files["exact"], candidate=files[label], vocab=vocab)
                          for label in ("ours", "peer")}
                differences = [m - t for m, t in zip(kl["ours"]["perToken"], kl["peer"]["perToken"])]
                result = {"record": "accuracy", "model": facts, "modelName": model, "kv": kv, "tokens": len(ids),
                          "ours": kl["ours"]["meanKl"], "oursError": kl["ours"]["standardError"], "oursTop": kl["ours"]["sameTop"],
                          "peer": kl["peer"]["meanKl"], "peerError": kl["peer"]["standardError"], "peerTop": kl["peer"]["sameTop"],
                          "difference": list(interval(differences, statistics.fmean)), "engine": self.engine,
                          "peerEngine": self.peer.facts, "peerFlags": flags}
                self.write(result)
                print(report.line(result), flush=True)


def main():
    if sys.argv[1:2] == ["report"]:
        return print(report.markdown(sys.argv[2:]), end="")
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-m", action="append", default=[])
    parser.add_argument("--tests", default="")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--isa", default="")
    parser.add_argument("--peer", default="")
    parser.add_argument("--out", default="")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--models-folder", default=os.path.join(
        os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tessera-bench"))
    arguments = parser.parse_args()
    wanted = [name for name in arguments.tests.split(",") if name]
    if unknown := [name for name in wanted if name not in TESTS]:
        raise SystemExit(f"error: no test '{unknown[0]}'; there are {', '.join(TESTS)}")
    run = Run(arguments)
    print(f"{machine(run.host)}; {arguments.threads} threads; Tessera {run.engine['commit']}; "
          f"{run.peer.facts['name']} {run.peer.facts['version']}; {time.strftime('%Y-%m-%d')}")
    for model in arguments.m or TABLE:
        path = model_path(model, arguments.models_folder)
        for name in wanted or TABLE.get(model, "load accuracy prefill512 decode".split()):
            say(f"{model} {name}")
            try:
                run.accuracy(model, path) if name == "accuracy" else run.compare(name, model, path)
            except Refused as refused:
                say(f"{model} {name}: {refused}")
    run.probe.close()


if __name__ == "__main__":
    main()
