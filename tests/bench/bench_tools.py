"""What the benches written in Python share: child processes that answer line by line, statistics, facts of the machine."""
import hashlib, json, os, platform, random, statistics, subprocess, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMA = "tessera-bench/1"


class Refused(Exception):
    """The other side answered with an error."""


class Worker:
    """A process that reads one JSON object a line and answers each with one."""

    def __init__(self, command, env=None):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
                                        env={**os.environ, **(env or {})})

    def ask(self, op, **fields):
        try:
            self.process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Refused(f"{self.command[-1]} ended with status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended already
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def interval(values, statistic=statistics.median, rounds=2000):
    """Bootstrap 95 % interval of a statistic; the same values give the same interval."""
    rng = random.Random(7)
    drawn = sorted(statistic(rng.choices(values, k=len(values))) for _ in range(rounds))
    return drawn[int(0.025 * rounds)], drawn[int(0.975 * rounds) - 1]


def steady(before, after, limit=0.10):
    """Whether two probes of the roofs tell of the same machine."""
    for key in ("read", "fma", "int8"):
        a, b = before[key]["median"], after[key]["median"]
        if a and b and max(a, b) / min(a, b) > 1 + limit:
            return False
    return True


FLOAT_TYPES = ("F32", "F16", "BF16")


def shares(test, cost, file_type, roof, seconds):
    """What `seconds` for a test are, in per cent: of reading alone, of arithmetic alone, of both limits together.

    Decoding reads the weights once a step and each sequence's keys and values; a prompt reads the weights once and
    multiplies every token with them, only its last with the output matrix. Attention is 32-bit arithmetic.
    """
    n, batch = test["n"], test.get("batch", 1)
    read = max(p["read"]["best"] for p in roof)
    fma = max(p["fma"]["best"] for p in roof)
    peak = fma if file_type in FLOAT_TYPES else max(fma, max(p["int8"]["best"] for p in roof))
    if test["op"] == "prefill":
        bytes_read = cost["weightBytes"]
        products = 2 * ((cost["parameters"] - cost["outputParameters"]) * n + cost["outputParameters"])
        attention = cost["attentionFlopsPerPair"] * n * (n + 1) / 2
        tokens = n
    else:
        depth = test.get("depth", 0) + n / 2
        bytes_read = n * (cost["weightBytes"] + batch * cost["kvBytesPerToken"] * depth)
        products = 2 * cost["parameters"] * n * batch
        attention = cost["attentionFlopsPerPair"] * depth * n * batch
        tokens = n * batch
    by_read, by_work = bytes_read / read, products / peak + attention / fma
    return {"pct_bw": 100 * by_read / seconds, "pct_flops": 100 * by_work / seconds,
            "pct_roof": 100 * max(by_read, by_work) / seconds, "bytes_per_tok": bytes_read / tokens,
            "flops_per_tok": (products + attention) / tokens}


def sha256_16(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()[:16]


def lines_of(path):
    with open(path) as file:
        return file.readlines()


def host():
    fields = {}
    for line in lines_of("/proc/cpuinfo"):
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags", "").split()
    known = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16")
    memory = next(int(line.split()[1]) * 1024 for line in lines_of("/proc/meminfo") if line.startswith("MemTotal"))
    system = platform.platform()
    if os.path.exists("/etc/os-release"):
        release = dict(line.rstrip().split("=", 1) for line in lines_of("/etc/os-release") if "=" in line)
        system = release.get("PRETTY_NAME", system).strip('"')
    family = f"family {fields['cpu family']} model {fields['model']}" if "cpu family" in fields else ""
    return {"cpu": fields.get("model name", platform.processor()), "family": family,
            "isa": [flag for flag in known if flag in flags], "cores": len(os.sched_getaffinity(0)), "mem": memory,
            "os": system, "virt": "hypervisor" in flags}


def machine(facts):
    """The same in one line, for people."""
    isa = ", ".join(flag for flag in facts["isa"] if flag not in ("fma", "f16c"))
    return (f"{'virtual ' if facts['virt'] else ''}{facts['cpu']} ({facts['family']}; {isa}), {facts['cores']} cores, "
            f"{facts['mem'] / 2**30:.0f} GiB, {facts['os']}")


def stolen_share(previous=None):
    """Ticks so far, and the share that the hypervisor took since `previous`."""
    ticks = [int(value) for value in lines_of("/proc/stat")[0].split()[1:9]]
    if previous is None:
        return ticks, 0.0
    spent = [now - then for now, then in zip(ticks, previous)]
    return ticks, spent[7] / max(1, sum(spent))


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
