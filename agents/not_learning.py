"""Pairs of learner and task family where the defaults do not learn within minutes, and why.

Measured by `python -m benchmarks.pairs`; a run with such a pair prints the reason when it starts.
"""

# (learner, family): why
NO_MEMORY = "it has no memory, and what is hidden differs from trial to trial; take rl2"
SMALL_LATENT = (
    "its latent has fewer dimensions than the MDPs, with 50 mean rewards and 50 distributions of "
    "the next state, have unknown numbers; take rl2"
)
OFF_POLICY = (
    "its gradient steps leave time for 100,000 environment steps in two minutes, too few to walk; "
    "take rl2"
)
WHOLE_EPISODES = (
    "a policy gradient from the returns of whole episodes takes more steps to walk than two "
    "minutes have; take rl2, or begin with agents that walk"
)
NOT_LEARNING = {
    ("ppo", "mdp"): NO_MEMORY,
    ("ppo", "gridnavi"): NO_MEMORY,
    ("varibad", "mdp"): SMALL_LATENT,
    ("maesn", "mdp"): SMALL_LATENT,
    ("pearl", "mdp"): SMALL_LATENT,
    ("eplstm", "mdp"): "it learns, but more slowly; take rl2",
    ("pearl", "walker"): OFF_POLICY,
    ("diayn", "walker"): "soft actor-critic takes more gradient steps there than two minutes have",
    ("maml", "walker"): WHOLE_EPISODES,
    ("maesn", "walker"): WHOLE_EPISODES,
}
