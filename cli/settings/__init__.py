"""Settings: fields and their ranges, presets, TOML, and how a run's settings are resolved."""
