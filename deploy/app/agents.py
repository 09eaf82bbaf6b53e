"""The agents of this example. Without a key the offline model answers; with GROQ_API_KEY, Groq."""

from agentkit import Agent, Context, tool

ORDERS = {7: "packed", 8: "on its way", 9: "delivered"}  # a database of yours


@tool(read_only=True)
def find_order(number: int) -> str:
    """Find out how far an order is.

    Args:
        number: The order's number.
    """
    return f"Order {number} is {ORDERS.get(number, 'unknown')}."


@tool(destructive=True)
def cancel_order(number: int, context: Context[None]) -> str:
    """Cancel an order. A person approves it first, days later if need be.

    Args:
        number: The order's number.
        context: Its key is the same when a call is repeated: let your service go by it.
    """
    return f"Order {number} is cancelled (request {context.call_key})."


support = Agent([find_order, cancel_order], name="support", instructions="You help with orders.")
