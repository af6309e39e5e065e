"""See docs/poet.md."""
