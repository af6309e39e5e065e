"""Learners that adapt by gradient: initialisations, latents, learned losses."""
