"""Named streams of random numbers: the only source of chance in a run.

A key is (seed, path of names). The numbers drawn from it depend on those alone and never on earlier
draws, so a resumed run needs no saved generator, and neither the order of a batch nor the number of
workers can change a result. The words of the path also name the purpose of the randomness and of
the environment steps spent with it: the ledger adds up steps by `purpose`. Agents that are compared
must be evaluated on the same random numbers even if the purposes differ: `spent_as`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Key:
    seed: int
    path: tuple[str | int, ...] = ()
    # the purpose, if it is not that of the path; does not change the numbers drawn
    label: str | None = field(default=None, compare=False)

    def child(self, *names: str | int) -> Key:
        """The stream with these names appended to the path."""
        return Key(self.seed, self.path + names, self.label)

    def spent_as(self, other: Key) -> Key:
        """The same stream, with its steps counted under the purpose of `other`."""
        return Key(self.seed, self.path, other.purpose)

    @property
    def purpose(self) -> str:
        """The words of the path without its numbers: `transfer/direct`."""
        if self.label is not None:
            return self.label
        return "/".join(name for name in self.path if isinstance(name, str))

    def integer(self) -> int:
        """A number in [0, 2**63), the same for equal keys on every machine."""
        text = repr((self.seed, *self.path)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1

    def generator(self) -> np.random.Generator:
        """A fresh counter-based generator of this stream."""
        return np.random.Generator(np.random.Philox(self.integer()))
