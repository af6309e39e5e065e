from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from openpoet.archive.seeds.poet_files import (
    LARGEST_ALL,
    LARGEST_BEST,
    holds_poet_files,
    read_poet_files,
)

CONFIG = {
    "name": "r0.4.p0_0.8.b1_0_0.4",
    "ground_roughness": 0.4,
    "pit_gap": [0.0, 0.8],
    "stump_width": [1.0, 2.0],
}


def write(folder: Path, name: str, data: object) -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_niches_are_read_with_their_task_and_agent(tmp_path: Path) -> None:
    write(
        tmp_path, "exp.flat.env.json", {"config": {"name": "flat", "pit_gap": []}, "seed": 24582922}
    )
    write(tmp_path, "exp.flat.best.json", [[0.5] * 2804, 309.25])
    write(tmp_path, "exp.r0.4.env.json", {"config": CONFIG, "seed": 7})
    assert holds_poet_files(tmp_path)
    flat, rough = read_poet_files(tmp_path)
    assert (flat.name, flat.seed, flat.score, len(flat.theta or [])) == (
        "exp.flat",
        24582922,
        309.25,
        2804,
    )
    assert (rough.config, rough.seed, rough.theta) == (CONFIG, 7, None)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("e.a.env.json", "{"),
        ("e.a.env.json", {"config": {}, "seed": "x"}),
        ("e.a.env.json", {"config": {}, "seed": -1}),
        ("e.a.env.json", {"config": {"pit_gap": [0, 1, 2]}, "seed": 1}),
        ("e.a.env.json", {"config": {"pit_gap": "os.system"}, "seed": 1}),
        ("e.a.env.json", '{"config": {"ground_roughness": NaN}, "seed": 1}'),
        ("e.a.env.json", {"config": {"pit_gap": 10**400}, "seed": 1}),
        ("e.a.env.json", {"config": {"pit_gap": 0.8}, "seed": 1}),
        ("e.a.env.json", {"config": {"ground_roughness": [0.1, 0.2]}, "seed": 1}),
        ("e.a.env.json", {"config": {"name": {"x": [1]}}, "seed": 1}),
        ("e.a.env.json", {"config": {"gravity\x1b[2J": 3}, "seed": 1}),
        ("e.a.best.json", [[10**400], 1.0]),
        ("e.a.best.json", [[0.0], 10**400]),
        ("e.a.best.json", [[0.0], None]),
        ("e.a.best.json", "[[NaN], 1.0]"),
        ("e.a.best.json", [["x"], 1.0]),
        ("e.a.best.json", "[" * 100_000),
        ("e.a.best.json", "[" * 900 + "]" * 900),
        ("e.a.env.json", '{"config": {"name": ' + "[" * 900 + "]" * 900 + '}, "seed": 1}'),
        ("e.a.best.json", " " * (LARGEST_BEST + 1)),
    ],
)
def test_a_damaged_or_malicious_file_is_an_error_that_names_it(
    tmp_path: Path, name: str, data: object
) -> None:
    path = write(tmp_path, name, data)
    with pytest.raises(ValueError, match=name) as caught:
        read_poet_files(tmp_path)
    assert not {"\n", "\x1b"} & set(str(caught.value))
    assert str(path) in str(caught.value)


def test_a_symlink_out_of_the_folder_is_an_error(tmp_path: Path) -> None:
    outside = write(tmp_path, "secret", [[0.0], 1.0])
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "e.a.best.json").symlink_to(outside)
    with pytest.raises(ValueError, match="link"):
        read_poet_files(tmp_path / "in")


def test_files_above_the_size_limit_are_an_error_before_they_are_read(tmp_path: Path) -> None:
    for number in range(LARGEST_ALL // LARGEST_BEST + 1):
        (tmp_path / f"e.{number}.best.json").touch()
        os.truncate(tmp_path / f"e.{number}.best.json", LARGEST_BEST)
    with pytest.raises(ValueError, match=f"more than {LARGEST_ALL} bytes of POET files"):
        read_poet_files(tmp_path)
