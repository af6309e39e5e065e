"""The run folder: SQLite database, weights, hash chain, and queries."""
