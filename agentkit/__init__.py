"""agentkit: plain Python functions as tools of a function-calling agent.

Importing it loads nothing; each name is imported when it is first asked for.
"""

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from agentkit.agent import Agent as Agent
    from agentkit.context import Context as Context
    from agentkit.context import Progress as Progress
    from agentkit.errors import AgentkitError as AgentkitError
    from agentkit.errors import ConfigError as ConfigError
    from agentkit.errors import DefinitionError as DefinitionError
    from agentkit.errors import InterfaceError as InterfaceError
    from agentkit.errors import LimitError as LimitError
    from agentkit.errors import StatusError as StatusError
    from agentkit.errors import ToolError as ToolError
    from agentkit.events import ApprovalNeeded as ApprovalNeeded
    from agentkit.events import CallEnded as CallEnded
    from agentkit.events import CallStarted as CallStarted
    from agentkit.events import Event as Event
    from agentkit.events import RequestSent as RequestSent
    from agentkit.events import ResponseReceived as ResponseReceived
    from agentkit.events import RunEnded as RunEnded
    from agentkit.function_tool import Tool as Tool
    from agentkit.function_tool import tool as tool
    from agentkit.http import HTTPInterface as HTTPInterface
    from agentkit.interface import Interface as Interface
    from agentkit.interfaces import open_interface as open_interface
    from agentkit.limits import Limits as Limits
    from agentkit.messages import AssistantMessage as AssistantMessage
    from agentkit.messages import Delta as Delta
    from agentkit.messages import FunctionCall as FunctionCall
    from agentkit.messages import FunctionDefinition as FunctionDefinition
    from agentkit.messages import Message as Message
    from agentkit.messages import Request as Request
    from agentkit.messages import Response as Response
    from agentkit.messages import ResultMessage as ResultMessage
    from agentkit.messages import SystemMessage as SystemMessage
    from agentkit.messages import Usage as Usage
    from agentkit.messages import UserMessage as UserMessage
    from agentkit.messages import Wait as Wait
    from agentkit.run import Run as Run
    from agentkit.run import Step as Step
    from agentkit.saving import load_messages as load_messages
    from agentkit.saving import save_messages as save_messages
    from agentkit.toolbox import Toolbox as Toolbox

_HOMES = {
    "agent": "Agent",
    "context": "Context Progress",
    "errors": "AgentkitError ConfigError DefinitionError InterfaceError LimitError StatusError "
    "ToolError",
    "events": "ApprovalNeeded CallEnded CallStarted Event RequestSent ResponseReceived RunEnded",
    "function_tool": "Tool tool",
    "http": "HTTPInterface",
    "interface": "Interface",
    "interfaces": "open_interface",
    "limits": "Limits",
    "messages": "AssistantMessage Delta FunctionCall FunctionDefinition Message Request Response "
    "ResultMessage SystemMessage Usage UserMessage Wait",
    "run": "Run Step",
    "saving": "load_messages save_messages",
    "toolbox": "Toolbox",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605 - one list of names is enough


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'agentkit' has no attribute {name!r}")
    value: object = getattr(__import__(f"agentkit.{_HOME[name]}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
