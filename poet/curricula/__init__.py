"""Curricula for a single agent: unsupervised environment design (UED) beside POET."""
