#!/usr/bin/env python3
"""Writes unicode_data.cpp: general categories, lower case and accent-free forms as compact tables.

Run in the repository: python3 engine/text/make_unicode_data.py
It uses the package unicodedata2 (the committed tables: 15.1.0) where it is installed, else Python's own unicodedata; the
version is written into the files.
"""
import sys

try:
    import unicodedata2 as ud
except ImportError:
    import unicodedata as ud

BLOCK = 256
NAMES = ["Cn", "Cc", "Cf", "Co", "Cs", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
         "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cw"]  # Cw: control characters that are white space
WHITE_CONTROLS = {9, 10, 11, 12, 13, 0x85}


def category(cp):
    return "Cw" if cp in WHITE_CONTROLS else ud.category(chr(cp))


def lower(cp):
    """One character in, the characters of its lower case out (as BERT's normalizer does it)."""
    return [ord(c) for c in chr(cp).lower()]


def plain(cp):
    """Canonical decomposition without accents (Mn); Hangul syllables are taken apart by rule, not here."""
    if 0xAC00 <= cp <= 0xD7A3 or 0xD800 <= cp <= 0xDFFF:
        return [cp]
    return [ord(c) for c in ud.normalize("NFD", chr(cp)) if ud.category(c) != "Mn"]


def pairs(name, comment, function):
    rows = []
    for cp in range(0x110000):
        if 0xD800 <= cp <= 0xDFFF:
            continue
        out = function(cp)
        if out != [cp] and len(out) <= 2 and category(cp) != "Mn":
            rows.append((cp, out[0] if out else 0, out[1] if len(out) > 1 else 0))
    # Runs of characters that map alike (same distance, or every second one) become one row.
    runs = []
    for cp, a, b in rows:
        if runs and b == 0 and runs[-1][4] == 0 and a - cp == runs[-1][3]:
            first, last, step, delta, _ = runs[-1]
            if (step == 0 and cp - last in (1, 2)) or cp - last == step:
                runs[-1] = (first, cp, cp - last, delta, 0)
                continue
        runs.append((cp, cp, 0, a - cp, b))
    print(f"\n// {comment}")
    print(f"const CaseRun {name}[] = {{")
    line = "   "
    for first, last, step, delta, second in runs:
        item = f" {{0x{first:X}, 0x{last:X}, {max(step, 1)}, {delta}, 0x{second:X}}},"
        if len(line) + len(item) > 118:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")
    print(f"const int {name}Count = {len(runs)};")


blocks, index, where = [], [], {}
for start in range(0, 0x110000, BLOCK):
    text = "".join(chr(ord("A") + NAMES.index(category(cp))) for cp in range(start, start + BLOCK))
    if text not in where:
        where[text] = len(blocks)
        blocks.append(text)
    index.append(where[text])
assert len(blocks) < 256

HEADER = f"""// Made by make_unicode_data.py from Unicode {ud.unidata_version}; not edited by hand.
// clang-format off
#include "engine/text/unicode_data.h"

namespace engine {{
"""
FOOTER = "\n}  // namespace engine\n// clang-format on"

sys.stdout = open("engine/text/unicode_data.cpp", "w")
print(HEADER + f"""
const char* const UnicodeVersion = "{ud.unidata_version}";

// Which block of {BLOCK} characters a code point's category stands in.
const unsigned char UnicodeBlockIndex[] = {{""")
line = "   "
for value in index:
    item = f" {value},"
    if len(line) + len(item) > 118:
        print(line)
        line = "   "
    line += item
print(line)
print("};\n\n// One letter per character: 'A' + the category's place in the enumeration.")
print("const char* const UnicodeBlocks[] = {")
for block in blocks:
    for part in range(0, BLOCK, 128):
        quoted = block[part:part + 128].replace("\\", "\\\\")
        print(f'    "{quoted}"' + ("," if part + 128 == BLOCK else ""))
print("};\n" + FOOTER)

sys.stdout = open("engine/text/unicode_case_data.cpp", "w")
print(HEADER, end="")
pairs("LowerRuns", "Lower case.", lower)
pairs("PlainRuns", "The letter without its accents; 0 where nothing is left.", plain)
print(FOOTER)
