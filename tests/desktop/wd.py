"""A WebDriver client for the app's own web view, with nothing but the standard library.

WebKitWebDriver starts the app itself, in automation mode, and the session begins when the app opens its window.
"""

import base64
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request


class Failed(Exception):
    """The driver refused a command."""


class Window:
    """The app's window, driven from outside. Ending the session ends the app."""

    def __init__(self, program, arguments, port, environment=None):
        self.base = f"http://127.0.0.1:{port}"
        automation = {"TAURI_AUTOMATION": "true", "TAURI_WEBVIEW_AUTOMATION": "true"}
        self.driver = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"],
            env={**os.environ, **(environment or {}), **automation},
            stdout=subprocess.DEVNULL,
        )
        try:
            self._wait_for_driver()
            options = {"webkitgtk:browserOptions": {"binary": program, "args": arguments}}
            answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": options}}, timeout=60)
        except BaseException:
            self._end_driver()
            raise
        self.session = "/session/" + answer["sessionId"]
        self.app = self._children()

    def _children(self):
        """What the driver started: the app."""
        lists = pathlib.Path(f"/proc/{self.driver.pid}/task").glob("*/children")
        return [int(child) for list_ in lists for child in list_.read_text(encoding="ascii").split()]

    def _wait_for_driver(self):
        for _ in range(100):
            try:
                self._call("GET", "/status")
                return
            except OSError:
                time.sleep(0.1)
        raise Failed("WebKitWebDriver did not come up")

    def _call(self, method, path, body=None, timeout=15):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Failed(f"{method} {path}: {error.code} {error.read().decode()[:400]}") from None

    def title(self):
        return self._call("GET", self.session + "/title")

    def url(self):
        return self._call("GET", self.session + "/url")

    def run(self, script, *arguments):
        """The value of a piece of JavaScript, run in the page."""
        body = {"script": script, "args": list(arguments)}
        return self._call("POST", self.session + "/execute/sync", body)

    def run_until_done(self, script):
        """The value that a piece of JavaScript hands to its last argument, a function."""
        return self._call("POST", self.session + "/execute/async", {"script": script, "args": []})

    def texts(self, css):
        """The text of every element that matches."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", css)

    def click(self, css):
        found = self._call("POST", self.session + "/element", {"using": "css selector", "value": css})
        self._call("POST", f"{self.session}/element/{next(iter(found.values()))}/click", {})

    def screenshot(self, file):
        time.sleep(1)  # what was painted before is blank
        with open(file, "wb") as image:
            image.write(base64.b64decode(self._call("GET", self.session + "/screenshot")))

    def end(self):
        try:
            self._call("DELETE", self.session)
        except (OSError, Failed):
            pass
        self._end_driver()
        # A driver that was in a hurry leaves the app behind.
        for process in self.app:
            try:
                os.kill(process, signal.SIGTERM)
            except ProcessLookupError:
                pass

    def _end_driver(self):
        self.driver.terminate()
        self.driver.wait(10)
