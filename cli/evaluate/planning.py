"""What an evaluation is made from: agents by name, kinds of actions, and the validation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..sessions import Machine
from .contestants import SUFFIX, Contestants, of_run, of_weights
from .evaluating import Plan
from .suites import find_suite

if TYPE_CHECKING:
    from openpoet.arena.suites.suite import Suite

NONE = "none"
SAMPLED_EPISODES = 10  # in a world, if only the agent's random numbers tell its episodes apart


def contestants_of(
    name: str, select: str | None, config: Path | None, machine: Machine
) -> Contestants:
    """The agents of a run or a pack, a .safetensors file, a .zip of Stable-Baselines3, or a Python
    function.

    select: niches of a run or a pack. config: settings of a .safetensors file. ValueError or
    OSError, one line, if there are none, or if these two are given for others.
    """
    from openpoet.archive.store.run_folder import find_run

    weights = name.endswith(SUFFIX)
    if config is not None and not weights:
        raise ValueError(f"--config belongs to a {SUFFIX} file, got {name}")
    foreign = weights or name.endswith(".zip") or (":" in name and not Path(name).exists())
    if select is not None and foreign:
        raise ValueError(f"--select chooses niches of a run or a pack, got {name}")
    if name.endswith((SUFFIX, ".zip")) and not Path(name).is_file():
        raise ValueError(f"there is no file {name}: expected agents as {SUFFIX}, .zip, run or pack")
    if weights:
        return of_weights(Path(name), config, machine)
    if not foreign:
        return of_run(find_run(name), select, machine)
    from .foreign import of_function, of_sb3

    return of_sb3(Path(name), machine) if name.endswith(".zip") else of_function(name, machine)


def planned(
    suite: Suite,
    contestants: Contestants,
    episodes: int | None,
    actions: str,
    validation: str | None,
) -> Plan:
    """The plan of an evaluation.

    episodes: None: `default_episodes`. actions: "mean", "sampled" or "both". validation: name of a
    suite; None: the one that the suite names; "none": no agent is chosen.
    """
    kinds = ("mean", "sampled") if actions == "both" else (actions,)
    if not contestants.stochastic:
        if actions == "sampled":
            raise ValueError(
                f"agents of {contestants.source} do not sample actions: leave --actions out"
            )
        kinds = ("mean",)
    name = suite.validation if validation is None else validation
    several = len(contestants.agents) > 1
    if validation not in (None, NONE) and not several:
        raise ValueError(f"--validation chooses one of several agents, got {contestants.source}")
    chosen = find_suite(name) if several and name not in (None, NONE) else None
    return Plan(suite, episodes or default_episodes(suite, contestants), kinds, chosen)


def default_episodes(suite: Suite, contestants: Contestants) -> int:
    """The suite's number; more of agents that adapt, which need several trials to exchange their
    histories.
    """
    from openpoet.arena.adaptation import FEWEST_TRIALS

    enough = not contestants.adapts or suite.episodes >= FEWEST_TRIALS
    return suite.episodes if enough else SAMPLED_EPISODES
