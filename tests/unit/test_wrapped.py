"""Weights as other people's code wraps, prefixes, names and accompanies them: opened where one model is meant."""

from __future__ import annotations

import argparse
import datetime
import enum
import json
import os
import random
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from checkpoints import reference, settings
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from adtui.engine.opening import open_session
from adtui.files.checkpoint import load_checkpoint
from adtui.files.runs import find_run
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import AdtuiError, HistoryError

MODEL = reference()
WEIGHTS = MODEL.state_dict()
OTHER = reference(seed=1).state_dict()
CONFIG = settings()


def opened(path: Path, content: Any = None, **options: Any) -> Model:
    """The model of a file of this content, which must have WEIGHTS."""
    if content is not None:
        torch.save(content, path)
    model = load_model(load_checkpoint(path), device="cpu", **options)
    assert torch.equal(model.network.pos_embedding, WEIGHTS["pos_embedding"])  # type: ignore[arg-type]
    return model


def refused(path: Path, content: Any = None, **options: Any) -> str:
    if content is not None:
        torch.save(content, path)
    with pytest.raises(AdtuiError) as caught:
        load_model(load_checkpoint(path), device="cpu", **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def under(prefix: str, weights: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in (WEIGHTS if weights is None else weights).items()}


def within(middle: str) -> dict[str, Tensor]:
    """A wrapper's name after that of the module that it wraps."""
    return {name.replace("transformer_encoder.", f"transformer_encoder.{middle}"): t for name, t in WEIGHTS.items()}


class Heads(enum.Enum):
    TWO = 2


# -- what lies around the weights --------------------------------------------------------------------------------------
WRAPPED: dict[str, Any] = {
    "lightning": {"state_dict": under("model."), "hyper_parameters": CONFIG, "global_step": 900, "epoch": 3},
    "lightning, nested": {"state_dict": under("net.model."), "hyper_parameters": {"config": CONFIG, "lr": 1e-3}},
    "lightning, more": {
        "state_dict": under("model.") | {"criterion.weight": torch.ones(3)},
        "hyper_parameters": CONFIG,
    },
    "lightning, ema": {
        "state_dict": under("model.") | under("ema_model.", OTHER) | {"ema_model.initted": torch.ones(1)},
        "hyper_parameters": CONFIG,
    },
    "model_state_dict": {"model_state_dict": WEIGHTS, "optimizer_state_dict": {}, "args": argparse.Namespace(**CONFIG)},
    "deepspeed": {"module": WEIGHTS, "optimizer": None, "ds_config": {"fp16": {}}, "config": CONFIG},
    "accelerate": {"model": under("module."), "config": CONFIG},
    "averaged": {"model": under("module.") | {"n_averaged": torch.tensor(7)}, "config": CONFIG},
    "model and ema": {"model": WEIGHTS, "ema": OTHER, "config": CONFIG},
    "ema first": {"ema": {"decay": 0.9, "shadow": OTHER}, "state_dict": WEIGHTS, "hparams": CONFIG},
    "actor and critic": {"actor": WEIGHTS, "critic": {"fc.weight": torch.ones(2, 2)}, "config": CONFIG},
    "deep": {"checkpoint": {"agent": {"weights": WEIGHTS}}, "config": CONFIG},
    "optimizer": {
        "model": WEIGHTS,
        "config": CONFIG,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1}]},
    },
    "compiled": {"model": under("_orig_mod."), "config": CONFIG},
    "compiled part": {"model": within("_orig_mod."), "config": CONFIG},
    "compiled part of DDP": {"model": under("module._orig_mod.", within("_orig_mod.module.")), "config": CONFIG},
    "fsdp": {"model": under("_fsdp_wrapped_module.", within("_checkpoint_wrapped_module.")), "config": CONFIG},
    "lightning, compiled": {"state_dict": under("model._orig_mod.module."), "hyper_parameters": CONFIG},
    "namespace": {"model": WEIGHTS, "config": types.SimpleNamespace(**CONFIG)},
    "ordered": OrderedDict(model=OrderedDict(WEIGHTS), config=OrderedDict(CONFIG)),
    "defaultdict": {"model": WEIGHTS, "config": defaultdict(list, CONFIG)},
    "heads by another name": {"model": WEIGHTS, "config": {"n_head": 2, "env": "darkroom"}},
    "settings as JSON": {"model": WEIGHTS, "config": json.dumps(CONFIG, default=str)},
    "settings as YAML": {"model": WEIGHTS, "config": yaml.dump(CONFIG)},
    "settings by topic": {
        "model": WEIGHTS,
        "model_config": {"n_head": 2},
        "env_args": argparse.Namespace(name="darkroom"),
    },
    "settings by topic, beside others": {"model": WEIGHTS, "config": {"lr": 1}, "model_args": {"n_head": 2}},
    "an enumeration": {"model": WEIGHTS, "config": {"tf_n_head": Heads.TWO}},
    "old ones beside": {"policy": WEIGHTS, "old_policy": OTHER, "best_policy": OTHER, "config": CONFIG},
    "deep prefix": {"state_dict": under("agent.actor.net._orig_mod.body.model."), "config": CONFIG},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_one_model_is_found_wherever_it_lies(tmp_path: Path, name: str) -> None:
    model = opened(tmp_path / "x.ckpt", WRAPPED[name])
    assert model.n_head == 2


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("lightning", ["the weights are those of state_dict.model"]),
        (
            "lightning, more",
            ["the weights are those of state_dict.model", "1 weights beside state_dict.model were left out"],
        ),
        ("model and ema", ["the weights of model are shown; the file also has those of ema"]),
        ("ema first", ["the weights of state_dict are shown; the file also has those of ema.shadow"]),
        ("heads by another name", ["2 heads, as n_head says"]),
        ("compiled part of DDP", []),
        ("defaultdict", []),
        ("namespace", []),
    ],
)
def test_what_was_taken_is_said(tmp_path: Path, name: str, notes: list[str]) -> None:
    assert list(opened(tmp_path / "step_7.ckpt", WRAPPED[name]).notes) == notes


def test_the_settings_come_along(tmp_path: Path) -> None:
    for name in ("lightning", "lightning, nested", "model_state_dict", "namespace", "defaultdict"):
        torch.save(WRAPPED[name], tmp_path / "x.ckpt")
        assert load_checkpoint(tmp_path / "x.ckpt").config.items() >= {"alg": "PPO", "n_transit": 20}.items()
    torch.save(WRAPPED["lightning"], tmp_path / "x.ckpt")
    assert load_checkpoint(tmp_path / "x.ckpt").step == 900


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"actor": WEIGHTS, "behaviour": OTHER, "config": CONFIG}, "actor and behaviour"),
        ({"state_dict": under("a.") | under("b.", OTHER), "hyper_parameters": CONFIG}, "state_dict.a and state_dict.b"),
        ({"ema": WEIGHTS, "swa": OTHER, "config": CONFIG}, "ema and swa"),
        ({"model": WEIGHTS | {"module.pos_embedding": torch.ones(1)}, "config": CONFIG}, "two of that name"),
        ({"model": within("_orig_mod.") | WEIGHTS, "config": CONFIG}, "two of that name"),
        ({"model": {"fc.weight": torch.ones(2, 2)}, "config": CONFIG}, "1 keys such as fc.weight"),
        ({"state_dict": under("model."), "hyper_parameters": {"lr": 1}}, "no tf_n_head"),
        ({"state_dict": under("model."), "hyper_parameters": {"n_head": 2, "num_heads": 4}}, "no tf_n_head"),
    ],
)
def test_where_it_would_be_a_guess_it_is_refused(tmp_path: Path, content: Any, found: str) -> None:
    assert found in refused(tmp_path / "x.pt", content)


# -- weights alone -----------------------------------------------------------------------------------------------------
def save_safetensors(path: Path, weights: dict[str, Tensor]) -> Path:
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in weights.items():
        data = tensor.contiguous().numpy().tobytes()
        place = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": place}  # type: ignore[dict-item]
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def save_raw(path: Path, weights: dict[str, Tensor]) -> Path:
    torch.save(weights, path)
    return path


Save = Callable[[Path, dict[str, Tensor]], Path]


@pytest.mark.parametrize("save", [save_raw, save_safetensors])
@pytest.mark.parametrize("weights", [WEIGHTS, under("module."), under("model.")], ids=["bare", "DDP", "Lightning"])
def test_weights_alone_need_a_head_count(tmp_path: Path, save: Save, weights: dict[str, Tensor]) -> None:
    path = save(tmp_path / "model_last.pt", weights)
    assert "say it with --heads" in refused(path)
    assert "2 heads, as asked (the checkpoint does not say)" in opened(path, heads=2).notes
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"tf_n_head": 2, "env": "darkroom"}))
    assert "the checkpoint has no settings of its own: those of config.yaml beside it count" in opened(path).notes


def test_a_checkpoint_with_settings_takes_no_heads_from_beside(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tf_n_head: 2\n")
    assert "--heads" in refused(tmp_path / "x.pt", {"model": WEIGHTS, "config": {"env": "darkroom"}})


def test_what_lies_beside_raw_weights_is_none_of_them(tmp_path: Path) -> None:
    opened(tmp_path / "x.pt", {**WEIGHTS, "epoch": 3, "best": 0.5}, heads=2)
    averaged = AveragedModel(MODEL)
    averaged.update_parameters(MODEL)
    opened(tmp_path / "x.pt", averaged.state_dict(), heads=2)


def test_the_library_writes_what_is_read(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch")
    many = WEIGHTS | {
        "a": torch.ones(2, 0),
        "b": torch.tensor(3),
        "c": torch.ones(3).bfloat16(),
        "d": torch.ones(2).bool(),
    }
    library.save_file(many, tmp_path / "x.safetensors", metadata={"format": "pt"})
    found = load_checkpoint(tmp_path / "x.safetensors").weights
    assert found.keys() == many.keys()
    for name, tensor in many.items():
        assert torch.equal(found[name], tensor.float() if tensor.is_floating_point() else tensor)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"{", "no JSON"),
        (b"[" * 100_000, "bytes of another kind"),
        (b'{"a":' * 50_000, "no JSON"),
        (b'{"a":{"dtype":"F32","shape":[9999999,99999999],"data_offsets":[0,4]}}', "a of shape"),
        (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', "a of shape"),
        (b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', "without a shape"),
        (b'{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}', "of type F8_E4M3"),
        (b'{"a":7}', "of type None"),
        (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "no 'model' but a"),
        (b"{}", "no 'model' but nothing"),
    ],
)
def test_damaged_safetensors(tmp_path: Path, header: bytes, found: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    assert found in refused(path)


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["model_last.pt"], "model_last.pt"),
        (["lightning.ckpt", "optimizer.pt", "rng_state.pth", "scheduler.pt"], "lightning.ckpt"),
        (["epoch=3-step=900.ckpt", "epoch=9-step=2700.ckpt", "epoch=10-step=3000.ckpt"], "epoch=10-step=3000.ckpt"),
        (["epoch=10-step=3000.ckpt", "last.ckpt"], "last.ckpt"),
        (["model_best.pth", "model_last.pth"], "model_last.pth"),
        (["model.safetensors", "random_states_0.pt"], "model.safetensors"),
        (["ckpt-5.pt", "model_last.pt", "resume.pt"], "ckpt-5.pt"),
        (["net_9000.pt", "net_10000.pt"], "net_10000.pt"),
    ],
)
def test_the_names_that_other_code_gives(tmp_path: Path, names: list[str], newest: str) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    for name in names:
        (run / name).touch()
    assert find_run(run).latest.name == newest
    assert find_run(run.parent).directory == run


def test_checkpoints_in_a_directory_of_their_own(tmp_path: Path) -> None:
    inner = tmp_path / "version_0" / "checkpoints"
    inner.mkdir(parents=True)
    (inner / "epoch=3-step=900.ckpt").touch()
    assert find_run(tmp_path / "version_0").step == 900


# -- what lies beside the model ----------------------------------------------------------------------------------------
class Place(enum.Enum):
    HERE = 1


class Loop:
    """A training loop's own object, with attributes."""

    def __init__(self) -> None:
        self.best, self.path = 0.5, Path("runs")


class Named(dict[str, Any]):
    """A dict with attributes, as many libraries have."""


NAMED = Named(a=1)
NAMED.more = 2  # type: ignore[attr-defined]
RESUMED: dict[str, Any] = {
    "numpy state": np.random.get_state(),
    "numpy generator": np.random.default_rng(0),
    "python state": random.getstate(),
    "torch state": torch.get_rng_state(),
    "torch generator": torch.Generator().get_state(),
    "arrays": {"a": np.arange(6).reshape(2, 3), "b": np.array(["x"]), "c": np.array([None]), "d": np.zeros(3, "M8[s]")},
    "structured": np.zeros(2, dtype=[("a", "i4"), ("b", "O")]),
    "scalars": [np.float64(1.5), np.int32(2), np.str_("x"), np.bool_(True), np.datetime64("2026-01-01")],
    "dates": [datetime.datetime.now(), datetime.date.today(), datetime.timedelta(1)],
    "paths": [Path("a/b"), Path("/c")],
    "namespaces": [argparse.Namespace(a=1), types.SimpleNamespace(b=2), argparse.Namespace()],
    "containers": [deque([1, 2], maxlen=5), defaultdict(list, a=[1]), OrderedDict(a=1), {1, 2}, frozenset([3]), NAMED],
    "enum": [Place.HERE, {Place.HERE: 1}],
    "torch": [torch.Size([1, 2]), torch.float32, torch.device("cuda:1"), torch.strided],
    "objects": [Loop(), Loop, complex(1, 2), range(3), slice(1), b"bytes", bytearray(b"x")],
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", RESUMED)
def test_a_resume_state_does_not_matter(tmp_path: Path, name: str, zipped: bool) -> None:
    content = {"step": 3, "config": CONFIG, "rng": RESUMED[name], "model": WEIGHTS}
    torch.save(content, tmp_path / "ckpt-3.pt", _use_new_zipfile_serialization=zipped)
    opened(tmp_path / "ckpt-3.pt")


def test_what_was_skipped_is_said(tmp_path: Path) -> None:
    model = opened(
        tmp_path / "x.pt", {"step": 1, "config": CONFIG, "model": WEIGHTS, "rng": [RESUMED["enum"], RESUMED["dates"]]}
    )
    (note,) = model.notes
    assert "skipped, and nothing of them was run: " in note
    assert "datetime.date, " in note


def test_settings_of_any_kind_are_plain(tmp_path: Path) -> None:
    odd = {
        "path": Path("/a/b"),
        "inner": argparse.Namespace(lr=0.1, deep=types.SimpleNamespace(x=[1])),
        "date": datetime.date(2026, 1, 1),
        "place": Place.HERE,
        "array": np.arange(3),
        "loop": Loop(),
        "kind": Loop,
        "named": NAMED,
        "size": torch.Size([2]),
        "dtype": torch.float16,
    }
    torch.save({"step": 1, "model": WEIGHTS, "config": odd}, tmp_path / "x.pt")
    found = load_checkpoint(tmp_path / "x.pt")
    assert found.config == {
        "path": "/a/b",
        "inner": {"lr": 0.1, "deep": {"x": [1]}},
        "date": "the Python object datetime.date",
        "place": 1,
        "array": "the Python object numpy._core.multiarray._reconstruct",
        "loop": {"best": 0.5, "path": "runs"},
        "kind": f"the Python object {__name__}.Loop",
        "named": {"a": 1},
        "size": [2],
        "dtype": "torch.float16",
    }
    assert len(found.notes) == 1


class _Bomb:
    def __init__(self, call: Any, *args: Any) -> None:
        self.call = call, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["rng", "config", "inside config"])
def test_no_code_in_the_file_runs(tmp_path: Path, place: str, zipped: bool) -> None:
    trap = tmp_path / "trap"
    bombs = [
        _Bomb(os.system, f"touch {trap}"),
        _Bomb(eval, f"open({str(trap)!r}, 'w')"),
        _Bomb(exec, f"open({str(trap)!r}, 'w')"),
        _Bomb(os.mkdir, str(trap)),
        _Bomb(Path.touch, trap),
    ]
    for bomb in bombs:
        content: dict[str, Any] = {"step": 1, "model": WEIGHTS, "config": CONFIG, "rng": 0}
        if place == "inside config":
            content["config"] = CONFIG | {"x": [bomb]}
        else:
            content[place] = bomb
        torch.save(content, tmp_path / "x.pt", _use_new_zipfile_serialization=zipped)
        message = ""
        try:
            model = opened(tmp_path / "x.pt")
        except AdtuiError as error:
            message = str(error)
        else:
            assert any("nothing of them was run" in note for note in model.notes)
        assert len(message.splitlines()) <= 1
        assert not trap.exists()


def whole(**attributes: Any) -> nn.Module:
    model = reference()
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


@pytest.mark.parametrize(
    "content",
    [
        whole(config=CONFIG),
        {"model": whole(), "config": CONFIG},
        {"model": nn.ModuleDict({"actor": whole()}), "config": CONFIG, "critic": nn.Linear(2, 1)},
        nn.ModuleDict({"policy": whole()}),
    ],
    ids=["with its settings", "beside settings", "within another", "alone"],
)
def test_a_model_saved_as_a_whole_opens_and_nothing_of_it_is_run(tmp_path: Path, content: Any) -> None:
    asked = {} if isinstance(content, dict) or hasattr(content, "config") else {"heads": 2}
    model = opened(tmp_path / "x.pt", content, **asked)
    assert model.n_head == 2
    assert any("nothing of them was run: checkpoints.ReferenceEncoder" in note for note in model.notes)


def test_what_a_module_does_not_save_is_no_weight(tmp_path: Path) -> None:
    """As in its `state_dict`: buffers that say so, and what it keeps for itself."""
    model = whole(config=CONFIG)
    model.register_buffer("seen", torch.ones(3), persistent=False)
    opened(tmp_path / "x.pt", model)
    opened(tmp_path / "y.pt", {"model": {**WEIGHTS, "pred_action._extra_state": None}, "config": CONFIG})
    model.register_buffer("kept", torch.ones(3))
    assert "found also kept (1 in excess)" in refused(tmp_path / "z.pt", model)


def test_a_module_within_itself_is_no_model(tmp_path: Path) -> None:
    model = nn.Module()
    for name in "abc":
        model._modules[name] = model
    assert "x.pt" in refused(tmp_path / "x.pt", {"model": model, "config": CONFIG})
    assert "x.pt" in refused(tmp_path / "x.pt", model)


def test_another_object_is_refused_with_what_to_do(tmp_path: Path) -> None:
    message = refused(tmp_path / "x.pt", Loop())
    assert "Loop" in message
    assert "state_dict" in message


# -- other people's models ---------------------------------------------------------------------------------------------
def named(*names: str, **shapes: tuple[int, ...]) -> dict[str, Tensor]:
    shaped = {name.replace("__", "."): torch.ones(shape) for name, shape in shapes.items()}
    return {name: torch.ones(4, 4) for name in names} | shaped


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (named("emb2hid.weight", "blocks.0.attention.in_proj_weight", "action_head.weight"), "AD-eps"),
        (named("transformer.h.0.attn.c_attn.weight", "embed_transition.weight", "pred_actions.weight"), "DPT"),
        (named("obs_encoder.0.weight", "action_encoder.weight", "transformer.0.weight", "action_head.weight"), "XLand"),
        (named("transformer.proj.weight", "transformer.state_emb.weight", "transformer.action_emb.weight",
               "transformer.h.0.weight"), "headless AD"),
        (named("encoder.x.weight", "transformer.0.weight", "head.x.weight"), "Vintix"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "model.", "module."])
def test_models_of_other_code_are_named(tmp_path: Path, weights: dict[str, Tensor], words: str, prefix: str) -> None:
    message = refused(tmp_path / "x.pt", {"state_dict": under(prefix, weights), "hyper_parameters": CONFIG})
    assert words in message
    assert "again" not in message


@pytest.mark.parametrize("prefix", ["", "model."])
def test_continuous_states_and_actions_are_named(tmp_path: Path, prefix: str) -> None:
    llama = named("transformer.blocks.0.attn.attn.weight", "transformer.blocks.0.mlp.swiglu.w1.weight")
    heads = {"embed_query_state": (16, 39), "embed_context": (16, 2 * 39 + 4 + 1), "pred_actions": (8, 16)}
    weights = llama | {f"{name}.weight": torch.ones(shape) for name, shape in heads.items()}
    weights |= {f"{name}.bias": torch.ones(shape[0]) for name, shape in heads.items()}
    message = refused(tmp_path / "x.pt", {"model": under(prefix, weights), "config": CONFIG})
    assert "continuous states (39 numbers) and actions (4), as DICP on Meta-World" in message


def test_a_variant_of_a_family_is_said_to_be_one(tmp_path: Path) -> None:
    message = refused(tmp_path / "x.pt", {"model": WEIGHTS | {"extra.weight": torch.ones(1)}, "config": CONFIG})
    assert "the encoder family's weights" in message
    assert "variant that adtui does not read" in message


# -- the users' own files ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "heads"),
    [
        ("compiled_submodule/runs/AD-darkroom-seed0", None),
        ("rad_numpy_rng_state/runs/AD-darkroom-seed0", None),
        ("wrapped_state_dicts/lightning.ckpt", None),
        ("wrapped_state_dicts/model_last.pt", 4),
    ],
)
def test_files_from_the_wild(cases_dir: Path, path: str, heads: int | None) -> None:
    info = open_session(cases_dir / path, device="cpu", samples=1, heads=heads).info
    assert info.family == "encoder · post-norm · causal"
    assert info.n_head == 4


def test_a_meta_world_model_lacks_nothing_but_histories(cases_dir: Path) -> None:
    (run,) = cases_dir.glob("dicp_metaworld/runs/*")
    with pytest.raises(HistoryError) as caught:
        open_session(run, device="cpu")
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "history_pick-place-v2_PPO_alg-seed0.hdf5" in message
    assert "Meta-World (pick-place-v2), with states of 11 numbers and actions of 4 numbers" in message
    assert "--histories" in message
    assert "again" not in message
