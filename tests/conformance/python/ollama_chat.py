"""The Ollama SDK: chat, its streams, embeddings and models."""

import ollama

from book import Book
from support import HOOKS, caught, run


def connect(x):
    headers = {"authorization": f"Bearer {x.key}"}
    return ollama.Client(host=x.base, headers=headers, timeout=30, event_hooks=HOOKS)


def user(content, **more):
    return {"role": "user", "content": content, **more}


def streamed(sdk, **request):
    """The lines of a stream, put together as a caller has to do it."""
    text, thoughts, calls = "", "", []
    for line in sdk.chat(**request, stream=True):
        text += line.message.content or ""
        thoughts += line.message.thinking or ""
        calls += line.message.tool_calls or []
    line.message = ollama.Message(role="assistant", content=text, thinking=thoughts or None, tool_calls=calls or None)
    return line


def both(sdk, request):
    return (("whole", sdk.chat(**request)), ("stream", streamed(sdk, **request)))


def plain(sdk, x):
    turns = [{"role": "system", "content": x.system}, user(x.plain["prompt"])]
    response = sdk.chat(model=x.model, messages=turns, options={"num_predict": 512, "temperature": 0.5})
    x.holds("text", response.message.content, x.plain["answer"])
    x.same("done", (response.done, response.done_reason), (True, "stop"))
    x.same("role", response.message.role, "assistant")
    x.true("model", response.model and response.created_at, response.model)


def conversation(sdk, x):
    turns = [user("First."), {"role": "assistant", "content": "Heard."}, user(x.plain["prompt"])]
    x.holds("text", sdk.chat(model=x.model, messages=turns).message.content, x.plain["answer"])


def streaming(sdk, x):
    lines = list(sdk.chat(model=x.model, messages=[user(x.stream["prompt"])], stream=True))
    pieces = [line.message.content for line in lines if line.message.content]
    x.true("pieces", len(pieces) >= 3, pieces)
    x.holds("text", "".join(pieces), x.stream["answer"])
    x.same("done", [line.done for line in lines], [False] * (len(lines) - 1) + [True])
    x.same("done reason", lines[-1].done_reason, "stop")


def thinking(sdk, x):
    request = {"model": x.model, "messages": [user(x.thinking["prompt"])], "think": True}
    for how, response in both(sdk, request):
        x.holds(f"thinking text ({how})", response.message.thinking, x.thinking["thought"])
        x.holds(f"text ({how})", response.message.content, x.thinking["answer"])
        turns = [*request["messages"], response.message, user(x.plain["prompt"])]
        again = sdk.chat(**{**request, "messages": turns})
        x.holds(f"next turn ({how})", again.message.content, x.plain["answer"])


def tool_loop(sdk, x, lesson, answer):
    """Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that."""
    function = {"name": x.tool["name"], "description": x.tool["description"], "parameters": x.tool["schema"]}
    tools = [{"type": "function", "function": function}]
    asked = user(lesson["prompt"])
    response = answer(model=x.model, messages=[asked], tools=tools)
    calls = response.message.tool_calls or []
    told = [(call.function.name, dict(call.function.arguments)) for call in calls]
    x.same("calls", told, [(x.tool["name"], lesson["args"])] * lesson["calls"])
    results = [
        {"role": "tool", "tool_name": call.function.name, "content": f"{x.tool['result']} {number}"}
        for number, call in enumerate(calls)
    ]
    again = answer(model=x.model, messages=[asked, response.message, *results], tools=tools)
    for number in range(lesson["calls"]):
        x.holds(f"result {number}", again.message.content, f"{x.tool['result']} {number}")
    x.same("done reason", again.done_reason, "stop")


def tools(sdk, x):
    tool_loop(sdk, x, x.tool_call, sdk.chat)


def tools_streamed(sdk, x):
    tool_loop(sdk, x, x.tool_call, lambda **request: streamed(sdk, **request))


def parallel_tools(sdk, x):
    tool_loop(sdk, x, x.tool_calls, lambda **request: streamed(sdk, **request))


def image(sdk, x):
    response = sdk.chat(model=x.model, messages=[user(x.image["prompt"], images=[x.image["data"]])])
    x.holds("image", response.message.content, x.image["data"])


def echoed(settings):
    """Sends `settings` along and has what arrived at the provider shown."""

    def check(sdk, x):
        request = {"model": x.model, "messages": [user(x.echo["prompt"])], **settings(x)}
        x.sent(sdk.chat(**request).message.content)

    return check


def structured(sdk, x):
    request = {"model": x.model, "messages": [user(x.structured["prompt"])], "format": Book.model_json_schema()}
    for how, response in both(sdk, request):
        x.true(f"parsed ({how})", Book.model_validate_json(response.message.content), response.message.content)


def usage(sdk, x):
    for how, response in both(sdk, {"model": x.model, "messages": [user(x.usage["prompt"])]}):
        x.same(f"input ({how})", response.prompt_eval_count, x.usage["input"] + x.usage["cached"])
        x.same(f"output ({how})", response.eval_count, x.usage["output"])


def max_tokens(sdk, x):
    options = {"num_predict": x.limit["tokens"]}
    for how, response in both(sdk, {"model": x.model, "messages": [user(x.limit["prompt"])], "options": options}):
        x.same(f"done reason ({how})", response.done_reason, "length")


def broken_stream(sdk, x):
    x.breaks_off(lambda: streamed(sdk, model=x.model, messages=[user(x.broken["prompt"])]))


def embeddings(sdk, x):
    told = sdk.embed(model=x.embedding_model, input=x.embedding["texts"])
    sizes = [len(vector) for vector in told.embeddings]
    x.same("vectors", len(sizes), len(x.embedding["texts"]))
    x.true("sizes", len(set(sizes)) == 1 and sizes[0] > 1, sizes)


def models(sdk, x):
    names = [model.model for model in sdk.list().models]
    x.true("models", names and all(names), names)


def refused(status):
    def check(sdk, x):
        request = {"model": x.model, "messages": [user(x.errors[str(status)])]}
        for call in (lambda: sdk.chat(**request), lambda: streamed(sdk, **request)):
            error = caught(call, ollama.ResponseError)
            x.refusal(error, ollama.ResponseError, status, error.status_code)

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
    "system": echoed(lambda x: {"messages": [{"role": "system", "content": x.system}, user(x.echo["prompt"])]}),
    "stop sequences": echoed(lambda x: {"options": {"stop": [x.stop]}}),
    "structured": structured,
    "usage": usage,
    "max tokens": max_tokens,
    "broken stream": broken_stream,
    "embeddings": embeddings,
    "models": models,
    "error 400": refused(400),
    "error 401": refused(401),
    "error 429": refused(429),
}

if __name__ == "__main__":
    run("ollama", connect, CHECKS, lambda error: getattr(error, "status_code", None))
