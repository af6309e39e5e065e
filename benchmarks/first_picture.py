"""Time to the first picture of the museum in a fresh environment, whose kernels are not compiled.

A wheel is built and installed into a new virtual environment; then `replay museum` opens its window
under SDL's dummy driver, and `watch museum` is asked for a replay. Dependencies are those of this
Python, so their download is not in the times. On a machine with other load compare processor time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.heading import ROOT, heading

LIMIT = 20.0  # seconds
REPLAY = """
import sys, time
start = float(sys.argv.pop(1))
import openpoet.archive.replay.viewer as viewer
draw = viewer._draw
def first(*given):
    draw(*given)
    print(f"{time.time() - start:.1f} {time.process_time():.1f}", flush=True)
    viewer.pygame.event.post(viewer.pygame.event.Event(viewer.pygame.QUIT))
viewer._draw = first
from openpoet.cli.main import main
sys.exit(main(["replay", "museum"]))
"""


def main() -> None:
    print(heading())
    print(f"load average before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # the clone must not be found in place of the installation
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment |= {"XDG_CACHE_HOME": f"{folder}/cache", "SDL_VIDEODRIVER": "dummy"}
        start = time.time()
        python = installed(folder, environment)
        print(f"installation, without dependencies: {time.time() - start:.1f} s")
        times = {
            "replay museum, first picture": replay(python, folder, environment),
            "watch museum, first replay in the page": watch(python, folder, environment),
        }
    for what, (seconds, used) in times.items():
        print(f"{what}: {seconds:.1f} s (at most {LIMIT:.0f} s), {used:.1f} s of processor time")
    sys.exit(any(seconds > LIMIT for seconds, _ in times.values()))


def installed(folder: Path, environment: dict[str, str]) -> Path:
    """The Python of a new environment with the wheel, in a folder."""
    run = partial(subprocess.run, check=True, cwd=folder, env=environment)
    wheel = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    run([sys.executable, "-m", *wheel])
    run([sys.executable, "-m", "venv", folder / "venv"])
    python = folder / "venv" / "bin" / "python"
    run([python, "-m", "pip", "install", "--quiet", "--no-deps", *folder.glob("*.whl")])
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = run([python, "-c", code], stdout=subprocess.PIPE, text=True).stdout.strip()
    Path(site, "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def replay(python: Path, folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of the command to its first picture: elapsed, and of a processor."""
    command = [python, "-c", REPLAY, str(time.time())]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    elapsed, used = done.stdout.split()[-2:]
    return float(elapsed), float(used)


def watch(python: Path, folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of the server to the answer with the first replay, likewise."""
    start, before = time.time(), children()
    command = [python, "-m", "openpoet", "watch", "museum", "--port", "0", "--no-browser"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            found = re.search(r"http://\S+/", server.stdout.readline())
            assert found is not None, "the server prints its address"
            asked(found[0])
            elapsed = time.time() - start
        finally:
            server.terminate()
    return elapsed, children() - before


def children() -> float:
    """Processor time of processes that have ended [s]."""
    found = os.times()
    return found.children_user + found.children_system


def asked(address: str) -> None:
    """Ask for the runs, the view and a replay, as the page does."""

    def get(path: str) -> Any:
        with urllib.request.urlopen(f"{address}api/{path}") as answer:
            return json.load(answer)

    id = get("runs")["runs"][0]["id"]
    niche = max(row["id"] for row in get(f"run/{id}/view")["niches"])
    get(f"run/{id}/replay?niche={niche}&agent={niche}")


if __name__ == "__main__":
    main()
