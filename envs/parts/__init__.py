"""Parts shared by task families: genomes, random numbers, encodings, batched episodes."""
