"""What is wrong with the calls of a script: what no model could call as its request stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentkit.arguments import read_arguments
from agentkit.errors import ArgumentsError, closest
from agentkit.messages import FunctionCall, FunctionDefinition
from agentkit.problems import no_such_parameter
from agentkit.run import shown


def wrong_calls(
    calls: Sequence[FunctionCall], definitions: Sequence[FunctionDefinition], place: str
) -> str:
    """What is wrong with the first of the calls that is, or nothing."""
    offered = {each.name: each for each in definitions}
    for call in calls:
        begin = f"The script calls {shown(call)}, {place}, "
        if call.name not in offered:
            names = ", ".join(offered) or "none"
            hint = closest(call.name, offered)
            return f"{begin}which the request does not offer.{hint} The functions are: {names}."
        if problems := list(_problems(call, offered[call.name])):
            lines = "\n".join(f"- {each}" for each in problems)
            return f"{begin}which its schema refuses:\n{lines}"
    return ""


def _problems(call: FunctionCall, definition: FunctionDefinition) -> Iterator[str]:
    try:
        values, repairs = read_arguments(call.written)
    except ArgumentsError:
        return  # broken on purpose, as is what has to be mended
    if repairs:
        return
    from agentkit.declared import DeclaredParameters  # needs jsonschema

    parameters = DeclaredParameters(definition.parameters, call.name)
    known = parameters.schema["properties"]
    if known and not {"additionalProperties", "patternProperties"} & parameters.schema.keys():
        yield from (no_such_parameter(name, known) for name in values if name not in known)
    try:
        parameters.bind(values, None)
    except ArgumentsError as error:
        yield from error.problems
