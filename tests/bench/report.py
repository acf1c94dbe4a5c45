"""Lines and Markdown tables of measured rows (see versus.py)."""
import json

from bench_tools import machine

NAMES = {
    "prefill512": "prefill 512", "prefill4096": "prefill 4096", "prefill4096q8": "prefill 4096, Q8_0 cache", "decode": "decode",
    "b8": "decode, 8 together", "b32": "decode, 32 together", "d2048": "decode after 2,048", "d4096": "decode after 4,096",
    "d8192": "decode after 8,192", "d32768": "decode after 32,768", "chats": "16 chats, common 1000 tokens, both together",
    "chats1": "16 chats, common 1000 tokens: ours together, peer one after the other",
}
MODELS = {"sample": "SmolLM2-135M Q4_1"}
NOTICEABLE = 1e-6  # a difference of divergence below it is rounding


def model_name(row):
    name = row["modelName"]
    return MODELS.get(name) or (f"1B {name[3:].upper()}" if name.startswith("1b-") else row["model"]["file"])


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict(row):
    low, high = row["interval"]
    return "win" if low > 1 else "loss" if high < 1 else "even"


def line(row):
    if row["record"] == "accuracy":
        low, high = row["difference"]
        worse = "worse than the peer" if low > NOTICEABLE else "no worse"
        return (f"{model_name(row):18s} KL, cache {row['kv']:5s} Tessera {row['ours']:.2e} (top {100 * row['oursTop']:.1f} %)  "
                f"llama.cpp {row['peer']:.2e} (top {100 * row['peerTop']:.1f} %)  difference {low:.1e} to {high:.1e}: {worse}")
    low, high = row["interval"]
    roof = f", {row['ourRoof']:.0f} % of the roof (peer {row['peerRoof']:.0f} %)" if "ourRoof" in row else ""
    discarded = f", {row['discarded']} discarded" if row["discarded"] else ""
    return (f"{model_name(row):18s} {row['metric']:20s} Tessera {number(row['ours']):>8s}  llama.cpp {number(row['peer']):>8s} {row['unit']:8s} "
            f"ratio {row['ratio']:5.2f} (95 %: {low:.2f} to {high:.2f}, {row['pairs']} pairs{discarded}) {verdict(row)}{roof}")


def read(paths):
    """The latest row of each model and test, in the order of first appearance."""
    rows, accuracy = {}, {}
    for path in paths:
        with open(path) as lines:
            records = [json.loads(text) for text in lines]
        for record in records:
            if record.get("record") == "row":
                rows[(record["modelName"], record["metric"])] = record
            elif record.get("record") == "accuracy":
                accuracy[(record["modelName"], record["kv"])] = record
    return list(rows.values()), accuracy


def markdown(paths):
    rows, accuracy = read(paths)
    if not rows and not accuracy:
        return "Nothing was measured.\n"
    out, machines = [], {}
    for row in rows + list(accuracy.values()):
        facts = (machine(row["host"]), row["peerEngine"]["version"], row["peerEngine"]["build"])
        dates = machines.setdefault(facts, set())
        dates.add(row["time"][:10])
    for (where, version, build), dates in machines.items():
        out.append(f"Machine: {where}. {', '.join(sorted(dates))}. Peer: {version} ({build}).\n")
    if rows:
        out.append("| model | work | Tessera | llama.cpp | unit | ratio (95 % interval) | pairs | of the roof, ours / peer | KL from exact, ours / peer |")
        out.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        low, high = row["interval"]
        roof = f"{row['ourRoof']:.0f} % / {row['peerRoof']:.0f} %" if "ourRoof" in row else ""
        kl = accuracy.get((row["modelName"], "q8_0" if row["test"].endswith("q8") else "f16"))
        kl = f"{kl['ours']:.1e} / {kl['peer']:.1e}" if kl and row["unit"] == "tokens/s" else ""
        loss = " (loss)" if verdict(row) == "loss" else " (even)" if verdict(row) == "even" else ""
        kept = ", unsteady ones kept" if row["kept"] else ""
        out.append(f"| {model_name(row)} | {NAMES.get(row['metric'], row['metric'])} | {number(row['ours'])} | {number(row['peer'])} | {row['unit']} | "
                   f"{row['ratio']:.2f} ({low:.2f} to {high:.2f}){loss} | {row['pairs']}{kept} | {roof} | {kl} |")
    if accuracy:
        out.append("\n| model | cache | KL from exact, ours | peer | same most probable token, ours / peer | difference, 95 % interval |")
        out.append("| --- | --- | --- | --- | --- | --- |")
        for row in accuracy.values():
            low, high = row["difference"]
            worse = " (worse)" if low > NOTICEABLE else ""
            out.append(f"| {model_name(row)} | {row['kv'].upper()} | {row['ours']:.2e} | {row['peer']:.2e} | "
                       f"{100 * row['oursTop']:.1f} % / {100 * row['peerTop']:.1f} % | {low:.1e} to {high:.1e}{worse} |")
    return "\n".join(out) + "\n"
