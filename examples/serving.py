"""An agent as a service, asked as any chat window would ask it."""

import tempfile
from pathlib import Path

import httpx

from agentkit import Agent, Interface, tool
from agentkit.serve import Service

KEY = "a-key-for-this-example"


@tool(read_only=True)
def opening_hours(shop: str) -> str:
    """Tell when a shop is open.

    Args:
        shop: The shop's name.
    """
    return f"{shop} is open from 9 to 18"


def main(interface: Interface | None = None) -> None:
    journal = Path(tempfile.mkdtemp()) / "service.db"
    service = Service({"shops": Agent([opening_hours], interface)}, journal=journal, keys=[KEY])
    asked = {
        "model": "shops",
        "messages": [
            {"role": "user", "content": 'What are the opening hours of the shop "Bakery"?'}
        ],
    }
    key = {"Authorization": f"Bearer {KEY}"}
    with (
        service.running() as address,
        httpx.Client(base_url=address, headers=key, trust_env=False) as http,
    ):
        answer = http.post("/v1/chat/completions", json=asked, timeout=60).json()
    for call in answer["agentkit"]["calls"]:
        print(f"[{call['name']}: {call['content']}]")
    print(answer["choices"][0]["message"]["content"])


if __name__ == "__main__":
    main()
