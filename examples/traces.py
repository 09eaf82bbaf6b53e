"""Where the time of a run went: its requests, its calls, and an agent inside one of its tools."""

from pathlib import Path
from tempfile import TemporaryDirectory

from agentkit import Agent, Interface, tool
from agentkit.telemetry import read_spans


@tool(read_only=True)
def count(fruit: str) -> str:
    """Count how many of a fruit are in stock.

    Args:
        fruit: The fruit.
    """
    return f"There are 7 of {fruit}."


def show(path: Path) -> None:
    """Print the spans of a file as a tree."""
    depths = {"": -1}
    for span in sorted(read_spans(path), key=lambda each: each.began):
        depths[span.span_id] = depths[span.parent_id] + 1
        print("  " * depths[span.span_id] + span.name)


def main(interface: Interface | None = None) -> None:
    clerk = Agent([count], interface, name="clerk")  # told where it is asked

    @tool(read_only=True)
    def ask_clerk(fruit: str) -> str:
        """Ask the clerk for the stock of a fruit.

        Args:
            fruit: The fruit.
        """
        return clerk.run(f"Count the fruit '{fruit}'.").output

    with TemporaryDirectory() as place:
        path = Path(place) / "trace.jsonl"
        agent = Agent([ask_clerk], interface, name="guide", trace=path)
        print(agent.run("Ask the clerk for the fruit 'pear'.").output)
        show(path)


if __name__ == "__main__":
    main()
