"""Learners that replay: soft actor-critic, skills, and inference from context."""
