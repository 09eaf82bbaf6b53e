"""Go on with what was said, also in another process."""

import json

from agentkit import Agent, Interface, load_messages, save_messages, tool


@tool
def set_temperature(room: str, degrees: float) -> str:
    """Set the temperature of a room.

    Args:
        room: The room's name.
        degrees: The temperature in degrees Celsius.
    """
    return f"The {room} is set to {degrees:g} degrees."


def main(interface: Interface | None = None) -> None:
    agent = Agent([set_temperature], interface, instructions="You look after a house.")
    first = agent.run('Set the temperature of the room "kitchen" to 21 degrees.')
    print(first.output)

    stored = json.dumps(save_messages(first.messages))

    second = agent.run(
        'Now set the temperature of the room "bedroom" to 17 degrees.',
        messages=load_messages(json.loads(stored)),
    )
    print(second.output)


if __name__ == "__main__":
    main()
