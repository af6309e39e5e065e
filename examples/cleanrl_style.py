"""An actor-critic in one file, in the style of CleanRL, on the walker's vector environment.

    python -m examples.cleanrl_style

Run it in the root of the clone. A row whose episode ends returns the first observation of the next
episode in the same step; infos["final_obs"] holds the last observation, whose value bootstraps a
truncated episode. It runs a few thousand steps, to show the loop; learning to walk takes millions.
"""

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from torch import nn

from openpoet import envs  # noqa: F401  # registers the ids

NUM_ENVS, NUM_STEPS, UPDATES, GAMMA, LEARNING_RATE = 16, 64, 8, 0.99, 3e-4

torch.manual_seed(0)
walkers = RecordEpisodeStatistics(
    gymnasium.make_vec(
        "openpoet/BipedalWalker-v3",
        num_envs=NUM_ENVS,
        max_episode_steps=100,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
)
actor = nn.Sequential(nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 4))
critic = nn.Sequential(nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 1))
log_std = nn.Parameter(torch.full((4,), -0.5))
parameters = [*actor.parameters(), *critic.parameters(), log_std]
optimizer = torch.optim.Adam(parameters, LEARNING_RATE)


@torch.no_grad()
def values_of(observations: np.ndarray) -> np.ndarray:
    """Values [rows] of observations [rows, 24]."""
    return critic(torch.from_numpy(observations))[:, 0].numpy()


observations, _ = walkers.reset(seed=1)
for update in range(UPDATES):
    stored = np.zeros((NUM_STEPS, NUM_ENVS, 24), np.float32)
    chosen = np.zeros((NUM_STEPS, NUM_ENVS, 4), np.float32)
    rewards, bootstrap = np.zeros((2, NUM_STEPS, NUM_ENVS), np.float32)
    ended = np.zeros((NUM_STEPS, NUM_ENVS), bool)
    distances = []
    for step in range(NUM_STEPS):
        with torch.no_grad():
            mean = actor(torch.from_numpy(observations))
            actions = torch.normal(mean, log_std.exp().expand_as(mean)).numpy()
        stored[step], chosen[step] = observations, actions
        observations, rewards[step], terminated, truncated, infos = walkers.step(actions)
        ended[step] = terminated | truncated
        if ended[step].any():
            distances.extend(infos["final_info"]["x_position"][ended[step]])
        cut = truncated & ~terminated  # the limit ended the episode: bootstrap from its last value
        if cut.any():
            bootstrap[step, cut] = values_of(np.stack(infos["final_obs"][cut]))

    returns, next_value = np.zeros_like(rewards), values_of(observations)
    for step in reversed(range(NUM_STEPS)):
        next_value = rewards[step] + GAMMA * np.where(ended[step], bootstrap[step], next_value)
        returns[step] = next_value

    values = critic(torch.from_numpy(stored))[..., 0]
    targets = torch.from_numpy(returns)
    policy = torch.distributions.Normal(actor(torch.from_numpy(stored)), log_std.exp())
    log_probabilities = policy.log_prob(torch.from_numpy(chosen)).sum(-1)
    advantages = targets - values.detach()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    loss = -(log_probabilities * advantages).mean() + 0.5 * ((values - targets) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 0.5)
    optimizer.step()
    finished = list(walkers.return_queue)
    text = f"return {np.mean(finished):.1f}" if finished else "no episode has ended yet"
    where = f", {np.mean(distances):.1f} m" if distances else ""
    print(f"{(update + 1) * NUM_STEPS * NUM_ENVS} steps: {text}{where}")
