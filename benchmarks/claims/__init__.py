"""Acceptance claims. Each module has `claims()`: minutes of training, then numbers with bounds."""
