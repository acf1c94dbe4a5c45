#!/usr/bin/env python3
"""The benches, by name.

usage: bench.py [kernels|backend|tokenizer|model|speculation|versus] [options of that bench]
Without a name: all but `versus`, one after the other. `versus` measures against llama.cpp in the same run (see versus.py). Machines are noisy: compare ratios and medians of one run, never single figures of two.
"""
import os, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = {
    "kernels": ["build/bench/bench_quant"],
    "backend": ["build/bench/bench_backend"],
    "tokenizer": ["build/bench/bench_tokenizer"],
    "model": ["build/bin/tessera-cli", "bench", "-m", "sample"],
    "speculation": ["build/bench/bench_speculation"],
    "versus": [sys.executable, "tests/bench/versus.py"],
}


def run(name, options):
    command = PROGRAMS[name] + options
    if not os.path.exists(os.path.join(ROOT, command[0])) and not os.path.isabs(command[0]):
        raise SystemExit(f"error: {command[0]} is not built")
    print(f"== {name}: {' '.join(command)}", flush=True)
    return subprocess.run(command, cwd=ROOT).returncode


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in PROGRAMS:
        raise SystemExit(run(arguments[0], arguments[1:]))
    if arguments:
        raise SystemExit(__doc__)
    raise SystemExit(max(run(name, []) for name in PROGRAMS if name != "versus"))


if __name__ == "__main__":
    main()
