"""The web page of a run: its data, its server, and reports that need no server."""
