"""Policies of Stable-Baselines3: the actions of the real package, and nothing but its tensors."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stable_baselines3
import torch

import openpoet.cli.main as command
from openpoet.cli.evaluate.sb3 import MOST, Actor, Sb3Policy, read
from openpoet.poet.streams import Key

N = 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Policies of PPO with continuous and with discrete actions, and one of SAC."""
    folder, few = tmp_path_factory.mktemp("sb3"), {"n_steps": 8, "batch_size": 8, "device": "cpu"}
    sizes = {"activation_fn": torch.nn.ReLU, "net_arch": {"pi": [16, 12], "vf": [8]}}
    model = stable_baselines3.PPO("MlpPolicy", "Pendulum-v1", policy_kwargs=sizes, seed=1, **few)
    model.save(folder / "continuous")
    stable_baselines3.PPO("MlpPolicy", "CartPole-v1", seed=1, **few).save(folder / "discrete")
    stable_baselines3.SAC("MlpPolicy", "Pendulum-v1", device="cpu").save(folder / "sac")
    return folder


def rewritten(source: Path, out: Path, **parts: bytes) -> Path:
    """The zip with other parts."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.replace(".", "_"), old.read(name)))
    return out


def policy(actor: Actor, seed: int = 1) -> Sb3Policy:
    return Sb3Policy(actor, N, Key(seed).generator())


@pytest.mark.parametrize(("name", "size"), [("continuous", 3), ("discrete", 4)])
def test_most_likely_actions_are_those_of_the_package(folder: Path, name: str, size: int) -> None:
    theirs = stable_baselines3.PPO.load(folder / name, device="cpu")
    seen = np.random.default_rng(0).normal(size=(N, size)).astype(np.float32)
    wanted, _ = theirs.predict(seen, deterministic=True)
    ours = policy(read(folder / f"{name}.zip")[0]).act(torch.from_numpy(seen), greedy=True)
    if name == "discrete":
        np.testing.assert_array_equal(ours.argmax(1), wanted)
    else:
        np.testing.assert_allclose(ours.clamp(-2, 2), wanted, atol=1e-6)


def test_sampled_actions_have_the_packages_deviation_and_depend_on_their_key(folder: Path) -> None:
    actor, _ = read(folder / "continuous.zip")
    assert actor.log_std is not None
    one, two, other = policy(actor), policy(actor), policy(actor, 2)
    seen = torch.zeros(N, 3)
    actions = torch.stack([one.act(seen) for _ in range(200)])
    assert torch.equal(actions, torch.stack([two.act(seen) for _ in range(200)]))
    assert not torch.equal(actions[0], other.act(seen))
    assert float(actions.std()) == pytest.approx(float(actor.log_std.exp()), rel=0.03)


def test_the_command_evaluates_a_zip_and_refuses_other_sizes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy for Gymnasium's walker on its easy ground, in a suite of one world."""
    from openpoet.arena.suites.reading import suite
    from openpoet.arena.suites.suite import to_json

    model = stable_baselines3.PPO("MlpPolicy", "BipedalWalker-v3", n_steps=8, batch_size=8, seed=1)
    model.save(tmp_path / "walker")
    data = {**to_json(suite("dcd-6")), "name": "easy"}
    data["worlds"] = data["worlds"][:1]
    (tmp_path / "easy.json").write_text(json.dumps(data))
    words = ["--suite", str(tmp_path / "easy.json"), "--episodes", "3", "--json"]
    words += ["--out", str(tmp_path / "record.json")]
    assert command.main(["evaluate", str(tmp_path / "walker.zip"), *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scores"]["mean"]["agents"] == ["walker"]
    assert set(found["scores"]) == {"mean", "sampled"}
    assert command.main(["evaluate", str(folder / "discrete.zip"), *words]) == 2
    assert "sizes 4 and 2, the suite's family 24 and 4" in capsys.readouterr().err


class Evil:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(Evil.target), "w"))

    target = Path("evil")


def test_nothing_in_a_zip_is_unpickled(folder: Path, tmp_path: Path) -> None:
    Evil.target = tmp_path / "executed"
    source = folder / "continuous.zip"
    hostile, saved = pickle.dumps(Evil()), io.BytesIO()
    torch.save({"log_std": Evil()}, saved)
    for content in (hostile, saved.getvalue()):
        path = rewritten(source, tmp_path / "hostile.zip", policy_pth=content)
        with pytest.raises(ValueError, match="is not a zip of Stable-Baselines3"):
            read(path)
    # the pickled objects beside the tensors are never looked at
    data = json.loads(zipfile.ZipFile(source).read("data"))
    data["policy_class"][":serialized:"] = "AAAA"
    path = rewritten(source, tmp_path / "data.zip", data=json.dumps(data).encode())
    assert read(path)[0].sizes == (3, 1)
    assert not Evil.target.exists()


def with_tensors(folder: Path, out: Path, **changes: Any) -> Path:
    """The continuous policy with some tensors replaced, or left out if None; "_" is for "."."""
    source = folder / "continuous.zip"
    tensors = torch.load(io.BytesIO(zipfile.ZipFile(source).read("policy.pth")), weights_only=True)
    for name, value in changes.items():
        real = name.replace("__", ".")
        tensors = {k: v for k, v in tensors.items() if k != real}
        if value is not None:
            tensors[real] = value
    saved = io.BytesIO()
    torch.save(tensors, saved)
    return rewritten(source, out, policy_pth=saved.getvalue())


@pytest.mark.parametrize(
    "changes",
    [
        {"action_net__weight": torch.zeros(1, 5)},
        {"action_net__weight": None},
        {"action_net__bias": torch.zeros(2)},
        {"log_std": torch.zeros(3)},
        {"log_std": torch.full((1,), float("nan"))},
        {"features_extractor__cnn__weight": torch.zeros(1)},
        {"mlp_extractor__policy_net__0__weight": torch.zeros(16)},
    ],
)
def test_tensors_that_are_not_an_mlp_policy_are_refused(
    folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"is not a zip of Stable-Baselines3") as error:
        read(with_tensors(folder, tmp_path / "wrong.zip", **changes))
    assert "\n" not in str(error.value)


class Allocated:
    """Ten gigabytes when it is unpickled, by a name that torch accepts."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (bytearray, (10**10,))


def saved(**tensors: Any) -> bytes:
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


def packed(content: bytes, method: int = zipfile.ZIP_DEFLATED, **parts: bytes) -> bytes:
    """The zip with other parts, all of them compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.rpartition("/")[2], old.read(name)))
    return out.getvalue()


def bombs(policy: bytes) -> dict[str, bytes]:
    """Zips of less than a megabyte that ask for more memory than LIMITED has, by the reason why
    they are refused.
    """
    shared = torch.zeros(2**20)
    hostile = {
        "must be contiguous": saved(log_std=torch.zeros(1).expand(10**8, 8)),
        "its tensors take": packed(saved(**{f"log_std{i}": shared for i in range(80)})),
        "its records take": packed(saved(log_std=torch.zeros(1)), **{"0": bytes(MOST)}),
        "bytearray": saved(log_std=Allocated()),
        "another method": packed(saved(log_std=torch.zeros(1)), zipfile.ZIP_BZIP2),
    }
    found = {reason: packed(policy, **{"policy.pth": part}) for reason, part in hostile.items()}
    return found | {"its part 'data' has": packed(policy, data=b"[" + b"[]," * 2**24 + b"0]")}


LIMITED = """
import resource, sys
from pathlib import Path
from openpoet.cli.evaluate.sb3 import read
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + 2**30
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for path in sys.argv[1:]:
    try:
        print(read(Path(path))[0].sizes)
    except ValueError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_a_small_zip_that_asks_for_gigabytes_is_refused_before_they_are_allocated(
    folder: Path, tmp_path: Path
) -> None:
    policy = (folder / "continuous.zip").read_bytes()
    files = {**bombs(policy), "(3, 1)": packed(policy)}
    paths = [tmp_path / f"{i}.zip" for i in range(len(files))]
    for path, content in zip(paths, files.values(), strict=True):
        assert len(content) < 2**20
        path.write_bytes(content)
    run = [sys.executable, "-c", LIMITED, *map(str, paths)]
    lines = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    for reason, line in zip(files, lines, strict=True):
        assert reason in line


def test_other_algorithms_and_files_are_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for path, named in ((folder / "sac.zip", "policy class"), (tmp_path / "text.zip", "not a zip")):
        with pytest.raises(ValueError, match=named) as error:
            read(path)
        assert "\n" not in str(error.value)
