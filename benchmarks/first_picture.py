"""Time to the first picture of the museum in a fresh environment, whose kernels are not compiled.

A wheel is built and installed into a new virtual environment; then `replay museum` opens its window
under SDL's dummy driver, and `watch museum` is asked for a replay. Dependencies are those of this
Python, so their download is not in the times.
"""

from __future__ import annotations

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

from benchmarks.heading import ROOT, heading

LIMIT = 20.0  # seconds
REPLAY = """
import sys, time
start = float(sys.argv.pop(1))
import openpoet.archive.replay.viewer as viewer
draw = viewer._draw
def first(*given):
    draw(*given)
    print(f"{time.time() - start:.1f}", flush=True)
    viewer.pygame.event.post(viewer.pygame.event.Event(viewer.pygame.QUIT))
viewer._draw = first
from openpoet.cli.main import main
sys.exit(main(["replay", "museum"]))
"""


def main() -> None:
    print(heading())
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
    for what, seconds in times.items():
        print(f"{what}: {seconds:.1f} s (at most {LIMIT:.0f} s)")
    sys.exit(any(seconds > LIMIT for seconds in times.values()))


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


def replay(python: Path, folder: Path, environment: dict[str, str]) -> float:
    """Seconds from the start of the command to its first picture."""
    command = [python, "-c", REPLAY, str(time.time())]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout.split()[-1])


def watch(python: Path, folder: Path, environment: dict[str, str]) -> float:
    """Seconds from the start of the server to the answer with the first replay."""
    start = time.time()
    command = [python, "-m", "openpoet", "watch", "museum", "--port", "0", "--no-browser"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            found = re.search(r"http://\S+/", server.stdout.readline())
            assert found is not None, "the server prints its address"
            niche = _asked(found[0])
        finally:
            server.terminate()
    print(f"watch museum: a replay of niche {niche}")
    return time.time() - start


def _asked(address: str) -> int:
    """Ask for the runs, the view and a replay, as the page does; the niche."""
    import json

    def get(path: str) -> dict[str, object]:
        with urllib.request.urlopen(f"{address}api/{path}") as answer:
            found: dict[str, object] = json.load(answer)
            return found

    id = get("runs")["runs"][0]["id"]  # type: ignore[index]
    niches = get(f"run/{id}/view")["niches"]
    niche = max(row["id"] for row in niches)  # type: ignore[attr-defined]
    get(f"run/{id}/replay?niche={niche}&agent={niche}")
    return int(niche)


if __name__ == "__main__":
    main()
