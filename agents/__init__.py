"""See docs/agents.md."""
