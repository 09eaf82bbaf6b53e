"""Chat-completions JSON <-> values, in both dialects; no I/O.

`functions` is the older dialect (`functions`, `function_call`, role `function`), `tools` the newer
one (`tools`, `tool_calls`, role `tool`). Requests are written in either; replies are read in both.
What not every request needs is imported when it is first asked for.
"""

from agentkit.wire.decode import Beside, decode, parse, status_error
from agentkit.wire.encode import Dialect, encode
from agentkit.wire.headers import quotas_of

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from agentkit.wire.stream import ReplyDecoder, StreamDecoder, WholeDecoder
    from agentkit.wire.written import clean_name, may_be_call, written_calls

__all__ = [
    "Beside",
    "Dialect",
    "ReplyDecoder",
    "StreamDecoder",
    "WholeDecoder",
    "clean_name",
    "decode",
    "encode",
    "may_be_call",
    "parse",
    "quotas_of",
    "status_error",
    "written_calls",
]


_HOMES = {
    "stream": "ReplyDecoder StreamDecoder WholeDecoder",
    "written": "clean_name may_be_call written_calls",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'agentkit.wire' has no attribute {name!r}")
    value: object = getattr(__import__(f"agentkit.wire.{_HOME[name]}", fromlist=[name]), name)
    globals()[name] = value
    return value
