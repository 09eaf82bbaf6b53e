"""An object whose methods are tools that share its state."""

from dataclasses import dataclass, field

from agentkit import Agent, Interface, Toolbox, ToolError, tool


@dataclass
class Stock:
    """A shop's stock."""

    pieces: dict[str, int] = field(default_factory=lambda: {"apple": 12, "pear": 3})

    @tool(read_only=True)
    def count(self, fruit: str) -> int:
        """Count the pieces of a fruit in stock.

        Args:
            fruit: The fruit's name, in the singular.
        """
        if fruit not in self.pieces:
            raise ToolError(f"There is no {fruit} in stock, only {', '.join(self.pieces)}.")
        return self.pieces[fruit]

    @tool
    def sell(self, fruit: str, number: int) -> int:
        """Sell pieces of a fruit; gives what is left.

        Args:
            fruit: The fruit's name, in the singular.
            number: How many pieces to sell.
        """
        self.pieces[fruit] -= number
        return self.pieces[fruit]


def main(interface: Interface | None = None) -> None:
    stock = Stock()
    toolbox = Toolbox(stock).prefixed("stock_")
    run = Agent(toolbox, interface).run('Sell 2 pieces of the fruit "pear".')
    print(run)
    print(stock.pieces)


if __name__ == "__main__":
    main()
