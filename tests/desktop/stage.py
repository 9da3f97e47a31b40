"""What the desktop tests stand on: the app and practice providers as processes, a client, and the list of facts.

A test is a function marked @fact, named as the fact it shows. Facts run in the order they stand in, since a desktop
session is one story; each prints PASS or FAIL, and `tell()` prints a measure beside them.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request

import desk

PROJECT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
APP = os.environ.get("TURNOUT_APP", str(TARGET / "release" / "turnout"))
ARTIFACTS = pathlib.Path(os.environ.get("TURNOUT_ARTIFACTS", TARGET / "artifacts"))
PATIENCE = 30  # seconds that a condition may take to come true

CLIENT_TOKEN = "client-token-of-the-desktop-tests"
ADMIN_TOKEN = "admin-token-of-the-desktop-tests"

_facts = []
_processes = []


def fact(function):
    _facts.append(function)
    return function


def run():
    """Runs every fact, ends every process that was started, and gives the exit status."""
    failed = 0
    for function in _facts:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"PASS {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    for process in reversed(_processes):
        end(process)
    return 1 if failed else 0


def tell(text):
    print(f"     {text}", flush=True)


def until(what, probe, patience=PATIENCE, every=0.1):
    """Asks again and again until `probe` gives something true, and gives that."""
    deadline = time.monotonic() + patience
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s in vain for: {what}")
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(arguments, log=None, environment=None, without=()):
    """Starts a process that ends with the tests. Both its outputs go to `log`."""
    place = pathlib.Path(os.environ["DESK_ROOT"]) / (log or "process.log")
    everything = {**os.environ, **(environment or {})}
    for name in without:
        everything.pop(name, None)
    with open(place, "ab") as output:
        process = subprocess.Popen(arguments, env=everything, stdout=output, stderr=output)
    process.log = place
    _processes.append(process)
    return process


def end(process, patience=20):
    """Asks a process to end and waits for it; gives its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def practice(port, log):
    """A stand-alone practice provider; the app's own command line starts it."""
    process = start([APP, "practice", "--listen", f"127.0.0.1:{port}"], log)
    until(f"a practice provider on port {port}", lambda: listens(port))
    return process


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Folders:
    """A config file and a data folder of their own."""

    def __init__(self, name, config=None):
        root = pathlib.Path(os.environ["DESK_ROOT"]) / name
        self.config, self.data = root / "config" / "config.toml", root / "data"
        self.config.parent.mkdir(parents=True)
        if config is not None:
            self.config.write_text(config, encoding="utf-8")

    def arguments(self):
        return ["--config", str(self.config), "--data-dir", str(self.data)]


SECRETS = {"TESTS_CLIENT_TOKEN": CLIENT_TOKEN, "TESTS_ADMIN_TOKEN": ADMIN_TOKEN}


def config(port, providers, groups, cooldown="60s"):
    """A config with these providers (name → port of a practice provider) and groups (name → providers)."""
    text = f"""version = 1

[server]
listen = "127.0.0.1:{port}"
client_tokens = [{{ name = "tests", token = "env:TESTS_CLIENT_TOKEN" }}]
admin_token = "env:TESTS_ADMIN_TOKEN"

[routing]
retry = {{ attempts = 1 }}
cooldown = "{cooldown}"
"""
    for name, where in providers.items():
        text += f"""
[[providers]]
name = "{name}"
dialect = "anthropic"
base_url = "http://127.0.0.1:{where}"
keys = ["env:TESTS_CLIENT_TOKEN"]
"""
    for name, members in groups.items():
        listed = ", ".join(f'{{ provider = "{m}", priority = {n + 1} }}' for n, m in enumerate(members))
        text += f'\n[[groups]]\nname = "{name}"\nmembers = [{listed}]\n'
    return text


class Answer:
    """An HTTP answer; a refusal is one too."""

    def __init__(self, raw):
        self.status = raw.status
        self.headers = raw.headers
        self.body = raw.read()

    def json(self):
        return json.loads(self.body)


def call(method, url, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as raw:
            return Answer(raw)
    except urllib.error.HTTPError as refusal:
        return Answer(refusal)


def ask(base_url, text, token=CLIENT_TOKEN, stream=False):
    """One Messages request, as a client sends it."""
    body = {
        "model": "claude-sonnet-4-5", "max_tokens": 64, "stream": stream,
        "messages": [{"role": "user", "content": text}],
    }
    return call("POST", f"{base_url}/v1/messages", body, token)


def admin(base_url, method, path, body=None, token=ADMIN_TOKEN):
    return call(method, f"{base_url}/api/v1{path}", body, token)


def serve_desk():
    """Starts tray host and notification daemon."""
    start(["/usr/bin/python3", str(pathlib.Path(__file__).parent / "desk.py"), "serve"], "desk.log")
    until("the tray host", desk.has_host)


def control(port, scenario):
    """How a practice provider answers from now on."""
    answer = call("POST", f"http://127.0.0.1:{port}/practice/control", {"default": scenario})
    assert answer.status == 200, answer.body


def up(base_url):
    try:
        return call("GET", f"{base_url}/health").status == 200
    except OSError:
        return False


def output(process):
    return process.log.read_text(encoding="utf-8", errors="replace")


def family(pid):
    """A process and the children of all its threads (the web view's processes), with theirs."""
    found = [pid]
    for one in found:
        for children in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            found.extend(int(child) for child in read(children).split())
    return found


def read(file):
    """The text of a file of /proc; empty when its process has just ended."""
    try:
        return file.read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def web_views(pid):
    """How many pages the process shows."""
    names = (read(pathlib.Path(f"/proc/{one}/comm")) for one in family(pid))
    return sum(name.startswith("WebKitWebProces") for name in names)


def memory(pid):
    """Resident memory of a process, and proportional memory of it and its children (the web view's), in MB."""
    kilobytes = lambda one, kind: sum(
        int(number) for number in re.findall(rf"^{kind}:\s+(\d+)", read(pathlib.Path(f"/proc/{one}/smaps_rollup")), re.M)
    )
    return kilobytes(pid, "Rss") / 1024, sum(kilobytes(one, "Pss") for one in family(pid)) / 1024


def files_with(secret, *folders):
    """Every file below these folders that holds the secret."""
    wanted, found = secret.encode(), []
    for folder in folders:
        for file in pathlib.Path(folder).rglob("*"):
            if file.is_file() and wanted in file.read_bytes():
                found.append(str(file))
    return found


def keyring_secrets():
    """The secrets that the Secret Service keeps for Turnout."""
    found = subprocess.run(
        ["secret-tool", "search", "--all", "--unlock", "service", "turnout"],
        capture_output=True, text=True, check=False, timeout=20,
    )
    return re.findall(r"^secret = (.*)$", found.stdout, re.M)


def windows():
    """The ids of Turnout's windows on the screen."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "^Turnout$"],
        capture_output=True, text=True, check=False, timeout=20,
    )
    return found.stdout.split()


def main():
    sys.exit(run())
