"""What a new population starts from: niches chosen from a run, or the original POET's files."""
