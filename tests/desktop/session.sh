#!/bin/bash
# session.sh COMMAND [ARGUMENTS…]
#
# Runs COMMAND in a desktop session of its own, which leaves nothing behind: an X server without a
# screen (Xvfb), a session bus, a Secret Service whose keyring is unlocked (gnome-keyring), and a
# fresh home folder. The exit status is COMMAND's.
#
#   NO_KEYRING=1     no Secret Service, and none that the bus could start
#   NO_DISPLAY=1     no X server
#   NO_BUS=1         no session bus (and so no Secret Service)
#
# COMMAND finds the session's folder in DESK_ROOT; it is removed at the end.
set -u

ROOT=$(mktemp -d "${TMPDIR:-/tmp}/turnout-desk.XXXXXX")
export DESK_ROOT=$ROOT HOME=$ROOT/home XDG_RUNTIME_DIR=$ROOT/run
export XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
mkdir -p "$XDG_CONFIG_HOME" "$XDG_DATA_HOME" "$XDG_CACHE_HOME" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
unset DBUS_SESSION_BUS_ADDRESS WAYLAND_DISPLAY DISPLAY TURNOUT_CONFIG TURNOUT_DATA_DIR
export GDK_BACKEND=x11 NO_AT_BRIDGE=1 GSETTINGS_BACKEND=memory LIBGL_ALWAYS_SOFTWARE=1
export XDG_CURRENT_DESKTOP=XFCE LC_ALL=C.UTF-8
# WEBKIT_DISABLE_DMABUF_RENDERER must stay unset: WebDriver screenshots would hang.

display= session=
end() {
    [ -n "$session" ] && kill -TERM -- "-$session" 2>/dev/null
    [ -s "$ROOT/keyring.pid" ] && kill "$(cat "$ROOT/keyring.pid")" 2>/dev/null
    [ -n "$display" ] && kill "$display" 2>/dev/null
    rm -rf "$ROOT"
}
trap end EXIT
trap 'exit 143' TERM INT

if [ -z "${NO_DISPLAY:-}" ]; then
    exec 6>"$ROOT/display"
    Xvfb -displayfd 6 -screen 0 1280x800x24 -nolisten tcp >"$ROOT/xvfb.log" 2>&1 &
    display=$!
    for _ in $(seq 200); do [ -s "$ROOT/display" ] && break; sleep 0.05; done
    exec 6>&-
    [ -s "$ROOT/display" ] || { echo "session.sh: Xvfb did not start:" >&2; cat "$ROOT/xvfb.log" >&2; exit 97; }
    DISPLAY=:$(cat "$ROOT/display")
    export DISPLAY
fi

# The unlocked keyring. The password is read up to the end of the input and must not be empty. The
# bus name appears a moment later; whoever asks before that makes the bus start a second, locked one.
unlock='
printf %s session | gnome-keyring-daemon --daemonize --unlock --components=secrets >/dev/null 2>"$DESK_ROOT/keyring.log" || exit 97
for _ in $(seq 100); do
    dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets 2>/dev/null |
        awk "{print \$2}" >"$DESK_ROOT/keyring.pid"
    [ -s "$DESK_ROOT/keyring.pid" ] && break
    sleep 0.05
done
'

# A bus that starts no services by itself: without this, asking for the Secret Service would start one.
cat >"$ROOT/bus.conf" <<'X'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
X

set -m # a process group of its own, so that the end reaches everything in it
if [ -n "${NO_BUS:-}" ]; then
    "$@" &
elif [ -n "${NO_KEYRING:-}" ]; then
    dbus-run-session --config-file="$ROOT/bus.conf" -- "$@" 2> >(grep --line-buffered -v '^dbus-daemon\[' >&2) &
else
    dbus-run-session -- bash -c "$unlock"'"$@"' session "$@" 2> >(grep --line-buffered -v '^dbus-daemon\[' >&2) &
fi
session=$!
wait "$session"
