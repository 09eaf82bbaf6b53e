"""Whatever a model sends, a call becomes a result and never an exception."""

import json
from typing import Any

import signatures
import signatures_models
import signatures_parameters
import signatures_plain
from choosing import examples
from hypothesis import given
from hypothesis import strategies as st
from odd_values import altered

from agentkit import Context, FunctionCall, ResultMessage, Toolbox

MODULES = (signatures, signatures_models, signatures_parameters, signatures_plain)
CASES = [case for module in MODULES for case in module.CASES]
TOOLBOX = Toolbox(case.function for case in CASES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
bounded = examples(200)


def answered(name: str, text: str) -> ResultMessage:
    """The result of a call, which ran or says what was wrong with its arguments."""
    result = TOOLBOX.call(FunctionCall(name, text), Context(0))
    wrong = result.content.startswith(
        (f"Error: Wrong arguments for {name}:\n- ", "Error: There is")
    )
    assert wrong if result.is_error else result.content == "kept"
    return result


@bounded
@given(name=st.sampled_from([*TOOLBOX, "none", ""]), text=st.text(max_size=40))
def test_no_text_makes_a_call_raise(name: str, text: str):
    assert answered(name, text).name == name


@bounded
@given(name=st.sampled_from([*TOOLBOX]), arguments=JSON)
def test_no_json_makes_a_call_raise(name: str, arguments: Any):
    assert answered(name, json.dumps(arguments)).name == name


@bounded
@given(case=st.sampled_from(CASES), data=st.data())
def test_no_wrong_value_among_right_ones_makes_a_call_raise(case: Any, data: st.DataObject):
    names = st.sampled_from([*case.schema["properties"], "unknown"])
    wrong = data.draw(st.dictionaries(names, JSON, min_size=1, max_size=3))

    assert answered(case.name, json.dumps(case.sent | wrong)).name == case.name


def test_nothing_odd_at_any_place_of_right_arguments_makes_a_call_raise():
    for case in CASES:
        for odd in altered(case.sent):
            assert answered(case.name, json.dumps(odd)).name == case.name
