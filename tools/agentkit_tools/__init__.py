"""Built-in tools for agentkit: each module holds tools, `Toolbox(calculator, clock)` takes them."""
