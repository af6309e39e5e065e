from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from openpoet.archive.store.agent_files import AgentFiles
from openpoet.archive.store.limits import MOST_AGENT, MOST_HEADER, readable
from openpoet.archive.store.weights import DTYPES, content_hash, decode, encode

AGENT = {
    "b": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "a": torch.tensor(7, dtype=torch.int64),
}

tensors = st.builds(
    lambda dtype, shape, seed: torch.randint(
        0, 2, shape, generator=torch.Generator().manual_seed(seed)
    ).to(dtype),
    st.sampled_from(list(DTYPES.values())),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(0, 9),
)


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), tensors, max_size=4
    )
)
def test_decode_of_encode_is_the_agent(agent: dict[str, torch.Tensor]) -> None:
    again, found = decode(encode(agent), "it")
    assert again.keys() == agent.keys()
    assert all(
        again[name].dtype == agent[name].dtype and again[name].equal(agent[name]) for name in agent
    )
    assert found == content_hash(again) == content_hash(agent)


def test_the_hash_is_of_names_dtypes_shapes_and_bytes() -> None:
    variants = [
        AGENT,
        {"b": AGENT["b"], "c": AGENT["a"]},
        {"b": AGENT["b"].reshape(3, 2), "a": AGENT["a"]},
        {"b": AGENT["b"], "a": AGENT["a"].view(torch.float64)},  # the same bytes
        {"b": torch.nextafter(AGENT["b"], torch.tensor(9.0)), "a": AGENT["a"]},
        {"b": AGENT["b"]},
        {},
    ]
    assert len({content_hash(variant) for variant in variants}) == len(variants)


def test_the_hash_does_not_depend_on_order_or_memory_layout() -> None:
    other = {"a": AGENT["a"].clone(), "b": AGENT["b"].t().contiguous().t()}
    assert not other["b"].is_contiguous()
    assert content_hash(other) == content_hash(AGENT)
    assert decode(encode(other), "it")[0]["b"].equal(AGENT["b"])


def test_tensors_may_share_memory() -> None:
    whole = torch.arange(4.0)
    agent = {"whole": whole, "same": whole, "half": whole[:2]}
    assert decode(encode(agent), "it")[0]["half"].tolist() == [0, 1]


@pytest.mark.parametrize("value", [torch.zeros(2, dtype=torch.complex64), [1.0], None])
def test_tensors_that_are_not_numbers_are_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match="an agent's tensors must be of"):
        content_hash({"a": value})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinity_are_an_error_of_encode_and_decode(
    dtype: torch.dtype, value: float
) -> None:
    agent = {"a": torch.tensor([0.0, value], dtype=dtype)}
    with pytest.raises(ValueError, match="NaN or infinity in its tensor 'a'"):
        content_hash(agent)
    with pytest.raises(ValueError, match=r"^it: .*NaN or infinity in its tensor 'a'"):
        decode(encode(agent), "it")


def packed(
    header: Mapping[str, Any] | list[Any] | bytes, data: bytes = b"", length: int | None = None
) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(shape: Any = (2,), dtype: Any = "F32", offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def test_hand_made_files_without_a_fault_are_read() -> None:
    assert decode(packed(entry(), bytes(8)), "it")[0]["a"].tolist() == [0, 0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04\x95",  # the first bytes of a pickle
        packed({}, length=2**63),
        packed({}, length=3),
        packed(b" " * (MOST_HEADER + 1)),
        packed(b"{"),
        packed(b"\xff\xfe"),
        packed(b"[" * 50_000 + b"]" * 50_000),
        packed([1]),
        packed({"a": 3}),
        packed({"a": {"dtype": "F32"}}),
        packed({"__metadata__": {"x": "y"}}),
        packed(entry(dtype="F8_E4M3"), bytes(8)),
        packed(entry(dtype="../x"), bytes(8)),
        packed(entry(dtype=["F32"]), bytes(8)),
        packed(entry(shape=(2**40,)), bytes(8)),
        packed(entry(shape=(2**20, 2**20, 2**20)), bytes(8)),
        packed(entry(shape=(2**20, 2**20, 0), offsets=(0, 0))) + bytes(1),
        packed(entry(shape=(0,) * 9, offsets=(0, 0))),
        packed(entry(shape=(-2,), offsets=(8, 0)), bytes(8)),
        packed(entry(shape=(-1, -2)), bytes(8)),
        packed(entry(shape=(2.0,)), bytes(8)),
        packed(entry(shape=5), bytes(8)),
        packed(entry(shape=(True, 2)), bytes(8)),
        packed(entry(offsets=(0, 8, 8)), bytes(8)),
        packed(entry(offsets=(8, 16)), bytes(16)),
        packed(entry() | {"b": entry()["a"]}, bytes(8)),  # overlapping
        packed(entry() | {"b": entry(offsets=(12, 20))["a"]}, bytes(20)),  # a gap
        packed(entry(), bytes(7)),
        packed(entry(), bytes(9)),
    ],
)
def test_a_file_that_is_not_an_agent_is_an_error_of_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it") as refused:
        decode(data, "it")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_an_error_or_has_another_hash(data: st.DataObject) -> None:
    whole = bytearray(encode(AGENT))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] ^= data.draw(st.integers(1, 255))
    else:
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    try:
        agent, found = decode(bytes(whole), "it")
    except ValueError:
        return
    assert found != content_hash(AGENT) or all(agent[name].equal(AGENT[name]) for name in AGENT)


def test_files_are_read_by_hash_only(tmp_path: Path) -> None:
    files, name = AgentFiles(tmp_path), content_hash(AGENT)
    files.write({name: AGENT})
    assert content_hash(files.read(name)) == name
    (tmp_path / "x.safetensors").write_bytes(encode(AGENT))
    for wrong in ("x", "../x", name.upper(), name + "\n", "", name[:-1], "/" + name[1:]):
        with pytest.raises(ValueError, match="must be 64 hex digits"):
            files.read(wrong)
        with pytest.raises(ValueError, match="must be 64 hex digits"):
            files.delete([wrong])
    with pytest.raises(ValueError, match="is missing"):
        files.read("0" * 64)


def test_a_file_must_match_its_name_and_the_size_limit(tmp_path: Path) -> None:
    files = AgentFiles(tmp_path)
    path = tmp_path / f"{'0' * 64}.safetensors"
    path.write_bytes(encode(AGENT))
    with pytest.raises(ValueError, match="does not have the hash"):
        files.read("0" * 64)
    with path.open("wb") as file:
        file.truncate(MOST_AGENT + 1)  # sparse: uses no disk space
    with pytest.raises(ValueError, match=f"an agent at most {readable(MOST_AGENT)}"):
        files.read("0" * 64)
    path.unlink()
    (tmp_path / "elsewhere").write_bytes(encode(AGENT))
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="must be a plain file"):
        files.read("0" * 64)


def test_writing_an_agent_file_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "agents" / f"{content_hash(AGENT)}.tmp").symlink_to(tmp_path / "victim")
    AgentFiles(tmp_path / "agents").write({content_hash(AGENT): AGENT})
    assert (tmp_path / "victim").read_text() == "precious"
    assert [path.suffix for path in (tmp_path / "agents").iterdir()] == [".safetensors"]


def test_strays_are_agent_files_that_no_row_refers_to(tmp_path: Path) -> None:
    files = AgentFiles(tmp_path)
    files.write({content_hash(AGENT): AGENT})
    for other in (
        "a" * 64 + ".tmp",
        "b" * 64 + ".safetensors",
        "notes.txt",
        "c" * 63 + ".safetensors",
    ):
        (tmp_path / other).write_text("")
    assert files.strays([content_hash(AGENT)]) == {"a" * 64, "b" * 64}
    files.delete(files.strays([content_hash(AGENT)]))
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{content_hash(AGENT)}.safetensors",
        "notes.txt",
        "c" * 63 + ".safetensors",
    }
