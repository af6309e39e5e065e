"""Suites: named lists of worlds on which agents are evaluated, and the file format of a suite."""
