"""Agents as ONNX files, for programs without torch: one step of the policy, with its state as
further inputs and outputs.

Inputs: `observations` [n, o] float32; with memory also `begins` [n] bool, the rows in which an
episode begins, and every part of the state, zeros where a trial begins; `rewards` [n] float32 of
the last actions, if the policy observes them. Outputs: `actions` [n, a] float32, the most likely
ones as the simulator takes them, and the parts of the state under the names `next_...`. n is free.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from openpoet.whole_files import whole_file

from .steps import Step, step_of

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Spec

OPSET = 18
ROWS = 2  # of the example that is traced; 1 would be taken for a fixed size


def write_onnx(
    learner: Any, agent: Agent, path: Path, notes: Mapping[str, str] | None = None
) -> tuple[list[str], list[str]]:
    """Write the agent's policy to `path`; the names of the file's inputs and outputs.

    notes: texts kept in the file's metadata. The file gets its name when it is complete.
    ValueError, one line: the package or the folder is missing, or agents of this learner have no
    such form.
    """
    if find_spec("onnxscript") is None:
        raise ValueError("ONNX files need a package: pip install 'openpoet[onnx]'")
    if path.is_dir():
        raise ValueError(f"cannot write {path}: it is a folder, expected the name of a file")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: there is no folder {path.parent}; create it first")
    traced = _Flat(step_of(learner, agent), learner.family.spec)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # about names of equal sizes, and torch's own code
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            traced,
            traced.example(),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=traced.inputs,
            output_names=traced.outputs,
            dynamic_shapes=(tuple({0: "n"} for _ in traced.inputs),),
        )
    assert program is not None
    program.model.metadata_props.update(notes or {})
    with whole_file(path) as partial:
        program.save(partial)
    return traced.inputs, traced.outputs


class _Flat(torch.nn.Module):
    """A step whose inputs and outputs are a sequence, those without an effect left out."""

    def __init__(self, step: Step, spec: Spec) -> None:
        super().__init__()
        self.step, self.spec, self.state = step, spec, step.start(ROWS)
        used = ["begins"] if self.state else []
        used += ["rewards"] if step.uses_rewards else []
        self.inputs = ["observations", *used, *self.state]
        self.outputs = ["actions", *(f"next_{name}" for name in self.state)]

    def example(self) -> tuple[torch.Tensor, ...]:
        return tuple({**self._rows(ROWS), **self.state}[name] for name in self.inputs)

    def _rows(self, n: int) -> dict[str, torch.Tensor]:
        return {
            "observations": torch.zeros(n, self.spec.observation_size),
            "begins": torch.zeros(n, dtype=torch.bool),
            "rewards": torch.zeros(n),
        }

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        named = {**self._rows(ROWS), **dict(zip(self.inputs, given, strict=True))}
        state = {name: named[name] for name in self.state}
        actions, state = self.step(named["observations"], named["begins"], named["rewards"], state)
        return actions, *(state[name] for name in self.state)
