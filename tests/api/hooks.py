"""What made-up input must not do: call anybody, or take the API from under the tests."""

import os

import schemathesis

CONFIG = os.environ["API_CONFIG"]
CLIENTS = ("/models", "/api/claude", "/v1/{provider}/completions")


@schemathesis.hook
def map_body(ctx, body):
    """Providers are practice providers; a config keeps the tokens that the tests use."""
    if not isinstance(body, dict) or ctx.operation is None:
        return body
    path = ctx.operation.path
    if path.startswith(("/api/v1/providers", "/api/v1/drafts")) and not path.endswith(("/keys", "/rotate")):
        body["dialect"] = "practice"
        for field in ("vendor", "base_url", "proxy"):
            body.pop(field, None)
    if path == "/api/v1/import/config":
        body["dry_run"] = True
    if path == "/api/v1/config" and isinstance(body.get("toml"), str):
        comment = "".join(letter if letter.isprintable() else " " for letter in body["toml"])
        body["toml"] = f"{CONFIG}\n# {comment}\n"
    return body


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """What clients call takes a client's token."""
    if case.operation.path in CLIENTS and "Authorization" in kwargs.get("headers", {}):
        kwargs["headers"]["Authorization"] = f"Bearer {os.environ['API_CLIENT']}"


@schemathesis.hook
def filter_body(ctx, body):
    """The text itself is sent as it is made up, which is no config but where nothing is left of it."""
    is_config = ctx.operation is not None and ctx.operation.path == "/api/v1/config"
    return not (is_config and isinstance(body, (str, bytes)) and not body.strip())


@schemathesis.check
def unavailable_for_want_of_a_keychain_alone(ctx, response, case):
    """A history that made-up input makes unreadable is a mistake of the API."""
    tells_by_status = (*CLIENTS, "/api/chat", "/health/detailed")
    if response.status_code != 503 or case.operation.path in tells_by_status:
        return
    error = response.json().get("error", {})
    assert error.get("code") == "no_keychain", f"503 without a cause of this machine: {error}"
