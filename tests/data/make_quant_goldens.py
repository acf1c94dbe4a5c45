#!/usr/bin/env python3
"""Writes quant_goldens.txt: hashes of what the public `gguf` package makes of seeded blocks.

    python make_quant_goldens.py > quant_goldens.txt

Lines: "decode TYPE nBlocks hash" (bits of the decoded floats) and "encode TYPE nBlocks hash" (bytes of the encoded blocks).
The hash is FNV-1a with 64 bits; tests/kernels/quant_cases.h makes the same blocks and floats.
"""
import numpy as np
from gguf import GGMLQuantizationType as T, quants

MASK = (1 << 64) - 1
N_BLOCKS = 96


class Random:  # splitmix64
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)


# name: (elements, bytes, offsets of bytes whose bit 6 (or 7 for MXFP4) is cleared so that scales stay small and finite)
TYPES = {
    "Q4_0": (32, 18, [1]), "Q4_1": (32, 20, [1, 3]), "Q5_0": (32, 22, [1]), "Q5_1": (32, 24, [1, 3]), "Q8_0": (32, 34, [1]),
    "Q2_K": (256, 84, [81, 83]), "Q3_K": (256, 110, [109]), "Q4_K": (256, 144, [1, 3]), "Q5_K": (256, 176, [1, 3]),
    "Q6_K": (256, 210, [209]), "Q8_K": (256, 292, [3]), "IQ4_NL": (32, 18, [1]), "IQ4_XS": (256, 136, [1]), "MXFP4": (32, 17, [0]),
}


def fnv(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = ((h ^ b) * 0x100000001B3) & MASK
    return h


def blocks(name, count, seed):
    elements, size, capped = TYPES[name]
    r = Random(seed)
    out = np.array([r.next() >> 56 for _ in range(count * size)], dtype=np.uint8).reshape(count, size)
    for offset in capped:
        out[:, offset] &= 0x7F if name == "MXFP4" else 0xBF
    return out


def floats(count, seed):
    r = Random(seed)
    return np.array([((r.next() >> 40) - (1 << 23)) / (1 << 20) for _ in range(count)], dtype=np.float32)


for name in TYPES:
    raw = blocks(name, N_BLOCKS, 1)
    if name == "Q8_K":  # one f32 scale and bytes; the package does not decode it
        values = raw[:, :4].copy().view(np.float32) * raw[:, 4:260].copy().view(np.int8).astype(np.float32)
    else:
        values = quants.dequantize(raw, T[name])
    print("decode", name, N_BLOCKS, f"{fnv(values.astype(np.float32).tobytes()):016x}")
for name in ["Q4_0", "Q4_1", "Q8_0"]:
    x = floats(32 * N_BLOCKS, 2).reshape(N_BLOCKS, 32)
    print("encode", name, N_BLOCKS, f"{fnv(quants.quantize(x, T[name]).tobytes()):016x}")
