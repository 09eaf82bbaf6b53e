"""Does a model pick the right one of your tools, with the right arguments?"""

from agentkit import Agent, Interface, tool
from agentkit.evals import Call, Case, Like, evaluate


@tool(read_only=True)
def forecast(city: str, days: int = 1) -> str:
    """Tell the weather that a city will have.

    Args:
        city: The city's name.
        days: How many days ahead to look.
    """
    return f"{city} in {days} day(s): rain, 7 degrees"


@tool
def book_table(restaurant: str, people: int) -> str:
    """Book a table at a restaurant.

    Args:
        restaurant: The restaurant's name.
        people: How many come.
    """
    return f"A table for {people} at {restaurant}."


CASES = [
    Case(
        "What will the weather be in Oslo?",
        [Call("forecast", {"city": "Oslo"})],
        id="weather",
        answer="7 degrees",
        forbidden=["book_table"],
    ),
    Case(
        "Book a table at restaurant 'Chez Nous' for 4 people.",
        [Call("book_table", {"restaurant": Like("chez nous"), "people": lambda n: n == 4})],
        id="table",  # it is judged, and not booked
    ),
    Case("Thank you!", [], id="thanks"),
]


def main(interface: Interface | None = None) -> None:
    agent = Agent([forecast, book_table], interface, journal="")
    report = evaluate(CASES, agent, concurrency=1)
    for outcome in report.outcomes:
        print(outcome.case, "passed" if outcome.passed else outcome.failures[0].why)
    print("all is right" if report.met else "something is wrong")


if __name__ == "__main__":
    main()
