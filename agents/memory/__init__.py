"""Learners that adapt by memory: recurrent hidden states, beliefs and episodic memories."""
