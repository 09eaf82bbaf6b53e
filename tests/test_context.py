from typing import Annotated, Optional

import pytest

from agentkit import Context, Toolbox, tool
from agentkit.testing import call


@pytest.mark.parametrize(
    "annotation",
    [
        *(Context, Context[str], Context[str] | None, Optional[Context[str]]),  # noqa: UP045
        Annotated[Context[str], "the user"],
    ],
    ids=str,
)
def test_a_context_is_known_by_its_annotation_and_hidden(annotation):
    def who(greeting, context):
        return f"{greeting} {context.deps}"

    who.__annotations__ = {"greeting": str, "context": annotation}
    made = tool(who)

    assert list(made.definition.parameters["properties"]) == ["greeting"]
    assert Toolbox(made).call(call("who", greeting="Hi"), Context("Ada")).content == "Hi Ada"


def test_a_context_may_stand_anywhere_among_the_parameters():
    @tool
    def order(context: Context[int], /, item: str, *more: str) -> str:
        return f"{context.deps} {item} {more}"

    result = Toolbox(order).call(call("order", item="tea", more=["milk"]), Context(2))

    assert result.content == "2 tea ('milk',)"


def test_a_repr_shows_no_listener():
    assert repr(Context("Ada", "r:1:0")) == "Context(deps='Ada', call_key='r:1:0')"
