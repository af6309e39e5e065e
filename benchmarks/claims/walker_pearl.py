"""PEARL (arXiv 1903.08254) on walkers whose motors may be reversed, beside RL^2 at equal steps.

The task and the gap are those of walker-rl2 (benchmarks/hidden_bodies.py), but with few environment
steps: PEARL is off-policy, and should need the fewest. z is drawn from the prior in the first
episode of a trial and from the posterior in the second. Both curves are printed. Control: in the
second episode the context of another trial. Interrupted trainings continue from build/.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim
from benchmarks.hidden_bodies import REVERSED, adapting, bounds_of_reversed, by_control
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.envs.walker.family import Walker
from openpoet.poet.streams import Key

STEPS = 1_000_000


def claims() -> list[Claim]:
    bounds, family = bounds_of_reversed(), Walker(REVERSED)
    reference = adapting(RL2(family), Key(3), "walker-pearl-rl2", STEPS, 1)
    other = bounds.report({"RL^2, " + k: v for k, v in by_control(reference, "RL^2").items()})
    training = adapting(PEARL(family), Key(6), "walker-pearl", STEPS)
    shares = bounds.report(by_control(training, "PEARL"))
    return [
        Claim(
            "gap closed in the last episode", shares["last episode"], other["RL^2, last episode"]
        ),
        Claim("the same with another trial's context", shares["another trial's state"]),
        Claim("RL^2 at equal steps: gap closed", other["RL^2, last episode"]),
    ]
