"""Agents must have the tensors of the learner; an error names the niche and the tensor."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from fakes import FakeFamily, FakeLearner

from openpoet.poet.agent_tensors import check_agents, check_tensors, made_by
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.interfaces import Agent
from openpoet.poet.niche import Population

FAMILY = FakeFamily()
SETUP = Setup(FAMILY, FakeLearner(FAMILY), PoetConfig(seed=3))


def with_agent(agent: Agent) -> Population:
    population = start(SETUP)
    (first, *more) = population.active
    return replace(population, active=(replace(first, agent=agent), *more))


def test_agents_of_a_run_are_accepted() -> None:
    check_agents(next(evolve(start(SETUP), SETUP)).niches, SETUP)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"velocity": torch.zeros(3, dtype=torch.float64)},
            r"'velocity' is float64 \[3\], "
            r"expected float64 \[2\]",
        ),
        ({"velocity": torch.zeros(2)}, r"'velocity' is float32 \[2\], expected float64 \[2\]"),
        ({"more\n": torch.zeros(1)}, r"'more\\n' is float32 \[1\], expected nothing"),
        ({"hyper/lr": torch.zeros(2)}, r"'hyper/lr' is float32 \[2\], expected nothing"),
        ({"steps": None}, r"'steps' is missing, expected float32 \[1\]"),
    ],
)
def test_an_error_names_the_tensor_and_its_niche(
    change: dict[str, torch.Tensor | None], line: str
) -> None:
    agent = {
        name: tensor
        for name, tensor in {**made_by(SETUP.learner), **change}.items()
        if tensor is not None
    }
    with pytest.raises(
        ValueError,
        match=rf"^the agent of niche 0 [^\n]*{line}; "
        r"[^\n]*settings[^\n]*$",
    ):
        check_agents(with_agent(agent).niches, SETUP)


def test_additional_hyperparameters_are_accepted() -> None:
    agent = {**made_by(SETUP.learner), "hyper/lr": torch.tensor(0.1, dtype=torch.float64)}
    check_tensors(agent, made_by(SETUP.learner), "niche 0", "")
