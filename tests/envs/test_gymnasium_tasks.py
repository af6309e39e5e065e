"""Tasks with the layouts of Gymnasium: its own ground for the same seed, and no genome."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils import seeding

from openpoet.envs.walker import gymnasium_layout
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.envs.walker.task import WalkerTask


def family(layout: str, **more: object) -> Walker:
    return Walker(WalkerSettings(layout=layout, seeds="episode", **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["gymnasium", "hardcore"])
def test_the_track_of_a_seed_is_that_of_gymnasiums_reset_with_it(layout: str) -> None:
    walker = family(layout)
    for seed in (0, 7, 2**31 + 5):
        ours = walker.track(walker.origin(), seed)
        theirs = gymnasium_layout.track(seeding.np_random(seed)[0], layout == "hardcore")
        np.testing.assert_array_equal(ours.ground, theirs.ground)
        np.testing.assert_array_equal(ours.polygons, theirs.polygons)
        assert ours.push == theirs.push


def test_such_a_task_has_no_neighbour_but_other_seeds() -> None:
    rng, walker = np.random.default_rng(0), family("hardcore")
    assert walker.mutate(walker.origin(), rng) == walker.origin()
    assert walker.sample(rng) == walker.origin()
    assert walker.knobs(walker.origin()) == {}


def test_encoding_and_title_name_the_layout() -> None:
    walker = family("hardcore")
    data = walker.encode(walker.origin())
    assert walker.decode(data) == walker.origin()
    assert data["settings"]["layout"] == "hardcore"
    assert walker.title(walker.origin()) == "Gymnasium's hardcore ground"
    assert family("gymnasium").title(WalkerTask(walker.origin().genome, None)) == (
        "Gymnasium's ground"
    )


def test_a_genome_another_length_or_a_cppn_is_refused() -> None:
    walker = family("hardcore")
    rough = walker.encode(walker.origin())
    rough["genome"] = {**rough["genome"], "roughness": 1.0}
    with pytest.raises(ValueError, match='layout = "hardcore" has a flat genome'):
        walker.decode(rough)
    with pytest.raises(ValueError, match=r"set walker\.length=200"):
        family("gymnasium", length=60)
    with pytest.raises(ValueError, match="has no genome"):
        family("hardcore", encoding="cppn")
