from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentkit.offline.clauses import find_clauses, find_groups, refers, unquoted

NOW = datetime(2026, 3, 14, tzinfo=UTC)


def clauses(text: str) -> list[list[str]]:
    return [[piece.text for piece in clause] for clause in find_clauses(text, NOW)]


def groups(text: str) -> list[tuple[str, ...]]:
    found = find_groups(text, NOW)
    return [tuple(text[each.start : each.end] for each in group.items) for group in found]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Read a.txt and then delete b.txt", [["Read a.txt"], ["delete b.txt"]]),
        ("What is 1.5 plus 2? Also, show Oslo.", [["What is 1.5 plus 2?"], ["Also, show Oslo."]]),
        ("weather in Oslo; time in Rome", [["weather in Oslo"], ["time in Rome"]]),
        ("one with radius 5 and one with 6", [["one with radius 5", "one with 6"]]),
        ("Ask Mr. Smith about it", [["Ask Mr. Smith about it"]]),
        ("Add 5 and 7, double the result", [["Add 5 and 7"], ["double the result"]]),
        ("Write 'go and see. Then come' to a.txt", [["Write 'go and see. Then come' to a.txt"]]),
        ("Sort [1, 2] and say so", [["Sort [1, 2]"], ["say so"]]),
        ("Find homes in Austin, TX", [["Find homes in Austin, TX"]]),
        ("", []),
    ],
)
def test_a_text_is_cut_where_another_request_may_begin(text: str, parts: list[list[str]]) -> None:
    assert clauses(text) == parts


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("in Oslo, Rome and Paris", [("Oslo", "Rome", "Paris")]),
        ("in Oslo and in Rome", [("Oslo", "Rome")]),
        ("of 5,10 and 15", [("5", "10", "15")]),
        ("over 1,000 and 2,000", [("1,000", "2,000")]),
        ("for 5%, 6% and 7%", [("5%", "6%", "7%")]),
        ("'a' and 'b c'", [("'a'", "'b c'")]),
        ("of gold, silver and tin", [("gold", "silver", "tin")]),
        ("gold and silver", []),
        ("Lakers and Bulls in 2018 and 2020", [("Lakers", "Bulls"), ("2018", "2020")]),
        ("Austin, TX and Dallas, TX", [("Austin, TX", "Dallas, TX")]),
        ("in Oslo", []),
    ],
)
def test_lists_in_words_are_found(text: str, items: list[tuple[str, ...]]) -> None:
    assert groups(text) == items


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('"What is 2 + 2?"', "What is 2 + 2?"),
        ('"What is 2 + 2?', "What is 2 + 2?"),
        ("'a' and 'b'", "'a' and 'b'"),
        ('Say "go"', 'Say "go"'),
        ("", ""),
    ],
)
def test_quotes_around_all_of_a_text_are_left_out(text: str, plain: str) -> None:
    assert unquoted(text) == plain


@pytest.mark.parametrize(
    ("text", "sure", "maybe"),
    [
        ("double the result", True, True),
        ("add 4 to the sum", True, True),
        ("the sum of 4 and 5", False, False),
        ("the total revenue", False, False),
        ("delete it", False, True),
        ("the weather", False, False),
    ],
)
def test_words_for_an_earlier_result_are_found(text: str, sure: bool, maybe: bool) -> None:
    assert (refers(text, strictly=True) is not None, refers(text) is not None) == (sure, maybe)
