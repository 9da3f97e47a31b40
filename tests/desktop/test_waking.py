#!/usr/bin/python3
"""The machine sleeps and wakes: the session's bus stands in for the system's, and `desk.py` for systemd-logind."""

import os
import pathlib

import desk
import stage
from stage import fact, until

PORT = stage.free_port()
BASE = f"http://127.0.0.1:{PORT}"
FIRST = stage.free_port()
FOLDERS = stage.Folders("place", stage.config(PORT, {"first": FIRST}, {"main": ["first"]}))
ESTABLISHED = "01"


class Story:
    """What one fact leaves to the next."""

    app = None


def connections():
    """Open connections to the provider, by their local ports (proc(5), `net/tcp`)."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return {row[1] for row in rows if row[2].endswith(f":{FIRST:04X}") and row[3] == ESTABLISHED}


@fact
def idle_connections_are_dropped_when_the_machine_wakes():
    stage.serve_desk()
    stage.practice(FIRST, "first.log")
    bus = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    Story.app = stage.start(
        [stage.APP, *FOLDERS.arguments()], "app.log", {**stage.SECRETS, "DBUS_SYSTEM_BUS_ADDRESS": bus}
    )
    until("the tray item", desk.items)
    assert stage.ask(BASE, "before the night").status == 200
    before = until("an idle connection", connections)
    desk.sleep()
    until("it to be dropped", lambda: not before & connections())
    until("a line in the log", lambda: "the machine slept" in stage.output(Story.app))


@fact
def the_next_request_is_served_over_a_new_one():
    assert stage.ask(BASE, "good morning").status == 200
    assert connections()


if __name__ == "__main__":
    stage.main()
