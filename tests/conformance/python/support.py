"""What every Python client here shares: the plan it is given, and how a check tells what it saw.

A program reads its plan from standard input and prints one JSON object a check. An expectation that is not met is
told by its name and does not end the check, so that a known loss does not hide an unknown one.
"""

import json
import sys
import traceback


class Seen:
    """The status of the last answer, and the losses that the answers of the running check told."""

    status, losses = None, frozenset()

    def look(self, response):
        """A response hook for the SDK's HTTP client; it reads nothing of the body."""
        told = response.headers.get("x-turnout-loss", "").split(",")
        self.status, self.losses = response.status_code, self.losses | {part.strip() for part in told if part.strip()}

    def forget(self):
        self.status, self.losses = None, frozenset()


SEEN = Seen()
HOOKS = {"response": [SEEN.look]}


class Check:
    """One check of one provider: its target, its lesson, and what it found missing."""

    def __init__(self, target, lessons, key):
        self.provider, self.base, self.model = target["provider"], target["base"], target["model"]
        self.embedding_model = target.get("embedding_model")
        self.key, self.lessons, self.missing, self.body = key, lessons, {}, None

    def __getattr__(self, name):
        """A lesson by its name."""
        return self.lessons[name]

    def same(self, what, got, want):
        if got != want:
            self.missing[what] = f"{got!r}, not {want!r}"

    def holds(self, what, text, part):
        if part not in (text or ""):
            self.missing[what] = f"{part!r} is not in {text!r}"

    def true(self, what, condition, got=None):
        if not condition:
            self.missing[what] = repr(got)

    def sent(self, text):
        """What the provider was sent, as its answer shows it; the runner looks into it."""
        self.body = json.loads(text)

    def breaks_off(self, call):
        """A stream that began well and broke off must not look like one that ended."""
        caught(call, Exception)
        self.same("status of what began", SEEN.status, 200)

    def refusal(self, error, kind, status, got):
        """`error` is what the SDK raised: it has to be of its class for this status."""
        self.true("error class", isinstance(error, kind), type(error).__name__)
        self.same("status", got, status)
        self.true("message", str(error).strip() != "", str(error))


def caught(call, kind):
    """The error that `call` ends with; the SDK must not succeed."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("no error was raised")


def run(client, connect, checks, status):
    """Runs `checks` against every target of the plan. `connect` gives the SDK's client; `status` reads an SDK error."""
    plan = json.load(sys.stdin)
    for target in plan["targets"]:
        for name, check in checks.items():
            if plan.get("only") and name not in plan["only"]:
                continue
            one = Check(target, plan["lessons"], plan["key"])
            SEEN.forget()
            told = {"client": client, "language": "python", "provider": target["provider"], "check": name}
            try:
                check(connect(one), one)
                told["ok"] = not one.missing
            except Exception as error:  # whatever an SDK raises is a finding
                told.update(ok=False, status=status(error), error=f"{type(error).__name__}: {error}"[:600])
                if told["status"] is None:
                    told["error"] += " at " + traceback.format_exc(limit=-1).strip().split("\n")[1].strip()
            told.update(sent=one.body, missing=one.missing, losses=sorted(SEEN.losses))
            print(json.dumps(told), flush=True)
