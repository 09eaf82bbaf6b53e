"""Tools of MCP servers, as a toolbox."""
