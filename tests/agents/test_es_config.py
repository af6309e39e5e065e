"""Settings of ES: original POET's by default, refused in one line when they make no sense."""

import tomllib

import pytest

from agents.es_config import ESConfig


def test_defaults_are_original_poets():
    config = ESConfig()
    assert (config.population, config.hidden, config.init_std) == (512, (40, 40), 0.1)
    assert (config.lr, config.lr_decay, config.lr_floor) == (0.01, 0.9999, 0.001)
    assert (config.sigma, config.sigma_decay, config.sigma_floor) == (0.1, 0.999, 0.01)
    assert (config.weight_decay, config.shaping, config.searcher) == (0.01, "ranks", "openai-es")


def test_it_is_filled_from_toml():
    table = tomllib.loads('[es]\nhidden = [20, 20]\nlr = 1\nlr_floor = 0\nsearcher = "snes"')["es"]
    config = ESConfig(**table)
    assert config.hidden == (20, 20)
    assert type(config.lr) is float


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 7}, "es.population must be even"),
        ({"population": 0}, "es.population must be a whole number"),
        ({"population": True}, "es.population must be a whole number"),
        ({"hidden": [40, 0]}, "es.hidden must be a list"),
        ({"hidden": 40}, "es.hidden must be a list"),
        ({"searcher": "cma"}, "es.searcher must be one of openai-es, pgpe, snes, xnes, cem"),
        ({"activation": "step"}, "es.activation"),
        ({"shaping": "raw"}, "es.shaping"),
        ({"lr": 0}, "es.lr must be above 0"),
        ({"lr": "fast"}, "es.lr must be a number"),
        ({"sigma": float("nan")}, "es.sigma must be above 0"),
        ({"sigma": float("inf")}, "es.sigma must be above 0"),
        ({"sigma_decay": 1.01}, r"es.sigma_decay must be in \(0, 1\]"),
        ({"weight_decay": -1}, "es.weight_decay must be 0 or more"),
        ({"lr": 0.0001}, "es.lr_floor must not be above es.lr"),
        ({"threads": 0}, "es.threads"),
        ({"device": "tpu"}, "es.device"),
    ],
)
def test_nonsense_is_refused_in_one_line(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        ESConfig(**settings)
    assert "\n" not in str(error.value)
