import asyncio
import logging
import types

import pytest
from pydantic import BaseModel, field_validator

from agentkit import ConfigError, Context, DefinitionError, FunctionCall, Toolbox, ToolError, tool
from agentkit.testing import call

KEY = "gsk_0123456789abcdefABCDEF"


@tool(read_only=True)
def forecast(city: str, days: int = 1) -> str:
    """The weather forecast."""
    return f"{city} {days}"


def plain(a: int) -> int:
    return a


class House:
    """Tools that share a state."""

    def __init__(self) -> None:
        self.degrees = 20.0

    @tool
    def heat(self, degrees: float) -> float:
        self.degrees += degrees
        return self.degrees

    @tool
    @staticmethod
    def doors() -> int:
        return 2

    def hidden(self) -> None:
        """Is no tool."""


@pytest.fixture(params=["call", "acall"])
def answer(request):
    """Runs a call, sync or async, and gives its result."""

    def run(box, made, context=None):
        if request.param == "call":
            return box.call(made, context)
        return asyncio.run(box.acall(made, context))

    return run


def test_it_is_made_of_tools_functions_modules_objects_and_lists():
    module = types.ModuleType("my_tools")
    module.forecast, module.number, module.plain = forecast, 1, plain
    box = Toolbox(module, [plain, House()], Toolbox(tool(plain, name="again")))

    assert list(box) == ["forecast", "plain", "heat", "doors", "again"]
    assert repr(box) == "Toolbox(forecast, plain, heat, doors, again)"
    assert len(box.definitions) == len(box) == 5


def test_the_same_tool_twice_is_one():
    assert list(Toolbox(forecast) + forecast) == ["forecast"]


def test_two_tools_of_one_name_are_refused_by_name():
    with pytest.raises(DefinitionError, match="'forecast'"):
        Toolbox(forecast, tool(plain, name="forecast"))


def test_prefixes_keep_apart_what_has_one_name():
    box = Toolbox(forecast).prefixed("a_") + Toolbox(forecast).prefixed("b_")

    assert list(box) == ["a_forecast", "b_forecast"]
    assert box.call(call("b_forecast", city="Oslo")).content == "Oslo 1"
    assert box["a_forecast"].read_only


def test_only_and_without_take_names():
    box = Toolbox(forecast, plain, House())

    assert list(box.only("plain", "heat")) == ["plain", "heat"]
    assert list(box.without("plain", "heat")) == ["forecast", "doors"]


@pytest.mark.parametrize("method", ["only", "without"])
def test_an_unknown_name_is_refused_with_the_closest(method):
    with pytest.raises(ConfigError, match=r"'forcast'\. Did you mean 'forecast'"):
        getattr(Toolbox(forecast), method)("forcast")


@pytest.mark.parametrize("source", [types.ModuleType("empty"), object(), 5, "forecast", {}])
def test_a_source_without_tools_is_refused(source):
    with pytest.raises(DefinitionError, match="holds no tools; decorate its functions with @tool"):
        Toolbox(source)


def test_methods_work_on_their_own_object(answer):
    house = House()

    assert answer(Toolbox(house), call("heat", degrees=1.5)).content == "21.5"
    assert house.degrees == 21.5
    assert House().heat(2) == 22


def test_an_unknown_tool_is_told_with_the_closest_name_and_the_list(answer):
    result = answer(Toolbox(forecast, plain), FunctionCall("forecasts", "{}", "id"))

    assert result.is_error
    assert (result.name, result.id) == ("forecasts", "id")
    assert result.content == (
        "Error: There is no tool named 'forecasts'. Did you mean 'forecast'? "
        "The tools are: forecast, plain."
    )


def test_wrong_arguments_are_told_one_line_each(answer):
    result = answer(Toolbox(forecast), call("forecast", days="soon", town="Oslo"))

    assert result.content.splitlines() == [
        "Error: Wrong arguments for forecast:",
        '- city: missing (expected "string")',
        '- days: Input should be a valid integer, unable to parse string as an integer, got "soon"',
        "- town: no such parameter. The parameters are: city, days",
    ]


def test_unreadable_arguments_are_shown_to_the_model(answer):
    result = answer(Toolbox(forecast), call("forecast", '{"city": "Os'))

    assert "not valid JSON" in result.content
    assert '"{\\"city\\": \\"Os"' in result.content


def test_repairs_are_recorded_by_name(answer):
    result = answer(Toolbox(forecast), call("forecast", "```\n{'city': 'Oslo', }\n```"))

    assert result.content == "Oslo 1"
    assert result.repairs == ("fence", "single quotes", "trailing comma")


@tool
def reporting() -> None:
    raise ValueError(f"bad key {KEY}")


@tool(on_error="hide")
def hiding() -> None:
    raise ValueError("inner detail")


@tool(on_error="raise")
async def raising() -> None:
    raise ValueError("yours")


@tool(on_error="raise")
def speaking() -> None:
    raise ToolError("Ask for a city in Norway.")


def test_an_exception_is_reported_with_its_type_and_without_secrets(answer, caplog):
    caplog.set_level(logging.WARNING, "agentkit")

    assert (
        answer(Toolbox(reporting), call("reporting")).content
        == "Error: ValueError: bad key [secret]"
    )
    assert "Traceback" in caplog.text
    assert KEY not in caplog.text


def test_an_exception_can_be_hidden(answer):
    assert answer(Toolbox(hiding), call("hiding")).content == "Error: hiding failed."


def test_an_exception_can_be_raised(answer):
    with pytest.raises(ValueError, match="yours"):
        answer(Toolbox(raising), call("raising"))


def test_a_tool_error_always_goes_to_the_model_in_its_own_words(answer):
    assert answer(Toolbox(speaking), call("speaking")).content == "Error: Ask for a city in Norway."


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_no_exception_always_passes(kind):
    @tool
    def stop():
        raise kind

    with pytest.raises(kind):
        Toolbox(stop).call(call("stop"))


def test_a_long_error_is_cut(answer):
    @tool
    def fail():
        raise ValueError("x" * 10_000)

    content = answer(Toolbox(fail), call("fail")).content

    assert len(content) < 2_200
    assert "characters left out" in content


class Even(BaseModel):
    n: int

    @field_validator("n")
    @classmethod
    def _even(cls, n: int) -> int:
        return {0: n}[n % 2]


def test_a_validator_that_breaks_is_an_error_of_the_tool(answer):
    @tool
    def take(even: Even) -> int:
        return even.n

    assert answer(Toolbox(take), call("take", even={"n": 1})).content == "Error: KeyError: 1"


def test_a_tool_without_a_context_given_gets_an_empty_one(answer):
    @tool
    def ask(context: Context[str]) -> str:
        context.progress("nobody listens")
        return f"{context.deps} {context.call_key!r}"

    assert answer(Toolbox(ask), call("ask")).content == "None ''"
    assert answer(Toolbox(ask), call("ask"), Context("Ada", "key")).content == "Ada 'key'"


def test_results_are_capped_as_the_tool_says(answer):
    long = tool(lambda: "x" * 100, name="long", max_chars=50)

    assert answer(Toolbox(long), call("long")).content.startswith("x" * 40 + "\n[... 50 of 100")


def test_a_definition_that_cannot_be_offered_is_raised_and_not_told_to_the_model(answer):
    @tool
    def take(handle: object()) -> None: ...

    with pytest.raises(DefinitionError):
        answer(Toolbox(take), call("take"))
