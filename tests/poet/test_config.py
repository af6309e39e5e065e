"""PoetConfig rejects invalid settings."""

from __future__ import annotations

import pytest

from openpoet.poet.config import PoetConfig


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mutate_every": -1}, "mutate_every must be at least 0, got -1"),
        ({"niches": 0}, "niches must be from 1 to 1000000, got 0"),
        ({"niches": 5, "capacity": 4}, "niches must not be above capacity, got 5 and 4"),
        ({"pbt_share": 0.6}, "pbt_share must be above 0 and at most 0.5, got 0.6"),
        ({"capacity": -1}, "capacity must be from 1 to 1000000, got -1"),
        ({"children": 2**53}, "children must be from 1 to 1000000, got 9007199254740992"),
        (
            {"mc_low": 300.0, "mc_high": 50.0},
            "mc_low must not be above mc_high, got 300.0 and 50.0",
        ),
        ({"mc_low": float("nan")}, "mc_low must be a finite number, got nan"),
        ({"seed": -1}, "seed must be from 0 to 9223372036854775807, got -1"),
        ({"seed": 2**63}, "seed must be from 0 to 9223372036854775807, got 9223372036854775808"),
        ({"min_gain": float("nan")}, "min_gain must be a finite number, got nan"),
        ({"min_gain": float("inf")}, "min_gain must be a finite number, got inf"),
        ({"capacity": float("nan")}, "capacity must be an integer from 1 to 1000000, got nan"),
        # A niche that retires in the iteration of its birth is never trained.
        (
            {"max_admitted": 5, "capacity": 4},
            "max_admitted must not be above capacity, got 5 and 4",
        ),
        (
            {"max_admitted": 3, "children": 2},
            "max_admitted must not be above children, got 3 and 2",
        ),
        (
            {"novelty": "pata"},
            r"novelty must be one of 'parameters', 'standardised', 'pata-ec', got 'pata' "
            r"\(did you mean .*\)",
        ),
        (
            {"transfer_rule": "enhanced"},
            "transfer_rule must be one of 'poet', 'epoet', 'none', got 'enhanced'",
        ),
    ],
)
def test_invalid_settings_raise_value_error(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        PoetConfig(**values)
