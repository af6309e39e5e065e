"""Replays show the episodes that were scored, for any learner and any number of episodes."""

import numpy as np
import pytest
import torch

from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.archive.replay.camera import scene_of
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.overlay import facts
from openpoet.archive.replay.recorder import ROWS_KEPT
from openpoet.envs.walker.body import JOINT_NAMES
from openpoet.envs.walker.body_draw import draw
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key
from tests.archive.rolling import FAST, SLOW, STEP, Hills, Roller, Rolling

KEY = Key(3, ("score", 7))
TASK = Hills()


def record(agent=FAST, family=None, **settings):
    return record_episode(
        lambda family: Roller(family, **settings), family or Rolling(), agent, TASK, KEY
    )


def test_score_and_solved_equal_those_of_an_evaluation_without_recording():
    for agent in (FAST, SLOW):
        for episodes, chunk in ((1, 1), (5, 2)):
            scores, solved, _ = Roller(Rolling(), episodes, chunk).evaluate([agent], [TASK], [KEY])
            episode = record(agent, episodes=episodes, chunk=chunk)
            assert episode.score == scores[0]
            assert episode.solved == solved[0]


def test_the_es_learner_replays_bit_for_bit_and_every_episode_is_kept():
    def es(family):
        return ES(
            family,
            ESConfig(population=4, hidden=(3,), evaluation_episodes=3, max_rows=2, threads=1),
        )

    family = Rolling()
    agent = es(family).init(Key(1))
    scores, _, steps = es(family).evaluate([agent], [TASK], [KEY])
    episode = record_episode(es, family, agent, TASK, KEY)
    assert episode.score == scores[0]
    assert [take.seed for take in episode.takes] == es(family).evaluation_seeds(KEY)
    assert sum(len(take.rewards) for take in episode.takes) == steps[0]
    assert np.mean([take.rewards.sum() for take in episode.takes]) == pytest.approx(
        episode.score, abs=1e-12
    )


def test_the_panel_names_what_each_trial_hides():
    family = Walker(WalkerSettings(horizon=20, threads=1, body="reversed"))

    def es(family):
        return ES(family, ESConfig(population=4, hidden=(3,), evaluation_episodes=3, threads=1))

    episode = record_episode(es, family, es(family).init(Key(1)), family.origin(), KEY)
    for number, take in enumerate(episode.takes):
        directions = draw(family.origin().body, take.seed).body.direction
        turned = [name for name, d in zip(JOINT_NAMES, directions, strict=True) if d < 0]
        lines = facts(episode, scene_of(episode, number), 0)
        expected = [f"{' and '.join(turned)} reversed"] if turned else []
        assert [value for name, value in lines if name == "hidden"] == expected
    assert len({tuple(episode.hidden(take)) for take in range(3)}) > 1


def test_a_walker_on_evolved_terrain_replays_bit_for_bit_and_is_drawn_at_its_position():
    family = Walker(WalkerSettings(horizon=60, threads=1))
    task, rng = family.origin(), np.random.default_rng(3)
    for _ in range(6):
        task = family.mutate(task, rng)

    def es(family):
        return ES(family, ESConfig(population=4, hidden=(8,), threads=1))

    agent = es(family).init(Key(1))
    scores, _, steps = es(family).evaluate([agent], [task], [KEY])
    episode = record_episode(es, family, agent, task, KEY)
    assert episode.score == scores[0]
    assert len(episode.rewards) == steps[0]
    assert episode.dt == 1 / 50
    first, last = episode.outline(0, 0), episode.outline(0, int(steps[0]))
    assert [len(first[layer]) for layer in ("body", "ray")] == [5, 10]
    np.testing.assert_array_equal(first["ground"][0], family.track(task, 0).ground)
    x, y = first["body"][0].mean(axis=0)
    assert 0 < y - np.interp(x, *first["ground"][0].T) < 4
    assert not np.array_equal(first["body"][0], last["body"][0])


def test_frames_are_the_states_before_and_after_each_step():
    episode = record(SLOW)
    [take] = episode.takes
    assert len(take.frames) == 40 + 1
    assert len(take.rewards) == 40
    np.testing.assert_allclose(np.diff([wheel.x for wheel in take.frames]), 0.3 * STEP, rtol=1e-6)
    np.testing.assert_array_equal(take.returns, np.concatenate([[0.0], np.cumsum(take.rewards)]))
    assert (take.terminated, take.truncated, take.success) == (False, True, False)
    assert episode.frames is take.frames
    assert episode.rewards is take.rewards


def test_an_ended_row_gets_no_more_frames_while_others_continue():
    episode = record(FAST, episodes=4)
    lengths = {len(take.frames) for take in episode.takes}
    assert (
        len(lengths) > 1
    )  # the rows start at different positions and therefore end at different times
    assert all(take.terminated and take.success and take.rewards.all() for take in episode.takes)


def test_chunks_and_rows_are_in_the_order_of_the_seeds():
    seeds = [KEY.child(i).integer() % 2**31 for i in range(5)]
    assert [take.seed for take in record(episodes=5, chunk=2).takes] == seeds
    assert [take.seed for take in record(episodes=5).takes] == seeds


def test_only_the_first_rows_of_a_large_batch_are_kept_and_their_number_is_reported():
    episode = record(episodes=ROWS_KEPT + 5)
    assert len(episode.takes) == ROWS_KEPT
    assert (episode.trials, episode.per_trial) == (ROWS_KEPT + 5, 1)


def test_every_reset_begins_a_new_episode():
    class Twice(Roller):
        def _score(self, agent, task, key):
            simulator = self.family.simulator([task], [5], "cpu")
            for _ in range(2):
                simulator.reset()
                for _ in range(3):
                    simulator.step(agent["speed"][None])
            return 1.0, False, simulator.steps

    episode = record_episode(Twice, Rolling(), FAST, TASK, KEY)
    assert [len(take.frames) for take in episode.takes] == [4, 4]
    assert not episode.takes[0].terminated


def test_outlines_of_each_frame_are_those_of_the_family():
    episode = record()
    for frame in (0, 5):
        expected = Rolling().outline(TASK, episode.frames[frame])
        assert set(episode.outline(0, frame)) == {"ground", "body", "ray"} == set(expected)
        np.testing.assert_array_equal(episode.outline(0, frame)["body"][0], expected["body"][0])


def test_steps_in_a_learners_constructor_are_not_recorded():
    def with_steps_in_its_constructor(family):
        family.simulator([TASK], [1], "cpu").reset()
        return Roller(family)

    episode = record_episode(with_steps_in_its_constructor, Rolling(), FAST, TASK, KEY)
    assert len(episode.takes) == episode.trials == 1


def test_other_attributes_of_the_family_are_passed_through():
    attributes = []
    family = Rolling()
    family.extra = "mine"
    record_episode(
        lambda family: attributes.append((family.spec, family.extra)) or Roller(family),
        family,
        FAST,
        TASK,
        KEY,
    )
    assert attributes == [(family.spec, "mine")]


def test_a_family_with_its_own_time_step_is_replayed_at_that_rate():
    class Slow(Rolling):
        class spec:
            observation_size, action_size, horizon, episodes, solved_score, deterministic = (
                1,
                1,
                5,
                1,
                5.0,
                True,
            )
            dt = 0.1

        def __init__(self):
            pass

    assert record(family=Slow()).dt == 0.1
    assert record().dt == 0.02


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_reward_or_score_that_is_not_finite_is_an_error(bad):
    with pytest.raises(ValueError, match="reward of step 1 is"):
        record({"speed": torch.tensor([bad])})

    class Lost(Roller):
        def evaluate(self, agents, tasks, keys):
            super().evaluate(agents, tasks, keys)
            return np.array([bad]), np.array([False]), np.array([1])

    with pytest.raises(ValueError, match="score of this agent is"):
        record_episode(Lost, Rolling(), FAST, TASK, KEY)


def test_a_learner_that_does_not_use_the_simulator_is_an_error():
    class Blind(Roller):
        def evaluate(self, agents, tasks, keys):
            return np.array([1.0]), np.array([True]), np.array([0])

    with pytest.raises(ValueError, match="nothing to replay"):
        record_episode(Blind, Rolling(), FAST, TASK, KEY)
