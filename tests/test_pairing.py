"""Every family with every learner, by the command: each pair runs, or is an error with
the reason.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import openpoet.cli.main as command
from openpoet.agents.learners import LEARNERS
from openpoet.archive.store.run_folder import Run
from openpoet.cli.settings.tables import build, preset, presets
from openpoet.envs.families import FAMILIES

REFUSED = {
    ("bandits", "es"): "a policy without memory cannot act on none",
    ("bandits", "ppo"): "a policy without memory needs observations",
    ("bandits", "diayn"): "needs observations that distinguish its skills",
    ("regression", "diayn"): "needs actions that change the observations",
    ("navigation", "hochreiter"): "learns from labels, and this family has none",
    ("navigation", "mfec"): "episodic control needs discrete actions",
    ("walker", "nec"): "episodic control needs discrete actions",
    ("bandits", "nec"): "nec learns keys of observations",
    ("bandits", "eplstm"): "this family has no observations",
}
# learners without scores before adaptation
DO_NOT_ADAPT = {"es", "ppo", "diayn"}
SMALL = {
    "walker": {"horizon": 20, "length": 40},
    "bandits": {"pulls": 3},
    "mdp": {"states": 3, "horizon": 3, "episodes": 2},
    "two-step": {"trials": 4},
    "navigation": {"horizon": 4, "episodes": 2},
    "maze": {"horizon": 5, "episodes": 2, "size": 5},
    "cartpole": {"horizon": 8, "episodes": 2},
    "gridnavi": {"horizon": 4, "episodes": 2},
    "random-rewards": {"horizon": 4, "episodes": 2, "hidden": "[4]"},
    "regression": {"horizon": 4, "episodes": 2},
    "grid": {"horizon": 8, "episodes": 2, "size": 4},
    "barcode": {"pulls": 2, "contexts": 2, "occurrences": 2},
    "es": {"population": 4},
    "ppo": {
        "num_envs": 4,
        "num_steps": 8,
        "rollouts": 2,
        "minibatches": 2,
        "epochs": 1,
        "hidden": "[4]",
        "test_episodes": 4,
    },
    "rl2": {"trials": 8, "hidden": 4, "test_trials": 4, "epochs": 1},
    "wang": {"trials": 8, "hidden": 4, "test_trials": 4, "epochs": 1},
    "varibad": {
        "trials": 8,
        "hidden": 4,
        "test_trials": 4,
        "epochs": 1,
        "policy": "[4]",
        "decoder": "[4]",
    },
    "plant": {"episodes": 2},
    "meta-gradient": {"trials": 8, "hidden": 4, "test_trials": 4, "epochs": 1},
    "maesn": {"draws": 2, "trajectories": 2, "test_trials": 2, "hidden": "[4]"},
    "epg": {"population": 2, "episodes": 2, "updates": 1, "test_trials": 2},
    "pearl": {
        "draws": 2,
        "test_trials": 2,
        "updates": 2,
        "batch": 4,
        "capacity": 50,
        "hidden": "[4]",
        "encoder": "[4]",
    },
    "diayn": {
        "episodes": 4,
        "test_trials": 4,
        "updates": 2,
        "batch": 8,
        "capacity": 100,
        "hidden": "[4]",
    },
    "hochreiter": {"hidden": 4, "trials": 4, "updates": 2, "test_trials": 4},
    "maml": {
        "draws": 2,
        "trajectories": 2,
        "test_trials": 2,
        "hidden": "[4]",
        "learn_rates": "true",
    },
    "fomaml": {"draws": 2, "trajectories": 2, "test_trials": 2, "hidden": "[4]"},
    "reptile": {
        "draws": 2,
        "trajectories": 2,
        "test_trials": 2,
        "hidden": "[4]",
        "inner_steps": 2,
        "test_updates": 2,
    },
    "mfec": {"capacity": 20, "test_trials": 2},
    "nec": {"capacity": 20, "test_trials": 2, "hidden": "[4]", "replay": 30},
    "eplstm": {"trials": 8, "hidden": 4, "test_trials": 4, "epochs": 1, "test_episodes": 1},
}
# Every pair of these is launched and resumed; later families and learners only in suitable pairs.
FULL = list(
    itertools.product(
        ("walker", "bandits", "mdp", "two-step", "navigation", "maze", "cartpole"),
        ("es", "rl2", "wang", "maesn", "epg"),
    )
)
ALSO: list[tuple[str, str]] = [
    ("walker", "ppo"),
    ("bandits", "ppo"),
    ("cartpole", "ppo"),
    ("navigation", "ppo"),
    ("navigation", "diayn"),
    ("maze", "diayn"),
    ("bandits", "diayn"),
    ("regression", "diayn"),
    ("random-rewards", "diayn"),
    ("random-rewards", "es"),
    ("random-rewards", "rl2"),
    ("random-rewards", "maesn"),
    ("random-rewards", "epg"),
    ("random-rewards", "fomaml"),
    ("gridnavi", "es"),
    ("gridnavi", "rl2"),
    ("gridnavi", "varibad"),
    ("gridnavi", "pearl"),
    ("gridnavi", "maesn"),
    ("bandits", "varibad"),
    ("bandits", "pearl"),
    ("navigation", "varibad"),
    ("navigation", "pearl"),
    ("walker", "varibad"),
    ("walker", "pearl"),
    ("regression", "rl2"),
    ("regression", "hochreiter"),
    ("navigation", "hochreiter"),
    ("navigation", "maml"),
    ("bandits", "maml"),
    ("regression", "maml"),
    ("navigation", "fomaml"),
    ("navigation", "reptile"),
    ("regression", "reptile"),
    ("plant", "es"),
    ("plant", "rl2"),
    ("navigation", "meta-gradient"),
    ("bandits", "meta-gradient"),
    ("grid", "mfec"),
    ("grid", "nec"),
    ("grid", "es"),
    ("maze", "mfec"),
    ("mdp", "nec"),
    ("bandits", "mfec"),
    ("navigation", "mfec"),
    ("walker", "nec"),
    ("bandits", "nec"),
    ("barcode", "eplstm"),
    ("barcode", "rl2"),
    ("navigation", "eplstm"),
    ("bandits", "eplstm"),
]
# Every niche can reproduce, so that births and transfers happen within three iterations.
ALWAYS = {
    "mutate_every": 1,
    "transfer_every": 1,
    "capacity": 2,
    "children": 2,
    "reproduce_at": -1e6,
    "mc_low": -1e6,
}


def words(family: str, learner: str, **more: object) -> list[str]:
    settings = {f"poet.{name}": value for name, value in {**ALWAYS, "mc_high": 1e6}.items()}
    for part in (family, learner):
        settings |= {f"{part}.{name}": value for name, value in SMALL[part].items()}
    settings |= more
    if family in ("navigation", "random-rewards", "regression"):
        settings["poet.min_gain"] = -1e6  # required by their presets
    chosen = ["--family", family, "--learner", learner]
    return chosen + [
        word for name, value in settings.items() for word in ("--set", f"{name}={value}")
    ]


@pytest.mark.parametrize(("family", "learner"), [*FULL, *ALSO])
def test_every_pair_resumes_to_the_same_digest_or_is_an_error(
    family: str, learner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    arguments = [*words(family, learner), "--seed", "4", "--workers", "1"]
    code = command.main(["launch", "--out", str(whole), "--iterations", "3", *arguments])
    if reason := REFUSED.get((family, learner)):
        assert code == 2
        error = capsys.readouterr().err
        assert reason in " ".join(error.split())
        assert error.count("openpoet:") == 1
        assert not whole.exists()
        return
    assert code == 0
    assert command.main(["launch", "--out", str(cut), "--iterations", "2", *arguments]) == 0
    assert command.main(["resume", str(cut), "--iterations", "3", "--workers", "2"]) == 0
    digests = []
    for folder in (whole, cut):
        capsys.readouterr()
        assert command.main(["digest", str(folder)]) == 0
        digests.append(capsys.readouterr().out)
    assert digests[0] == digests[1]
    with Run.open(whole, write=False) as run:
        niches, scores, transfers = run.niche_rows(), run.rows("scores"), run.rows("transfers")
    assert len(niches) > 1
    assert transfers
    adapts = learner not in DO_NOT_ADAPT
    assert all(
        (row["before"] is not None) == adapts
        for row in (*niches, *scores)
        if row["score"] is not None
    )


def test_every_family_and_learner_is_in_a_pair() -> None:
    families, learners = (set(names) for names in zip(*FULL, *ALSO, strict=True))
    assert families == set(FAMILIES)
    assert learners == set(LEARNERS)


@pytest.mark.parametrize("name", [name for name in presets() if name.startswith("quick-")])
def test_quick_presets_have_all_settings(name: str) -> None:
    from importlib import import_module

    tables = preset(name)
    for room, table, part in (("envs", FAMILIES, "family"), ("agents", LEARNERS, "learner")):
        chosen = tables["run"][part]
        module, _, settings = table[chosen]
        build(getattr(import_module(f"openpoet.{room}.{module}"), settings), tables[chosen], chosen)
    assert name in (f"quick-{tables['run']['family']}", "quick-es", "quick-curriculum")


def test_a_run_seeds_another_with_meta_learned_agents_and_others_are_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = [*words("navigation", "rl2"), "--workers", "1"]
    assert command.main(["launch", "--out", str(first), "--iterations", "2", *arguments]) == 0
    start = ["launch", "--from", str(first), "--iterations", "1", "--workers", "1"]
    assert command.main([*start, "--out", str(second), *words("navigation", "rl2")]) == 0
    with Run.open(first, write=False) as a, Run.open(second, write=False) as b:
        alive = [row for row in a.niche_rows() if row["died"] is None]
        for old, new in zip(alive, b.niche_rows(), strict=False):
            np.testing.assert_array_equal(
                a.agent(old["agent"])["w_in"], b.agent(new["birth_agent"])["w_in"]
            )
    wrong_learners = (words("navigation", name) for name in ("maesn", "epg"))
    for wrong in (*wrong_learners, words("navigation", "rl2", **{"rl2.hidden": 5})):
        assert command.main([*start, "--out", str(tmp_path / "third"), *wrong]) == 2
        assert not (tmp_path / "third").exists()
        assert "is not one of this learner" in " ".join(capsys.readouterr().err.split())
