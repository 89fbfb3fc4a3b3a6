"""A checkpoint file is read without executing anything, and every fault in one is one line."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import reference, save_checkpoint, settings

from adtui.files import checkpoint as module
from adtui.files import torch_file
from adtui.files.checkpoint import load_checkpoint
from adtui.records.errors import CheckpointError

WEIGHTS = reference().state_dict()


def complaint(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def save(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def test_reads_step_config_and_weights(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "ckpt-310.pt", WEIGHTS)
    found = load_checkpoint(path)
    assert (found.path, found.step, found.size) == (path, 310, path.stat().st_size)
    assert found.parameters == sum(tensor.numel() for tensor in WEIGHTS.values())
    assert found.weights.keys() == WEIGHTS.keys()
    for name, tensor in found.weights.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, WEIGHTS[name])


def test_opens_every_family_of_the_users(fixtures_dir: Path) -> None:
    files = sorted(fixtures_dir.glob("*/runs/*/ckpt-*.pt"))
    assert {file.parents[2].name for file in files} >= {"adcw_ad", "dicp_ad", "rad_ad", "rad_rad"}
    for file in files:
        found = load_checkpoint(file)
        assert found.config["tf_n_head"] == 4
        assert found.config["device"] == "cpu"
        assert str(found.step) in file.name


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_wrappers_leave_no_trace_in_the_names(tmp_path: Path, prefix: str) -> None:
    path = save_checkpoint(tmp_path / "ckpt-1.pt", {prefix + name: tensor for name, tensor in WEIGHTS.items()})
    assert load_checkpoint(path).weights.keys() == WEIGHTS.keys()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_float_becomes_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    path = save_checkpoint(tmp_path / "ckpt-1.pt", {"a": torch.ones(3, dtype=dtype), "n": torch.tensor(3)})
    weights = load_checkpoint(path).weights
    assert (weights["a"].dtype, weights["n"].dtype) == (torch.float32, torch.int64)


def test_config_holds_plain_values_only(tmp_path: Path) -> None:
    values = settings(
        device=torch.device("cuda", 3), best=np.float64(1.5), seen=torch.tensor(4), shape=(1, 2), dtype=torch.float16
    )
    config = load_checkpoint(save_checkpoint(tmp_path / "ckpt-1.pt", WEIGHTS, values)).config
    found = (config["device"], config["best"], config["seen"], config["shape"], config["dtype"])
    assert found == ("cuda:3", 1.5, 4, [1, 2], "torch.float16")
    assert type(config["best"]) is float


def test_step_falls_back_to_the_name(tmp_path: Path) -> None:
    assert load_checkpoint(save(tmp_path / "ckpt-12.pt", {"model": WEIGHTS})).step == 12
    assert load_checkpoint(save(tmp_path / "best.pt", {"model": WEIGHTS})).step == 0
    assert load_checkpoint(save(tmp_path / "a.pt", {"step": torch.tensor(5), "model": WEIGHTS})).step == 5


def test_legacy_format_opens(tmp_path: Path) -> None:
    path = tmp_path / "ckpt-1.pt"
    torch.save({"step": 1, "config": {}, "model": WEIGHTS}, path, _use_new_zipfile_serialization=False)
    assert load_checkpoint(path).weights.keys() == WEIGHTS.keys()


class _Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_the_file_never_runs(tmp_path: Path, zipped: bool) -> None:
    trap, path = tmp_path / "trap", tmp_path / "ckpt-1.pt"
    content = {"step": 1, "config": {"x": _Bomb(trap)}, "model": WEIGHTS}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert "posix.system" in complaint(path)
    assert not trap.exists()


@pytest.mark.parametrize("share", [0.0001, 0.5, 0.999])
def test_truncated(tmp_path: Path, share: float) -> None:
    raw = save_checkpoint(tmp_path / "whole.pt", WEIGHTS).read_bytes()
    path = tmp_path / "ckpt-1.pt"
    path.write_bytes(raw[: max(1, int(len(raw) * share))])
    assert "truncated or damaged" in complaint(path)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", "an empty file"),
        (b"garbage" * 100, "bytes of another kind"),
        (b"PK\x03\x04garbage", "truncated or damaged"),
        (pickle.dumps({"model": 1}), "truncated or damaged"),
        (b"\x80\x02}q\x00.", "truncated or damaged"),
        (bytes(range(256)), "bytes of another kind"),
    ],
)
def test_other_bytes(tmp_path: Path, raw: bytes, found: str) -> None:
    path = tmp_path / "ckpt-1.pt"
    path.write_bytes(raw)
    assert found in complaint(path)


def test_missing_directory_and_special_files(tmp_path: Path) -> None:
    assert "found nothing" in complaint(tmp_path / "none.pt")
    assert "a directory" in complaint(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "a pipe" in complaint(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "ckpt-1.pt", WEIGHTS)
    path.chmod(0)
    assert "Permission denied" in complaint(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([1, 2], "a list"),
        ({"step": 1, "config": {}}, "no 'model' but step, config"),
        ({"pos_embedding": 1}, "no 'model' but"),
        ({"model": {}}, "'model' of another kind"),
        ({"model": [1]}, "'model' of another kind"),
        ({"model": {"a": 1}}, "a: expected a dense tensor, found a value of type int"),
        ({"model": {"a": torch.ones(2).to_sparse()}}, "sparse"),
        ({"model": {"a": torch.ones(2, device="meta")}}, "without data"),
        ({"model": {"a": torch.ones(1), "module.a": torch.ones(1)}}, "two of that name"),
    ],
)
def test_wrong_content(tmp_path: Path, content: Any, found: str) -> None:
    assert found in complaint(save(tmp_path / "ckpt-1.pt", content))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_named(tmp_path: Path, value: float) -> None:
    weights = {name: tensor.clone() for name, tensor in WEIGHTS.items()}
    weights["pred_action.bias"][2] = value
    message = complaint(save_checkpoint(tmp_path / "ckpt-1.pt", weights))
    assert "pred_action.bias" in message
    assert "1 of 5" in message


def test_a_mask_buffer_may_hold_infinity(tmp_path: Path) -> None:
    path = save(tmp_path / "ckpt-1.pt", {"model": {"mask": torch.full((2, 2), float("-inf")), "a": torch.ones(1)}})
    assert "mask" in load_checkpoint(path).weights


def test_absurd_sizes_are_refused_before_allocation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_file, "SLACK_BYTES", 1 << 20)
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * (8 << 20))
    assert "file's size" in complaint(bomb)
    expanded = save(tmp_path / "expanded.pt", {"model": {"a": torch.ones(1).expand(10**12)}})
    assert "file's size" in complaint(expanded)


def test_a_config_of_shared_containers_is_bounded(tmp_path: Path) -> None:
    nested: list[Any] = ["x"] * 8
    for _ in range(12):
        nested = [nested] * 8
    assert "far more" in complaint(save(tmp_path / "ckpt-1.pt", {"model": WEIGHTS, "config": {"a": nested}}))


def test_a_file_replaced_while_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_checkpoint(tmp_path / "ckpt-1.pt", WEIGHTS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    read = torch_file.read

    def read_while_training_writes(*args: Any) -> Any:
        try:
            return read(*args)
        finally:
            path.write_bytes(whole)
            os.utime(path, ns=(1, 1))

    monkeypatch.setattr(module, "read", read_while_training_writes)
    assert load_checkpoint(path).step == 1


def test_a_file_that_never_rests_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_checkpoint(tmp_path / "ckpt-1.pt", WEIGHTS)
    times = iter(range(1, 100))

    def read(*_: Any) -> Any:
        os.utime(path, ns=(next(times), next(times)))
        return torch.load(io.BytesIO(path.read_bytes()), weights_only=True), set()

    monkeypatch.setattr(module, "read", read)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert "being written" in complaint(path)


@pytest.mark.parametrize(
    "step", [10**30, 10**600, -5, float("inf"), np.float64("nan"), torch.tensor(1j), "9"], ids=type
)
def test_a_step_that_is_none_is_taken_from_the_name(tmp_path: Path, step: Any) -> None:
    assert load_checkpoint(save(tmp_path / "ckpt-12.pt", {"model": WEIGHTS, "step": step})).step == 12


def test_numbers_beyond_all_measure_are_words(tmp_path: Path) -> None:
    config = {"tf_n_head": 10**600, 10**600: 1, "list": [2**300]}
    found = load_checkpoint(save(tmp_path / "ckpt-1.pt", {"model": WEIGHTS, "config": config}))
    assert "bits" in str(found.config["tf_n_head"])
    assert len(repr(found.config)) < 200


@pytest.mark.parametrize(
    "key",
    [
        b"})" + b"\x85" * 1_000_000 + b"K\x01s",
        b"}" + b"(" * 60 + b")" + b"".join(b"q%c" % i + b"h%c" % i * 9 + b"t" for i in range(60)) + b"K\x01s",
    ],
    ids=["deep", "wide"],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_keys_that_cannot_be_hashed_are_refused(tmp_path: Path, key: bytes, legacy: bool) -> None:
    path, program = tmp_path / "ckpt-1.pt", b"\x80\x02" + key + b"."
    if legacy:
        head = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
        path.write_bytes(b"".join(pickle.dumps(part, 2) for part in head) + program + pickle.dumps([], 2))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", program)
            archive.writestr("archive/version", b"3\n")
    started = time.process_time()
    assert "tuples within tuples" in complaint(path)
    assert time.process_time() - started < 30  # seconds of its own work


def test_the_older_format_opens(tmp_path: Path) -> None:
    for protocol in (2, 3):
        path = tmp_path / f"ckpt-{protocol}.pt"
        content = {"model": WEIGHTS, "config": settings(), "step": 5}
        torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
        assert load_checkpoint(path).parameters == sum(tensor.numel() for tensor in WEIGHTS.values())


def test_neither_a_bare_pickle_nor_a_tar_file_is_shown_to_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "load", lambda *args, **options: pytest.fail("shown"))
    (tmp_path / "a.pt").write_bytes(pickle.dumps({"model": list(range(50))}))
    assert "that torch.save did not write" in complaint(tmp_path / "a.pt")
    with tarfile.open(tmp_path / "b.pt", "w") as archive:
        archive.add(tmp_path / "a.pt", "storages")
    assert "another kind" in complaint(tmp_path / "b.pt")


def test_a_weight_with_an_endless_name_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "ckpt-1.pt", {"model": {**WEIGHTS, "x" * 100_000: torch.ones(1)}})
    message = complaint(path)
    assert "a name of 100000 characters" in message
    assert len(message) < 500


@pytest.mark.parametrize("config", [torch.zeros(0), torch.zeros(3), [], 0, "x"], ids=repr)
def test_a_config_of_another_kind_says_nothing_and_that_is_told(tmp_path: Path, config: Any) -> None:
    found = load_checkpoint(save(tmp_path / "ckpt-1.pt", {"model": WEIGHTS, "config": config}))
    assert found.config == {}
    kind = type(config).__name__
    assert found.notes == (f"'config' in the file is a {kind}, of which no settings can be read: it was passed over",)


@pytest.mark.parametrize(("name", "step"), [("x.pt", None), ("ckpt-0.pt", 0), ("step_12.pt", 12)])
def test_a_step_that_nothing_says_is_told(tmp_path: Path, name: str, step: int | None) -> None:
    found = load_checkpoint(save(tmp_path / name, {"model": WEIGHTS, "config": {}}))
    assert found.step == (step or 0)
    assert [("step 0" in note) for note in found.notes] == ([True] if step is None else [])


def test_no_config_is_an_empty_one(tmp_path: Path) -> None:
    assert load_checkpoint(save(tmp_path / "ckpt-1.pt", {"model": WEIGHTS, "config": None})).config == {}
