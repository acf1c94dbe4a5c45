#!/usr/bin/env python3
"""The benches, by name.

usage: bench.py [roofs|kernels|backend|tokenizer|sampler|model|serve|speculation|versus|report] [options of that bench]
Without a name: all but versus, one after the other, in a few minutes. `versus` measures against llama.cpp in the same run and
`versus report FILE` (or `report FILE`) makes the table of earlier runs (see versus.py). Machines are noisy: compare ratios and
medians of one run, never single figures of two.
"""
import os, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSUS = [sys.executable, "tests/bench/versus.py"]
PROGRAMS = {
    "roofs": ["build/bench/bench_roofs"],
    "kernels": ["build/bench/bench_quant"],
    "backend": ["build/bench/bench_backend"],
    "tokenizer": ["build/bench/bench_tokenizer"],
    "sampler": ["build/bench/bench_sampler"],
    "model": ["build/bin/tessera-cli", "bench", "-m", "sample"],
    "serve": ["build/bench/bench_serve"],
    "speculation": ["build/bench/bench_speculation"],
    "versus": VERSUS,
    "report": VERSUS + ["report"],
}
ALL = ("roofs", "kernels", "backend", "tokenizer", "sampler", "model", "serve")
# What keeps the run of all of them short; an option given by name replaces it.
SHORT = {"kernels": ["--seconds", "0.1"], "serve": ["--seconds", "10"], "sampler": ["--seconds", "0.1"]}


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
    raise SystemExit(max(run(name, SHORT.get(name, [])) for name in ALL))


if __name__ == "__main__":
    main()
