from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from openpoet import envs  # noqa: F401  # registers the ids
from openpoet.envs.walker import ground

ID = "openpoet/BipedalWalkerHardcore-v3"


def actions(steps: int, rows: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (steps, rows, 4)).astype(np.float32)


def test_rows_equal_single_environments() -> None:
    """Through ends and autoresets, against Gymnasium's own synchronous vector environment over
    single walkers.
    """
    ours = gymnasium.make_vec(ID, num_envs=6, max_episode_steps=60)
    singles = gymnasium.make_vec(ID, num_envs=6, max_episode_steps=60, vectorization_mode="sync")
    assert np.array_equal(ours.reset(seed=5)[0], singles.reset(seed=5)[0])
    ends = 0
    for action in actions(150, 6):
        for mine, theirs in zip(ours.step(action)[:4], singles.step(action)[:4], strict=True):
            assert np.array_equal(mine, theirs)
        ends += int(ours.unwrapped._ended.sum())
    assert ends > 6


def test_next_step_autoreset_is_declared_and_its_reward_is_zero() -> None:
    env = gymnasium.make_vec(ID, num_envs=2, max_episode_steps=2)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    env.reset(seed=1)
    env.step(actions(1, 2)[0])
    *_, truncated, _ = env.step(actions(1, 2)[0])
    assert truncated.all()
    _, rewards, terminated, truncated, _ = env.step(actions(1, 2)[0])
    assert not rewards.any()
    assert not terminated.any()
    assert not truncated.any()


def test_same_step_autoreset_returns_the_final_observation() -> None:
    next_step = gymnasium.make_vec(ID, num_envs=3, max_episode_steps=2)
    same_step = gymnasium.make_vec(
        ID, num_envs=3, max_episode_steps=2, autoreset_mode=AutoresetMode.SAME_STEP
    )
    one, two, three = actions(3, 3)
    for env in (next_step, same_step):
        env.reset(seed=1)
        env.step(one)
    last = next_step.step(two)[0]
    first = next_step.step(three)[0]
    observations, _, _, truncated, infos = same_step.step(two)
    assert truncated.all()
    assert np.array_equal(np.stack(infos["final_obs"]), last)
    assert np.array_equal(observations, first)


def test_seeds_are_one_number_or_one_per_row() -> None:
    env = gymnasium.make_vec(ID, num_envs=3)
    by_number, by_list = env.reset(seed=7)[0], env.reset(seed=[7, 8, 9])[0]
    assert np.array_equal(by_number, by_list)
    with pytest.raises(ValueError, match="3 of them"):
        env.reset(seed=[1, 2])


def pairs(mode: AutoresetMode, **more: Any) -> tuple[Any, Any]:
    """Four rows here, and the same in Gymnasium's own vector environment over single walkers."""
    ours = gymnasium.make_vec(ID, num_envs=4, autoreset_mode=mode, **more)
    vector_kwargs = {"autoreset_mode": mode}
    return ours, gymnasium.make_vec(
        ID, num_envs=4, vectorization_mode="sync", vector_kwargs=vector_kwargs, **more
    )


def same(ours: Any, theirs: Any) -> bool:
    """Whether keys, shapes, types and values are equal, recursively."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, tuple | list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, np.ndarray) and theirs.dtype == object:
        return ours.dtype == object and same(list(ours), list(theirs))
    return type(ours) is type(theirs) and np.array_equal(ours, theirs)


@pytest.mark.parametrize("mode", AutoresetMode)
def test_autoreset_modes_and_reset_masks_equal_those_of_gymnasium(mode: AutoresetMode) -> None:
    """Masks reset some rows, with or without seeds; with autoreset disabled, those that ended."""
    ours, theirs = pairs(mode, max_episode_steps=20)
    assert ours.metadata["autoreset_mode"] is mode
    assert same(ours.reset(seed=5), theirs.reset(seed=5))
    rng, ends = np.random.default_rng(1), 0
    for number, action in enumerate(
        np.random.default_rng(0).uniform(-1, 1, (90, 4, 4)).astype(np.float32)
    ):
        found = ours.step(action)
        assert same(found, theirs.step(action))
        ended = found[2] | found[3]
        ends += int(ended.sum())
        mask = ended if mode is AutoresetMode.DISABLED else np.zeros(4, bool)
        if number % 13 == 0:
            mask = mask | (rng.random(4) < 0.5)
        if mask.any():
            seeds = [int(rng.integers(100)) if rng.random() < 0.5 else None for _ in range(4)]
            resets = [
                env.reset(seed=seeds, options={"reset_mask": mask.copy()}) for env in (ours, theirs)
            ]
            assert same(*resets)
            assert same(ours.np_random_seed, theirs.np_random_seed)
    assert ends > 8


def test_the_number_of_threads_changes_nothing() -> None:
    """Some rows end and are reset while the other thread steps its rows."""
    sides = [
        gymnasium.make_vec("openpoet/BipedalWalkerHardcore-v3", num_envs=90, threads=threads)
        for threads in (1, 2)
    ]
    assert same(*[env.reset(seed=0) for env in sides])
    ends = 0
    for action in np.random.default_rng(0).uniform(-1, 1, (80, 90, 4)).astype(np.float32):
        one, two = (env.step(action) for env in sides)
        assert same(one, two)
        ends += int(one[2].sum())
    assert ends > 10


def test_with_autoreset_disabled_an_ended_row_is_not_stepped() -> None:
    env = gymnasium.make_vec(
        ID, num_envs=2, max_episode_steps=1, autoreset_mode=AutoresetMode.DISABLED
    )
    env.reset(seed=1)
    env.step(actions(1, 2)[0])
    with pytest.raises(
        gymnasium.error.ResetNeeded,
        match=r"^rows \[0, 1\] have ended: call "
        r"reset\(",
    ):
        env.step(actions(1, 2)[0])


@pytest.mark.parametrize(
    "mask",
    [[True, False], np.ones(3, bool), np.ones(2), np.zeros(2, bool)],
    ids=["list", "shape", "dtype", "none"],
)
def test_a_reset_mask_that_gymnasium_rejects_is_an_error(mask: Any) -> None:
    ours = gymnasium.make_vec(ID, num_envs=2)
    theirs = gymnasium.make_vec(ID, num_envs=2, vectorization_mode="sync")
    raised = []
    for env in (ours, theirs):
        env.reset(seed=0)
        with pytest.raises((TypeError, ValueError), match="reset_mask") as caught:
            env.reset(options={"reset_mask": mask})
        raised.append(caught.type)
    assert raised[0] is raised[1]


def test_the_first_reset_must_include_all_rows() -> None:
    with pytest.raises(ValueError, match=r"^the first reset must be of all rows"):
        gymnasium.make_vec(ID, num_envs=2).reset(options={"reset_mask": np.array([True, False])})


@pytest.mark.parametrize("limit", [None, -1, 3, 0, -2, 2.5, "3"])
def test_step_limits_equal_those_of_gymnasium(limit: Any) -> None:
    results: list[Any] = []
    for mode in ("vector_entry_point", "sync"):
        try:
            env = gymnasium.make_vec(
                ID, num_envs=2, max_episode_steps=limit, vectorization_mode=mode
            )
        except (TypeError, ValueError) as error:
            results.append(type(error))
            continue
        env.reset(seed=3)
        ended = [bool(env.step(np.zeros((2, 4), np.float32))[3].all()) for _ in range(4)]
        results.append(ended)
        if limit is None:
            assert env.spec.max_episode_steps == 2000
            assert mode == "sync" or env.unwrapped._deadlines.tolist() == [2000, 2000]
    assert results[0] == results[1]


def test_a_fall_on_the_last_step_is_terminated_and_truncated() -> None:
    falling = np.random.default_rng(0).uniform(-1, 1, (200, 1, 4)).astype(np.float32)
    env = gymnasium.make_vec(ID, num_envs=1)
    env.reset(seed=5)
    steps = next(number for number, action in enumerate(falling, 1) if env.step(action)[2][0])
    for mode in ("vector_entry_point", "sync"):
        env = gymnasium.make_vec(ID, num_envs=1, max_episode_steps=steps, vectorization_mode=mode)
        env.reset(seed=5)
        for action in falling[:steps]:
            _, _, terminated, truncated, _ = env.step(action)
        assert (terminated[0], truncated[0]) == (True, True), mode


def test_rows_report_their_seeds_and_generators() -> None:
    ours, theirs = pairs(AutoresetMode.NEXT_STEP)
    assert len(ours.np_random_seed) == 4  # drawn, before any reset
    for seed in (3, [5, 6, 7, 8], None):
        for env in (ours, theirs):
            env.reset(seed=seed)
        assert ours.np_random_seed == theirs.np_random_seed
        assert [rng.random() for rng in ours.np_random] == [
            rng.random() for rng in theirs.np_random
        ]


@pytest.mark.parametrize("threads", [0, -1, 1.5, True])
def test_an_invalid_number_of_threads_is_an_error_at_construction(threads: Any) -> None:
    with pytest.raises(
        ValueError,
        match=r"^threads must be a whole number of at least 1, .*, got "
        r"",
    ):
        gymnasium.make_vec(ID, num_envs=2, threads=threads)


@pytest.mark.parametrize(
    ("limit", "horizon", "expected"),
    [
        (None, None, 1600),
        (None, 30, 30),
        (-1, None, np.inf),
        (-1, 30, 30),
        (50, 30, 30),
        (20, 30, 20),
    ],
)
def test_episodes_end_at_the_lower_of_the_limit_and_the_horizon_of_the_task(
    limit: Any, horizon: Any, expected: float
) -> None:
    assert ground.limit(limit, 1600, horizon) == expected


@pytest.mark.parametrize(
    ("limit", "hardcore", "expected"),
    [(None, False, 1600), (None, True, 2000), (-1, False, 1600), (5000, False, 1600), (7, True, 7)],
)
def test_every_terrain_has_the_same_horizon_in_make_and_make_vec(
    limit: int | None, hardcore: bool, expected: int
) -> None:
    """Gymnasium's ground in Walker-v0, whose id has no step limit."""
    standing = np.array([1, 0, -1, 0], np.float32)  # legs spread: it never falls
    lengths = []
    for mode in ("vector_entry_point", "sync"):
        env = gymnasium.make_vec(
            "openpoet/Walker-v0",
            num_envs=1,
            terrain=None,
            hardcore=hardcore,
            max_episode_steps=limit,
            vectorization_mode=mode,
        )
        env.reset(seed=3)
        ends = (env.step(standing[None])[2:4] for _ in range(2001))
        lengths.append(
            next(
                (step, bool(truncated[0]))
                for step, (terminated, truncated) in enumerate(ends, 1)
                if terminated[0] or truncated[0]
            )
        )
    assert lengths == [(expected, True)] * 2
