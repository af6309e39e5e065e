"""Pairs of learner and task family where the defaults do not learn within minutes, and why.

Measured by `python -m benchmarks.pairs`; a run with such a pair prints the reason when it starts.
"""

NO_MEMORY = "it has no memory, and the hidden parameters differ between trials; take rl2"
OFF_POLICY = (
    "soft actor-critic needs more environment steps and gradient steps to walk than fit into two "
    "minutes; take rl2"
)
WHOLE_EPISODES = (
    "a policy gradient from whole episodes needs more steps to walk than fit into two minutes; "
    "take rl2, or start from agents that walk"
)
WITHIN_EPISODE = (
    "it adapts between episodes, and the rewarded state changes within the only episode of a "
    "trial; take rl2"
)
NO_LOSS = "evolution finds no loss that trains its policies within minutes; take maml"
SLOW = "it learns, but more slowly; take rl2"
# (learner, family): why
NOT_LEARNING = {
    ("es", "mdp"): NO_MEMORY,
    ("es", "gridnavi"): NO_MEMORY,
    ("es", "barcode"): NO_MEMORY,
    ("es", "random-rewards"): NO_MEMORY,
    ("ppo", "mdp"): NO_MEMORY,
    ("ppo", "two-step"): NO_MEMORY,
    ("ppo", "gridnavi"): NO_MEMORY,
    ("ppo", "barcode"): NO_MEMORY,
    ("ppo", "random-rewards"): NO_MEMORY,
    ("varibad", "mdp"): (
        "its encoder's inputs are not outer products of state and action, as those of rl2 are "
        "there; take rl2"
    ),
    ("maesn", "mdp"): (
        "only its latent adapts, and an MDP has many more unknown rewards and transitions than the "
        "latent has dimensions; take rl2"
    ),
    ("maesn", "two-step"): (
        "its latent is fixed within an episode, in which the rewarded state changes; take rl2"
    ),
    ("maesn", "barcode"): (
        "only its latent adapts, and a trial has a best arm for each of several barcodes; take "
        "wang or eplstm"
    ),
    ("pearl", "barcode"): (
        "one latent stands for the best arms of several barcodes; take wang or eplstm"
    ),
    ("pearl", "mdp"): SLOW,
    ("eplstm", "mdp"): SLOW,
    ("pearl", "walker"): OFF_POLICY,
    ("diayn", "walker"): "its gradient steps on walkers are too few in two minutes",
    ("maml", "walker"): WHOLE_EPISODES,
    ("fomaml", "walker"): WHOLE_EPISODES,
    ("maesn", "walker"): WHOLE_EPISODES,
    ("reptile", "walker"): WHOLE_EPISODES,
    ("epg", "walker"): (
        "an improvement step on full-length episodes takes minutes; take the preset walker-epg, "
        "with short episodes, or rl2"
    ),
    ("epg", "maze"): NO_LOSS,
    ("epg", "mdp"): NO_LOSS,
    ("epg", "barcode"): NO_LOSS,
    ("epg", "cartpole"): SLOW,
    ("epg", "two-step"): WITHIN_EPISODE,
    ("maml", "two-step"): WITHIN_EPISODE,
    ("fomaml", "two-step"): WITHIN_EPISODE,
    ("mfec", "two-step"): WITHIN_EPISODE,
    ("nec", "two-step"): WITHIN_EPISODE,
    ("reptile", "two-step"): WITHIN_EPISODE,
    ("pearl", "two-step"): WITHIN_EPISODE,
    ("pearl", "grid"): (
        "its policy's entropy outweighs the goal in episodes of 200 steps; set pearl.temperature = "
        "0.002, with which it learns"
    ),
    ("diayn", "mdp"): (
        "transitions differ between trials and it has no memory, so that its skills do not reach "
        "states of their own"
    ),
    ("diayn", "barcode"): "actions do not change the barcodes observed, so skills do not differ",
    ("nec", "gridnavi"): "its memories hold values of other goals; take mfec or rl2",
    ("maml", "random-rewards"): (
        "with its default rates it learns for a minute, and its score then swings and collapses; "
        "set maml.lr = 0.001 and maml.inner_lr = 0.02"
    ),
    ("fomaml", "random-rewards"): SLOW,
}
