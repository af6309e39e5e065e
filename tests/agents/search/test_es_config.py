"""Settings of ES: the defaults are the original POET's; invalid values are one-line errors."""

import tomllib
from pathlib import Path

import pytest

from openpoet.agents.search.es_config import ESConfig
from openpoet.cli.settings import tables as settings


def test_defaults_are_those_of_original_poet():
    config = ESConfig()
    assert (config.population, config.hidden, config.init_std) == (512, (40, 40), 0.1)
    assert (config.lr, config.lr_decay, config.lr_floor) == (0.01, 0.9999, 0.001)
    assert (config.sigma, config.sigma_decay, config.sigma_floor) == (0.1, 0.999, 0.01)
    assert (config.weight_decay, config.shaping, config.searcher) == (0.01, "ranks", "openai-es")


def test_settings_are_read_from_toml():
    table = tomllib.loads('[es]\nhidden = [20, 20]\nlr = 1\nlr_floor = 0\nsearcher = "snes"')["es"]
    config = ESConfig(**table)
    assert config.hidden == (20, 20)
    assert type(config.lr) is float


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": 7}, "population must be even"),
        ({"population": 0}, "population must be from 2 to 1000000, got 0"),
        ({"population": True}, "population must be an integer from 2 to 1000000, got True"),
        ({"hidden": [40, 0]}, r"hidden\[1\] must be from 1 to 4096, got 0"),
        ({"hidden": 40}, "hidden must be a list"),
        ({"searcher": "cma"}, "searcher must be one of 'openai-es', 'pgpe', 'snes', 'xnes', 'cem'"),
        ({"activation": "step"}, "activation"),
        ({"shaping": "raw"}, "shaping"),
        ({"lr": 0}, "lr must be above 0"),
        ({"lr": "fast"}, "lr must be a finite number above 0"),
        ({"sigma": float("nan")}, "sigma must be a finite number above 0"),
        ({"sigma": float("inf")}, "sigma must be a finite number above 0"),
        ({"sigma_decay": 1.01}, "sigma_decay must be above 0 and at most 1"),
        ({"weight_decay": -1}, "weight_decay must be at least 0"),
        ({"lr": 0.0001}, "lr_floor must not be above lr"),
        ({"threads": 0}, "threads"),
        ({"device": "tpu"}, "device"),
        ({"device": "cpu:0"}, "device"),
    ],
)
def test_invalid_values_are_one_line_errors(changes, message):
    with pytest.raises(ValueError, match=message) as error:
        ESConfig(**changes)
    assert "\n" not in str(error.value)


PRESETS = [
    path
    for path in sorted((Path(__file__).parents[3] / "cli" / "settings" / "presets").glob("*.toml"))
    if "es" in tomllib.loads(path.read_text())
]


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_is_valid(path):
    settings.build(ESConfig, tomllib.loads(path.read_text())["es"], "es")


def test_there_are_presets():
    assert len(PRESETS) >= 5
