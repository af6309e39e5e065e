"""PPO of Stable-Baselines3 on a vector environment of walkers, each on a terrain of its own.

    pip install 'stable-baselines3>=2.9'
    python -m examples.sb3_ppo

Run it in the root of the clone.
"""

import gymnasium
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from openpoet.envs.walker.dcd_level import dcd_task
from openpoet.envs.walker.sb3 import WalkerVecEnv

# Levels of the dcd benchmark: roughness, gap low, high, stump low, high [tiles of 14/30 m].
levels = [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0.4], [1, 0, 0.8, 0, 0], [1, 0, 2, 0, 1]]
terrain = [dcd_task(level) for level in levels]
walkers = gymnasium.make_vec(
    "openpoet/Walker-v0",
    num_envs=len(terrain),
    terrain=terrain,
    max_episode_steps=200,
    autoreset_mode=AutoresetMode.SAME_STEP,
)
env = VecMonitor(WalkerVecEnv(walkers))
model = PPO("MlpPolicy", env, n_steps=256, batch_size=256, n_epochs=4, seed=0, device="cpu")
model.learn(total_timesteps=2048)
for episode in list(model.ep_info_buffer)[-4:]:
    print(f"return {episode['r']:.1f} in {episode['l']} steps")
