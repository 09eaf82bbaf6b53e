"""The tools of one server, as far as their definitions were accepted."""

from __future__ import annotations

from collections.abc import Mapping

from agentkit.live import Live, Tools
from agentkit.log import log
from agentkit.mcp.client.offered import Approve, definitions, names, offered
from agentkit.mcp.client.pins import Definition, Pins
from agentkit.mcp.client.remote import Remote
from agentkit.mcp.client.spoken import Listing
from agentkit.workers import in_thread_awaited

_HOW = "`agentkit mcp accept` accepts it, or .accept() of the toolbox"


class Server(Live):
    """The tools of one server.

    A definition is accepted when the server is seen for the first time. A tool that changed is
    offered as it was accepted, and its calls wait for approval; one that is new is left out: what
    a server says of a tool is read by the model before anybody calls it.

    Args:
        remote: The server.
        prefix: Goes before the names of its tools.
        trust_hints: See `mcp`.
        pins: What was accepted; None where anything is.
    """

    def __init__(
        self, remote: Remote, prefix: str, trust_hints: bool | None, pins: Pins | None
    ) -> None:
        self.remote = remote
        self.problems: list[str] = []
        self.changes: dict[str, tuple[Definition | None, Definition]] = {}
        self._prefix, self._trust, self._pins = prefix, trust_hints, pins
        self._listing: Listing | None = None
        self._made: Tools = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.remote.place.name

    @property
    def is_ready(self) -> bool:
        """Whether its tools are known."""
        return self._listing is not None

    def tools(self) -> Tools:
        """Its tools; the first time it is started.

        Raises:
            MCPError: It cannot be.
        """
        listing = self.remote.listing
        if listing is None and self._listing is None:
            listing = self.remote.ask()
        if listing is not None and listing is not self._listing:
            self._made = tuple(self._offer(listing))
            self._listing = listing
        return self._made

    async def aready(self) -> None:
        """Start it, if it was not yet."""
        if not self.is_ready:
            await in_thread_awaited(self.tools)

    def accept(self) -> None:
        """Accept its definitions as they are now."""
        self.tools()
        if self._pins and self._listing and self.changes:
            self._pins.put(self.remote.place, {n: new for n, (_, new) in self.changes.items()})
            self._made = tuple(self._offer(self._listing))

    def _offer(self, listing: Listing) -> Tools:
        found, problems = definitions(listing)
        known = self._accepted(found)
        self.changes = {
            name: (known.get(name), each) for name, each in found.items() if known.get(name) != each
        }
        old = {name: known[name] for name in found if name in known}
        tools, more = offered(self.remote, old, self._prefix, self._trust, self._approve)
        self.problems = [*problems, *more, *self._waiting()]
        for each in self.problems:
            log.warning("%s: %s", self.name, each)
        return tuple(tools)

    def _accepted(self, found: Mapping[str, Definition]) -> Mapping[str, Definition]:
        if self._pins is None:
            return found
        known = self._pins.of(self.remote.place)
        if known is None and found:
            self._pins.put(self.remote.place, found)
        return found if known is None else known

    def _approve(self, name: str) -> Approve:
        if name not in self.changes:
            return None
        return lambda **_: f"the server changed its definition since it was accepted; {_HOW}"

    def _waiting(self) -> list[str]:
        told = names(self.changes, self._prefix)
        return [
            f"the tool {told[name]} changed: its calls wait for approval; {_HOW}"
            if old
            else f"the tool {told[name]} is new, and is left out; {_HOW}"
            for name, (old, _) in self.changes.items()
        ]
