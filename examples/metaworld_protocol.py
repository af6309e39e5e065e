"""An outside harness scores an agent of ours that adapts, by Meta-World's evaluation protocol.

    python -m examples.metaworld_protocol

In the root of the clone; with the wheel the names are openpoet.agents, openpoet.envs and
openpoet.poet. With Meta-World installed the loop below is
`metaworld.evaluation.metalearning_evaluation(agent, environments)`; here it is written out, over
environments of Gymnasium's vector interface, so that nothing else is needed. What the harness has
to do for an agent that remembers: tell it the last action, reward and end behind every observation.
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
    """Somebody else's environment: a point that is paid for coming nearer to a goal, one a life.
    Alike to ours.
    """

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2 + 2 + 2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float64)

    def __init__(self, angle):
        self.goal = np.array([np.cos(angle), np.sin(angle)])

    def reset(self, *, seed=None, options=None):
        self.at, self.time = np.zeros(2), 0
        return np.zeros(6), {}

    def step(self, action):
        before, self.time = np.linalg.norm(self.goal - self.at), self.time + 1
        self.at = self.at + 0.1 * np.clip(action, -1, 1)
        reward = before - np.linalg.norm(self.goal - self.at)
        # as Meta-World's recurrent_info_in_obs has it
        seen = np.concatenate([self.at, action, [reward, 0.0]])
        return seen, reward, False, self.time == 10, {}


def evaluate(agent, environments):
    """Mean return of the episodes after adaptation."""
    agent.init()
    seen, _ = environments.reset()
    elapsed = np.zeros(ENVIRONMENTS)
    while (elapsed < ADAPTATION).any():
        actions, told = agent.adapt_action(seen)
        after, reward, terminated, truncated, _ = environments.step(actions)
        agent.step(
            SimpleNamespace(
                reward=reward, terminated=terminated, truncated=truncated, aux_policy_outputs=told
            )
        )
        seen, elapsed = after, elapsed + (terminated | truncated)
    agent.adapt()
    seen, _ = environments.reset()
    agent.reset(np.ones(ENVIRONMENTS, bool))
    total, elapsed = 0.0, np.zeros(ENVIRONMENTS)
    while (elapsed < EVALUATION).any():
        seen, reward, terminated, truncated, _ = environments.step(agent.eval_action(seen))
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
