"""An actor-critic in one file, in the style of CleanRL, on the walker's vector environment.

    python -m examples.cleanrl_style

In the root of the clone. It shows what any such file needs: rows that end in the same step return
the next episode's first observation, and infos["final_obs"] has the last one, whose value is the
bootstrap of a truncated episode. A few thousand steps: the loop, not a walker that walks.
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
    seen = np.zeros((NUM_STEPS, NUM_ENVS, 24), np.float32)
    taken = np.zeros((NUM_STEPS, NUM_ENVS, 4), np.float32)
    rewards, bootstrap = np.zeros((2, NUM_STEPS, NUM_ENVS), np.float32)
    ended = np.zeros((NUM_STEPS, NUM_ENVS), bool)
    distances = []
    for step in range(NUM_STEPS):
        with torch.no_grad():
            mean = actor(torch.from_numpy(observations))
            actions = torch.normal(mean, log_std.exp().expand_as(mean)).numpy()
        seen[step], taken[step] = observations, actions
        observations, rewards[step], terminated, truncated, infos = walkers.step(actions)
        ended[step] = terminated | truncated
        if ended[step].any():
            distances.extend(infos["final_info"]["x_position"][ended[step]])
        cut = truncated & ~terminated  # the limit ended the episode: bootstrap from its last value
        if cut.any():
            bootstrap[step, cut] = values_of(np.stack(infos["final_obs"][cut]))

    returns, following = np.zeros_like(rewards), values_of(observations)
    for step in reversed(range(NUM_STEPS)):
        following = rewards[step] + GAMMA * np.where(ended[step], bootstrap[step], following)
        returns[step] = following

    values = critic(torch.from_numpy(seen))[..., 0]
    targets = torch.from_numpy(returns)
    policy = torch.distributions.Normal(actor(torch.from_numpy(seen)), log_std.exp())
    log_probabilities = policy.log_prob(torch.from_numpy(taken)).sum(-1)
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
