#!/usr/bin/python3
"""The app on a desktop of which a part is missing. `run` says which: no-display, no-keyring, no-bus, no-host, no-library."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import desk
import stage
from stage import fact, until

PART = sys.argv[1]
PORT = stage.free_port()
BASE = f"http://127.0.0.1:{PORT}"
FOLDERS = stage.Folders("place")


class Story:
    """What one fact leaves to the next."""

    app = None
    item = None


def command(*words):
    """What a command of the app prints as JSON."""
    told = subprocess.run(
        [stage.APP, *FOLDERS.arguments(), *words], capture_output=True, text=True, check=False, timeout=20
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def own_config():
    FOLDERS.config.write_text(
        stage.config(PORT, {"first": stage.free_port()}, {"main": ["first"]}), encoding="utf-8"
    )


def app(*more, **options):
    return stage.start([stage.APP, *FOLDERS.arguments(), *more], "app.log", stage.SECRETS, **options)


def sentence(process, part):
    """The one line of the output that has this part."""
    line = lambda: [line for line in stage.output(process).splitlines() if part in line]
    lines = until(f"a line with {part!r}", line)
    assert len(lines) == 1, lines
    stage.tell(lines[0])
    return lines[0]


if PART == "no-display":

    @fact
    def without_a_display_it_says_so_and_serves():
        own_config()
        running = app()
        until("the greeting", lambda: "Claude Code" in stage.output(running))
        assert stage.up(BASE)
        sentence(running, "headless")
        assert stage.end(running) == 0, stage.output(running)

    @fact
    def with_a_dead_display_it_says_so_and_serves():
        running = stage.start(
            [stage.APP, *FOLDERS.arguments()], "dead.log", {**stage.SECRETS, "DISPLAY": ":4711"}
        )
        until("the greeting", lambda: "Claude Code" in stage.output(running))
        assert stage.up(BASE)
        assert ":4711" in sentence(running, "headless")
        assert stage.end(running) == 0, stage.output(running)


if PART == "no-keyring":

    @fact
    def without_a_keyring_the_first_start_keeps_its_tokens_in_files_and_works():
        stage.serve_desk()
        Story.app = app("--show")
        Story.item = until("a tray item", lambda: next(iter(desk.items()), None))
        written = FOLDERS.config.read_text(encoding="utf-8")
        assert "keychain:" not in "".join(line for line in written.splitlines(True) if not line.startswith("#"))
        tokens = [line for line in written.splitlines() if "file:" in line and not line.startswith("#")]
        assert len(tokens) == 2, written
        for line in tokens:
            file = pathlib.Path(line.split("file:")[1].split('"')[0])
            file = file if file.is_absolute() else FOLDERS.config.parent / file
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file

    @fact
    def a_key_that_cannot_be_kept_is_refused_in_one_sentence():
        told = subprocess.run(
            [stage.APP, *FOLDERS.arguments(), "keys", "set", "practice"],
            input="sk-nowhere-to-keep-this", capture_output=True, text=True, check=False, timeout=20,
        )
        lines = told.stderr.splitlines()
        assert told.returncode == 1 and len(lines) == 1 and "keychain" in lines[0], told
        stage.tell(lines[0])
        assert stage.files_with("sk-nowhere-to-keep-this", FOLDERS.config.parent, FOLDERS.data) == []

    @fact
    def the_first_request_is_answered_by_the_practice_provider():
        environment = subprocess.run(
            [stage.APP, *FOLDERS.arguments(), "env"], capture_output=True, text=True, check=True, timeout=20
        ).stdout
        told = {}
        for line in environment.splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            told[name] = value.strip("'\"")
        answer = stage.ask(told["ANTHROPIC_BASE_URL"], "hello", told["ANTHROPIC_AUTH_TOKEN"])
        assert answer.status == 200, answer.body
        assert answer.headers["x-turnout-provider"] == "practice", dict(answer.headers)

    @fact
    def the_practice_outage_in_the_tray_shows_a_failover():
        label = next(entry.label for entry in desk.menu(Story.item) if "outage" in entry.label.lower())
        desk.click(Story.item, label)
        until("the outage", lambda: command("status", "--json")["practice_outage"])
        assert stage.end(Story.app) == 0, stage.output(Story.app)


if PART == "no-bus":

    @fact
    def without_a_session_bus_it_opens_the_window_and_says_why():
        own_config()
        first = app()
        until("the window", stage.windows)
        sentence(first, "Turnout opened its window instead")

    @fact
    def without_a_session_bus_a_second_start_says_where_the_first_one_is():
        second = subprocess.run(
            [stage.APP, *FOLDERS.arguments()], env={**os.environ, **stage.SECRETS},
            capture_output=True, text=True, check=False, timeout=30,
        )
        assert second.returncode == 1, second
        told = [line for line in second.stderr.splitlines() if "already runs" in line]
        assert len(told) == 1 and BASE in told[0], second.stderr
        stage.tell(told[0])


if PART == "no-host":

    @fact
    def without_a_tray_host_it_opens_the_window_and_says_why():
        own_config()
        running = app()
        until("the window", stage.windows)
        assert "shows tray icons" in sentence(running, "Turnout opened its window instead")

    @fact
    def a_host_that_comes_later_gets_the_icon():
        stage.serve_desk()
        until("a tray item", desk.items)


if PART == "no-library":

    @fact
    def without_the_tray_library_it_opens_the_window_and_says_which_package():
        own_config()
        stage.serve_desk()
        broken = pathlib.Path(os.environ["DESK_ROOT"]) / "lib"
        broken.mkdir()
        for name in ("libayatana-appindicator3.so.1", "libappindicator3.so.1", "libayatana-appindicator3.so", "libappindicator3.so"):
            (broken / name).write_text("this is no library", encoding="ascii")
        running = stage.start(
            [stage.APP, *FOLDERS.arguments()], "app.log", {**stage.SECRETS, "LD_LIBRARY_PATH": str(broken)}
        )
        until("the window", stage.windows)
        assert "libayatana-appindicator3" in sentence(running, "Turnout opened its window instead")
        assert "panicked" not in stage.output(running), stage.output(running)
        assert stage.up(BASE)


if __name__ == "__main__":
    stage.main()
