"""Run folders, replays, and seeds for new runs. See docs/archive.md."""
