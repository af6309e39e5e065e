"""Barcode bandits: laws of a family, recurring contexts, rewards, shuffled cues as a control."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.barcode import BarcodeArms, BarcodeBandits, BarcodeSettings

FAMILY = BarcodeBandits()
CERTAIN = BarcodeArms(1.0, 0.0)


def barcodes_and_arms(
    family: BarcodeBandits, task: BarcodeArms, trials: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Barcodes [episodes, trials, bits], and the rewarded arm [episodes, trials] (of CERTAIN)."""
    simulator = family.simulator([task] * trials, list(range(trials)), "cpu")
    observation, codes, best = simulator.reset(), [], []
    for _ in range(family.spec.episodes):
        codes.append(observation)
        rewards = [simulator.step(torch.eye(4)[arm].expand(trials, 4))[1] for arm in range(4)]
        best.append(torch.stack(rewards).argmax(0))
        observation = simulator.restart(torch.ones(trials, dtype=torch.bool))
    return torch.stack(codes), torch.stack(best)


@pytest.mark.parametrize("cues", ["true", "shuffled"])
def test_the_laws_of_a_family(cues: str) -> None:
    check_family(BarcodeBandits(BarcodeSettings(cues=cues)))  # type: ignore[arg-type]  # one of two words


def test_every_context_occurs_once_per_round_with_its_barcode_and_arm() -> None:
    codes, best = barcodes_and_arms(FAMILY, CERTAIN, 50)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    orders = set()
    for life in range(50):
        known: dict[tuple[float, ...], int] = {}
        for number in range(9):
            code = tuple(codes[number, life].tolist())
            # three at first, and the same three in each later round
            assert (code in known) == (number >= 3)
            assert known.setdefault(code, int(best[number, life])) == best[number, life]
        names = list(known)
        orders.add(tuple(names.index(tuple(code)) for code in codes[3:, life].tolist()))
    assert len(orders) > 10
    assert len({tuple(row) for row in codes[0].tolist()}) > 30  # other trials, other barcodes
    shares = torch.bincount(best[:3].flatten(), minlength=4) / 150
    assert float(shares.min()) > 0.12


def test_shuffled_barcodes_cue_another_context() -> None:
    codes, _ = barcodes_and_arms(BarcodeBandits(BarcodeSettings(cues="shuffled")), CERTAIN, 50)
    unshuffled, _ = barcodes_and_arms(FAMILY, CERTAIN, 50)
    torch.testing.assert_close(codes[:3], unshuffled[:3])
    for life in range(50):
        # the last context of a barcode
        last: dict[tuple[float, ...], tuple[float, ...]] = {}
        for number in range(9):
            shown, context = (tuple(x[number, life].tolist()) for x in (codes, unshuffled))
            assert last.get(shown) != context
            last[shown] = context
        assert len(last) == 3  # the barcodes are the same three


def test_rewards_and_flipped_bits_have_their_probabilities() -> None:
    trials = 4000
    simulator = FAMILY.simulator([BarcodeArms(0.8, 0.3, 0.1)] * trials, list(range(trials)), "cpu")
    observation, actions = simulator.reset(), torch.eye(4)[torch.zeros(trials, dtype=torch.int64)]
    rewards = torch.stack([simulator.step(actions)[1] for _ in range(5)])
    assert float(rewards.mean()) == pytest.approx((0.8 + 3 * 0.3) / 4, abs=0.01)
    assert FAMILY.chance(BarcodeArms(0.8, 0.3)) == pytest.approx(5 * (0.8 + 3 * 0.3) / 4)
    clean = FAMILY.simulator([BarcodeArms(0.8, 0.3)] * trials, list(range(trials)), "cpu").reset()
    assert float((observation != clean).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert FAMILY.oracle(BarcodeArms()) == 4.5
    assert FAMILY.chance(BarcodeArms()) == pytest.approx(1.5)


def test_mutation_keeps_the_better_arm_better() -> None:
    rng, task = np.random.default_rng(0), BarcodeArms(0.5, 0.5)
    for _ in range(100):
        task = FAMILY.mutate(task, rng)
        assert task.good >= task.bad


def test_a_decoded_task_has_a_best_arm_that_is_best() -> None:
    """Otherwise the oracle would be below what other arms pay."""
    data = {**FAMILY.encode(BarcodeArms()), "good": 0.1, "bad": 0.9}
    with pytest.raises(ValueError, match=r"good must be at least barcode.bad, got 0\.1 and 0\.9"):
        FAMILY.decode(data)


@pytest.mark.parametrize("contexts", [2, 3])
def test_no_barcode_recurs_with_the_context_that_it_last_had(contexts: int) -> None:
    settings = BarcodeSettings(cues="shuffled", contexts=contexts, occurrences=5)
    codes, _ = barcodes_and_arms(BarcodeBandits(settings), CERTAIN, 20)
    true, _ = barcodes_and_arms(
        BarcodeBandits(BarcodeSettings(contexts=contexts, occurrences=5)), CERTAIN, 20
    )
    for trial in range(20):
        last: dict[tuple[float, ...], tuple[float, ...]] = {}
        for shown, context in zip(codes[:, trial].tolist(), true[:, trial].tolist(), strict=True):
            assert last.get(tuple(shown)) != tuple(context)
            last[tuple(shown)] = tuple(context)


def test_invalid_settings_are_an_error_of_one_line() -> None:
    with pytest.raises(ValueError, match="cues can be shuffled among at least 2 contexts, got 1"):
        BarcodeSettings(cues="shuffled", contexts=1)
    with pytest.raises(ValueError, match="enough to tell 3 contexts apart"):
        BarcodeSettings(bits=1)
    with pytest.raises(ValueError, match="arms must be from 2 to 4096, got 1"):
        BarcodeSettings(arms=1)
