"""An answer that is a Python object, checked before you see it."""

from pydantic import BaseModel, Field

from agentkit import Agent, Interface, tool


class Population(BaseModel):
    """How many people live in a city."""

    city: str
    people: int = Field(gt=0)


@tool(read_only=True)
def look_up_population(city: str) -> Population:
    """Look up how many people live in a city.

    Args:
        city: The city's name.
    """
    return Population(city=city, people={"Oslo": 717_710, "Bergen": 291_940}[city])


def main(interface: Interface | None = None) -> None:
    agent = Agent([look_up_population], interface, output=Population)
    found = agent.run("Look up the population of Oslo.").output
    print(f"{found.city}: {found.people:,}")


if __name__ == "__main__":
    main()
