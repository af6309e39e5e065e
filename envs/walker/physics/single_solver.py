"""The island solver for one walker, used where walkers are solved one by one on a processor.

A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

from . import state as at
from .jit import routine
from .single_velocities import sweep_velocities
from .solver import begin_row, correct_positions, end_row, keep_row


@routine
def solve_row(f, k, bodies, row, events, s, i, velocity_iterations, position_iterations):
    """Solve one walker."""
    fo, ko, eo = row * at.FLOATS, row * at.INTEGERS, row * at.EVENT_COUNT
    traits = bodies[k[ko + at.TRAITS]]
    contacts = begin_row(traits, f, k, fo, ko, s, i)
    sweep_velocities(traits, s, i, contacts, velocity_iterations)
    keep_row(f, fo, s, i, contacts)
    solved = correct_positions(traits, f, k, fo, ko, s, i, contacts, position_iterations)
    end_row(traits, f, k, fo, ko, solved, events, eo)
