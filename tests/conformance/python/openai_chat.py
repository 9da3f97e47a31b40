"""The OpenAI SDK: Chat Completions, their streams, embeddings and models."""

import json

import openai

from book import Book
from support import HOOKS, caught, run


def connect(x):
    http = openai.DefaultHttpxClient(event_hooks=HOOKS)
    return openai.OpenAI(base_url=x.base, api_key=x.key, max_retries=0, timeout=30, http_client=http)


def user(content):
    return {"role": "user", "content": content}


def tool(x):
    function = {"name": x.tool["name"], "description": x.tool["description"], "parameters": x.tool["schema"]}
    return {"type": "function", "function": {**function, "strict": True}}


def final(sdk, **request):
    """The completion that a stream adds up to."""
    with sdk.chat.completions.stream(**request, stream_options={"include_usage": True}) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion()


def said(message):
    """An answer as a message of the next turn, without what the SDK itself put there."""
    turn = message.to_dict(exclude_none=True)
    turn.pop("parsed", None)
    for call in turn.get("tool_calls", []):
        call.pop("index", None)
        call["function"].pop("parsed_arguments", None)
    return turn


def both(sdk, request):
    return (("whole", sdk.chat.completions.create(**request)), ("stream", final(sdk, **request)))


def plain(sdk, x):
    turns = [{"role": "developer", "content": x.system}, user(x.plain["prompt"])]
    completion = sdk.chat.completions.create(
        model=x.model, messages=turns, max_completion_tokens=512, reasoning_effort="none", temperature=0.5
    )
    choice = completion.choices[0]
    x.holds("text", choice.message.content, x.plain["answer"])
    x.same("finish reason", choice.finish_reason, "stop")
    x.same("object", (completion.object, choice.message.role), ("chat.completion", "assistant"))
    x.true("id", completion.id and completion.created, completion.id)
    x.true("model", completion.model, completion.model)


def conversation(sdk, x):
    turns = [user("First."), {"role": "assistant", "content": "Heard."}, user(x.plain["prompt"])]
    completion = sdk.chat.completions.create(model=x.model, messages=turns)
    x.holds("text", completion.choices[0].message.content, x.plain["answer"])


def streaming(sdk, x):
    pieces = []
    request = {"model": x.model, "messages": [user(x.stream["prompt"])]}
    with sdk.chat.completions.stream(**request) as stream:
        for event in stream:
            if event.type == "content.delta":
                pieces.append(event.delta)
        completion = stream.get_final_completion()
    x.true("pieces", len(pieces) >= 3, pieces)
    x.same("final text", completion.choices[0].message.content, "".join(pieces))
    x.holds("text", "".join(pieces), x.stream["answer"])
    x.same("finish reason", completion.choices[0].finish_reason, "stop")
    x.same("usage without being asked", completion.usage, None)


def thinking(sdk, x):
    request = {"model": x.model, "reasoning_effort": "medium", "messages": [user(x.thinking["prompt"])]}
    for how, completion in both(sdk, request):
        message = completion.choices[0].message
        # The field is no part of OpenAI's own types; compatible servers have made it the usual one.
        x.holds(f"thinking text ({how})", getattr(message, "reasoning_content", None), x.thinking["thought"])
        x.holds(f"text ({how})", message.content, x.thinking["answer"])
        turns = [*request["messages"], said(message), user(x.plain["prompt"])]
        again = sdk.chat.completions.create(**{**request, "messages": turns})
        x.holds(f"next turn ({how})", again.choices[0].message.content, x.plain["answer"])


def tool_loop(sdk, x, lesson, answer):
    """Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that."""
    request = {"model": x.model, "tools": [tool(x)], "messages": [user(lesson["prompt"])]}
    choice = answer(**request).choices[0]
    calls = choice.message.tool_calls or []
    x.same("finish reason", choice.finish_reason, "tool_calls")
    told = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
    x.same("calls", told, [(x.tool["name"], lesson["args"])] * lesson["calls"])
    x.same("ids", len({call.id for call in calls}), lesson["calls"])
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{x.tool['result']} {number}"}
        for number, call in enumerate(calls)
    ]
    turns = [*request["messages"], said(choice.message), *results]
    again = answer(**{**request, "messages": turns}).choices[0]
    for number in range(lesson["calls"]):
        x.holds(f"result {number}", again.message.content, f"{x.tool['result']} {number}")
    x.same("last finish reason", again.finish_reason, "stop")


def tools(sdk, x):
    tool_loop(sdk, x, x.tool_call, sdk.chat.completions.create)


def tools_streamed(sdk, x):
    tool_loop(sdk, x, x.tool_call, lambda **request: final(sdk, **request))


def parallel_tools(sdk, x):
    tool_loop(sdk, x, x.tool_calls, lambda **request: final(sdk, **request))


def image(sdk, x):
    url = f"data:{x.image['type']};base64,{x.image['data']}"
    content = [{"type": "text", "text": x.image["prompt"]}, {"type": "image_url", "image_url": {"url": url}}]
    completion = sdk.chat.completions.create(model=x.model, messages=[user(content)])
    x.holds("image", completion.choices[0].message.content, x.image["data"])


def echoed(settings):
    """Sends `settings` along and has what arrived at the provider shown."""

    def check(sdk, x):
        request = {"model": x.model, "messages": [user(x.echo["prompt"])], **settings(x)}
        x.sent(sdk.chat.completions.create(**request).choices[0].message.content)

    return check


def file_id(sdk, x):
    content = [{"type": "file", "file": {"file_id": x.file["id"]}}, {"type": "text", "text": x.plain["prompt"]}]
    sdk.chat.completions.create(model=x.model, messages=[user(content)])


def structured(sdk, x):
    request = {"model": x.model, "messages": [user(x.structured["prompt"])], "response_format": Book}
    message = sdk.chat.completions.parse(**request).choices[0].message
    x.true("parsed", isinstance(message.parsed, Book), message.content)
    streamed = final(sdk, **request).choices[0].message
    x.true("parsed (stream)", isinstance(streamed.parsed, Book), streamed.content)


def usage(sdk, x):
    request = {"model": x.model, "messages": [user(x.usage["prompt"])]}
    for how, completion in both(sdk, request):
        told = completion.usage
        cached = told.prompt_tokens_details.cached_tokens if told.prompt_tokens_details else 0
        x.same(f"input ({how})", told.prompt_tokens, x.usage["input"] + x.usage["cached"])
        x.same(f"cached ({how})", cached or 0, x.usage["cached"])
        x.same(f"output ({how})", told.completion_tokens, x.usage["output"])
        x.same(f"total ({how})", told.total_tokens, told.prompt_tokens + told.completion_tokens)


def max_tokens(sdk, x):
    request = {"model": x.model, "max_completion_tokens": x.limit["tokens"], "messages": [user(x.limit["prompt"])]}
    whole = sdk.chat.completions.create(**request)
    x.same("finish reason (whole)", whole.choices[0].finish_reason, "length")
    # The SDK's own helper raises at this end of a stream, so the chunks are read as they come.
    chunks = list(sdk.chat.completions.create(**request, stream=True))
    ends = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    x.same("finish reason (stream)", ends, ["length"])


def broken_stream(sdk, x):
    x.breaks_off(lambda: final(sdk, model=x.model, messages=[user(x.broken["prompt"])]))


def embeddings(sdk, x):
    told = sdk.embeddings.create(model=x.embedding_model, input=x.embedding["texts"])
    x.same("vectors", [one.index for one in told.data], [0, 1])
    sizes = {len(one.embedding) for one in told.data}
    x.true("sizes", len(sizes) == 1 and sizes.pop() > 1, sizes)


def models(sdk, x):
    page = sdk.models.list()
    x.true("models", page.data and all(model.id for model in page.data), page.data)
    x.same("object", page.object, "list")


def refused(kind, status):
    def check(sdk, x):
        request = {"model": x.model, "messages": [user(x.errors[str(status)])]}
        for call in (lambda: sdk.chat.completions.create(**request), lambda: final(sdk, **request)):
            error = caught(call, openai.APIError)
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
    "system": echoed(lambda x: {"messages": [{"role": "developer", "content": x.system}, user(x.echo["prompt"])]}),
    "tool choice": echoed(
        lambda x: {"tools": [tool(x)], "tool_choice": {"type": "function", "function": {"name": x.tool["name"]}}}
    ),
    "parallel off": echoed(lambda x: {"tools": [tool(x)], "parallel_tool_calls": False}),
    "stop sequences": echoed(lambda x: {"stop": [x.stop]}),
    "file id": file_id,
    "structured": structured,
    "usage": usage,
    "max tokens": max_tokens,
    "broken stream": broken_stream,
    "embeddings": embeddings,
    "models": models,
    "error 400": refused(openai.BadRequestError, 400),
    "error 401": refused(openai.AuthenticationError, 401),
    "error 429": refused(openai.RateLimitError, 429),
}

if __name__ == "__main__":
    run("openai-chat", connect, CHECKS, lambda error: getattr(error, "status_code", None))
