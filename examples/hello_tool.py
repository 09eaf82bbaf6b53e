"""One function, one question."""

from agentkit import Agent, Interface, tool


@tool(read_only=True)
def forecast(city: str, days: int = 1) -> str:
    """The weather forecast for a city.

    Args:
        city: The city's name.
        days: How many days ahead to look, 1 to 7.
    """
    return f"{city} in {days} day(s): rain, 7 degrees"


def main(interface: Interface | None = None) -> None:
    print(Agent([forecast], interface).run("Will it rain in Oslo tomorrow?").output)


if __name__ == "__main__":
    main()
