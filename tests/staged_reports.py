"""Reports to look at, judged as any: small ones, large ones, and hostile ones."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

from agentkit.evals.case import Call, Case
from agentkit.evals.judging import judged
from agentkit.evals.outcome import Made, Outcome
from agentkit.evals.report import Report, Variant

CITIES = ("Oslo", "Bergen", "Rome", "Paris", "Lima")
THINGS = ("weather", "forecast", "route", "file", "note", "event", "mail", "photo")
VERBS = ("get", "find", "delete", "list", "share")
ATTACK = (
    "</script></style><script>document.title='owned'</script><img src=x onerror=alert(1)> "
    "\x1b[31mred\x1b[0m \x00\x0b\ufffe\ud800 a\u202egnp.exe ]]> & \"quoted\" 'single'"
)


def outcome(case, *calls, variant="model", **known):
    """What comes of a case in which these calls are made: (name, arguments)."""
    made = tuple(Made(name, json.dumps(arguments)) for name, arguments in calls)
    usual = {"answers": ("It is dry.",), "steps": 2, "prompt_tokens": 210, "completion_tokens": 31,
             "cost": 0.0004, "latency": 0.8, "seconds": 1.1, "passed": True}  # fmt: skip
    bare = Outcome(case=case.id, variant=variant, calls=made, **{**usual, **known})
    return judged(case, bare, {})


def report(*outcomes, cases, variants=("model",), **known):
    """A report of outcomes."""
    ways = tuple(Variant(each, "groq", each) for each in variants)
    return Report(tuple(cases), ways, outcomes, **{"tools": ("look", "drop"), **known})


def random_report(tools=5, cases=20, *, variants=("small", "large"), repeats=1, rate=0.8):
    """A report in which models err now and then; the same one for the same arguments."""
    chance = Random(7)
    names = [f"{verb}_{thing}" for thing in THINGS for verb in VERBS][:tools]
    asked = [_case(n, chance.choice(names), chance.choice(CITIES)) for n in range(cases)]
    found = [
        replace(
            _at_random(case, names, chance, rate + 0.06 * place), variant=variant, repeat=repeat
        )
        for place, variant in enumerate(variants)
        for case in asked
        for repeat in range(repeats)
    ]
    return report(*found, cases=asked, variants=variants, tools=tuple(names), threshold=0.9)


def _case(number, name, city):
    place = f"cases.jsonl, line {number + 1}"
    if number % 10 == 9:
        return Case("Thank you!", (), id=f"thanks-{number}", tags=("no-call",), place=place)
    days = number % 7 + 1
    prompt = f"Please {name.replace('_', ' ')} for {city}, {days} days."
    calls = (Call(name, {"city": city, "days": days}),)
    return Case(prompt, calls, id=f"{name}-{number}", tags=(name.partition("_")[2],), place=place)


def _at_random(case, names, chance, rate):
    right = [(each.name, dict(each.arguments)) for each in case.calls]
    seconds = round(0.3 + chance.random(), 3)
    known = {"latency": seconds, "seconds": seconds + 0.2}
    if chance.random() < rate:
        return outcome(case, *right, **known)
    name, arguments = right[0] if right else (names[0], {"city": "Oslo"})
    near = names[(names.index(name) + 1) % len(names)]
    ways = {
        "tool": [(near, arguments)],
        "arguments": [(name, {**arguments, "city": "Turin"})],
        "missing": [],
        "extra": [*right, (near, arguments)],
        "error": [],
    }
    way = chance.choice(list(ways))
    error = "RateLimitError: The server is busy." if way == "error" else ""
    return outcome(case, *ways[way], error=error, **known)
