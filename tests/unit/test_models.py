"""Which family a file is, and what is said of one that is none, two, or half of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import make_run as make_encoder_run
from checkpoints import reference, save_checkpoint, settings
from references import ad_eps, dpt, gpt2, llama, marked, rad

from adtui.files.checkpoint import Checkpoint, load_checkpoint
from adtui.models.loading import FAMILIES, load_model
from adtui.models.model import Model
from adtui.records.errors import CheckpointError, ConfigError, ModelError
from adtui.records.layout import TOKEN_KINDS
from adtui.records.sample import Sample

MAKERS: dict[str, Any] = {
    "encoder": make_encoder_run,
    "encoder with compressed context": marked.make_run,
    "llama": llama.make_run,
    "gpt2": gpt2.make_run,
    "rad": rad.make_run,
    "ad-eps": ad_eps.make_run,
    "dpt": dpt.make_run,
}
READ_OUTS = {"ad-eps": "action_head.weight", "dpt": "pred_actions.weight"}
"""Where the family calls it otherwise than `pred_action`."""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    root = tmp_path_factory.mktemp("models")
    return {name: load_checkpoint(next(make(root / name).glob("*.pt"))) for name, make in MAKERS.items()}


def changed(checkpoint: Checkpoint, *, config: Any = None, **weights: torch.Tensor | None) -> Checkpoint:
    """Another config, and weights replaced (by None: taken away); __ in a name stands for a dot."""
    new = {name.replace("__", "."): tensor for name, tensor in weights.items()}
    kept = {name: tensor for name, tensor in {**checkpoint.weights, **new}.items() if tensor is not None}
    return Checkpoint(checkpoint.path, 1, checkpoint.config | (config or {}), kept, checkpoint.size)


def complaint(checkpoint: Checkpoint, **options: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_model(checkpoint, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def walk(n: int) -> Sample:
    rng = np.random.default_rng(n)
    states, time = rng.integers(0, 9, (n + 1, 2)), np.arange(n + 1)
    rewards = (rng.random(n) < 0.2).astype(np.float32)
    return Sample("walk", states[:-1], rng.integers(0, 5, n), rewards, states[1:], states[-1], time // 20, time % 20)


@pytest.mark.parametrize("name", MAKERS)
def test_each_is_recognised(checkpoints: dict[str, Checkpoint], name: str) -> None:
    model = load_model(checkpoints[name])
    assert model.family == name
    assert model.description.startswith(name)
    assert model.description.endswith("causal")


@pytest.mark.parametrize("name", MAKERS)
def test_a_weight_too_few_too_many_or_of_another_shape(checkpoints: dict[str, Checkpoint], name: str) -> None:
    checkpoint = checkpoints[name]
    ignored = ("wte.weight", "pred_token_type.weight", "pred_token_type.bias", ".causal_mask")
    for weight in checkpoint.weights:
        if weight.endswith(ignored):
            load_model(changed(checkpoint, **{weight: None}))
            continue
        assert complaint(changed(checkpoint, **{weight: None}))
        assert complaint(changed(checkpoint, **{weight: torch.zeros(3, 3, 3, 3)}))
    assert "also something (1 in excess)" in complaint(changed(checkpoint, something=torch.zeros(1)))


@pytest.mark.parametrize("name", MAKERS)
def test_weights_that_are_whole_numbers_are_refused(checkpoints: dict[str, Checkpoint], name: str) -> None:
    """As quantised ones are, whose scales lie elsewhere: they would load, and be other weights."""
    checkpoint = checkpoints[name]
    for weight, values in checkpoint.weights.items():
        if weight.endswith(("attn.c_attn.weight", "in_proj_weight", "qkv_proj.weight", "attn.attn.weight")):
            said = complaint(changed(checkpoint, **{weight: (values * 100).to(torch.int8)}))
            assert f"expected floating-point numbers in {weight}, found whole ones (int8)" in said
            return
    raise AssertionError("no attention")


@pytest.mark.parametrize("name", MAKERS)
def test_sizes_are_checked_before_anything_is_allocated(checkpoints: dict[str, Checkpoint], name: str) -> None:
    """An expanded tensor may claim to be huge; the other shapes do not follow it."""
    checkpoint = checkpoints[name]
    head = READ_OUTS.get(name, "pred_action.weight")
    huge = torch.zeros(1).expand(1 << 40, checkpoint.weights[head].shape[1])
    assert "shape" in complaint(changed(checkpoint, **{head: huge}))


def test_a_tie_names_the_candidates(checkpoints: dict[str, Checkpoint]) -> None:
    both = {**checkpoints["llama"].weights, **checkpoints["encoder"].weights}
    said = complaint(changed(checkpoints["encoder"], **both))
    assert "encoder and llama" in said
    everything = {name: tensor for one in checkpoints.values() for name, tensor in one.weights.items()}
    said = complaint(changed(checkpoints["encoder"], **everything))
    assert "those of 5: encoder with compressed context and llama and rad and ad-eps and dpt" in said, said


def test_none_names_what_was_found(checkpoints: dict[str, Checkpoint]) -> None:
    said = complaint(Checkpoint(Path("x.pt"), 1, {}, {"fc.weight": torch.zeros(2, 2)}, 100))
    known = ", ".join(family.NAME for family in FAMILIES)
    assert known.startswith("encoder, encoder with compressed context, llama, gpt2, ")
    assert f"a family that adtui knows ({known})" in said
    assert "1 keys such as fc.weight" in said


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "dpt"])
def test_head_counts(checkpoints: dict[str, Checkpoint], name: str) -> None:
    checkpoint = checkpoints[name]
    assert load_model(checkpoint).n_head == 2
    model = load_model(checkpoint, heads=4)
    assert model.n_head == 4
    assert "4 heads, as asked (the checkpoint says 2)" in model.notes
    assert "--heads" in complaint(checkpoint, heads=3)
    for bad in (0, -1, "0", "four", 2.5, True, None):
        assert "--heads" in complaint(changed(checkpoint, config={"tf_n_head": bad}))


def test_a_family_with_one_head_has_one_whatever_is_said(checkpoints: dict[str, Checkpoint]) -> None:
    model = load_model(checkpoints["dpt"])
    assert model.n_head == load_model(checkpoints["dpt"], heads=1).n_head == 1
    assert any("1 head, as its code has always; its settings say" in note for note in model.notes)
    with pytest.raises(ConfigError, match="always 1 head, found 2"):
        load_model(checkpoints["dpt"], heads=2)


def test_rotary_heads_are_of_even_width(checkpoints: dict[str, Checkpoint]) -> None:
    assert "even width" in complaint(checkpoints["llama"], heads=16)


@pytest.mark.parametrize("name", MAKERS)
def test_without_the_mask_the_last_token_reaches_the_first(checkpoints: dict[str, Checkpoint], name: str) -> None:
    model = load_model(checkpoints[name], causal=False)
    assert model.description.endswith("not causal")
    assert "no causal mask, as asked" in model.notes


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("llama", {"n_transit": 0}, "n_transit"),
        ("llama", {"n_transit": "long"}, "n_transit"),
        ("llama", {"n_transit": 10**12}, "n_transit"),
        ("rad", {"compress_n_heads": 3}, "compress_n_heads"),
        ("rad", {"compress_n_heads": []}, "compress_n_heads"),
        ("rad", {"max_compressions": -1}, "max_compressions"),
        ("rad", {"max_compressions": "all"}, "max_compressions"),
        ("rad", {"n_transit": 10**12}, "n_transit"),
        ("encoder with compressed context", {"compress_interval": 0}, "compress_interval"),
        ("encoder with compressed context", {"compress_interval": 1.5}, "compress_interval"),
    ],
)
def test_settings_that_no_shape_tells(
    checkpoints: dict[str, Checkpoint], name: str, config: dict[str, Any], said: str
) -> None:
    assert said in complaint(changed(checkpoints[name], config=config))


def test_what_is_assumed_is_said(checkpoints: dict[str, Checkpoint]) -> None:
    def without(name: str, key: str) -> Model:
        one = checkpoints[name]
        config = {k: v for k, v in one.config.items() if k != key}
        return load_model(Checkpoint(one.path, 1, config, one.weights, one.size))

    assert without("llama", "n_transit").n_context_max == 79
    assert "n_transit 80 assumed" in without("llama", "n_transit").notes[0]
    assert "heads assumed in the compressor" in without("rad", "compress_n_heads").notes[0]
    assert "batches of 80 steps assumed" in without("encoder with compressed context", "compress_interval").notes[0]
    assert not load_model(checkpoints["rad"]).notes


def test_a_window_without_room_beside_the_latents(tmp_path: Path) -> None:
    run = rad.make_run(tmp_path / "run", rad_max_seq_length=24, n_compress_tokens=21)
    model = load_model(load_checkpoint(next(run.glob("*.pt"))))
    assert model.network.layout(30).kind.tolist() == [TOKEN_KINDS.index("latent")] * 21 + [TOKEN_KINDS.index("query")]
    too_many = changed(load_checkpoint(next(run.glob("*.pt"))))
    too_many.weights["compression_transformer.compress_queries"] = torch.zeros(1, 23, 16)
    assert "a window longer than the 23 latents" in complaint(too_many)


@pytest.mark.parametrize(
    "pair", [("embed_compress_start", "embed_compress_end"), ("compress_start_embed", "compress_end_embed")]
)
def test_an_older_compressed_context_acts_without_its_marks(pair: tuple[str, str], tmp_path: Path) -> None:
    model = reference(seed=4)
    extra = {name: torch.randn(1, 1, 16) for name in pair}
    plain = load_model(load_checkpoint(save_checkpoint(tmp_path / "a" / "ckpt-1.pt", model.state_dict(), settings())))
    weights = {**model.state_dict(), **extra}
    older = load_model(load_checkpoint(save_checkpoint(tmp_path / "b" / "ckpt-1.pt", weights, settings())))
    assert older.family == "encoder with compressed context"
    assert "marks are used in training only" in older.notes[0]
    np.testing.assert_array_equal(older.logits([walk(12)]), plain.logits([walk(12)]))


def test_contexts_that_do_not_fit(checkpoints: dict[str, Checkpoint]) -> None:
    for name, most in {"encoder": 19, "llama": 19, "gpt2": 19, "encoder with compressed context": 11}.items():
        model = load_model(checkpoints[name])
        assert model.n_context_max == most, name
        model.logits([walk(most)])
        with pytest.raises(ModelError, match=f"at most {most} transitions"):
            model.logits([walk(most + 1)])


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("n", [0, 1, 5, 11])
def test_the_layout_is_that_of_the_tokens(checkpoints: dict[str, Checkpoint], name: str, n: int) -> None:
    from adtui.attention.capture import capture

    model = load_model(checkpoints[name])
    captured = capture(model, walk(n))
    assert captured.heads.queries[0].shape[1] == model.layout(walk(n)).n_tokens
    np.testing.assert_allclose(captured.attention.query_row.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(captured.attention.logits, model.logits([walk(n)])[0], atol=1e-5)


def test_old_buffers_are_passed_over(checkpoints: dict[str, Checkpoint]) -> None:
    mask = {f"transformer_model.h.{layer}.attn.bias": torch.ones(1, 1, 4, 4) for layer in range(2)}
    scalar = {f"transformer_model.h.{layer}.attn.masked_bias": torch.tensor(-1e4) for layer in range(2)}
    load_model(changed(checkpoints["gpt2"], **mask, **scalar))
    load_model(changed(checkpoints["rad"], **mask, **{"reconstruction_decoder.layers.0.weight": torch.ones(2)}))
    load_model(changed(checkpoints["encoder"], causal_mask=torch.ones(20, 20)))
