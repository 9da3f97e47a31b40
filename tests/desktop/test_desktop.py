#!/usr/bin/python3
"""The tray app on a whole desktop, from the first icon to quitting. Run by `run`, inside `session.sh`."""

import concurrent.futures
import os
import pathlib
import signal
import stat
import subprocess
import time

import desk
import stage
from stage import fact, until
from wd import Window

PORT = stage.free_port()
BASE = f"http://127.0.0.1:{PORT}"
FIRST, SECOND = stage.free_port(), stage.free_port()
FOLDERS = stage.Folders(
    "a place with spaces",
    stage.config(
        PORT,
        {"first": FIRST, "second": SECOND},
        {"main": ["first", "second"], "spare": ["second"]},
        cooldown="6s",
    ),
)
KEY = "sk-desktop-tests-0123456789-a1b2"


class Story:
    """What one fact leaves to the next."""

    app = None
    first = None
    item = None
    window = None
    small = 0  # MB that the idle tray takes


def item():
    return until("a tray item", lambda: next(iter(desk.items()), None))


def entries():
    return {entry.label: entry for entry in desk.menu(Story.item)}


def entry(part):
    """The entry whose text has this part."""
    found = lambda: (e for e in desk.all_entries(desk.menu(Story.item)) if part in e.label)
    return until(f"an entry with {part!r}", lambda: next(found(), None))


def click(part):
    desk.click(Story.item, entry(part).label)


def app_arguments(*more):
    return [stage.APP, *FOLDERS.arguments(), *more]


def chosen():
    return stage.admin(BASE, "GET", "/status").json()["active_group"]


PANEL = """
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
Gtk.init_check()
"""


def start_the_desktop():
    stage.serve_desk()
    stage.start(["openbox"], "openbox.log")
    # The first GTK program of a display tries out its GL drivers and leaves what it found to the others. On a person's
    # desktop that is the panel, long before us; measured without one, we would hold 50 MB of software renderer.
    subprocess.run(["/usr/bin/python3", "-c", PANEL], capture_output=True, check=True, timeout=30)


@fact
def the_tray_item_registers_with_the_host():
    start_the_desktop()
    Story.first = stage.practice(FIRST, "first.log")
    stage.practice(SECOND, "second.log")
    Story.app = stage.start(app_arguments(), "app.log", stage.SECRETS)
    Story.item = item()
    assert stage.up(BASE), stage.output(Story.app)
    icon = desk.properties(Story.item)["IconName"]
    assert pathlib.Path(icon).is_file(), f"no icon at {icon!r}"


@fact
def the_idle_tray_is_small():
    time.sleep(3)  # until it is idle
    resident, proportional = stage.memory(Story.app.pid)
    stage.tell(f"tray before any window: {resident:.0f} MB resident, {proportional:.0f} MB proportional")
    Story.small = proportional
    assert stage.windows() == [], "a window nobody asked for"
    assert proportional < 200, "the window's web view seems to have been started"


@fact
def the_menu_tells_where_requests_go():
    assert "main → first" in entry("→").label
    assert not entry("→").enabled
    assert entry("main").checked is not False
    providers = entry("Providers").children
    assert [provider.label.split()[1] for provider in providers] == ["first", "second"], providers


@fact
def a_request_is_served_by_the_chosen_group():
    answer = stage.ask(BASE, "hello")
    assert answer.status == 200, answer.body
    assert answer.headers["x-turnout-provider"] == "first", dict(answer.headers)


@fact
def one_click_switches_the_group_and_the_next_request_goes_there():
    click("● spare")
    until("the group to be chosen", lambda: chosen() == "spare")
    answer = stage.ask(BASE, "hello again")
    assert answer.headers["x-turnout-provider"] == "second", dict(answer.headers)
    until("the marks to follow", lambda: entries()["● spare"].checked and not entries()["● main"].checked)


@fact
def a_second_click_on_the_chosen_group_leaves_its_mark():
    click("● spare")
    until("the mark to be set again", lambda: entries()["● spare"].checked)
    assert chosen() == "spare"
    click("● main")
    until("the first group again", lambda: chosen() == "main" and entries()["● main"].checked)


@fact
def a_switch_leaves_running_streams_where_they_are():
    stage.control(FIRST, "text;gap=100ms;deltas=30")
    with concurrent.futures.ThreadPoolExecutor() as threads:
        asked = [threads.submit(stage.ask, BASE, f"slowly {n}", stream=True) for n in range(3)]
        in_flight = lambda: stage.admin(BASE, "GET", "/status").json()["in_flight"]
        until("streams under way", lambda: in_flight() == 3)
        click("● spare")
        until("the group to be chosen", lambda: chosen() == "spare")
        assert stage.ask(BASE, "meanwhile").headers["x-turnout-provider"] == "second"
        assert in_flight() == 3, "a stream ended with the switch"
        for answer in (one.result() for one in asked):
            assert answer.headers["x-turnout-provider"] == "first"
            assert b"message_stop" in answer.body and b"event: error" not in answer.body, answer.body[-300:]
    stage.control(FIRST, "text")
    click("● main")
    until("the first group again", lambda: chosen() == "main" and entries()["● main"].checked)


@fact
def pause_and_resume_are_one_entry():
    click("Pause main")
    until("the pause", lambda: entry("main (paused)"))
    until("the group's state", lambda: any(g["paused"] for g in stage.admin(BASE, "GET", "/groups").json()["items"]))
    click("Resume main")
    until("the end of the pause", lambda: "● main" in entries())


@fact
def manual_mode_is_one_click():
    click("Automatic failover")
    until("manual mode", lambda: stage.admin(BASE, "GET", "/status").json()["mode"] == "manual")
    click("Automatic failover")
    until("automatic mode", lambda: stage.admin(BASE, "GET", "/status").json()["mode"] == "auto")
    until("the mark", lambda: entries()["Automatic failover"].checked)


CLIPBOARD = """
import gi
gi.require_version("Gtk", "3.0"), gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk
print(Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text())
"""


@fact
def the_base_url_goes_to_the_clipboard():
    click("Copy base URL")
    read = lambda: subprocess.run(
        ["/usr/bin/python3", "-c", CLIPBOARD], capture_output=True, text=True, check=False, timeout=20
    )
    until("the base URL on the clipboard", lambda: read().stdout.strip() == BASE)


@fact
def a_killed_provider_brings_a_notification_and_the_request_succeeds():
    before = len(desk.notifications())
    icon = desk.properties(Story.item)["IconName"]
    Story.first.kill()
    Story.first.wait()
    answer = stage.ask(BASE, "who answers?")
    assert answer.status == 200, answer.body
    assert answer.headers["x-turnout-provider"] == "second", dict(answer.headers)
    news = until("a notification", lambda: desk.notifications()[before:])
    told = " ".join(f"{note['summary']} {note['body']}" for note in news)
    stage.tell(f"notification: {news[0]['summary']}: {news[0]['body']}")
    assert "first" in told and "second" in told, told
    for number in range(6):
        stage.ask(BASE, f"more {number}")
    until("the tray to show it", lambda: "→ second" in entry("→").label and "◐ main" in entries())
    until("another icon", lambda: desk.properties(Story.item)["IconName"] != icon)
    failovers = [note for note in desk.notifications()[before:] if note["summary"] == news[0]["summary"]]
    assert len(failovers) == 1, f"told more than once: {failovers}"
    assert failovers[0]["actions"] == ["default", "Show", "show", "Show"], failovers


@fact
def a_provider_that_is_back_serves_again_and_is_told():
    before = len(desk.notifications())
    Story.first = stage.practice(FIRST, "first.log")
    served_by_first = lambda: stage.ask(BASE, "back?").headers["x-turnout-provider"] == "first"
    until("the provider to serve", served_by_first, every=1)
    until("the tray to show it", lambda: "→ first" in entry("→").label)
    news = until("a notification", lambda: desk.notifications()[before:])
    stage.tell(f"notification: {news[0]['summary']}: {news[0]['body']}")
    assert "first" in news[0]["summary"] + news[0]["body"], news


@fact
def a_key_set_through_the_app_is_in_the_keyring_and_in_no_file():
    answer = stage.admin(BASE, "POST", "/providers/second/keys", {"value": KEY})
    assert answer.status == 201, (answer.status, answer.body)
    assert KEY not in answer.body.decode(), "the key came back"
    assert answer.json()["masked"].endswith("a1b2"), answer.json()
    assert KEY in stage.keyring_secrets(), "not in the keyring"
    until("the reference in the config", lambda: "keychain:" in FOLDERS.config.read_text(encoding="utf-8"))
    found = stage.files_with(KEY, FOLDERS.config.parent, FOLDERS.data, os.environ["HOME"])
    assert found == [], f"the key is in {found}"


@fact
def start_at_login_writes_a_desktop_entry_and_removes_it():
    folder = pathlib.Path(os.environ["XDG_CONFIG_HOME"]) / "autostart"
    click("Start at login")
    written = until("a desktop entry", lambda: list(folder.glob("*.desktop")))
    text = written[0].read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("Exec="))
    assert os.path.basename(stage.APP) in line and "--hidden" in line, line
    assert f'"{FOLDERS.data}"' in line, f"a path with spaces is not quoted: {line}"
    until("the mark", lambda: entries()["Start at login"].checked)
    click("Start at login")
    until("its removal", lambda: not list(folder.glob("*.desktop")))
    until("the mark to go", lambda: not entries()["Start at login"].checked)


@fact
def start_at_login_follows_the_config():
    folder = pathlib.Path(os.environ["XDG_CONFIG_HOME"]) / "autostart"
    said = lambda: FOLDERS.config.read_text(encoding="utf-8")
    until("the config to say what was clicked", lambda: "autostart = false" in said())
    text = said()
    FOLDERS.config.write_text(text.replace("autostart = false", "autostart = true"), encoding="utf-8")
    until("a desktop entry", lambda: list(folder.glob("*.desktop")))
    until("the mark", lambda: entries()["Start at login"].checked)
    click("Start at login")
    until("its removal", lambda: not list(folder.glob("*.desktop")))
    until("the config to follow the click", lambda: "autostart = false" in said())


@fact
def a_second_start_opens_the_window_of_the_first():
    assert stage.windows() == []
    second = subprocess.run(app_arguments(), env={**os.environ, **stage.SECRETS}, timeout=20, check=False)
    assert second.returncode == 0, second.returncode
    until("one window", lambda: len(stage.windows()) == 1)
    assert Story.app.poll() is None


@fact
def a_start_at_login_does_not_open_a_second_window():
    until("one window", lambda: len(stage.windows()) == 1)
    again = subprocess.run(app_arguments("--hidden"), env={**os.environ, **stage.SECRETS}, timeout=20, check=False)
    assert again.returncode == 0
    time.sleep(1)  # a second one would be there by now
    until("still one window", lambda: len(stage.windows()) == 1)


@fact
def a_third_start_brings_the_open_window_to_the_front():
    cover = stage.start(["xcalc", "-geometry", "900x600+0+0"], "xcalc.log")
    active = lambda: subprocess.run(["xdotool", "getactivewindow"], capture_output=True, text=True, check=False)
    in_front = lambda: active().stdout.split() == stage.windows()
    until("the other window in front", lambda: active().stdout and not in_front())
    subprocess.run(app_arguments(), env={**os.environ, **stage.SECRETS}, timeout=20, check=False)
    until("ours in front", in_front)
    stage.end(cover)
    until("still one window", lambda: len(stage.windows()) == 1)


@fact
def closing_the_window_ends_the_window_and_not_the_app():
    resident, proportional = stage.memory(Story.app.pid)
    stage.tell(f"with the window open: {resident:.0f} MB resident, {proportional:.0f} MB proportional with the web view")
    window = until("the window", stage.windows)[0]
    subprocess.run(["xdotool", "windowfocus", "--sync", window, "key", "alt+F4"], check=True, timeout=20)
    until("the window to go", lambda: not stage.windows())
    until("its web view to end", lambda: not stage.web_views(Story.app.pid))
    assert Story.app.poll() is None
    assert stage.ask(BASE, "still there?").status == 200
    resident, proportional = stage.memory(Story.app.pid)
    stage.tell(f"after the window was closed: {resident:.0f} MB resident, {proportional:.0f} MB proportional")
    assert proportional < Story.small * 1.1, "the closed window left something behind"


def of_window(*question):
    """What xdotool tells of the window. A search of it may fail while another window comes or goes."""
    window = until("the window", stage.windows)[0]
    asked = ["xdotool", *question, window]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout


def geometry():
    """Place and size of the window's inside."""
    told = of_window("getwindowgeometry", "--shell")
    numbers = dict(line.split("=") for line in told.split())
    return [int(numbers[name]) for name in ("X", "Y", "WIDTH", "HEIGHT")]


def open_window():
    click("Open window")
    return until("the window", stage.windows)[0]


def close_window():
    window = until("the window", stage.windows)[0]
    subprocess.run(["xdotool", "windowfocus", "--sync", window, "key", "alt+F4"], check=True, timeout=20)
    until("the window to go", lambda: not stage.windows())


@fact
def the_window_opens_where_it_stood():
    window = open_window()
    subprocess.run(["xdotool", "windowsize", "--sync", window, "700", "560"], check=True, timeout=20)
    subprocess.run(["xdotool", "windowmove", "--sync", window, "210", "130"], check=True, timeout=20)
    until("the new place", lambda: geometry()[2:] == [700, 560])
    stood = geometry()
    for _ in range(2):
        close_window()
        open_window()
        until(f"the same place as before, {stood}", lambda: geometry() == stood, patience=5)


@fact
def a_window_that_crashes_takes_nothing_along():
    window = int(of_window("getwindowpid"))
    assert window != Story.app.pid
    os.kill(window, signal.SIGKILL)
    until("the window to go", lambda: not stage.windows())
    assert stage.ask(BASE, "still there?").status == 200
    open_window()
    close_window()


@fact
def quit_in_the_menu_ends_the_app():
    click("Quit Turnout")
    assert Story.app.wait(20) == 0, stage.output(Story.app)
    until("the tray item to go", lambda: not desk.items())
    assert not stage.up(BASE)


@fact
def the_window_shows_the_history():
    Story.window = window = Window(stage.APP, [*FOLDERS.arguments(), "--show"], stage.free_port(), stage.SECRETS)
    until("the title", lambda: "Turnout" in window.title())
    window.click("[data-testid=nav-history]")
    rows = until("rows of the history", lambda: window.texts("[data-testid=history-row]"))
    stage.tell(f"newest row: {' | '.join(rows[0].split(chr(10)))}")
    told = stage.admin(BASE, "GET", "/requests").json()["items"]
    assert len(rows) == len(told) > 5, (len(rows), len(told))
    assert told[0]["provider"] in rows[0], (told[0], rows[0])
    assert stage.ask(BASE, "seen live?").status == 200
    until("the new row", lambda: len(window.texts("[data-testid=history-row]")) == len(told) + 1)
    assert "code=" not in window.url(), window.url()


@fact
def a_row_opens_to_the_chain_of_attempts():
    window = Story.window
    served_twice = next(r for r in stage.admin(BASE, "GET", "/requests").json()["items"] if r["attempts"] == 2)
    at = [row["id"] for row in stage.admin(BASE, "GET", "/requests").json()["items"]].index(served_twice["id"])
    window.run("document.querySelectorAll('[data-testid=history-row]')[arguments[0]].click()", at)
    chain = until("the chain", lambda: window.texts("[data-testid=attempt-row]"))
    assert len(chain) == 2 and "first" in chain[0] and "second" in chain[1], chain


def page():
    return Story.window.url().partition("#")[2]


@fact
def a_click_in_the_tray_turns_the_window_to_the_page():
    Story.item = item()
    click("Codex")
    until("what connecting would change", lambda: page() == "/clients?connect=codex")
    click("● first")
    until("the provider", lambda: page() == "/providers?provider=first")


@fact
def a_click_on_a_notification_opens_the_page_about_it():
    before = len(desk.notifications())
    Story.first.kill()
    Story.first.wait()
    assert stage.ask(BASE, "who answers now?").status == 200
    told = lambda: next((note for note in desk.notifications()[before:] if "second" in note["summary"]), None)
    desk.press(until("a notification", told)["id"], "show")
    until("the requests of the provider that failed", lambda: page() == "/history?provider=first")


@fact
def the_window_goes_nowhere_else():
    window = Story.window
    here = window.url()
    window.run("location.href = arguments[0]", f"http://127.0.0.1:{SECOND}/v1/models")
    window.run("window.open(arguments[0])", f"http://127.0.0.1:{SECOND}/v1/models")
    time.sleep(1)  # had it gone, it would be gone by now
    assert window.url() == here, window.url()
    assert window.texts("[data-testid=history-row]")


@fact
def the_page_has_no_way_into_the_app():
    before = len(desk.notifications())
    answer = Story.window.run_until_done(
        """
        const done = arguments[arguments.length - 1];
        const invoke = window.__TAURI_INTERNALS__?.invoke;
        if (!invoke) return done('there is no door');
        setTimeout(() => done('the door does not answer'), 5000);
        invoke('plugin:notification|notify', { options: { title: 'from the page' } })
            .then(() => done('LET IN'), why => done('refused: ' + why));
        """
    )
    stage.tell(f"a page that calls the app: {answer}")
    assert answer != "LET IN"
    assert all(note["summary"] != "from the page" for note in desk.notifications()[before:])
    Story.window.end()


@fact
def the_data_folder_is_the_owners_alone():
    assert stat.S_IMODE(FOLDERS.data.stat().st_mode) & 0o077 == 0


if __name__ == "__main__":
    stage.main()
