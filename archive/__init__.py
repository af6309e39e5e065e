"""See docs/archive.md."""
