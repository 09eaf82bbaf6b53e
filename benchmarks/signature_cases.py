"""What the schema of each function in `signatures` must accept, and what it must refuse.

Formats such as that of a date are no reason to refuse: JSON schema only notes them.
"""

from __future__ import annotations

import inspect
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from signatures import FUNCTIONS

_CAT = {"kind": "cat", "lives": 9}
_DOG = {"kind": "dog", "tricks": ["sit"]}
_TREE = {"value": 1, "children": [{"value": 2, "children": []}]}
_BAD_TREE = {"value": 1, "children": [{"value": "two"}]}
_SCALARS = {"name": "a", "number": 1, "share": 0.5, "really": True}
_USER = "12345678-1234-5678-1234-567812345678"
_TIMES = {"begin": "2026-01-01T10:00:00Z", "day": "2026-01-01"}

# By function: arguments to accept, and arguments to refuse.
CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "text": ([{"city": "Oslo"}], [{}, {"city": 1}]),
    "scalars": ([_SCALARS], [{"name": "a"}, _SCALARS | {"number": "1"}, _SCALARS | {"really": 1}]),
    "default_text": ([{}, {"unit": "kelvin"}], [{"unit": 1}]),
    "default_numbers": ([{"first": 1}, {"first": 1, "last": 2, "step": 1.5}], [{}, {"first": 0.5}]),
    "optional": ([{}, {"note": "a"}, {"note": None}], [{"note": 1}]),
    "or_none": ([{}, {"limit": 1}, {"limit": None}], [{"limit": "1"}]),
    "needed_or_none": ([{"limit": 1}, {"limit": None}], [{}, {"limit": "1"}]),
    "either": ([{"key": 1}, {"key": "a"}], [{}, {"key": [1]}, {"key": None}]),
    "list_of_text": ([{"names": []}, {"names": ["a"]}], [{"names": "a"}, {"names": [1]}]),
    "list_of_lists": ([{"rows": [[1], []]}], [{"rows": [1]}, {"rows": [["a"]]}]),
    "mapping": ([{"prices": {}}, {"prices": {"a": 1.5}}], [{"prices": []}, {"prices": {"a": "b"}}]),
    "anything": ([{"data": {"a": [None]}, "extra": [1, "a"]}], [{"data": 1, "extra": []}, {}]),
    "set_of_numbers": ([{"numbers": [1, 2]}], [{"numbers": [1, 1]}, {"numbers": ["a"]}]),
    "pair": ([{"place": [1.5, 2]}], [{"place": [1]}, {"place": [1, 2, 3]}, {"place": ["a", 1]}]),
    "row": ([{}, {"values": [1, 2, 3]}], [{"values": ["a"]}, {"values": 1}]),
    "choice": ([{"mode": "fast"}], [{}, {"mode": "middling"}]),
    "choice_of_numbers": ([{}, {"size": 4}], [{"size": 3}, {"size": "4"}]),
    "enumeration": ([{"colour": "red"}], [{"colour": "RED"}, {"colour": "blue"}, {}]),
    "number_enumeration": ([{}, {"priority": 2}], [{"priority": 3}, {"priority": "HIGH"}]),
    "data_class": ([{"point": {"x": 1}}], [{"point": {}}, {"point": {"x": "a"}}]),
    "nested_data_class": (
        [{"path": {"name": "a", "points": [{"x": 1, "y": 2}]}}, {"path": {"name": "a"}}],
        [{"path": {"points": []}}, {"path": {"name": "a", "points": [{"y": 1}]}}],
    ),
    "typed_dict": (
        [{"address": {"street": "a", "city": "b"}}],
        [{"address": {"street": "a"}}, {"address": {"street": "a", "city": 1}}],
    ),
    "model": (
        [{"item": {"name": "a"}}, {"item": {"name": "a", "number": 99}}],
        [{"item": {}}, {"item": {"name": "a", "number": 100}}, {"item": {"name": ""}}],
    ),
    "nested_model": (
        [{"order": {"items": [{"name": "a"}]}, "urgent": True}, {"order": {"items": []}}],
        [{"order": {"items": [{}]}}, {"order": {"items": [], "note": 1}}, {"urgent": True}],
    ),
    "models": ([{"items": [{"name": "a"}]}], [{"items": [{"number": 1}]}, {"items": {}}]),
    "model_or_none": ([{}, {"item": None}, {"item": {"name": "a"}}], [{"item": {}}, {"item": 1}]),
    "recursive": ([{"tree": _TREE}, {"tree": {"value": 1}}], [{"tree": _BAD_TREE}, {"tree": {}}]),
    "tagged": ([{"pet": _CAT}, {"pet": _DOG}], [{"pet": _CAT | {"kind": "dog"}}, {"pet": {}}]),
    "times": ([_TIMES, _TIMES | {"rest": "PT1H"}], [{}, _TIMES | {"begin": {}}]),
    "identity": ([{"user": _USER}, {"user": _USER, "amount": 2}], [{}, {"user": 1}]),
    "bounded": (
        [{"percent": 0}, {"percent": 100, "code": "USD"}],
        [{"percent": 101}, {"percent": -1}, {"percent": 1, "code": "euro"}],
    ),
    "keywords": ([{"first": "a", "names": ["b"]}], [{"first": "a"}, {"first": "a", "names": []}]),
}


def judged(schemas: dict[str, Any]) -> dict[str, Any]:
    """How many schemas are right, how many of these have all descriptions, and what is wrong."""
    missed = {each.__name__: wrong(each, schemas[each.__name__]) for each in FUNCTIONS}
    right = [each for each in FUNCTIONS if not missed[each.__name__]]
    return {
        "passed": len(right),
        "described": sum(is_described(each, schemas[each.__name__]) for each in right),
        "missed": {name: why for name, why in missed.items() if why},
    }


def wrong(function: Any, schema: Any) -> str:
    """What is wrong with a schema; nothing if it is right."""
    if not isinstance(schema, dict):
        return str(schema)
    accepted, refused = CASES[function.__name__]
    try:
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for each in accepted:
            if found := next(validator.iter_errors(each), None):
                return f"refuses {each}: {found.message}"[:200]
        for each in refused:
            if validator.is_valid(each):
                return f"accepts {each}"
    except SchemaError as error:
        return f"is no schema: {error.message}"[:200]
    return ""


def is_described(function: Any, schema: dict[str, Any]) -> bool:
    """Whether each parameter has the description that the docstring gives it."""
    lines = [line.strip() for line in (inspect.getdoc(function) or "").splitlines()]
    described = dict(line.split(": ", 1) for line in lines if ": " in line)
    found = {name: each.get("description") for name, each in schema["properties"].items()}
    return found == described
