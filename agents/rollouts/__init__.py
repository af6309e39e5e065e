"""Episodes run in batches: on one machine or in Ray workers, in Python or compiled."""
