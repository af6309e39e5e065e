"""The episodic memory against brute force and by hand: lookup, writes, replacement, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.agents.memory.episodic_memory import (
    empty,
    inverse_distance,
    mark_read,
    nearest,
    one_or_mean,
    write,
)

KEEP_LARGER = {"merge": torch.maximum, "same": 1e-9}


def filled(
    members: int = 3, capacity: int = 12, entries: int = 9, key: int = 4, value: int = 2
) -> dict:
    """Random memories with some entries left empty."""
    rng = np.random.default_rng(0)
    rows_of = torch.arange(members).expand(entries, members)
    keys, values = (
        torch.from_numpy(rng.normal(size=(entries, members, size))).float() for size in (key, value)
    )
    rows = torch.ones(entries, members, dtype=torch.bool)
    return write(empty(members, capacity, key, value), rows_of, keys, values, rows, **KEEP_LARGER)


def one(memory: dict, key: float, value: float) -> dict:
    """The memory with one more entry, for one member and keys and values of one number."""
    shape = (1, 1, 1)
    rows = torch.ones(1, 1, dtype=torch.bool)
    member = torch.zeros(1, 1, dtype=torch.int64)
    entry = torch.full(shape, key), torch.full(shape, value)
    return write(memory, member, *entry, rows, **KEEP_LARGER)


def stored(memory: dict) -> dict[float, float]:
    valid = memory["used"][0] > 0
    return dict(
        zip(
            memory["keys"][0, valid, 0].tolist(),
            memory["values"][0, valid, 0].tolist(),
            strict=True,
        )
    )


def test_nearest_equals_brute_force() -> None:
    memory, rng = filled(), np.random.default_rng(1)
    queries = torch.from_numpy(rng.normal(size=(3, 5, 4))).float()
    found = nearest(memory, queries, 4)
    for m in range(3):
        for q in range(5):
            distance = ((memory["keys"][m, :9] - queries[m, q]) ** 2).sum(1)
            order = distance.argsort()[:4]
            assert found.places[m, q].tolist() == order.tolist()
            torch.testing.assert_close(found.distances[m, q], distance[order])
            kernel = 1 / (distance[order] + 0.01)
            by_hand = (kernel[:, None] * memory["values"][m, order]).sum(0) / kernel.sum()
            torch.testing.assert_close(
                found.read(inverse_distance(found, 0.01))[m, q], by_hand, atol=1e-6, rtol=0
            )
            mean = memory["values"][m, order].mean(0)
            torch.testing.assert_close(
                found.read(one_or_mean(found, 1e-9))[m, q], mean, atol=1e-6, rtol=0
            )


def test_a_stored_key_gives_its_value() -> None:
    """Exactly with one_or_mean, and in the limit of small delta with inverse_distance."""
    memory = filled()
    found = nearest(memory, memory["keys"][:, 3:4], 5)
    assert torch.equal(found.read(one_or_mean(found, 1e-9))[:, 0], memory["values"][:, 3])
    torch.testing.assert_close(
        found.read(inverse_distance(found, 1e-9))[:, 0], memory["values"][:, 3]
    )
    far = found.read(inverse_distance(found, 1e3))[:, 0]
    # with a wide kernel the other neighbours count too
    assert float((far - memory["values"][:, 3]).abs().max()) > 0.1


def test_lookup_in_a_memory_with_fewer_than_k_entries() -> None:
    found = nearest(empty(2, 5, 1, 1), torch.zeros(2, 1, 1), 3)
    for weights in (inverse_distance(found, 0.1), one_or_mean(found, 0.1)):
        assert float(found.read(weights).abs().sum()) == 0
    memory = one(one(empty(1, 5, 1, 1), 1.0, 4.0), -2.0, 8.0)
    found = nearest(memory, torch.zeros(1, 1, 1), 3)
    assert found.valid.tolist() == [[[True, True, False]]]
    assert found.read(one_or_mean(found, 0.0)).item() == 6.0
    assert found.read(inverse_distance(found, 1.0)).item() == pytest.approx(
        (4 / 2 + 8 / 5) / (1 / 2 + 1 / 5)
    )


def test_gradients_equal_finite_differences() -> None:
    memory = {
        name: tensor.double() if tensor.is_floating_point() else tensor
        for name, tensor in filled().items()
    }
    queries = torch.from_numpy(np.random.default_rng(2).normal(size=(3, 2, 4)))

    def looked_up(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        found = nearest({**memory, "keys": keys, "values": values}, queries, 4)
        return found.read(inverse_distance(found, 0.1))

    inputs = tuple(x.requires_grad_() for x in (queries, memory["keys"], memory["values"]))
    assert torch.autograd.gradcheck(looked_up, inputs, eps=1e-6, atol=1e-6)
    gradient = torch.autograd.grad(looked_up(*inputs).sum(), memory["keys"])[0]
    found = nearest(memory, queries, 4)
    moved = gradient.abs().sum(2) > 0
    for m in range(3):
        # and no other entry
        assert set(moved[m].nonzero()[:, 0].tolist()) == set(found.places[m].flatten().tolist())


def test_stored_keys_are_merged_and_new_ones_replace_the_least_recently_used() -> None:
    memory = empty(1, 2, 1, 1)
    for key, value in ((1.0, 5.0), (2.0, 6.0), (1.0, 3.0)):
        memory = one(memory, key, value)
    assert stored(memory) == {1.0: 5.0, 2.0: 6.0}  # the larger of 5 and 3; 1 was written last
    assert stored(one(memory, 3.0, 7.0)) == {1.0: 5.0, 3.0: 7.0}


def test_reading_an_entry_marks_it_as_used() -> None:
    memory = one(one(one(empty(1, 3, 1, 1), 1.0, 1.0), 2.0, 2.0), 3.0, 3.0)
    kept = mark_read(memory, torch.tensor([[0, 1]]), torch.tensor([[True, False]]))
    assert stored(one(kept, 4.0, 4.0)) == {1.0: 1.0, 3.0: 3.0, 4.0: 4.0}
    assert stored(one(memory, 4.0, 4.0)) == {2.0: 2.0, 3.0: 3.0, 4.0: 4.0}


def test_rounds_of_writes_equal_writes_one_by_one() -> None:
    rng, memory = np.random.default_rng(3), filled(members=4)
    members = torch.tensor([[0, 2], [2, 1], [0, 1]])
    keys, values = (torch.from_numpy(rng.normal(size=(3, 2, size))).float() for size in (4, 2))
    rows = torch.tensor([[True, True], [False, True], [True, True]])
    together, alone = write(memory, members, keys, values, rows, **KEEP_LARGER), memory
    for t in range(3):
        for w in range(2):
            part = (x[t : t + 1, w : w + 1] for x in (members, keys, values, rows))
            alone = write(alone, *part, **KEEP_LARGER)
    for name, tensor in together.items():
        assert torch.equal(tensor, alone[name])
        assert torch.equal(tensor[3], memory[name][3])
    assert not torch.equal(together["keys"][0], memory["keys"][0])
    # the argument is not changed
    assert torch.equal(memory["clock"], torch.full((4,), 9))
