#!/usr/bin/python3
"""Client programs whose settings point here, with a person's own edits in between, over quitting and a crash."""

import pathlib
import os

import desk
import stage
from stage import fact, until

PORT = stage.free_port()
BASE = f"http://127.0.0.1:{PORT}"
FOLDERS = stage.Folders("place", stage.config(PORT, {"first": stage.free_port()}, {"main": ["first"]}))
HOME = pathlib.Path(os.environ["HOME"])

# What stands in each client's settings before us; MINE is what a person changes while the client is connected.
MINE, THEIRS = "kept-as-it-is", "changed-by-hand"
SETTINGS = {
    "claude-code": (HOME / ".claude/settings.json", '{\n  // mine\n  "theme": "%s",\n  "env": { "A": "b" }\n}\n'),
    "codex": (HOME / ".codex/config.toml", '# mine\nmodel = "gpt-5"\nprofile = "%s"\n\n[profiles.x]\nmodel = "o3"\n'),
    "gemini-cli": (HOME / ".gemini/settings.json", '{\n  "theme": "%s"\n}\n'),
}


class Story:
    """What one fact leaves to the next."""

    app = None


def start():
    Story.app = stage.start([stage.APP, *FOLDERS.arguments()], "app.log", stage.SECRETS)
    until("the tray item", desk.items)
    until("the app", lambda: stage.up(BASE))


def marks():
    """The check marks of the clients in the tray."""
    entries = next(entry.children for entry in desk.menu(desk.items()[0]) if entry.label == "Connect clients")
    return [entry.checked for entry in entries if entry.checked is not None]


def step(client, what):
    answer = stage.admin(BASE, "POST", f"/clients/{client}/{what}")
    assert answer.status == 200, (answer.status, answer.body)


def standing():
    return {one["id"]: one["connected"] for one in stage.admin(BASE, "GET", "/clients").json()["items"]}


def are(word):
    """Whether all settings are as they were, with this word of the person's."""
    return [client for client, (file, text) in SETTINGS.items() if file.read_text(encoding="utf-8") != text % word] == []


@fact
def the_tray_shows_which_clients_point_here():
    stage.serve_desk()
    for file, text in SETTINGS.values():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text % MINE, encoding="utf-8")
    start()
    until("three clients", lambda: marks() == [False, False, False])
    step("codex", "connect")
    until("the mark of one", lambda: marks() == [False, True, False])
    step("codex", "disconnect")
    until("no mark", lambda: marks() == [False, False, False])


@fact
def each_client_is_connected_edited_by_hand_and_put_back():
    for client, (file, text) in SETTINGS.items():
        step(client, "connect")
        assert standing()[client], client
        now = file.read_text(encoding="utf-8")
        file.write_text(now.replace(MINE, THEIRS), encoding="utf-8")
        step(client, "disconnect")
        until(f"{client} to be as it was", lambda f=file, t=text: f.read_text(encoding="utf-8") == t % THEIRS)
        file.write_text(text % MINE, encoding="utf-8")


@fact
def quitting_puts_every_client_back():
    for client in SETTINGS:
        step(client, "connect")
    until("all marks", lambda: marks() == [True, True, True])
    desk.click(desk.items()[0], "Quit Turnout")
    assert Story.app.wait(30) == 0, stage.output(Story.app)
    assert are(MINE), [file.read_text(encoding="utf-8") for file, _ in SETTINGS.values()]


@fact
def after_a_crash_the_next_quit_puts_them_back():
    start()
    for client in SETTINGS:
        step(client, "connect")
    Story.app.kill()
    Story.app.wait()
    assert not are(MINE)
    until("the tray item to go", lambda: not desk.items())
    start()
    until("all marks", lambda: marks() == [True, True, True])
    assert stage.end(Story.app, 30) == 0, stage.output(Story.app)
    assert are(MINE), [file.read_text(encoding="utf-8") for file, _ in SETTINGS.values()]


@fact
def who_says_leave_keeps_them_connected():
    text = FOLDERS.config.read_text(encoding="utf-8")
    FOLDERS.config.write_text(text + '\n[desktop]\non_quit = "leave"\n', encoding="utf-8")
    start()
    step("codex", "connect")
    assert stage.end(Story.app, 30) == 0, stage.output(Story.app)
    assert "turnout" in SETTINGS["codex"][0].read_text(encoding="utf-8")


if __name__ == "__main__":
    stage.main()
