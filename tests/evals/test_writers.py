"""A report as a table, as JSON and as JUnit XML."""

import json
from xml.etree import ElementTree

import pytest
from staged_reports import ATTACK, outcome, random_report, report

from agentkit.evals.as_json import as_json
from agentkit.evals.case import Call, Case
from agentkit.evals.junit import junit
from agentkit.evals.page import page
from agentkit.evals.table import table
from agentkit.evals.words import percent

DRY = Case("Is it dry in Oslo?", (Call("look", {"at": "Oslo"}),), id="dry")
NONE = Case("Thank you!", (), id="thanks")
OSLO = ("look", {"at": "Oslo"})


def test_the_table_tells_figures_confusions_and_failures():
    runs = [outcome(DRY, OSLO), outcome(NONE, ("drop", {}))]
    told = table(report(*runs, cases=[DRY, NONE], threshold=0.5))

    for line in (
        "2 cases, 2 runs.",
        "passed            1/2  50 % (9-91)",
        "right tool        1/1  100 % (21-100)",
        "extra calls       1",
        "tokens            482",
        "cost              $0.0008",
        "  1 x  no call  ->  drop",
        "  thanks: drop was called besides",
        "Passed: 1 of 2 runs passed (50 %), 50 % must.",
    ):
        assert line in told


def test_variants_have_a_column_each_and_are_compared():
    runs = [outcome(DRY, variant="small"), outcome(DRY, OSLO, variant="large")]
    told = table(report(*runs, cases=[DRY], variants=("small", "large")))

    assert told.splitlines()[2].split() == ["small", "large"]
    assert "large and small: no difference that can be told over 1 cases" in told
    assert "  dry [small]: " in told
    assert "Failed: 0 of 1 runs of the worst variant passed (0 %), 100 % must." in told


def test_the_same_failure_of_several_runs_is_told_once():
    runs = [outcome(DRY, *calls, repeat=n) for n, calls in enumerate(([], [OSLO], []))]
    told = table(report(*runs, cases=[DRY]))

    assert told.count("  dry (2 of 3 times): ") == 1
    assert told.count("dry") == 1


def test_a_long_table_of_failures_says_how_many_more_there_are():
    told = table(random_report(cases=300, rate=0.1))

    assert len(told.splitlines()) < 70
    assert "others, which the page and the JSON have" in told


def test_nothing_in_the_table_is_a_command_to_the_terminal():
    case = Case(ATTACK.replace("\ud800", ""), (), id=ATTACK)
    told = table(report(outcome(case, (ATTACK, {}), error=ATTACK), cases=[case]))

    assert "\x1b" not in told
    assert "\u202e" not in told


@pytest.mark.parametrize(("share", "told"), [(0.0, "0 %"), (0.001, "1 %"), (0.5, "50 %"), (0.999, "99 %"), (1.0, "100 %")])  # fmt: skip
def test_only_all_is_all_and_only_nothing_is_nothing(share, told):
    assert percent(share) == told


def test_a_report_of_nothing_is_told_too():
    empty = report(cases=[])

    assert "Failed: nothing was run." in table(empty)
    assert json.loads(json.dumps(as_json(empty)))["met"] is False
    assert ElementTree.fromstring(junit(empty)).get("tests") == "0"


def test_the_json_has_all_that_is_known():
    found = random_report(repeats=2)
    told = json.loads(json.dumps(as_json(found), allow_nan=False))

    assert told["version"] == 1
    assert [each["name"] for each in told["variants"]] == ["small", "large"]
    assert told["variants"][0]["figures"]["passed"]["total"] == 40
    assert told["variants"][0]["confusion"]["names"][-1] == ""
    assert told["comparisons"][0]["words"].endswith(".")
    assert told["cases"][0].keys() == {"id", "prompts", "tags", "draft", "note", "place"}
    assert told["outcomes"] == json.loads(json.dumps([each.to_dict() for each in found.outcomes]))


CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "property": set(),
    "testcase": {"failure", "error"},
    "failure": set(),
    "error": set(),
}
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
}
"""What the schemas of Jenkins and of Ant both have, and each reader reads."""


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_xml_is_what_readers_of_junit_take(repeats):
    root = ElementTree.fromstring(junit(random_report(repeats=repeats, rate=0.4)))
    names = [(each.get("classname"), each.get("name")) for each in root.iter("testcase")]

    for each in root.iter():
        assert {child.tag for child in each} <= CHILDREN[each.tag]
        assert set(each.attrib) == ATTRIBUTES[each.tag]
    for suite in root:
        for tag, count in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
            assert len(list(suite.iter(tag))) == int(suite.get(count))
    assert sum(int(suite.get("errors")) for suite in root) == int(root.get("errors")) > 0
    assert len(set(names)) == len(names) == 40 * repeats  # readers tell tests by these


def test_a_failure_says_what_was_expected_and_what_was_done():
    runs = [outcome(DRY, ("look", {"at": "Rome"})), outcome(NONE, error="LimitError: 10 steps")]
    root = ElementTree.fromstring(junit(report(*runs, cases=[DRY, NONE])))
    failure, error = root.find(".//failure"), root.find(".//error")

    assert failure.get("type") == "arguments"
    assert 'expected: look(at="Oslo")' in failure.text
    assert 'actual: look(at="Rome")' in failure.text
    assert (error.get("type"), error.get("message")) == ("error", "LimitError: 10 steps")


def test_no_character_makes_the_xml_unreadable():
    case = Case("?", (), id=f"{ATTACK}\n\t\r")
    odd = report(
        outcome(case, (ATTACK, {}), variant=ATTACK, error=ATTACK), cases=[case], variants=(ATTACK,)
    )
    root = ElementTree.fromstring(junit(odd).encode())

    assert root.find(".//testcase").get("name").startswith("</script></style><script>")
    assert "\\u001b[31mred" in root.find(".//error").get("message")
    assert root.find(".//testcase").get("name").endswith("\n\t\r")


@pytest.mark.parametrize("write", [table, junit, page, lambda report: json.dumps(as_json(report))], ids=["table", "junit", "page", "json"])  # fmt: skip
def test_no_secret_gets_into_a_report(write, monkeypatch):
    secret = 'very-"secret"-key'
    monkeypatch.setenv("MY_API_KEY", secret)
    case = Case(f"Use {secret}.", (), id="dry")
    run = outcome(case, ("look", {"at": secret}), answers=(f"It is {secret}.",), error=secret)
    told = write(report(run, cases=[case]))

    assert not [part for part in ("very-", "-key") if part in told]
    assert "[secret]" in told
