"""The application: commands, settings, wiring and the run loop. See docs/cli.md."""
