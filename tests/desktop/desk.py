#!/usr/bin/python3
"""A desktop that remembers: tray host, notification daemon and sleep of the machine on one bus, and a hand to click with.

    desk.py serve              be the host; notifications go to $DESK_ROOT/notifications.jsonl
    desk.py items              the tray items
    desk.py menu [ITEM]        the menu of an item (the first by default)
    desk.py click LABEL        click an entry of the first item's menu
    desk.py press NUMBER [ACTION]   click a notification, or one of its buttons
    desk.py sleep              have the machine sleep and wake, as far as programs hear of it

The tests use the functions below. Needs python3-gi only.
"""

import json
import os
import sys
import time

from gi.repository import Gio, GLib

WATCHER = "org.kde.StatusNotifierWatcher"
NOTIFICATIONS = "org.freedesktop.Notifications"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
LOGIN = "org.freedesktop.login1"
# our own door, by which the tests say what the person at this desk does
DOOR = "dev.turnout.Desk"

INTERFACES = """<node>
<interface name='org.kde.StatusNotifierWatcher'>
  <method name='RegisterStatusNotifierItem'><arg type='s' direction='in'/></method>
  <method name='RegisterStatusNotifierHost'><arg type='s' direction='in'/></method>
  <property name='RegisteredStatusNotifierItems' type='as' access='read'/>
  <property name='IsStatusNotifierHostRegistered' type='b' access='read'/>
  <property name='ProtocolVersion' type='i' access='read'/>
  <signal name='StatusNotifierItemRegistered'><arg type='s'/></signal>
  <signal name='StatusNotifierItemUnregistered'><arg type='s'/></signal>
  <signal name='StatusNotifierHostRegistered'/>
</interface>
<interface name='org.freedesktop.Notifications'>
  <method name='Notify'>
    <arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
    <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>
    <arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/>
  </method>
  <method name='CloseNotification'><arg type='u' direction='in'/></method>
  <method name='GetCapabilities'><arg type='as' direction='out'/></method>
  <method name='GetServerInformation'>
    <arg type='s' direction='out'/><arg type='s' direction='out'/>
    <arg type='s' direction='out'/><arg type='s' direction='out'/>
  </method>
  <signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal>
  <signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>
</interface>
<interface name='dev.turnout.Desk'>
  <method name='Press'><arg type='u' direction='in'/><arg type='s' direction='in'/></method>
  <method name='Sleep'/>
</interface>
</node>"""


class Host:
    """The tray host and notification daemon."""

    def __init__(self):
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.items = []
        self.shown = 0
        self.record = open(notifications_file(), "a", encoding="utf-8")

    def run(self):
        watcher, notifications, door = Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces
        self.bus.register_object("/StatusNotifierWatcher", watcher, self.called, self.asked, None)
        self.bus.register_object("/org/freedesktop/Notifications", notifications, self.called, None, None)
        self.bus.register_object("/dev/turnout/Desk", door, self.called, None, None)
        for name in (WATCHER, NOTIFICATIONS, LOGIN, DOOR):
            Gio.bus_own_name_on_connection(self.bus, name, 0, None, None)
        GLib.MainLoop().run()

    def tell(self, signal, item):
        self.bus.emit_signal(None, "/StatusNotifierWatcher", WATCHER, signal, GLib.Variant("(s)", (item,)))

    def add(self, sender, named):
        # libappindicator names a path, others a bus name
        item = sender + named if named.startswith("/") else named
        if item in self.items:
            return
        self.items.append(item)
        owner = item.split("/")[0]
        Gio.bus_watch_name_on_connection(self.bus, owner, 0, None, lambda *_: self.remove(item))
        self.tell("StatusNotifierItemRegistered", item)

    def remove(self, item):
        if item in self.items:
            self.items.remove(item)
            self.tell("StatusNotifierItemUnregistered", item)

    def notify(self, app, _replaces, icon, summary, body, actions, _hints, _timeout):
        self.shown += 1
        note = {"id": self.shown, "app": app, "icon": icon, "summary": summary, "body": body, "actions": actions}
        self.record.write(json.dumps(note) + "\n")
        self.record.flush()
        return GLib.Variant("(u)", (self.shown,))

    def press(self, number, action):
        told = GLib.Variant("(us)", (number, action))
        self.bus.emit_signal(None, "/org/freedesktop/Notifications", NOTIFICATIONS, "ActionInvoked", told)

    def sleep(self):
        for begins in (True, False):
            told = GLib.Variant("(b)", (begins,))
            self.bus.emit_signal(None, "/org/freedesktop/login1", f"{LOGIN}.Manager", "PrepareForSleep", told)

    def called(self, _connection, sender, _path, _interface, method, parameters, invocation):
        arguments = parameters.unpack()
        answer = None
        if method == "RegisterStatusNotifierItem":
            self.add(sender, arguments[0])
        elif method == "Notify":
            answer = self.notify(*arguments)
        elif method == "GetCapabilities":
            answer = GLib.Variant("(as)", (["body", "actions"],))
        elif method == "GetServerInformation":
            answer = GLib.Variant("(ssss)", ("desk", "turnout-tests", "1", "1.2"))
        elif method == "Press":
            self.press(*arguments)
        elif method == "Sleep":
            self.sleep()
        invocation.return_value(answer)

    def asked(self, _connection, _sender, _path, _interface, name):
        return {
            "RegisteredStatusNotifierItems": GLib.Variant("as", self.items),
            "IsStatusNotifierHostRegistered": GLib.Variant("b", True),
            "ProtocolVersion": GLib.Variant("i", 0),
        }[name]


def notifications_file():
    return os.path.join(os.environ["DESK_ROOT"], "notifications.jsonl")


def notifications():
    """Every notification so far, oldest first."""
    try:
        with open(notifications_file(), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except FileNotFoundError:
        return []


def call(bus_name, path, interface, method, arguments=None, answer=None):
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    kind = GLib.VariantType(answer) if answer else None
    return bus.call_sync(bus_name, path, interface, method, arguments, kind, 0, 5000, None).unpack()


def get(bus_name, path, interface, name):
    arguments = GLib.Variant("(ss)", (interface, name))
    return call(bus_name, path, "org.freedesktop.DBus.Properties", "Get", arguments, "(v)")[0]


def has_host():
    """Whether something on the bus shows tray icons."""
    try:
        return get(WATCHER, "/StatusNotifierWatcher", WATCHER, "IsStatusNotifierHostRegistered")
    except GLib.Error:
        return False


def items():
    """The tray items that are registered, wherever the host is."""
    try:
        return get(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")
    except GLib.Error:
        return []


def split(item):
    """":1.7/org/ayatana/x" → (":1.7", "/org/ayatana/x")"""
    owner, slash, path = item.partition("/")
    return owner, slash + path if path else "/StatusNotifierItem"


def properties(item):
    owner, path = split(item)
    return call(owner, path, "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (ITEM,)), "(a{sv})")[0]


class Entry:
    """An entry of a menu as a panel sees it."""

    def __init__(self, number, told, children):
        self.number = number
        self.label = told.get("label", "").replace("__", "\0").replace("_", "").replace("\0", "_")
        self.checked = {0: False, 1: True}.get(told.get("toggle-state")) if told.get("toggle-type") else None
        self.enabled = told.get("enabled", True)
        self.visible = told.get("visible", True) and told.get("type") != "separator"
        self.children = children


def menu(item):
    """The entries of an item's menu, submenus within, separators and hidden ones left out."""
    owner, _ = split(item)
    path = properties(item)["Menu"]
    call(owner, path, MENU, "AboutToShow", GLib.Variant("(i)", (0,)), "(b)")
    arguments = GLib.Variant("(iias)", (0, -1, []))
    _revision, root = call(owner, path, MENU, "GetLayout", arguments, "(u(ia{sv}av))")

    def read(node):
        number, told, children = node
        return Entry(number, told, [entry for entry in map(read, children) if entry.visible])

    return read(root).children


def all_entries(entries):
    """These entries and those of their submenus."""
    for entry in entries:
        yield entry
        yield from all_entries(entry.children)


def click(item, label):
    """Clicks the entry with this label, as a panel does, in whichever submenu it is."""
    entries = list(all_entries(menu(item)))
    entry = next((entry for entry in entries if entry.label == label), None)
    if entry is None:
        raise LookupError(f"no entry {label!r} in the menu: {[entry.label for entry in entries]}")
    owner, _ = split(item)
    event = (entry.number, "clicked", GLib.Variant("i", 0), int(time.time()) & 0xFFFFFFFF)
    call(owner, properties(item)["Menu"], MENU, "Event", GLib.Variant("(isvu)", event))


def press(number, action="default"):
    """Clicks a notification, or one of its buttons."""
    call(DOOR, "/dev/turnout/Desk", DOOR, "Press", GLib.Variant("(us)", (number, action)), "()")


def sleep():
    """The machine sleeps and wakes."""
    call(DOOR, "/dev/turnout/Desk", DOOR, "Sleep", None, "()")


def show(entries, indent=""):
    for entry in entries:
        mark = {None: " ", False: "☐", True: "☑"}[entry.checked]
        print(f"{indent}{mark} {entry.label}{'' if entry.enabled else '   (tells only)'}")
        show(entry.children, indent + "      ")


if __name__ == "__main__":
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb == "serve":
        Host().run()
    elif verb == "items":
        print("\n".join(items()))
    elif verb == "menu":
        show(menu(sys.argv[2] if len(sys.argv) > 2 else items()[0]))
    elif verb == "click":
        click(items()[0], sys.argv[2])
    elif verb == "press":
        press(int(sys.argv[2]), *sys.argv[3:4])
    elif verb == "sleep":
        sleep()
    else:
        sys.exit(__doc__)
