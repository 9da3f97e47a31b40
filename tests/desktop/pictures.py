#!/usr/bin/python3
"""Pictures of the app on a real panel, for people to look at: they go to $TURNOUT_ARTIFACTS.

Unlike the other parts this one uses a panel (xfce4-panel), a window manager and a notification daemon (dunst) as people
have them, so that icon, menu and popup are seen as they will be.
"""

import os
import pathlib
import subprocess
import time

import desk
import stage
from stage import fact, until
from wd import Window

PORT = stage.free_port()
BASE = f"http://127.0.0.1:{PORT}"
RELAY, ROUTER = stage.free_port(), stage.free_port()
FOLDERS = stage.Folders(
    "place",
    stage.config(
        PORT,
        {"relay": RELAY, "openrouter": ROUTER, "ollama": ROUTER},
        {"main": ["relay", "openrouter"], "local": ["ollama"]},
    ),
)
WIDTH = 1280
# of the icons ok and degraded
GREEN, AMBER = (31, 143, 85), (176, 106, 0)

PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/><value type="int" value="2"/><value type="int" value="3"/><value type="int" value="4"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator"><property name="expand" type="bool" value="true"/></property>
    <property name="plugin-3" type="string" value="systray"><property name="square-icons" type="bool" value="true"/></property>
    <property name="plugin-4" type="string" value="clock"/>
  </property>
</channel>
"""


class Story:
    """What one fact leaves to the next."""

    app = None
    relay = None


def picture(name):
    subprocess.run(["import", "-window", "root", str(stage.ARTIFACTS / name)], check=True, timeout=20)


def places(colour):
    """Where this colour is in the right half of the panel."""
    raw = subprocess.run(
        ["import", "-window", "root", "-crop", f"{WIDTH}x34+0+0", "+repage", "-depth", "8", "rgb:-"],
        capture_output=True, check=True, timeout=20,
    ).stdout
    near = lambda at: all(abs(raw[at + n] - colour[n]) < 10 for n in range(3))
    pixels = (at // 3 for at in range(0, len(raw), 3) if near(at))
    return [(pixel % WIDTH, pixel // WIDTH) for pixel in pixels if pixel % WIDTH > WIDTH // 2]


def icon(colour):
    """The middle of the tray icon, found by its colour."""
    found = until("the icon in the panel", lambda: places(colour))
    return [str(sorted(axis)[len(axis) // 2]) for axis in zip(*found)]


def colours(window):
    """How many colours a window shows; an empty page has few."""
    told = subprocess.run(
        ["bash", "-c", f"import -window {window} png:- | identify -format %k -"],
        capture_output=True, text=True, check=False, timeout=20,
    )
    return int(told.stdout or 0)


def open_menu(colour):
    subprocess.run(["xdotool", "mousemove", *icon(colour), "click", "1"], check=True, timeout=20)
    time.sleep(1)  # the menu fades in


@fact
def a_real_panel_shows_the_icon():
    place = pathlib.Path(os.environ["XDG_CONFIG_HOME"]) / "xfce4/xfconf/xfce-perchannel-xml"
    place.mkdir(parents=True)
    (place / "xfce4-panel.xml").write_text(PANEL, encoding="utf-8")
    stage.start(["display", "-size", "1280x800", "-window", "root", "gradient:#3c4f5c-#22303a"], "wallpaper.log")
    for program in ("openbox", "dunst", "xfce4-panel"):
        stage.start([program], f"{program}.log")
    until("the panel", desk.has_host)
    Story.relay = stage.practice(RELAY, "relay.log")
    stage.practice(ROUTER, "openrouter.log")
    Story.app = stage.start([stage.APP, *FOLDERS.arguments()], "app.log", stage.SECRETS)
    until("the tray item", desk.items)
    for number in range(4):
        assert stage.ask(BASE, f"question {number}", stream=True).status == 200
    open_menu(GREEN)
    picture("tray-menu.png")
    subprocess.run(["xdotool", "key", "Escape"], check=True, timeout=20)


@fact
def a_failover_is_seen_in_icon_popup_and_menu():
    Story.relay.kill()
    Story.relay.wait()
    for number in range(6):
        assert stage.ask(BASE, f"another {number}", stream=True).status == 200
    icon(AMBER)
    time.sleep(1)  # the popup fades in
    picture("tray-failover.png")
    open_menu(AMBER)
    # into the submenu: the entries above it are the status line, two groups
    subprocess.run(["xdotool", "key", "Down", "Down", "Down", "Right"], check=True, timeout=20)
    time.sleep(1)
    picture("tray-failover-menu.png")
    subprocess.run(["xdotool", "key", "Escape", "key", "Escape"], check=True, timeout=20)
    open_menu(AMBER)
    # three entries further down are the clients
    subprocess.run(["xdotool", "key", *["Down"] * 6, "Right"], check=True, timeout=20)
    time.sleep(1)
    picture("tray-clients-menu.png")
    subprocess.run(["xdotool", "key", "Escape", "key", "Escape"], check=True, timeout=20)


@fact
def the_window_stands_on_the_desktop():
    subprocess.run([stage.APP, *FOLDERS.arguments()], env={**os.environ, **stage.SECRETS}, check=True, timeout=20)
    until("the window", stage.windows)
    until("the page to be painted", lambda: any(colours(window) > 100 for window in stage.windows()))
    time.sleep(1)
    picture("window-on-desktop.png")


@fact
def a_signal_ends_the_app_with_its_window_open():
    assert stage.end(Story.app) == 0, stage.output(Story.app)


# the row of the request that took two attempts, else the newest
CLICK_THE_FAILOVER = """
    const rows = [...document.querySelectorAll('[data-testid=history-row]')];
    (rows.find(row => /\\s2$/.test(row.innerText.trim())) ?? rows[0]).click();
"""


def portrait(name, environment):
    window = Window(stage.APP, [*FOLDERS.arguments(), "--show"], stage.free_port(), {**stage.SECRETS, **environment})
    try:
        until("the overview", lambda: window.texts("[data-testid=status-line]"))
        window.screenshot(stage.ARTIFACTS / f"{name}.png")
        window.click("[data-testid=nav-history]")
        until("rows of the history", lambda: window.texts("[data-testid=history-row]"))
        window.run(CLICK_THE_FAILOVER)
        until("the detail", lambda: window.texts("[data-testid=attempt-row]"))
        window.screenshot(stage.ARTIFACTS / f"{name}-history.png")
    finally:
        window.end()
        # The next start would only raise the window of one that has not quite ended.
        until("the app to end", lambda: not desk.items() and not stage.up(BASE))


@fact
def the_window_by_day():
    portrait("window-light", {})


@fact
def the_window_by_night():
    portrait("window-dark", {"GTK_THEME": "Adwaita:dark"})


if __name__ == "__main__":
    stage.main()
