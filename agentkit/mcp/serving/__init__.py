"""Our tools and agents for MCP clients, over stdio and streamable HTTP."""
