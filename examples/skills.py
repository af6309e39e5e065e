"""Print settings that make the skills of a DIAYN run the tasks of another run (see diayn.toml).

    python -m examples.skills runs/skills > skills.toml

Run it in the root of the clone.
"""

from __future__ import annotations

import json
import sys

from openpoet.agents.offpolicy.diayn import discriminator_of
from openpoet.archive.store.run_folder import Run, find_run
from openpoet.cli.settings.tables import parse, to_toml
from openpoet.envs.discriminated import Discriminated, DiscriminatedSettings


def settings(name: str) -> str:
    """TOML of a family whose first task draws a skill of the best niche, hidden from the agent."""
    with Run.open(find_run(name), write=False) as run:
        dynamics = parse(run.config_toml(), name)["run"]["family"]
        best = max(
            (row for row in run.niche_rows() if row["died"] is None), key=lambda row: row["score"]
        )
        layers = discriminator_of(run.agent(best["agent"]))
    if not layers:
        raise ValueError(f"{name} holds no discriminator: it must be a run of the learner diayn")
    sizes = {"skills": len(layers[-1][1]), "hidden": [len(biases) for _, biases in layers[:-1]]}
    # A learned discriminator is saturated nearly everywhere; a higher temperature gives its rewards
    # a slope.
    made = DiscriminatedSettings(dynamics, sizes["skills"], tuple(sizes["hidden"]), temperature=3.0)
    family = Discriminated(made)
    # The discriminator replaces the reward of the dynamics, so that setting may differ; all other
    # settings of a task must agree.
    own, made_with = (
        family.place.encode(family.place.origin())["settings"],
        best["task"]["settings"],
    )
    place = best["task"] | {
        "settings": made_with | {name: own[name] for name in {"reward"} & set(own)}
    }
    task = family.task(layers, place=family.place.decode(place))
    table = {
        "dynamics": dynamics,
        **sizes,
        "temperature": made.temperature,
        "origin": json.dumps(family.encode(task)),
    }
    return to_toml({"run": {"family": "random-rewards"}, "random-rewards": table})


if __name__ == "__main__":
    print(settings(sys.argv[1]))
