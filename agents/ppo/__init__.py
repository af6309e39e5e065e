"""Proximal policy optimisation: the learner `ppo`, and the parts that other learners build on."""
