"""A tool that a person must approve: the run waits in a file until somebody has decided."""

import json
import tempfile
from pathlib import Path

from agentkit import Agent, Interface, Run, tool

STORE = Path(tempfile.gettempdir()) / "agentkit-example-run.json"


@tool(destructive=True)
def delete_page(title: str) -> str:
    """Delete a page of the wiki.

    Args:
        title: The page's title.
    """
    return f"{title} was deleted"


def ask(question: str, interface: Interface | None = None) -> None:
    run = Agent([delete_page], interface).run(question)
    STORE.write_text(json.dumps(run.to_dict()), encoding="utf-8")
    for call in run.pending:
        print(f"{call.name} {call.arguments} waits: {call.waits}")


def decide(yes: bool, interface: Interface | None = None) -> None:
    """Another process, some days later; in a service, claim the record before you go on with it."""
    run = Run.from_dict(json.loads(STORE.read_text(encoding="utf-8")))
    for call in run.pending:
        run = run.approve(call) if yes else run.deny(call, "It is still needed.")
    print(Agent([delete_page], interface).run(after=run).output)
    STORE.unlink()


def main(interface: Interface | None = None) -> None:
    ask('Delete the page "Old news".', interface)
    decide(yes=True, interface=interface)


if __name__ == "__main__":
    main()
