"""An external harness evaluates one of our agents by Meta-World's protocol for agents that adapt.

    python -m examples.metaworld_protocol

Run it in the root of the clone. With Meta-World installed the loop in `evaluate` is
`metaworld.evaluation.metalearning_evaluation(agent, environments)`; it is written out here, over
Gymnasium's vector interface, so that Meta-World is not needed. For a recurrent agent the harness
appends the last action, the last reward and the end-of-episode flag to each observation.
"""

from types import SimpleNamespace

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.metaworld_protocol import MetaWorldAgent
from openpoet.envs.navigation import HALF_CIRCLE, Navigation, NavigationSettings
from openpoet.poet.streams import Key

ENVIRONMENTS, ADAPTATION, EVALUATION = 10, 3, 2


class HiddenGoal(gymnasium.Env):
    """A point that is rewarded for approaching a hidden goal; it resembles our `navigation`."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2 + 2 + 2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float64)

    def __init__(self, angle):
        self.goal = np.array([np.cos(angle), np.sin(angle)])

    def reset(self, *, seed=None, options=None):
        self.position, self.time = np.zeros(2), 0
        return np.zeros(6), {}

    def step(self, action):
        before, self.time = np.linalg.norm(self.goal - self.position), self.time + 1
        self.position = self.position + 0.1 * np.clip(action, -1, 1)
        reward = before - np.linalg.norm(self.goal - self.position)
        # as Meta-World's recurrent_info_in_obs has it
        observation = np.concatenate([self.position, action, [reward, 0.0]])
        return observation, reward, False, self.time == 10, {}


def evaluate(agent, environments):
    """Mean return of the episodes after adaptation."""
    agent.init()
    observations, _ = environments.reset()
    elapsed = np.zeros(ENVIRONMENTS)
    while (elapsed < ADAPTATION).any():
        actions, outputs = agent.adapt_action(observations)
        observations, reward, terminated, truncated, _ = environments.step(actions)
        agent.step(
            SimpleNamespace(
                reward=reward,
                terminated=terminated,
                truncated=truncated,
                aux_policy_outputs=outputs,
            )
        )
        elapsed = elapsed + (terminated | truncated)
    agent.adapt()
    observations, _ = environments.reset()
    agent.reset(np.ones(ENVIRONMENTS, bool))
    total, elapsed = 0.0, np.zeros(ENVIRONMENTS)
    while (elapsed < EVALUATION).any():
        actions = agent.eval_action(observations)
        observations, reward, terminated, truncated, _ = environments.step(actions)
        agent.reset(terminated | truncated)
        total, elapsed = total + reward.sum(), elapsed + (terminated | truncated)
    return total / elapsed.sum()


family = Navigation(NavigationSettings("progress", horizon=10))
learner = RL2(
    family, RL2Config(hidden=32, trials=64, lam=0.95, entropy=0.0, entropy_end=0.0, action_std=0.5)
)
agent = learner.init(Key(0))
environments = SyncVectorEnv(
    [
        lambda angle=angle: HiddenGoal(angle)
        for angle in np.linspace(0.2, np.pi - 0.2, ENVIRONMENTS)
    ],
    autoreset_mode=AutoresetMode.SAME_STEP,
)
for step in range(41):
    if step % 20 == 0:
        score = evaluate(MetaWorldAgent(learner, agent, ENVIRONMENTS, Key(1)), environments)
        print(f"after {step} steps of training: {score:.3f} of 1")
    (agent,), _ = learner.improve([agent], [HALF_CIRCLE], [Key(0, ("step", step))])
