"""Streams: what a key yields depends on its seed and path alone."""

from __future__ import annotations

import numpy as np

from openpoet.poet.streams import Key


def test_equal_keys_yield_equal_numbers() -> None:
    one, two = Key(1, ("a", 2)).generator(), Key(1).child("a", 2).generator()
    assert np.array_equal(one.integers(2**60, size=5), two.integers(2**60, size=5))


def test_seed_names_and_their_order_matter() -> None:
    keys = [
        Key(s, path)
        for s in (1, 2)
        for path in ((), ("a",), ("b",), ("a", 1), (1, "a"), ("a", "1"), ("a1",), (11,))
    ]
    assert len({key.integer() for key in keys}) == len(keys)


def test_the_integer_of_a_key_never_changes() -> None:
    # Archived runs depend on this value: blake2b of the text "(7, 'iteration', 3)", computed once.
    assert Key(7, ("iteration", 3)).integer() == 389787176344502830


def test_purpose_is_the_path_without_numbers() -> None:
    assert Key(1, ("iteration", 4, "transfer", "direct", 2)).purpose == "iteration/transfer/direct"


def test_spent_as_changes_the_purpose_and_not_the_random_numbers() -> None:
    key, other = Key(1, ("score", 3)), Key(9, ("transfer", "direct"))
    spent = key.spent_as(other)
    assert spent.purpose == spent.child("noise").purpose == "transfer/direct"
    assert spent == key
    assert spent.integer() == key.integer()
    assert spent.child("noise").integer() == key.child("noise").integer()
