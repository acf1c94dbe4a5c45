#!/usr/bin/env python3
"""Checks what the bench's scripts compute and parse, without any engine: run by ctest."""
import argparse, contextlib, io, json, os, stat, sys, tempfile, unittest
from unittest import mock

sys.dont_write_bytecode = True
import bench_tools as tools  # noqa: E402
import peers, report, versus  # noqa: E402

COST = {"weightBytes": 1e9, "parameters": 2e9, "outputParameters": 5e8, "kvBytesPerToken": 1000, "attentionFlopsPerPair": 100}


def probe(read=10e9, fma=100e9, int8=200e9):
    rates = {key: {"median": value, "best": value} for key, value in (("read", read), ("fma", fma), ("int8", int8))}
    return {**rates, "clockGhz": 3.0}


# Pretends to be an engine whose every sample takes as long as it is told.
PRETENDER = """
import json, sys
SECONDS = float(sys.argv[1])
COST = json.loads(sys.argv[2])
for line in sys.stdin:
    o = json.loads(line)
    if o["op"] == "open":
        memory = {"rss": 3 << 20, "peak": 4 << 20}
        reply = {"seconds": SECONDS / 2, "firstSeconds": SECONDS, "memoryBefore": {"rss": 1 << 20}, "memory": memory, "cost": COST,
                 "architecture": "llama", "parameters": 1, "type": "Q4_K", "isa": "avx2", "exact": o.get("exact", False)}
    elif o["op"] == "logits":
        reply = {"rows": len(o["ids"]), "vocab": 7}
    elif o["op"] == "divergence":
        mine = "ours" in o["candidate"]
        reply = {"meanKl": 0.001 if mine else 0.002, "standardError": 1e-5, "sameTop": 1.0, "perToken": [0.001 if mine else 0.002] * 9}
    elif o["op"] == "decode" and o.get("depth"):
        reply = {"error": "no such depth"}
    else:
        reply = {"seconds": SECONDS, "tokens": 10}
    print(json.dumps(reply), flush=True)
"""


class Pretended:
    """A peer that is half as fast as ours."""

    facts = {"name": "peer", "version": "1", "commit": "", "build": "b"}

    def start(self):
        return tools.Worker([sys.executable, "-c", PRETENDER, "0.02", json.dumps(COST)])

    def variants(self, test):
        return [{"fa": 1}]


class Scripts(unittest.TestCase):
    def test_interval_holds_the_median_and_repeats(self):
        values = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 9.0]
        low, high = tools.interval(values)
        self.assertTrue(1.0 <= low <= 1.3 <= high <= 9.0)
        self.assertEqual((low, high), tools.interval(values))
        self.assertEqual(tools.interval([2.0] * 7), (2.0, 2.0))

    def test_probes_that_differ_by_more_than_a_tenth(self):
        self.assertTrue(tools.steady(probe(), probe(read=10.9e9)))
        self.assertFalse(tools.steady(probe(), probe(read=11.2e9)))
        self.assertFalse(tools.steady(probe(int8=260e9), probe()))

    def test_shares_of_the_roof(self):
        decode = tools.shares({"op": "decode", "n": 10, "depth": 0, "batch": 1}, COST, "Q4_K", [probe()], 2.0)
        self.assertAlmostEqual(decode["pct_bw"], 50, places=3)  # 10 GB in 2 s of 10 GB/s
        self.assertAlmostEqual(decode["pct_roof"], decode["pct_bw"])
        prefill = tools.shares({"op": "prefill", "n": 100}, COST, "Q4_K", [probe()], 3.0)
        self.assertAlmostEqual(prefill["pct_flops"], 100 * (2 * (1.5e9 * 100 + 5e8) / 200e9 + 100 * 5050 / 100e9) / 3, places=6)
        floats = tools.shares({"op": "prefill", "n": 100}, COST, "F16", [probe()], 3.0)
        self.assertGreater(floats["pct_flops"], 1.9 * prefill["pct_flops"])

    def test_a_worker_answers_line_by_line_and_says_why_it_refuses(self):
        code = ("import sys, json\nfor line in sys.stdin:\n    o = json.loads(line)\n"
                "    print(json.dumps({'error': 'no'} if o['op'] == 'bad' else {'n': o['n'] + 1}), flush=True)")
        with tools.Worker([sys.executable, "-c", code]) as worker:
            self.assertEqual(worker.ask("add", n=1), {"n": 2})
            with self.assertRaisesRegex(tools.Refused, "no"):
                worker.ask("bad")
            self.assertEqual(worker.ask("add", n=2), {"n": 3})
        with tools.Worker([sys.executable, "-c", ""]) as worker, self.assertRaises(tools.Refused):
            worker.ask("add", n=1)

    def test_a_build_of_llama_cpp_in_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, line in (("llama-bench", '[{"build_commit": "abc", "build_number": 7, "n_prompt": 0, "n_gen": 16, "avg_ts": 8.0}]'),
                               ("llama-batched-bench", 'main: x\\n{"pp": 1, "tg": 4, "pl": 8, "t_tg": 0.5, "speed_tg": 64.0}')):
                path = os.path.join(folder, name)
                with open(path, "w") as script:
                    script.write(f"#!/bin/sh\nprintf '%b\\n' '{line}'\n")
                os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
            peer = peers.find_peer(folder)
            worker = peer.start()
            worker.ask("open", model="m.gguf", threads=2)
            self.assertEqual(worker.ask("decode", n=16), {"seconds": 2.0, "tokens": 16})
            self.assertEqual(peer.facts["commit"], "abc")
            self.assertEqual(worker.ask("decode", n=4, batch=8), {"seconds": 0.5, "tokens": 32})
            with self.assertRaises(tools.Refused):
                worker.ask("logits", ids=[1])

    def test_report_keeps_the_latest_row_and_shows_losses(self):
        row = {"record": "row", "schema": tools.SCHEMA, "time": "2026-01-02T03:04:05Z", "modelName": "1b-q4_k", "test": "decode",
               "metric": "decode", "unit": "tokens/s", "ours": 9.0, "peer": 10.0, "ratio": 0.9, "interval": [0.88, 0.93], "pairs": 7,
               "discarded": 1, "kept": False, "ourRoof": 50.0, "peerRoof": 55.0, "model": {"file": "q4_k.gguf"},
               "host": {"cpu": "X", "family": "", "isa": ["avx2"], "cores": 2, "mem": 2**34, "os": "Y", "virt": True},
               "peerEngine": {"version": "v", "build": "b"}}
        older = {**row, "ratio": 2.0, "interval": [1.9, 2.1]}
        accuracy = {**row, "record": "accuracy", "kv": "f16", "ours": 1e-3, "peer": 2e-3, "oursTop": 1.0, "peerTop": 0.9,
                    "difference": [-2e-3, -1e-4]}
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for record in (older, row, accuracy):
                file.write(json.dumps(record) + "\n")
            file.flush()
            text = report.markdown([file.name])
        self.assertIn("0.90 (0.88 to 0.93) (loss)", text)
        self.assertNotIn("2.00 (1.90", text)
        self.assertIn("50 % / 55 %", text)
        self.assertIn("1.0e-03 / 2.0e-03", text)

    def test_a_whole_run_with_pretended_engines(self):
        run = versus.Run.__new__(versus.Run)
        probes = [probe(), probe(), probe(read=20e9), probe(read=20e9)] + [probe(read=20e9)] * 40  # one pair is discarded
        run.probe = mock.Mock()
        run.probe.ask.side_effect = lambda op: probes.pop(0)
        run.peer, run.host = Pretended(), tools.host()
        run.engine = {"name": "Tessera", "version": "0", "commit": "c", "build": "g"}
        run.start_ours = lambda: tools.Worker([sys.executable, "-c", PRETENDER, "0.01", json.dumps(COST)])
        tokens = mock.Mock(stdout=json.dumps({"ids": list(range(9))}))
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as printed, \
                contextlib.redirect_stderr(io.StringIO()), mock.patch.object(versus.subprocess, "run", return_value=tokens):
            out = os.path.join(folder, "out.jsonl")
            run.arguments = argparse.Namespace(pairs=3, threads=2, isa="", out=out, keep=False)
            for name in ("decode", "load", "chats"):
                run.compare(name, "a model", __file__)
            run.accuracy("a model", __file__)
            with self.assertRaises(tools.Refused):
                run.compare("d2048", "a model", __file__)
            with open(out) as lines:
                records = [json.loads(line) for line in lines]
        rows = {r["metric"]: r for r in records if r["record"] == "row"}
        self.assertEqual(set(rows), {"decode", "load to first token", "load to ready", "resident after load", "chats"})
        self.assertAlmostEqual(rows["decode"]["ratio"], 2.0)
        self.assertAlmostEqual(rows["load to ready"]["ratio"], 2.0)
        self.assertEqual(rows["decode"]["discarded"], 1)
        self.assertEqual(rows["decode"]["pairs"], 3)
        samples = [r for r in records if r["record"] == "sample" and r["test"]["kind"] == "decode"]
        self.assertEqual([r["engine"]["name"] for r in samples[:4]], ["Tessera", "peer", "peer", "Tessera"])
        self.assertEqual([r["kept"] for r in samples], [True, True, False, False, True, True, True, True])
        self.assertGreater(samples[0]["pct_bw"], 0)
        self.assertEqual(sum(r["record"] == "accuracy" for r in records), 2)
        self.assertIn("no worse", printed.getvalue())

    def test_every_test_of_the_table_exists_and_has_room(self):
        for names in versus.TABLE.values():
            for name in names:
                context, tokens, sequences = versus.sizes(versus.TESTS[name])
                self.assertGreaterEqual(tokens, context)
                self.assertGreaterEqual(context, versus.TESTS[name].get("depth", 0) + versus.TESTS[name].get("n", 0))
                self.assertGreaterEqual(sequences, 1)


if __name__ == "__main__":
    unittest.main()
