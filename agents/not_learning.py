"""Pairs of learner and task family where the defaults do not learn within minutes, and why.

Measured by `python -m benchmarks.pairs`; a run with such a pair prints the reason when it starts.
"""

NO_MEMORY = "it has no memory, and what is hidden differs from trial to trial; take rl2"
OFF_POLICY = (
    "its gradient steps leave time for 100,000 environment steps in two minutes, too few to walk; "
    "take rl2"
)
WHOLE_EPISODES = (
    "a policy gradient from the returns of whole episodes takes more steps to walk than two "
    "minutes have; take rl2, or begin with agents that walk"
)
OTHER_DRAWS = (
    'its memories hold values of other draws; set mfec.table = "trial", with which it learns '
    "within a trial"
)
SLOW = "it learns, but more slowly; take rl2"
# (learner, family): why
NOT_LEARNING = {
    ("ppo", "mdp"): NO_MEMORY,
    ("ppo", "two-step"): NO_MEMORY,
    ("ppo", "gridnavi"): NO_MEMORY,
    ("ppo", "barcode"): NO_MEMORY,
    ("ppo", "random-rewards"): NO_MEMORY,
    ("varibad", "mdp"): (
        "its encoder has no products of state and action as inputs, without which rl2 does not "
        "learn there either; take rl2"
    ),
    ("maesn", "mdp"): (
        "a latent of 2 or of 16 dimensions does not adapt to so many unknown rewards and "
        "transitions; take rl2"
    ),
    ("pearl", "mdp"): SLOW,
    ("eplstm", "mdp"): SLOW,
    ("pearl", "walker"): OFF_POLICY,
    ("diayn", "walker"): "soft actor-critic takes more gradient steps there than two minutes have",
    ("maml", "walker"): WHOLE_EPISODES,
    ("fomaml", "walker"): WHOLE_EPISODES,
    ("maesn", "walker"): WHOLE_EPISODES,
    ("reptile", "walker"): f"an improvement step takes 40 s, and {WHOLE_EPISODES}",
    ("epg", "walker"): (
        "an improvement step takes minutes, 4 million environment steps; take the preset "
        "walker-epg, with short episodes, or rl2"
    ),
    ("mfec", "bandits"): OTHER_DRAWS,
    ("mfec", "barcode"): OTHER_DRAWS,
}
