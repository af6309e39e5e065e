"""Pairs of learner and task family where the defaults do not learn within minutes, and why.

Measured by `python -m benchmarks.pairs`; a run with such a pair prints the reason when it starts.
"""

# (learner, family): why
NO_MEMORY = "it has no memory, and what is hidden differs from trial to trial; take rl2"
NOT_LEARNING = {
    ("ppo", "mdp"): NO_MEMORY,
    ("ppo", "gridnavi"): NO_MEMORY,
    ("pearl", "walker"): (
        "its gradient steps leave time for 100,000 environment steps in two minutes, too few to "
        "walk"
    ),
}
