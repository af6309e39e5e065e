"""The command that writes agents as files for other programs: onnx."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..terminal import CommandLine, print_line
from . import options as o

File = Annotated[
    Path, typer.Option("--out", metavar="FILE.onnx", help="The file; an existing one is replaced.")
]


def onnx(name: o.RunName, out: File, niche: o.NicheId = None) -> None:
    """Write the agent of a niche as an ONNX file, for programs without torch.

    One step of its policy with the most likely actions; hidden states are inputs and outputs. For
    agents of es, ppo, rl2, wang, varibad and meta-gradient; by default of the niche with the best
    score.
    """
    from openpoet.agents.exporting.onnx_file import write_onnx
    from openpoet.archive.store.run_folder import find_run

    from ..replays import open_replays
    from ..sessions import Machine, one_torch_thread

    replays = open_replays(find_run(name), Machine("cpu", 1), CommandLine())
    chosen = replays.best if niche is None else niche
    run = replays.tables["run"]
    notes = {f"openpoet.{key}": str(run[key]) for key in ("family", "learner")}
    with one_torch_thread():
        inputs, outputs = write_onnx(
            replays.parts.ledger.learner,
            replays.acting(chosen).agent,
            out,
            {**notes, "openpoet.run": replays.path.name, "openpoet.niche": str(chosen)},
        )
    print_line(f"{out}: agent of niche {chosen}; {', '.join(inputs)} -> {', '.join(outputs)}")
