"""A report as JUnit XML, which continuous integration shows as tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from agentkit.evals.outcome import Check, Outcome
from agentkit.evals.report import Report, Variant
from agentkit.evals.words import why_not

_SUITE = "agentkit eval"
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not in XML 1.0
_MESSAGE = 300  # characters, for a line of a list
_TEXT = 20_000  # characters of what stands behind it


def junit(report: Report) -> str:
    """A suite for each variant, with a test for each run of a case.

    A run that an error ended is an error, any other that did not pass a failure. Whether the
    threshold is met is what the exit code says, and not this.
    """
    report = report.shown
    root = _counted(Element("testsuites"), _SUITE, report.outcomes)
    for each in report.variants:
        _add_suite(root, report, each)
    indent(root, "")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'


def _add_suite(root: Element, report: Report, variant: Variant) -> None:
    outcomes = report.of(variant.name)
    suite = _counted(SubElement(root, "testsuite"), variant.name or _SUITE, outcomes)
    properties = SubElement(suite, "properties")
    share = report.figures(variant.name).passed.value
    for name, value in (
        ("interface", variant.interface),
        ("model", variant.model),
        ("dialect", variant.dialect),
        ("wording", variant.wording),
        ("threshold", f"{report.threshold:g}"),
        ("passed", "" if share is None else f"{share:.4f}"),
    ):
        if value:
            _set(SubElement(properties, "property"), name=name, value=value)
    for each in outcomes:
        name = f"{each.case} #{each.repeat + 1}" if report.repeats > 1 else each.case
        test = SubElement(suite, "testcase")
        _set(test, classname=variant.name or _SUITE, name=name, time=_seconds([each]))
        if not each.passed:
            _add_failure(test, each)


def _add_failure(test: Element, outcome: Outcome) -> None:
    found = SubElement(test, "error" if outcome.error else "failure")
    kind = "error" if outcome.error or not outcome.failures else outcome.failures[0].kind
    _set(found, message=(outcome.error or why_not(outcome)[0])[:_MESSAGE], type=kind)
    told = "\n\n".join(map(_told, outcome.failures)) or outcome.error
    found.text = _fit(told[:_TEXT])


def _told(check: Check) -> str:
    parts = ((check.kind, check.why), ("expected", check.expected), ("actual", check.actual))
    return "\n".join(f"{name}: {said}" for name, said in parts if said)


def _counted(element: Element, name: str, outcomes: Sequence[Outcome]) -> Element:
    """The element with how many tests there are in it, and what came of them."""
    failed = [each for each in outcomes if not each.passed]
    errors = sum(bool(each.error) for each in failed)
    tests, failures = str(len(outcomes)), str(len(failed) - errors)
    _set(element, name=name, tests=tests, failures=failures, errors=str(errors))
    _set(element, time=_seconds(outcomes))
    return element


def _seconds(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(each.seconds or 0.0 for each in outcomes):.3f}"


def _set(element: Element, **attributes: str) -> None:
    for name, value in attributes.items():
        element.set(name, _fit(value))


def _fit(text: str) -> str:
    """The text with each character that XML cannot have spelled out."""
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
