"""Packs: one file with niches of a run, their agents and their lineage."""
