"""The reference pages that are made from the code: `python docs/generate.py` writes them.

`tests/test_documents.py` fails if a committed page differs from what the code gives.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Made by docs/generate.py from the code: edit there. -->\n\n"

# What the engine, the command and the replay use where a family, a spec, a simulator or a learner
# has it. `tests/test_documents.py` compares the names with those that the code looks for.
OPTIONAL = (
    ("family", "title(task) -> str", "a short description of a task, for `show`, logs and replays"),
    ("family", "difficulty(task) -> int", "a class of difficulty from 0, for the page's curves"),
    ("family", "picture(task, state)", "pixels [height, width, 3] uint8 in place of the outline"),
    ("family", "prepare(report)", "work done once before a run; `report(text)` prints progress"),
    ("family", "sample(rng) -> task", "any task of the family, for domain randomisation"),
    ("family", "sample(rng, ranges) -> task", "the same within narrower ranges of the genes"),
    ("family", "level(rng) -> task", "any level for a curriculum, in place of `sample`"),
    ("family", "level_at(vector, rng) -> task", "the level of a vector in [0, 1], for alp-gmm"),
    ("family", "level_size", "how many numbers `level_at` takes"),
    ("family", "easy_level(rng) -> task", "a level near the origin, in place of a mutation of it"),
    ("family", "edit(task, rng) -> task", "an edit of ACCEL, in place of `mutate`"),
    ("family", "ranges() -> dict", "each gene's low and high end, for the section `[ranges]`"),
    ("family", "bounds", "the limits of `sample`, stored with tasks of a randomised family"),
    ("family", "hidden(task, seed) -> str", "what a trial with this seed hides, for replays"),
    ("family", "knobs(task) -> dict", "name: (value, low, high, step), for editing by hand"),
    ("family", "turned(task, name, value) -> task", "the task with one of its knobs turned"),
    ("family", "drawn(task, stroke) -> task", "after a stroke in an editor, [2, 2] [m]"),
    ("family", "fingerprint(task)", "equal for tasks with equal episodes, in place of `encode`"),
    ("family", "task_from_poet_file(config, seed)", "reads the original POET's task files"),
    ("spec", "discrete", "whether an action is the index of the largest of its numbers"),
    ("spec", "one_hot", "whether an observation is one of `observation_size` states, one-hot"),
    ("spec", "labels", "how many numbers at an observation's end are supervised labels"),
    ("spec", "dt", "length of a step in seconds, for replays; 0.02 by default"),
    ("spec", "reproduce_at, mc_low, mc_high", "POET's thresholds in the units of a score"),
    ("simulator", "restart(rows, count)", "the next episode of some rows, for adapting learners"),
    ("simulator", "redraw(rows, seeds)", "new realisations of some rows, for endless rollouts"),
    ("simulator", "assign(rows, tasks, seeds)", "other tasks in some rows, for curricula"),
    ("simulator", "defer(steps)", "wait for the device only once in some steps"),
    ("simulator", "play(act, ...)", "whole episodes under a policy compiled by Numba"),
    ("simulator", "play_captured(act, memory)", "whole episodes on the simulator's own device"),
    ("learner", "check_foreign(agent)", "ValueError if another run's agent has wrong settings"),
    ("learner", "explore(agent, key)", "perturbs hyperparameters, for population-based training"),
    ("learner", "train_on(agent, levels, ...)", "one update on levels, one a row, for curricula"),
    ("learner", "try_on(agent, levels, ...)", "the same rollout without the update"),
    ("learner", "rows", "levels side by side in a rollout of a curriculum"),
    (
        "learner",
        "trial_policy(agent, n, key)",
        "a policy for n tasks that are stepped from outside",
    ),
    ("learner", "act(agent, observations, memory)", "actions of a policy that does not adapt"),
    (
        "learner",
        "sampled_policy(agent, n, key)",
        "the same with sampled actions, where an evaluation takes the most likely ones",
    ),
    ("learner", "by_episode(...)", "returns by episode of a trial, for `agents.assessment.assess`"),
    ("learner", "config", "its settings; with a field `threads` it is not divided among processes"),
    ("learner", "inherit(agent)", "an agent of another run, checked and converted"),
    ("learner", "foreign(theta)", "an agent from the original POET's weight files"),
)


def commands() -> str:
    """Every command with its arguments and options, as `--help` prints them."""
    import typer.cli
    import typer.main

    from openpoet.cli.main import app

    command = typer.main.get_command(app)
    text = typer.cli.get_docs_for_click(
        obj=command, ctx=typer.Context(command), name="openpoet", title="Commands"
    )
    first, rest = text.split("\n", 1)
    return f"{first}\n\n{NOTE.strip()}\n{rest.rstrip()}\n"


def parts() -> str:
    """Learners and task families by name."""
    from openpoet.agents.learners import LEARNERS
    from openpoet.envs.families import FAMILIES

    lines = ["# Learners and task families", "", NOTE.strip(), "", "## Learners", ""]
    lines += ["| name | class | what | paper |", "|---|---|---|---|"]
    for name, (module, made, _) in LEARNERS.items():
        what, paper = _described(f"openpoet.agents.{module}")
        code = f"`agents/{module.replace('.', '/')}.py:{made}`"
        lines.append(f"| [`{name}`](../algorithms/{name}.md) | {code} | {what} | {paper} |")
    lines += ["", "## Task families", "", "| name | class | what | source |", "|---|---|---|---|"]
    for name, (module, made, _) in FAMILIES.items():
        what, paper = _described(f"openpoet.envs.{module}")
        code = f"`envs/{module.replace('.', '/')}.py:{made}`"
        lines.append(f"| `{name}` | {code} | {what} | {paper} |")
    return "\n".join(lines) + "\n"


def interfaces() -> str:
    """The methods of families, simulators and learners: required and optional."""
    tree = ast.parse((ROOT / "poet" / "interfaces.py").read_text(encoding="utf-8"))
    lines = ["# Interfaces", "", NOTE.strip(), ""]
    lines += ["A plug-in imports nothing of openpoet: any object with these methods will do.", ""]
    lines += ["## Required", ""]
    for name in ("TaskFamily", "Simulator", "Learner"):
        protocol = next(
            node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name
        )
        lines += [f"### `{name}`", "", "| method | returns |", "|---|---|"]
        lines += [_row(method) for method in _methods(protocol)] + [""]
    lines += ["## Optional", "", "| of the | name | purpose |", "|---|---|---|"]
    lines += [f"| {owner} | `{name}` | {purpose} |" for owner, name, purpose in OPTIONAL]
    return "\n".join(lines) + "\n"


def optional_names() -> set[str]:
    """The bare names in `OPTIONAL`."""
    return {
        name.split("(")[0].strip() for _, names, _ in OPTIONAL for name in names.split(", ") if name
    }


def _methods(protocol: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    optional = optional_names()
    for node in protocol.body:
        if isinstance(node, ast.FunctionDef) and node.name not in optional:
            yield node


def _row(method: ast.FunctionDef) -> str:
    arguments = ", ".join(one.arg for one in method.args.args[1:])
    text = " ".join((ast.get_docstring(method) or "").split("\n\n")[0].split())
    if not text:
        text = f"`{ast.unparse(method.returns)}`" if method.returns else ""
    return f"| `{method.name}({arguments})` | {text.replace('|', chr(92) + '|')} |"


def _described(module: str) -> tuple[str, str]:
    """The first sentence of a module's docstring, and the arXiv ids that it names."""
    text = inspect.getdoc(importlib.import_module(module)) or ""
    what = " ".join(text.split("\n\n")[0].split()).split(": ", 1)[-1].rstrip(".")
    papers = dict.fromkeys(re.findall(r"arXiv[\s:]*(\d{4}\.\d{5})", text))
    links = ", ".join(f"[{one}](https://arxiv.org/abs/{one})" for one in papers)
    return what.replace("|", "\\|"), links


def settings() -> str:
    """Every setting of the command, the families and the learners."""
    from openpoet.cli.settings.reference import markdown

    return markdown()


GENERATED: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "parts.md": parts,
    "interfaces.md": interfaces,
    "settings.md": settings,
}

if __name__ == "__main__":
    for page, make in GENERATED.items():
        (PAGES / page).write_text(make(), encoding="utf-8")
        print(f"docs/reference/{page}")
