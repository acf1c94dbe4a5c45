#!/usr/bin/env python3
"""The peer's side of a comparison: llama.cpp through the low-level interface of the Python package llama-cpp-python.

Runs in the peer's Python. One JSON object a line on standard input, one answer a line; the operations are those of
bench_engine.cpp. `open` also takes the peer's own switches: "fa" (-1 automatic, 0, 1), "repack" (weights laid out anew
while loading), "mmap", "unified" (one cache for all sequences). llama-bench's conventions: random tokens, no sampling,
no tokenizing, micro-batches of 512.
"""
import ctypes, json, os, random, sys, time

# The answers go where standard output went; what the library prints itself must not come between them.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import llama_cpp as L  # noqa: E402

TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q8_0": 8}
N_BATCH = 2048


def memory():
    kib = {"rss": 0, "pss": 0, "peak": 0}
    keys = {"Rss:": "rss", "Pss:": "pss", "VmHWM:": "peak"}
    for path in ("/proc/self/smaps_rollup", "/proc/self/status"):
        for line in open(path):
            words = line.split()
            if words and words[0] in keys:
                kib[keys[words[0]]] = int(words[1]) * 1024
    return kib


class Peer:
    def __init__(self, order):
        before = memory()
        began = time.perf_counter()
        params = L.llama_model_default_params()
        params.use_extra_bufts = bool(order.get("repack", True))
        if hasattr(params, "load_mode"):
            params.load_mode = 1 if order.get("mmap", True) else 0
        else:
            params.use_mmap = bool(order.get("mmap", True))
        self.model = L.llama_model_load_from_file(order["model"].encode(), params)
        if not self.model:
            raise RuntimeError("llama.cpp cannot load " + order["model"])
        self.vocab = L.llama_vocab_n_tokens(L.llama_model_get_vocab(self.model))
        p = L.llama_context_default_params()
        sequences, context = max(1, order.get("sequences", 1)), order.get("context", 512)
        self.unified = bool(order.get("unified", False)) and sequences > 1
        p.n_ctx = max(context * (1 if self.unified else sequences), order.get("tokens", 0))
        p.n_batch, p.n_ubatch, p.n_seq_max = N_BATCH, 512, sequences
        p.n_threads = p.n_threads_batch = order["threads"]
        p.flash_attn_type = order.get("fa", -1)
        p.type_k = p.type_v = TYPES[order.get("kv", "f16")]
        if hasattr(p, "kv_unified"):
            p.kv_unified = self.unified
        self.context = L.llama_init_from_model(self.model, p)
        if not self.context:
            raise RuntimeError("llama.cpp cannot make a context for " + order["model"])
        self.cache = L.llama_get_memory(self.context)
        self.rows = L.llama_batch_init(N_BATCH, 0, 1)
        self.random = random.Random(1)
        self.depth = self.batch = -1
        ready = time.perf_counter() - began
        self.prefill(1)
        self.opened = {"seconds": ready, "firstSeconds": time.perf_counter() - began, "memoryBefore": before,
                       "memory": memory(), "vocab": self.vocab, "system": L.llama_print_system_info().decode().strip()}

    def compute(self, rows):
        """rows: (token, position, sequence, wants logits)"""
        batch = self.rows
        for at in range(0, len(rows), N_BATCH):
            part = rows[at:at + N_BATCH]
            batch.n_tokens = len(part)
            for i, (token, position, sequence, wanted) in enumerate(part):
                batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, position, 1
                batch.seq_id[i][0], batch.logits[i] = sequence, wanted
            if failed := L.llama_decode(self.context, batch):
                raise RuntimeError(f"llama_decode failed: {failed}")
            L.llama_synchronize(self.context)

    def ids(self, n):
        return [self.random.randrange(self.vocab) for _ in range(n)]

    def prompt(self, ids, sequence=0, first=0):
        last = len(ids) - 1
        self.compute([(token, first + i, sequence, int(i == last)) for i, token in enumerate(ids)])

    def clear(self):
        L.llama_memory_clear(self.cache, True)
        self.depth = self.batch = -1

    def prefill(self, n):
        self.clear()
        ids = self.ids(n)
        began = time.perf_counter()
        self.prompt(ids)
        return time.perf_counter() - began

    def decode(self, n, depth, batch):
        if (self.depth, self.batch) == (depth, batch):  # what an earlier sample added is taken off again
            for sequence in range(batch):
                L.llama_memory_seq_rm(self.cache, sequence, max(1, depth), -1)
        else:
            self.clear()
            for sequence in range(batch):
                self.prompt(self.ids(max(1, depth)), sequence)
            self.depth, self.batch = depth, batch
        steps = [[(token, max(1, depth) + step, sequence, 1) for sequence, token in enumerate(self.ids(batch))]
                 for step in range(n)]
        began = time.perf_counter()
        for rows in steps:
            self.compute(rows)
        return time.perf_counter() - began

    def chats(self, count, prefix, own, n, order, shared):
        self.clear()
        beginning = self.ids(prefix)
        others = [self.ids(own) for _ in range(count)]
        beginnings = [beginning if shared else self.ids(prefix) for _ in range(count)]
        began = time.perf_counter()
        if order == "together":
            self.prompt(beginning)
            for sequence in range(1, count):
                L.llama_memory_seq_cp(self.cache, 0, sequence, -1, -1)
            self.compute([(token, prefix + i, sequence, int(i == own - 1))
                          for sequence in range(count) for i, token in enumerate(others[sequence])])
            for step in range(n - 1):
                self.compute([(token, prefix + own + step, sequence, 1) for sequence, token in enumerate(self.ids(count))])
        else:
            for i in range(count):
                if i and shared:
                    L.llama_memory_seq_rm(self.cache, 0, prefix, -1)
                    self.prompt(others[i], 0, prefix)
                else:
                    L.llama_memory_clear(self.cache, True)
                    self.prompt(beginnings[i] + others[i])
                for step in range(n - 1):
                    self.prompt(self.ids(1), 0, prefix + own + step)
        return time.perf_counter() - began

    def logits(self, ids, out):
        self.clear()
        with open(out, "wb") as file:
            for at in range(0, len(ids), 512):
                part = ids[at:at + 512]
                self.compute([(token, at + i, 0, 1) for i, token in enumerate(part)])
                values = L.llama_get_logits(self.context)
                file.write(ctypes.string_at(values, len(part) * self.vocab * 4))
        return {"rows": len(ids), "vocab": self.vocab}

    def close(self):
        L.llama_batch_free(self.rows)
        L.llama_free(self.context)
        L.llama_model_free(self.model)


def answer(peer, order):
    op = order["op"]
    if op == "open":
        if peer[0]:
            peer[0].close()
        peer[0] = Peer(order)
        return peer[0].opened
    if op == "memory":
        return memory()
    if not peer[0]:
        raise RuntimeError(f"'{op}' needs a model: open one first")
    if op == "prefill":
        return {"seconds": peer[0].prefill(order["n"]), "tokens": order["n"]}
    if op == "decode":
        batch = order.get("batch", 1)
        return {"seconds": peer[0].decode(order["n"], order.get("depth", 0), batch), "tokens": order["n"] * batch}
    if op == "chats":
        seconds = peer[0].chats(order["count"], order["prefix"], order["own"], order["n"], order.get("order", "together"),
                                order.get("shared", True))
        return {"seconds": seconds, "tokens": order["count"] * order["n"]}
    if op == "logits":
        return peer[0].logits(order["ids"], order["out"])
    raise RuntimeError(f"no such op: '{op}'")


def main():
    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda *_: None)
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    peer = [None]
    for line in sys.stdin:
        try:
            reply = answer(peer, json.loads(line))
        except (RuntimeError, KeyError, ValueError) as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
