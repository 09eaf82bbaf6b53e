"""A report as a page."""

import re

import pytest
from staged_reports import ATTACK, outcome, random_report, report

from agentkit.evals.case import Call, Case, Turn
from agentkit.evals.differing import differing
from agentkit.evals.page import page

DRY = Case("Is it dry in Oslo?", (Call("look", {"at": "Oslo"}),), id="dry", tags=("rain",))
OSLO = ("look", {"at": "Oslo"})


def test_a_text_cannot_become_a_part_of_the_page():
    case = Case(ATTACK, (Call(ATTACK, {ATTACK: ATTACK}),), id=ATTACK, tags=(ATTACK,), place=ATTACK)
    run = outcome(case, (f"{ATTACK}!", {ATTACK: 1}), variant=ATTACK, error=ATTACK, answers=(ATTACK,), run_id=ATTACK)  # fmt: skip
    text = page(report(run, cases=[case], variants=(ATTACK, f"{ATTACK}2"), tools=(ATTACK,)))

    assert "<script" not in text
    assert "<img" not in text
    assert text.count("</style>") == 1
    assert not {"\x1b", "\x00", "\u202e"} & set(text)
    text.encode()


def test_the_page_needs_nothing_but_itself():
    text = page(random_report())

    assert "default-src 'none'" in text
    assert not [
        word
        for word in ("http://", "https://", "url(", "@import", "src=", 'style="')
        if word in text
    ]


def test_each_link_leads_to_a_case():
    text = page(random_report(repeats=3, rate=0.4))
    targets = re.findall(r'href="#([^"]+)"', text)

    assert targets
    assert set(targets) <= set(re.findall(r'id="([^"]+)"', text))


def test_what_failed_comes_first_and_by_what_went_wrong():
    cases = [DRY, *(Case("?", (Call("look"),), id=each) for each in ("other", "none", "broken"))]
    runs = [
        outcome(cases[0], OSLO),
        outcome(cases[1], ("drop", {})),
        outcome(cases[2]),
        outcome(cases[3], error="Oh"),
    ]
    text = page(report(*runs, cases=cases))
    groups = re.findall(r'<details class="group"( open)?><summary><h3>(.*?)</h3>', text)

    assert groups == [(" open", "Ended by an error"), (" open", "Called another tool"), (" open", "Left out a call"), ("", "Passed")]  # fmt: skip


def test_the_same_done_several_times_is_shown_once():
    runs = [outcome(DRY, *calls, repeat=n) for n, calls in enumerate(([OSLO], [], [OSLO]))]
    text = page(report(*runs, cases=[DRY]))

    assert text.count("<section") == 2
    assert "passed, 2 of 3 runs" in text
    assert "failed, 1 of 3 runs" in text
    assert "2 of 3 passed" in text


def test_what_differs_is_marked():
    assert differing('look(at="Oslo", days=1)', 'look(at="Rome", days=1)') == (
        "look(at=&quot;<mark>Oslo</mark>&quot;, days=1)",
        "look(at=&quot;<mark>Rome</mark>&quot;, days=1)",
    )
    assert differing("", "look()") == ("", "<mark>look()</mark>")


def test_the_picture_counts_what_was_called_for_what():
    runs = [
        outcome(DRY, *calls, repeat=n)
        for n, calls in enumerate(([OSLO], [OSLO], [("drop", {})], [("fly", {})]))
    ]
    text = page(report(*runs, cases=[DRY]))
    row = re.search(r'<th scope="row">look</th>(.*?)</tr>', text[text.index('class="heat') :])[1]

    assert re.sub(r"<.*?>", " ", row).split() == ["2", "1", "1"]
    assert 'class="right h3">2<' in row
    assert "fly <i>(no such tool)</i>" in text


@pytest.mark.parametrize("variants", [("one",), ("small", "large", "huge")])
def test_variants_are_side_by_side_with_their_intervals(variants):
    text = page(random_report(variants=variants))
    several = len(variants) > 1

    assert text.count('<svg class="share"') >= 3 * len(variants)
    assert ("<h2>Differences</h2>" in text) == several
    assert text.count('<svg class="difference') == 2 * (len(variants) - 1)


def test_the_turns_of_a_conversation_are_told_apart():
    turns = (Turn("Is it dry?", (Call("look"),)), Turn("Thanks!", ()))
    case = Case(turns=turns, id="talk")
    text = page(report(outcome(case), cases=[case]))

    for each in ("Turn 1", "Turn 2", "<i>turn 1:</i>", "Is it dry? / Thanks!"):
        assert each in text


def test_cases_whose_calls_are_not_judged_make_a_page_too():
    case = Case("Is it dry?", None, id="open", answer="dry")
    text = page(report(outcome(case, OSLO, answers=("Wet.",)), cases=[case]))

    assert "No calls are judged in these cases." in text
    assert "Wet." in text
    assert "Gave a wrong answer" in text
    assert "Figures" in page(report(cases=[]))


def test_a_page_of_very_long_texts_stays_small():
    cases = [
        Case("long " * 20_000, (Call("look", {"at": "x" * 20_000}),), id=f"c{n}")
        for n in range(100)
    ]
    runs = [
        outcome(each, ("look", {"at": "y" * 20_000}), answers=("z" * 50_000,)) for each in cases
    ]

    assert len(page(report(*runs, cases=cases))) < 8_000_000


def test_of_very_many_cases_those_that_failed_are_kept():
    cases = [Case("?", (), id=f"c{n}") for n in range(2_100)]
    runs = [outcome(each, *([("look", {})] if n >= 2_090 else [])) for n, each in enumerate(cases)]
    text = page(report(*runs, cases=cases))

    assert "100 other cases that passed: the JSON has all." in text
    assert "c2099" in text
    assert len(text) < 3_000_000


def test_of_very_many_tools_those_that_are_confused_are_kept():
    names = [f"tool_{n}" for n in range(100)]
    cases = [Case("?", (Call(each),), id=each) for each in names]
    runs = [outcome(each, ("tool_98" if each.id == "tool_99" else each.id, {})) for each in cases]
    text = page(report(*runs, cases=cases, tools=tuple(names)))
    picture = text[text.index('class="heat') : text.index("<h2>Tools</h2>")]

    assert picture.count('<th scope="row">') == 60
    assert '<th scope="row">tool_99</th>' in picture
    assert "41 tools that took less part in confusions are left out." in picture
