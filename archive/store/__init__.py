"""The run folder: SQLite, weights, the hash chain, and what may be read from them."""
