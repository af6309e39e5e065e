"""POET from Python, without the command: a family, a learner, and the population after each
iteration.

    python -m examples.engine

Run it in the root of the clone.
"""

from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start

family = Walker(WalkerSettings(length=60, horizon=100))
learner = ES(family, ESConfig(population=16, lr=0.03))
setup = Setup(
    family, learner, PoetConfig(seed=1, mutate_every=2, reproduce_at=-200, mc_low=-200, capacity=4)
)

for population in evolve(start(setup), setup):
    print(population.iteration, [round(niche.scores[-1], 1) for niche in population.active])
    if population.iteration == 6:
        break
