"""The OpenAI SDK: Responses and their streams."""

import json

import openai

from book import Book
from openai_chat import connect, models, user
from support import caught, run


def tool(x):
    function = {"name": x.tool["name"], "description": x.tool["description"], "parameters": x.tool["schema"]}
    return {"type": "function", **function, "strict": True}


def final(sdk, **request):
    """The response that a stream ends with."""
    with sdk.responses.stream(**request) as stream:
        for _ in stream:
            pass
        return stream.get_final_response()


def both(sdk, request):
    return (("whole", sdk.responses.create(**request)), ("stream", final(sdk, **request)))


def plain(sdk, x):
    response = sdk.responses.create(
        model=x.model, instructions=x.system, input=x.plain["prompt"], max_output_tokens=512, store=False
    )
    x.holds("text", response.output_text, x.plain["answer"])
    x.same("status", response.status, "completed")
    x.same("object", response.object, "response")
    x.true("ids", response.id and all(item.id for item in response.output), response.output)
    x.true("model", response.model, response.model)


def conversation(sdk, x):
    turns = [user("First."), {"role": "assistant", "content": "Heard."}, user(x.plain["prompt"])]
    response = sdk.responses.create(model=x.model, input=turns, store=False)
    x.holds("text", response.output_text, x.plain["answer"])


def streaming(sdk, x):
    pieces, numbers, items = [], [], {}
    with sdk.responses.stream(model=x.model, input=x.stream["prompt"], store=False) as stream:
        for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
            if event.type in ("response.output_item.added", "response.output_item.done"):
                items.setdefault(event.output_index, set()).add(event.item.id)
        response = stream.get_final_response()
    x.true("pieces", len(pieces) >= 3, pieces)
    x.same("final text", response.output_text, "".join(pieces))
    x.holds("text", response.output_text, x.stream["answer"])
    x.same("sequence numbers", numbers, list(range(len(numbers))))
    x.same("item ids", [{item.id} for item in response.output], [items.get(n) for n in range(len(response.output))])
    x.same("status", response.status, "completed")


def thinking(sdk, x):
    request = {
        "model": x.model,
        "input": [user(x.thinking["prompt"])],
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    for how, response in both(sdk, request):
        thoughts = [item for item in response.output if item.type == "reasoning"]
        x.same(f"thinking ({how})", len(thoughts), 1)
        if thoughts:
            summary = "".join(part.text for part in thoughts[0].summary)
            x.holds(f"thinking text ({how})", summary, x.thinking["thought"])
            x.true(f"encrypted ({how})", thoughts[0].encrypted_content, thoughts[0])
        x.holds(f"text ({how})", response.output_text, x.thinking["answer"])
        again = sdk.responses.create(
            **{**request, "input": [*request["input"], *items(response), user(x.plain["prompt"])]}
        )
        x.holds(f"next turn ({how})", again.output_text, x.plain["answer"])


def items(response):
    """The output as input of the next turn, without what the SDK itself put there."""
    output = [item.to_dict() for item in response.output]
    for item in output:
        item.pop("parsed_arguments", None)
        for part in item.get("content") or []:
            part.pop("parsed", None)
    return output


def tool_loop(sdk, x, lesson, answer):
    """Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that."""
    request = {"model": x.model, "tools": [tool(x)], "input": [user(lesson["prompt"])], "store": False}
    response = answer(**request)
    calls = [item for item in response.output if item.type == "function_call"]
    x.same("status", response.status, "completed")
    told = [(call.name, json.loads(call.arguments)) for call in calls]
    x.same("calls", told, [(x.tool["name"], lesson["args"])] * lesson["calls"])
    x.same("ids", len({call.call_id for call in calls}), lesson["calls"])
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{x.tool['result']} {number}"}
        for number, call in enumerate(calls)
    ]
    again = answer(**{**request, "input": [*request["input"], *items(response), *results]})
    for number in range(lesson["calls"]):
        x.holds(f"result {number}", again.output_text, f"{x.tool['result']} {number}")
    x.same("last status", again.status, "completed")


def tools(sdk, x):
    tool_loop(sdk, x, x.tool_call, sdk.responses.create)


def tools_streamed(sdk, x):
    tool_loop(sdk, x, x.tool_call, lambda **request: final(sdk, **request))


def parallel_tools(sdk, x):
    tool_loop(sdk, x, x.tool_calls, lambda **request: final(sdk, **request))


def image(sdk, x):
    url = f"data:{x.image['type']};base64,{x.image['data']}"
    content = [
        {"type": "input_text", "text": x.image["prompt"]},
        {"type": "input_image", "image_url": url, "detail": "auto"},
    ]
    response = sdk.responses.create(model=x.model, input=[user(content)], store=False)
    x.holds("image", response.output_text, x.image["data"])


def echoed(settings):
    """Sends `settings` along and has what arrived at the provider shown."""

    def check(sdk, x):
        request = {"model": x.model, "input": x.echo["prompt"], "store": False, **settings(x)}
        x.sent(sdk.responses.create(**request).output_text)

    return check


def file_id(sdk, x):
    content = [{"type": "input_file", "file_id": x.file["id"]}, {"type": "input_text", "text": x.plain["prompt"]}]
    sdk.responses.create(model=x.model, input=[user(content)], store=False)


def structured(sdk, x):
    request = {"model": x.model, "input": x.structured["prompt"], "text_format": Book, "store": False}
    for how, response in (("whole", sdk.responses.parse(**request)), ("stream", final(sdk, **request))):
        x.true(f"parsed ({how})", isinstance(response.output_parsed, Book), response.output_text)


def usage(sdk, x):
    request = {"model": x.model, "input": x.usage["prompt"], "store": False}
    for how, response in both(sdk, request):
        told = response.usage
        x.same(f"input ({how})", told.input_tokens, x.usage["input"] + x.usage["cached"])
        x.same(f"cached ({how})", told.input_tokens_details.cached_tokens, x.usage["cached"])
        x.same(f"output ({how})", told.output_tokens, x.usage["output"])
        x.same(f"total ({how})", told.total_tokens, told.input_tokens + told.output_tokens)


def max_tokens(sdk, x):
    request = {"model": x.model, "input": x.limit["prompt"], "max_output_tokens": x.limit["tokens"], "store": False}
    whole = sdk.responses.create(**request)
    # The SDK's own helper knows only of completed ends, so the events are read as they come.
    last = list(sdk.responses.create(**request, stream=True))[-1]
    x.same("last event", last.type, "response.incomplete")
    for how, response in (("whole", whole), ("stream", last.response)):
        x.same(f"status ({how})", response.status, "incomplete")
        reason = response.incomplete_details.reason if response.incomplete_details else None
        x.same(f"reason ({how})", reason, "max_output_tokens")


def broken_stream(sdk, x):
    x.breaks_off(lambda: final(sdk, model=x.model, input=x.broken["prompt"], store=False))


def refused(kind, status):
    def check(sdk, x):
        request = {"model": x.model, "input": x.errors[str(status)], "store": False}
        for call in (lambda: sdk.responses.create(**request), lambda: final(sdk, **request)):
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
    "system": echoed(lambda x: {"instructions": x.system}),
    "tool choice": echoed(lambda x: {"tools": [tool(x)], "tool_choice": {"type": "function", "name": x.tool["name"]}}),
    "parallel off": echoed(lambda x: {"tools": [tool(x)], "parallel_tool_calls": False}),
    "file id": file_id,
    "structured": structured,
    "usage": usage,
    "max tokens": max_tokens,
    "broken stream": broken_stream,
    "models": models,
    "error 400": refused(openai.BadRequestError, 400),
    "error 401": refused(openai.AuthenticationError, 401),
    "error 429": refused(openai.RateLimitError, 429),
}

if __name__ == "__main__":
    run("openai-responses", connect, CHECKS, lambda error: getattr(error, "status_code", None))
