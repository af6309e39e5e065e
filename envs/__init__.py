"""Task families. Importing this package registers the walker's Gymnasium ids. See docs/envs.md.

The import loads neither torch nor Numba. `gymnasium.make("openpoet.envs:openpoet/Walker-v0")`
imports this package automatically.
"""

from gymnasium.envs.registration import register

_WALKER = f"{__name__}.walker.gymnasium_env:WalkerEnv"
_VECTOR = f"{__name__}.walker.vector_env:WalkerVectorEnv"

for _id, _steps, _kwargs in (
    ("openpoet/BipedalWalker-v3", 1600, {"hardcore": False}),
    ("openpoet/BipedalWalkerHardcore-v3", 2000, {"hardcore": True}),
    ("openpoet/Walker-v0", None, {"terrain": "flat", "own_horizon": True}),
):
    register(
        _id,
        entry_point=_WALKER,
        vector_entry_point=_VECTOR,
        max_episode_steps=_steps,
        reward_threshold=None if "terrain" in _kwargs else 300,
        kwargs=_kwargs,
    )
