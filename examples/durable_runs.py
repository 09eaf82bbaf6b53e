"""Runs that outlive their process: submitted once, carried out by a worker, approved later."""

import tempfile
from pathlib import Path

from agentkit import Agent, Interface, tool
from agentkit.durable import Engine


@tool(idempotent=True)
def find_order(number: int) -> str:
    """Find out how far an order is.

    Args:
        number: The order's number.
    """
    return f"Order {number} is packed."


@tool(destructive=True)
def cancel_order(number: int) -> str:
    """Cancel an order.

    Args:
        number: The order's number.
    """
    return f"Order {number} is cancelled."


def main(interface: Interface | None = None) -> None:
    support = Agent([find_order, cancel_order], interface, name="support")
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "runs.db", [support])  # or postgresql://...
        for _ in range(2):  # whoever does not know whether it was submitted submits it again
            engine.submit("support", "Find order 7.", run_id="ticket-1")

        with engine.worker():  # or `agentkit worker`, on other machines
            print(engine.result("ticket-1").output)
            engine.submit("support", "Cancel order 7.", run_id="ticket-2")
            for call in engine.result("ticket-2").pending:
                print(f"{call.name} {call.arguments} waits: {call.waits}")

        engine.approve("ticket-2")  # days later, in whatever process
        with engine.worker():
            print(engine.result("ticket-2").output)
        engine.close()


if __name__ == "__main__":
    main()
