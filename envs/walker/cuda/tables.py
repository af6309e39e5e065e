"""Tracks and bodies of a batch in device memory: built on the host, copied when they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..body import Body, one_each
from ..physics.bodies import Bodies
from ..physics.terrain import Terrains
from .compiler import device_array

if TYPE_CHECKING:
    from ..track import Track

Arrays = tuple[np.ndarray, ...]


class Mirror:
    """Copies on the device of arrays with one row per place, and the places that have changed."""

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self.device, self.changed = device, set[int]()
        self._copy(arrays)

    def _copy(self, arrays: Arrays) -> None:
        self._host = arrays[0]  # another array once the host's table has grown
        self.tensors = [torch.from_numpy(array.copy()).to(self.device) for array in arrays]

    def upload(self, arrays: Arrays) -> bool:
        """Copy the changed places; True if the tensors are other ones than before."""
        changed = sorted(self.changed)
        self.changed.clear()
        if arrays[0] is not self._host:
            self._copy(arrays)
            return True
        for tensor, array in zip(self.tensors, arrays, strict=True):
            tensor[changed] = torch.from_numpy(array[changed]).to(self.device)
        return False


class Tables:
    """The tracks and bodies of a batch on the host, and their arrays (physics/terrain.py,
    physics/bodies.py) in device memory.

    places, body_places: [n] int32 on the host, each row's place in the tables.
    """

    def __init__(
        self, tracks: Sequence[Track], bodies: Sequence[Body] | None, device: torch.device
    ) -> None:
        chosen = one_each(bodies, len(tracks))
        self.terrains, self.held = Terrains(), Bodies()
        self.places = np.array([self.terrains.add(track) for track in tracks], np.int32)
        self.body_places = np.array([self.held.add(body) for body in chosen], np.int32)
        self._tracks = Mirror(self._track_arrays(), device)
        self._bodies = Mirror((self.held.table,), device)
        self._set_arrays()

    def _track_arrays(self) -> Arrays:
        t = self.terrains
        return t.shapes, t.corners, t.table, t.pushes, t.ends

    def _set_arrays(self) -> None:
        """Set the kernels' arguments."""
        found: list[Any] = [device_array(tensor.view(-1)) for tensor in self._tracks.tensors]
        self.shapes, self.corners, self.table, self.pushes, self.ends = found
        self.bodies = device_array(self._bodies.tensors[0])

    def place(self, row: int, track: Track, body: Body | None = None) -> None:
        """Assign a track and a body to a row; the device has them after `upload`. None: the row
        keeps its body.
        """
        place = self.terrains.exchange(int(self.places[row]), track)
        self.places[row] = place
        self._tracks.changed.add(place)
        if body is not None:
            place = self.held.exchange(int(self.body_places[row]), body)
            self.body_places[row] = place
            self._bodies.changed.add(place)

    def upload(self) -> bool:
        """Copy what was placed since the last upload; True if the device arrays are other ones
        than before, because a table has grown.
        """
        grown = [self._tracks.upload(self._track_arrays()), self._bodies.upload((self.held.table,))]
        if any(grown):
            self._set_arrays()
        return any(grown)
