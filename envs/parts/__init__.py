"""Parts that several task families share: genomes, draws, encodings, batched episodes."""
