"""The bipedal walker: terrain genomes, layouts, physics, task family, Gymnasium environments."""
