"""Evaluation of agents on suites of worlds, and the statistics of comparisons."""
