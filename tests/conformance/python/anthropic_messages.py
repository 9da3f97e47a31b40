"""The Anthropic SDK: Messages, their streams, token counts and models."""

import anthropic

from book import Book
from support import HOOKS, caught, run


def connect(x):
    http = anthropic.DefaultHttpxClient(event_hooks=HOOKS)
    return anthropic.Anthropic(base_url=x.base, api_key=x.key, max_retries=0, timeout=30, http_client=http)


def user(content):
    return {"role": "user", "content": content}


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def tool(x):
    return {"name": x.tool["name"], "description": x.tool["description"], "input_schema": x.tool["schema"]}


def final(sdk, **request):
    """The message that a stream adds up to."""
    with sdk.messages.stream(**request) as stream:
        for _ in stream:
            pass
        return stream.get_final_message()


def plain(sdk, x):
    message = sdk.messages.create(model=x.model, max_tokens=512, system=x.system, messages=[user(x.plain["prompt"])])
    x.holds("text", text_of(message), x.plain["answer"])
    x.same("stop reason", message.stop_reason, "end_turn")
    x.same("role", (message.type, message.role), ("message", "assistant"))
    x.true("id", message.id, message.id)
    x.true("model", message.model, message.model)


def conversation(sdk, x):
    turns = [user("First."), {"role": "assistant", "content": "Heard."}, user(x.plain["prompt"])]
    message = sdk.messages.create(model=x.model, max_tokens=512, messages=turns)
    x.holds("text", text_of(message), x.plain["answer"])


def streaming(sdk, x):
    request = {"model": x.model, "max_tokens": 512, "messages": [user(x.stream["prompt"])]}
    with sdk.messages.stream(**request) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    x.true("pieces", len(pieces) >= 3, pieces)
    x.same("final text", text_of(message), "".join(pieces))
    x.holds("text", text_of(message), x.stream["answer"])
    x.same("stop reason", message.stop_reason, "end_turn")


def thinking(sdk, x):
    request = {
        "model": x.model,
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "messages": [user(x.thinking["prompt"])],
    }
    for how, message in (("whole", sdk.messages.create(**request)), ("stream", final(sdk, **request))):
        thoughts = [block for block in message.content if block.type == "thinking"]
        x.same(f"thinking ({how})", len(thoughts), 1)
        if thoughts:
            x.holds(f"thinking text ({how})", thoughts[0].thinking, x.thinking["thought"])
        x.holds(f"text ({how})", text_of(message), x.thinking["answer"])
        turns = [*request["messages"], {"role": "assistant", "content": message.content}, user(x.plain["prompt"])]
        again = sdk.messages.create(**{**request, "messages": turns})
        x.holds(f"next turn ({how})", text_of(again), x.plain["answer"])


def tool_loop(sdk, x, lesson, answer):
    """Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that."""
    request = {"model": x.model, "max_tokens": 1024, "tools": [tool(x)], "messages": [user(lesson["prompt"])]}
    message = answer(**request)
    calls = [block for block in message.content if block.type == "tool_use"]
    x.same("stop reason", message.stop_reason, "tool_use")
    x.same("calls", [(call.name, call.input) for call in calls], [(x.tool["name"], lesson["args"])] * lesson["calls"])
    x.same("ids", len({call.id for call in calls}), lesson["calls"])
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"{x.tool['result']} {number}"}
        for number, call in enumerate(calls)
    ]
    turns = [*request["messages"], {"role": "assistant", "content": message.content}, user(results)]
    again = answer(**{**request, "messages": turns})
    for number in range(lesson["calls"]):
        x.holds(f"result {number}", text_of(again), f"{x.tool['result']} {number}")
    x.same("last stop reason", again.stop_reason, "end_turn")


def tools(sdk, x):
    tool_loop(sdk, x, x.tool_call, sdk.messages.create)


def tools_streamed(sdk, x):
    tool_loop(sdk, x, x.tool_call, lambda **request: final(sdk, **request))


def parallel_tools(sdk, x):
    tool_loop(sdk, x, x.tool_calls, lambda **request: final(sdk, **request))


def image(sdk, x):
    source = {"type": "base64", "media_type": x.image["type"], "data": x.image["data"]}
    content = [{"type": "image", "source": source}, {"type": "text", "text": x.image["prompt"]}]
    message = sdk.messages.create(model=x.model, max_tokens=8192, messages=[user(content)])
    x.holds("image", text_of(message), x.image["data"])


def echoed(settings):
    """Sends `settings` along and has what arrived at the provider shown."""

    def check(sdk, x):
        request = {"model": x.model, "max_tokens": 8192, "messages": [user(x.echo["prompt"])], **settings(x)}
        x.sent(text_of(sdk.messages.create(**request)))

    return check


def file_id(sdk, x):
    source = {"type": "file", "file_id": x.file["id"]}
    content = [{"type": "image", "source": source}, {"type": "text", "text": x.plain["prompt"]}]
    sdk.messages.create(model=x.model, max_tokens=512, messages=[user(content)])


def structured(sdk, x):
    message = sdk.messages.parse(
        model=x.model, max_tokens=512, messages=[user(x.structured["prompt"])], output_format=Book
    )
    x.true("parsed", isinstance(message.parsed_output, Book), text_of(message))


def usage(sdk, x):
    request = {"model": x.model, "max_tokens": 512, "messages": [user(x.usage["prompt"])]}
    for how, message in (("whole", sdk.messages.create(**request)), ("stream", final(sdk, **request))):
        told = message.usage
        cached = told.cache_read_input_tokens or 0
        x.same(f"input ({how})", told.input_tokens + cached, x.usage["input"] + x.usage["cached"])
        x.same(f"cached ({how})", cached, x.usage["cached"])
        x.same(f"output ({how})", told.output_tokens, x.usage["output"])


def max_tokens(sdk, x):
    request = {"model": x.model, "max_tokens": x.limit["tokens"], "messages": [user(x.limit["prompt"])]}
    for how, message in (("whole", sdk.messages.create(**request)), ("stream", final(sdk, **request))):
        x.same(f"stop reason ({how})", message.stop_reason, "max_tokens")


def broken_stream(sdk, x):
    x.breaks_off(lambda: final(sdk, model=x.model, max_tokens=64, messages=[user(x.broken["prompt"])]))


def count_tokens(sdk, x):
    count = sdk.messages.count_tokens(model=x.model, messages=[user(x.plain["prompt"])])
    x.true("tokens", count.input_tokens > 3, count.input_tokens)


def models(sdk, x):
    page = sdk.models.list(limit=5)
    x.true("models", page.data and all(model.id for model in page.data), page.data)
    x.same("pages", hasattr(page, "has_more"), True)


def refused(kind, status):
    def check(sdk, x):
        request = {"model": x.model, "max_tokens": 64, "messages": [user(x.errors[str(status)])]}
        for call in (lambda: sdk.messages.create(**request), lambda: final(sdk, **request)):
            error = caught(call, anthropic.APIError)
            x.refusal(error, kind, status, getattr(error, "status_code", None))

    return check


CHECKS = {
    "plain": plain,
    "conversation": conversation,
    "streaming": streaming,
    "thinking": thinking,
    "tools": tools,
    "tools streamed": tools_streamed,
    "parallel tools": parallel_tools,
    "image": image,
    "system": echoed(lambda x: {"system": x.system}),
    "tool choice": echoed(lambda x: {"tools": [tool(x)], "tool_choice": {"type": "tool", "name": x.tool["name"]}}),
    "parallel off": echoed(
        lambda x: {"tools": [tool(x)], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    ),
    "stop sequences": echoed(lambda x: {"stop_sequences": [x.stop]}),
    "file id": file_id,
    "structured": structured,
    "usage": usage,
    "max tokens": max_tokens,
    "broken stream": broken_stream,
    "token count": count_tokens,
    "models": models,
    "error 400": refused(anthropic.BadRequestError, 400),
    "error 401": refused(anthropic.AuthenticationError, 401),
    "error 429": refused(anthropic.RateLimitError, 429),
}

if __name__ == "__main__":
    run("anthropic", connect, CHECKS, lambda error: getattr(error, "status_code", None))
