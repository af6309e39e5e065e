"""`openpoet evaluate`: agents and suites from everywhere, wired to the arena."""
