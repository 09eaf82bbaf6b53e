"""Chat-completions JSON <-> values, in both dialects; no I/O.

`functions` is the older dialect (`functions`, `function_call`, role `function`), `tools` the newer
one (`tools`, `tool_calls`, role `tool`). Requests are written in either; replies are read in both.
"""

from agentkit.wire.decode import decode, status_error
from agentkit.wire.encode import Dialect, encode
from agentkit.wire.stream import StreamDecoder

__all__ = ["Dialect", "StreamDecoder", "decode", "encode", "status_error"]
