"""Evolution strategies: learners that search in the space of flat policy parameters."""
