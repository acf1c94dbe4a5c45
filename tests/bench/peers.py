"""The engines that Tessera is measured against: found, built, spoken to."""
import json, os, subprocess, sys, venv

from bench_tools import ROOT, Refused, Worker

VERSION = "0.3.36"
SHIM = os.path.join(ROOT, "tests", "bench", "peer_llama_cpp.py")


def imports_llama_cpp(python):
    return os.path.exists(python) and subprocess.run([python, "-c", "import llama_cpp"], capture_output=True).returncode == 0


def build_peer(folder):
    python = os.path.join(folder, "bin", "python")
    if not imports_llama_cpp(python):
        print(f"building llama-cpp-python {VERSION} natively into {folder} (a quarter of an hour)", file=sys.stderr)
        venv.create(folder, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", "--no-binary", "llama-cpp-python",
                               f"llama-cpp-python=={VERSION}"], env={**os.environ, "CMAKE_ARGS": "-DGGML_NATIVE=ON"})
        if done.returncode or not imports_llama_cpp(python):
            raise SystemExit("error: llama-cpp-python could not be built; give another build with --peer")
    return python


class LlamaCppPython:
    """llama.cpp in a Python package, through peer_llama_cpp.py."""

    def __init__(self, python):
        self.python = python
        code = ("import llama_cpp, json; print(json.dumps([llama_cpp.__version__, "
                "llama_cpp.llama_print_system_info().decode().strip()]))")
        version, system = json.loads(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)
        self.facts = {"name": "llama.cpp", "version": f"llama-cpp-python {version}", "commit": "", "build": system}

    def start(self):
        return Worker([self.python, SHIM])

    def variants(self, test):
        """Switches worth trying: the fastest counts."""
        if test["op"] == "load":
            return [{"repack": repack, "mmap": mmap} for repack in (True, False) for mmap in (True, False)]
        if test["op"] == "chats":
            return [{"fa": fa, "unified": unified} for fa in (1, 0) for unified in (True, False)]
        attention = [1] if test.get("kv", "f16") != "f16" else [1, 0]  # a quantized cache needs flash attention
        layouts = [True] if test.get("depth", 0) > 4096 else [True, False]
        return [{"fa": fa, "repack": repack} for fa in attention for repack in layouts]


class LlamaBenchRun:
    """Speaks like a Worker; every sample is a run of llama-bench or llama-batched-bench."""

    def __init__(self, peer):
        self.peer, self.options = peer, None

    def ask(self, op, **fields):
        if op == "open":
            self.options = fields
            return {}
        o, n, depth, batch = self.options, fields.get("n", 0), fields.get("depth", 0), fields.get("batch", 1)
        common = ["-m", o["model"], "-t", str(o["threads"]), "-fa", str(o.get("fa", 1)), "-ctk", o.get("kv", "f16"),
                  "-ctv", o.get("kv", "f16"), "-ub", "512"]
        if op in ("prefill", "decode") and batch == 1:
            shape = ["-p", str(n), "-n", "0"] if op == "prefill" else ["-p", "0", "-n", str(n), "-d", str(depth)]
            rows = self.run("llama-bench", common + shape + ["-r", "1", "-o", "json"])
            row = json.loads(rows)[-1]
            self.peer.facts.update(commit=str(row.get("build_commit", "")), version=f"build {row.get('build_number', '?')}")
            return {"seconds": n / row["avg_ts"], "tokens": n}
        if op == "decode":
            prompt = max(1, depth)
            rows = self.run("llama-batched-bench", common + [
                "-npp", str(prompt), "-ntg", str(n), "-npl", str(batch), "-c", str((prompt + n + 64) * batch), "-b", "2048",
                "--output-format", "jsonl"])
            row = json.loads([line for line in rows.splitlines() if line.startswith("{")][-1])
            return {"seconds": row["t_tg"], "tokens": n * batch}
        raise Refused(f"llama-bench cannot do '{op}'; a Python with llama_cpp can")

    def run(self, program, options):
        path = os.path.join(self.peer.folder, program)
        if not os.path.exists(path):
            raise Refused(f"{path} does not exist")
        done = subprocess.run([path, *options], capture_output=True, text=True)
        if done.returncode:
            raise Refused(f"{program} failed: {done.stderr.strip()[-300:]}")
        return done.stdout

    def close(self):
        pass


class LlamaBench:
    """The programs of a build of llama.cpp."""

    def __init__(self, folder):
        self.folder = folder
        self.facts = {"name": "llama.cpp", "version": "llama-bench", "commit": "", "build": folder}

    def start(self):
        return LlamaBenchRun(self)

    def variants(self, test):
        return [{"fa": 1}] if test.get("kv", "f16") != "f16" else [{"fa": 1}, {"fa": 0}]


def find_peer(given):
    """A Python that can import llama_cpp, a folder with llama-bench, that program itself, or (nothing given) our own build."""
    if not given:
        cache = os.environ.get("TESSERA_PEER_VENV") or os.path.join(
            os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tessera-peer")
        return LlamaCppPython(build_peer(cache))
    given = os.path.abspath(os.path.expanduser(given))
    if os.path.isdir(given):
        for folder in (given, os.path.join(given, "bin"), os.path.join(given, "build", "bin")):
            if os.path.exists(os.path.join(folder, "llama-bench")):
                return LlamaBench(folder)
            if imports_llama_cpp(os.path.join(folder, "python")):
                return LlamaCppPython(os.path.join(folder, "python"))
    elif os.path.basename(given).startswith("llama-bench"):
        return LlamaBench(os.path.dirname(given))
    elif imports_llama_cpp(given):
        return LlamaCppPython(given)
    raise SystemExit(f"error: {given} is neither a folder with llama-bench nor a Python that can import llama_cpp")
