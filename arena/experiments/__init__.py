"""POET's experiments with the statistics of the papers, as functions of what a run has kept."""
