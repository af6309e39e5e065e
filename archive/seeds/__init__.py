"""Seeds for a new population: selected niches of a run, or the original POET's files."""
