"""One agent for many prompts, each with its own outcome; started again none is asked twice."""

from pathlib import Path
from tempfile import TemporaryDirectory

from agentkit import Agent, Interface, tool

ORDERS = ["3 apples, at 40 cents", "12 pears, at 55 cents"]


@tool(read_only=True)
def total(number: int, cents: int) -> str:
    """Say what an order comes to.

    Args:
        number: How many are ordered.
        cents: What one costs.
    """
    return f"{number * cents / 100:.2f} euros"


def go_over(agent: Agent[str]) -> None:
    items = ({"prompt": f"Say what the total of {each} is.", "run_id": each} for each in ORDERS)
    for outcome in agent.map(items, concurrency=1):
        print(outcome.index, outcome.error or outcome.output)


def main(interface: Interface | None = None) -> None:
    with TemporaryDirectory() as place:
        agent = Agent([total], interface, journal=Path(place) / "runs.db")
        go_over(agent)
        go_over(agent)  # from the journal: no model is asked


if __name__ == "__main__":
    main()
