"""Starts turnoutd with practice providers in a folder of its own, and has schemathesis try all its calls."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ADMIN = "admin-token-of-the-api-tests-0123"
CLIENT = "client-token-of-the-api-tests-0123"
CONFIG = """version = 1

[server]
listen = "127.0.0.1:0"
admin_token = "env:API_ADMIN"
client_tokens = [{ name = "suite", token = "env:API_CLIENT" }]

[routing]
suspend = { enabled = false }
health = { enabled = false }

[[providers]]
name = "first"
dialect = "practice"

[[providers]]
name = "spare"
dialect = "practice"

[[groups]]
name = "main"
members = [{ provider = "first", priority = 1 }, { provider = "spare", priority = 2 }]

[[rules]]
name = "mine"
when = { tier = "small" }
use = { group = "main" }

[ledger]
capture_bodies = "all"
budgets = [{ name = "daily", limit_usd = 20 }]
"""
# Left out, with the reason.
LEFT_OUT = {
    "/api/v1/tokens/admin/rotate": "it ends the token that the tests use",
    "/v1/admin/security/rotate-admin-key": "the same",
    "/api/v1/stream": "its answer has no end; the daemon's own tests read it",
    "/api/v1/playground": "it answers in Anthropic's words; the daemon's own tests read them",
}


def program(target: pathlib.Path) -> str:
    """The program under test: `$TURNOUTD`, else the newest one that is built."""
    if given := os.environ.get("TURNOUTD"):
        return given
    built = [target / profile / "turnoutd" for profile in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        sys.exit("no turnoutd is built: run `cargo build --release -p cli`")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def call(base: str, path: str, body: object = None, token: str = ADMIN) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(base + path, data, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        return answer.status, json.load(answer)


def tried(base: str, seed: str, scratch: pathlib.Path) -> int:
    """Runs schemathesis, and looks whether its token was good to the end."""
    left_out = [option for path in LEFT_OUT for option in ("--exclude-path", path)]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "API_CONFIG": CONFIG,
        "API_CLIENT": CLIENT,
        "PYTHONPATH": str(HERE),
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", f"{base}/openapi.json", "--seed", seed, "--header", f"Authorization: Bearer {ADMIN}"]
    status = subprocess.run([*command, *left_out], cwd=scratch, env=environment, check=False).returncode
    call(base, "/api/v1/status")
    return status


def main() -> int:
    target = pathlib.Path(sys.argv[1])
    seed = sys.argv[2] if len(sys.argv) > 2 else "7790"
    print(f"seed {seed}; again: make api SEED={seed}", flush=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="turnout-api-"))
    config = scratch / "config.toml"
    config.write_text(CONFIG)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "API_ADMIN": ADMIN,
        "API_CLIENT": CLIENT,
    }
    places = ["--config", str(config), "--data-dir", str(scratch / "data")]
    command = [program(target), "--json", *places, "serve"]
    with (scratch / "log").open("w") as log:
        turnout = subprocess.Popen(command, cwd=scratch, env=environment, stdout=subprocess.PIPE, stderr=log)
    try:
        base = json.loads(turnout.stdout.readline())["base_url"]
        message = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
        for _ in range(3):
            call(base, "/v1/messages", message, CLIENT)
        status = tried(base, seed, scratch)
        if status:
            print("what turnoutd logged last:", *(scratch / "log").read_text().splitlines()[-20:], sep="\n")
        for path, why in LEFT_OUT.items():
            print(f"left out: {path}: {why}")
        return status
    finally:
        turnout.kill()
        turnout.wait()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
