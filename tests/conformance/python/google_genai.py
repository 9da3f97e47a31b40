"""The Google Gen AI SDK: generateContent, its streams, token counts, embeddings and models."""

from google import genai
from google.genai import errors, types

from book import Book
from support import HOOKS, caught, run


def connect(x):
    options = types.HttpOptions(base_url=x.base, timeout=30_000, client_args={"event_hooks": HOOKS})
    return genai.Client(api_key=x.key, http_options=options)


def user(*parts):
    return types.UserContent(parts=list(parts))


def streamed(sdk, **request):
    """The chunks of a stream, put together as a caller has to do it."""
    chunks = list(sdk.models.generate_content_stream(**request))
    parts = []
    for chunk in chunks:
        for candidate in chunk.candidates or []:
            parts.extend((candidate.content and candidate.content.parts) or [])
    whole = chunks[-1].model_copy(deep=True)
    whole.candidates[0].content = types.ModelContent(parts=parts)
    return whole


def both(sdk, request):
    return (("whole", sdk.models.generate_content(**request)), ("stream", streamed(sdk, **request)))


def answered(response):
    """Text without thoughts."""
    parts = response.candidates[0].content.parts or []
    return "".join(part.text for part in parts if part.text and not part.thought)


def finish(response):
    return response.candidates[0].finish_reason


def plain(sdk, x):
    config = types.GenerateContentConfig(system_instruction=x.system, max_output_tokens=512, temperature=0.5)
    response = sdk.models.generate_content(model=x.model, contents=x.plain["prompt"], config=config)
    x.holds("text", response.text, x.plain["answer"])
    x.same("finish reason", finish(response), types.FinishReason.STOP)
    x.same("role", response.candidates[0].content.role, "model")
    x.true("model", response.model_version, response.model_version)


def conversation(sdk, x):
    chat = sdk.chats.create(model=x.model)
    chat.send_message("First.")
    response = chat.send_message(x.plain["prompt"])
    x.holds("text", response.text, x.plain["answer"])
    x.same("turns", [turn.role for turn in chat.get_history()], ["user", "model", "user", "model"])


def streaming(sdk, x):
    chunks = list(sdk.models.generate_content_stream(model=x.model, contents=x.stream["prompt"]))
    pieces = [chunk.text for chunk in chunks if chunk.candidates and chunk.candidates[0].content and chunk.text]
    x.true("pieces", len(pieces) >= 3, pieces)
    x.holds("text", "".join(pieces), x.stream["answer"])
    ends = [finish(chunk) for chunk in chunks if chunk.candidates and finish(chunk)]
    x.same("finish reason", ends, [types.FinishReason.STOP])


def thinking(sdk, x):
    thoughts = types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)
    request = {
        "model": x.model,
        "contents": [user(types.Part(text=x.thinking["prompt"]))],
        "config": types.GenerateContentConfig(thinking_config=thoughts),
    }
    for how, response in both(sdk, request):
        parts = response.candidates[0].content.parts
        thought = "".join(part.text for part in parts if part.thought and part.text)
        x.holds(f"thinking text ({how})", thought, x.thinking["thought"])
        x.holds(f"text ({how})", answered(response), x.thinking["answer"])
        turns = [*request["contents"], response.candidates[0].content, user(types.Part(text=x.plain["prompt"]))]
        again = sdk.models.generate_content(**{**request, "contents": turns})
        x.holds(f"next turn ({how})", answered(again), x.plain["answer"])


def declaration(x):
    return types.FunctionDeclaration(
        name=x.tool["name"], description=x.tool["description"], parameters_json_schema=x.tool["schema"]
    )


def tool_loop(sdk, x, lesson, answer):
    """Asks with `answer` (whole or streamed), runs the tools it calls, and gives back what is said to that."""
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declaration(x)])])
    asked = user(types.Part(text=lesson["prompt"]))
    response = answer(model=x.model, contents=[asked], config=config)
    calls = response.function_calls or []
    x.same("finish reason", finish(response), types.FinishReason.STOP)
    x.same("calls", [(call.name, call.args) for call in calls], [(x.tool["name"], lesson["args"])] * lesson["calls"])
    results = [
        types.Part(
            function_response=types.FunctionResponse(
                id=call.id, name=call.name, response={"output": f"{x.tool['result']} {number}"}
            )
        )
        for number, call in enumerate(calls)
    ]
    turns = [asked, response.candidates[0].content, user(*results)]
    again = answer(model=x.model, contents=turns, config=config)
    for number in range(lesson["calls"]):
        x.holds(f"result {number}", answered(again), f"{x.tool['result']} {number}")
    x.same("last finish reason", finish(again), types.FinishReason.STOP)


def tools(sdk, x):
    tool_loop(sdk, x, x.tool_call, sdk.models.generate_content)


def tools_streamed(sdk, x):
    tool_loop(sdk, x, x.tool_call, lambda **request: streamed(sdk, **request))


def parallel_tools(sdk, x):
    tool_loop(sdk, x, x.tool_calls, lambda **request: streamed(sdk, **request))


def image(sdk, x):
    picture = types.Part(inline_data=types.Blob(data=x.image["data"], mime_type=x.image["type"]))
    contents = [user(picture, types.Part(text=x.image["prompt"]))]
    response = sdk.models.generate_content(model=x.model, contents=contents)
    # The SDK writes base64 as URLs have it; what is converted has to be the usual one.
    text = response.text.replace("_", "/").replace("-", "+") if x.provider.startswith("gemini") else response.text
    x.holds("image", text, x.image["data"])


def chosen(x):
    """Settings that leave the model no choice but the tool."""
    only = types.FunctionCallingConfig(mode="ANY", allowed_function_names=[x.tool["name"]])
    tools = [types.Tool(function_declarations=[declaration(x)])]
    return {"tools": tools, "tool_config": types.ToolConfig(function_calling_config=only)}


def echoed(settings):
    """Sends `settings` along and has what arrived at the provider shown."""

    def check(sdk, x):
        config = types.GenerateContentConfig(**settings(x))
        x.sent(sdk.models.generate_content(model=x.model, contents=x.echo["prompt"], config=config).text)

    return check


def file_id(sdk, x):
    file = types.Part(file_data=types.FileData(file_uri=x.file["uri"], mime_type=x.image["type"]))
    sdk.models.generate_content(model=x.model, contents=[user(file, types.Part(text=x.plain["prompt"]))])


def structured(sdk, x):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Book)
    response = sdk.models.generate_content(model=x.model, contents=x.structured["prompt"], config=config)
    x.true("parsed", isinstance(response.parsed, Book), response.text)
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=Book.model_json_schema()
    )
    response = sdk.models.generate_content(model=x.model, contents=x.structured["prompt"], config=config)
    x.true("parsed (JSON schema)", Book.model_validate_json(response.text), response.text)


def usage(sdk, x):
    for how, response in both(sdk, {"model": x.model, "contents": x.usage["prompt"]}):
        told = response.usage_metadata
        x.same(f"input ({how})", told.prompt_token_count, x.usage["input"] + x.usage["cached"])
        x.same(f"cached ({how})", told.cached_content_token_count or 0, x.usage["cached"])
        output = (told.candidates_token_count or 0) + (told.thoughts_token_count or 0)
        x.same(f"output ({how})", output, x.usage["output"])
        x.same(f"total ({how})", told.total_token_count, told.prompt_token_count + output)


def max_tokens(sdk, x):
    config = types.GenerateContentConfig(max_output_tokens=x.limit["tokens"])
    for how, response in both(sdk, {"model": x.model, "contents": x.limit["prompt"], "config": config}):
        x.same(f"finish reason ({how})", finish(response), types.FinishReason.MAX_TOKENS)


def broken_stream(sdk, x):
    x.breaks_off(lambda: streamed(sdk, model=x.model, contents=x.broken["prompt"]))


def count_tokens(sdk, x):
    told = sdk.models.count_tokens(model=x.model, contents=x.plain["prompt"])
    x.true("tokens", told.total_tokens and told.total_tokens > 3, told.total_tokens)


def embeddings(sdk, x):
    told = sdk.models.embed_content(model=x.embedding_model, contents=x.embedding["texts"])
    sizes = [len(one.values) for one in told.embeddings]
    x.same("vectors", len(sizes), len(x.embedding["texts"]))
    x.true("sizes", len(set(sizes)) == 1 and sizes[0] > 1, sizes)


def models(sdk, x):
    names = [model.name for model in sdk.models.list(config={"page_size": 5}).page]
    x.true("models", names and all(names), names)


def refused(status):
    def check(sdk, x):
        request = {"model": x.model, "contents": x.errors[str(status)]}
        for call in (lambda: sdk.models.generate_content(**request), lambda: streamed(sdk, **request)):
            error = caught(call, errors.APIError)
            x.refusal(error, errors.ClientError, status, error.code)
            word = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}[status]
            x.same("status word", error.status, word)

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
    "system": echoed(lambda x: {"system_instruction": x.system}),
    "tool choice": echoed(chosen),
    "stop sequences": echoed(lambda x: {"stop_sequences": [x.stop]}),
    "file id": file_id,
    "structured": structured,
    "usage": usage,
    "max tokens": max_tokens,
    "broken stream": broken_stream,
    "token count": count_tokens,
    "embeddings": embeddings,
    "models": models,
    "error 400": refused(400),
    "error 401": refused(401),
    "error 429": refused(429),
}

if __name__ == "__main__":
    run("gemini", connect, CHECKS, lambda error: getattr(error, "code", None))
