"""Our tools and agents for MCP clients: stdio and streamable HTTP, on the official `mcp` package."""
