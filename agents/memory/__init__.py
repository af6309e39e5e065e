"""Learners that adapt by what they remember: recurrent states, beliefs, episodic memories."""
