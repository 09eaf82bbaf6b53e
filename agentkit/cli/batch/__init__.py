"""`agentkit batch`: one agent for each row of a file."""
