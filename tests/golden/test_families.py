"""`adtui extract` equals the users' own models, and independent references of other sizes, in every family.

Golden numbers are met to 1e-5, and to 1e-4 by the family with RMS norms. The references reckon in float64 with weights
made to attend sharply, where float32's own noise comes to 1e-4: so they are met to 1e-4 by the command, and to 1e-6 by
the same networks in float64 (1e-5 with rotary angles, which are float32 in the users' code as well).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import make_run, reference, save_checkpoint, settings
from references import (
    Context,
    Expected,
    ad_eps,
    compressed_ad,
    contexts,
    dpt,
    encoder,
    flow,
    gpt2,
    gpt2_blocks,
    llama,
    llama_vectors,
    marked,
    rad,
)

from adtui.attention.capture import capture
from adtui.attention.knock_outs import knock_out
from adtui.cli.main import main
from adtui.files.checkpoint import load_checkpoint
from adtui.histories.inputs import inputs_npz
from adtui.models.loading import load_model

Arrays = dict[str, np.ndarray]


def extracted(run: Path, inputs: Path, output: Path, *options: str) -> Arrays:
    assert main(["extract", str(run), "--inputs", str(inputs), "--output", str(output), *options]) == 0
    with np.load(output) as file:
        return dict(file)


# -- the users' own files ----------------------------------------------------------------------------------------------
RUNS = {
    "adcw_ad": ("AD-darkroom-seed0", 1e-5),
    "dicp_ad": ("AD-darkroom-dynamicsFalse-seed0", 1e-4),
    "cccad_ad": ("AD-darkroom-seed0", 1e-5),
    "cccad_cad": ("CompressedAD-darkroom-seed0", 1e-5),
    "flow_ad": ("FlowAD-darkroom-seed0", 1e-4),
    "rad_ad": ("ad_dr-darkroom-seed0", 1e-5),
    "rad_rad": ("rad_dr-darkroom-seed0", 1e-5),
}


@pytest.mark.parametrize("name", RUNS)
def test_extract_equals_golden(fixtures_dir: Path, tmp_path: Path, name: str) -> None:
    run, tolerance = RUNS[name]
    golden = fixtures_dir / name / "golden.npz"
    found = extracted(fixtures_dir / name / "runs" / run, golden, tmp_path / "y.npz")
    with np.load(golden) as file:
        expected = dict(file)
    np.testing.assert_allclose(found["attn"], expected["attn"], rtol=0, atol=tolerance)
    np.testing.assert_allclose(found["logits"], expected["logits"], rtol=0, atol=tolerance)
    np.testing.assert_allclose(found["attn"].sum(axis=-1), 1, atol=1e-5)
    states = expected.get("logits_all_state_tokens", expected.get("logits_selected"))
    if states is not None:
        np.testing.assert_allclose(found["state_logits"], states, rtol=0, atol=1e-5)
    assert ("policy" in found) == ("policy" in expected)
    if "policy" in expected:
        np.testing.assert_allclose(found["policy"], expected["policy"], rtol=0, atol=tolerance)
    rounds = [key for key in expected if key.startswith("compress_round")]
    kinds = {key[-5:] for key in rounds}  # not every file has the latents' attention to each other
    assert set(rounds) == {key for key in found if key.startswith("compress_round") and key[-5:] in kinds}
    for key in rounds:
        np.testing.assert_allclose(found[key], expected[key], rtol=0, atol=1e-5, err_msg=key)
    if "compression_info" in expected:
        info = json.loads(str(expected["compression_info"]))
        assert len(rounds) // 4 == info["num_compressions"]  # two layers, each with self and cross
        assert np.isin(found["tokens"], ["state", "action", "reward"]).sum() == info["visible_context_tokens"]


# -- other sizes -------------------------------------------------------------------------------------------------------
BIG = {"d_model": 64, "n_layer": 3, "n_head": 4, "n_transit": 50}
SMALL = {"d_model": 32, "n_layer": 2, "n_head": 2, "n_transit": 12}
ONE_HEAD = {"d_model": 16, "n_layer": 1, "n_head": 1, "n_transit": 9}
ROUNDING = 1e-5
"""Of logits far from 0, relative: a family without a last norm has some near 100."""
VARIANTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "llama": (llama, {}),
    "llama dynamics": (llama, {"dynamics": True}),
    "DPT": (llama, {"model": "DPT"}),
    "DPT dynamics": (llama, {"model": "DPT", "dynamics": True}),
    "llama vectors": (llama_vectors, {}),
    "llama vectors, deterministic": (llama_vectors, {"learn_var": False}),
    "llama vectors, dynamics": (llama_vectors, {"dynamics": True}),
    "gpt2": (gpt2, {}),
    "gpt2 blocks": (gpt2_blocks, {}),
    "rad": (rad, {}),
    "rad, other heads": (rad, {"compress_n_heads": 1, "compress_n_layers": 1, "n_compress_tokens": 7}),
    "rad, one round allowed": (rad, {"max_compressions": 1}),
    "rad, none allowed": (rad, {"max_compressions": 0}),
    "flow": (flow, {}),
    "ad-eps": (ad_eps, {}),
    "dpt": (dpt, {}),
    "compressed AD": (compressed_ad, {}),
    "marked": (marked, {"compress_interval": 5}),
    "marked, first batch": (marked, {"compress_interval": 30}),
    "marked, switched off": (marked, {"use_compressed_context": False}),
}


@pytest.mark.parametrize("sizes", [BIG, SMALL, ONE_HEAD], ids=["big", "small", "one head"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_extract_equals_an_independent_reference(variant: str, sizes: dict[str, int], tmp_path: Path) -> None:
    module, more = VARIANTS[variant]
    run = module.make_run(tmp_path / "run", seed=5, **sizes, **more)
    n = min(8, sizes["n_transit"] - 4) if module is marked else sizes["n_transit"] - 1
    longer = (sizes["n_transit"], sizes["n_transit"] + 7) if module is compressed_ad else ()
    for length in (n, n // 2, 1, *longer):
        given = [contexts_of(module)(length, seed) for seed in (1, 2)]
        found = extracted(run, write_inputs(tmp_path / "x.npz", given), tmp_path / "y.npz")
        for index, context in enumerate(given):
            same(found, index, module.expected(run, *context), 1e-4)


@pytest.mark.parametrize("sizes", [BIG, SMALL, ONE_HEAD], ids=["big", "small", "one head"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_in_float64_a_network_is_its_reference(variant: str, sizes: dict[str, int], tmp_path: Path) -> None:
    module, more = VARIANTS[variant]
    run = module.make_run(tmp_path / "run", seed=6, **sizes, **more)
    n = min(8, sizes["n_transit"] - 4) if module is marked else sizes["n_transit"] - 1
    context = contexts_of(module)(n, 3)
    vectors = getattr(module, "VECTORS", None)
    [sample] = inputs_npz(write_inputs(tmp_path / "x.npz", [context]), vectors=vectors)
    model = load_model(load_checkpoint(next(run.glob("*.pt"))))
    model.network.double()
    captured, expected = capture(model, sample), module.expected(run, *context)
    tolerance = 1e-5 if module in (llama, llama_vectors) else 1e-6
    found = np.stack([captured.heads.matrices(layer) for layer in range(model.n_layer)])
    np.testing.assert_allclose(found, expected.attention, rtol=0, atol=tolerance)
    np.testing.assert_allclose(captured.attention.logits, expected.logits, rtol=1e-6, atol=tolerance)
    for one, round_ in zip(captured.rounds, expected.extras.get("rounds", []), strict=True):
        np.testing.assert_allclose(one.own, round_["self"], rtol=0, atol=tolerance)
        np.testing.assert_allclose(one.cross, round_["cross"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("sizes", [BIG, SMALL, ONE_HEAD], ids=["big", "small", "one head"])
def test_the_encoder_equals_torchs_own_layers(norm: str, causal: bool, sizes: dict[str, int], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", norm, **sizes, seed=3)
    given = [contexts(sizes["n_transit"] - 1, seed) for seed in (1, 2)]
    options = [] if causal else ["--no-causal"]
    found = extracted(run, write_inputs(tmp_path / "x.npz", given), tmp_path / "y.npz", *options)
    for index, context in enumerate(given):
        same(found, index, encoder.expected(run, *context, causal=causal), 1e-5)


def test_pre_norm_without_a_final_norm_is_told_by_the_settings(tmp_path: Path) -> None:
    """Its keys are those of post-norm."""
    model = reference("post", seed=1)
    for layer in model.transformer_encoder.layers:
        layer.norm_first = True
    run = tmp_path / "run"
    save_checkpoint(run / "ckpt-3.pt", model.state_dict(), settings(tf_norm_first=True))
    context = contexts(10, 4)
    found = extracted(run, write_inputs(tmp_path / "x.npz", [context]), tmp_path / "y.npz")
    x = torch.cat(
        [
            model.embed_context(torch.from_numpy(features(context)).float()),
            model.embed_query_state(torch.tensor([context.query_state[0] * 9 + context.query_state[1]])),
        ]
    )[None]
    mask = torch.nn.Transformer.generate_square_subsequent_mask(11)
    with torch.no_grad():
        logits = model.pred_action(model.transformer_encoder(x + model.pos_embedding[:, :11], mask=mask)[0, -1])
    np.testing.assert_allclose(found["logits"][0], logits, rtol=0, atol=1e-5)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
@pytest.mark.parametrize(
    "module", [llama, gpt2, gpt2_blocks, rad, compressed_ad, marked], ids=lambda module: module.__name__
)
def test_wrappers_leave_no_trace(prefix: str, module: Any, tmp_path: Path) -> None:
    run = module.make_run(tmp_path / "run", n_transit=12)
    inputs = write_inputs(tmp_path / "x.npz", [contexts(5, 1)])
    plain = extracted(run, inputs, tmp_path / "y.npz")
    [file] = run.glob("*.pt")
    content = torch.load(file, weights_only=True)
    content["model"] = {prefix + name: tensor for name, tensor in content["model"].items()}
    content["config"]["device"] = torch.device("cuda:3")
    torch.save(content, file)
    wrapped = extracted(run, inputs, tmp_path / "z.npz")
    assert wrapped.pop("provenance") != plain.pop("provenance")  # it is another file
    for name, values in plain.items():
        np.testing.assert_array_equal(wrapped[name], values, err_msg=name)


def test_a_wrong_head_count_changes_the_attention(tmp_path: Path) -> None:
    """It fits every shape: only the checkpoint's own settings can tell, or the user."""
    run = llama.make_run(tmp_path / "run", n_transit=12)
    inputs = write_inputs(tmp_path / "x.npz", [contexts(11, 1)])
    right = extracted(run, inputs, tmp_path / "y.npz")
    asked = extracted(run, inputs, tmp_path / "z.npz", "--heads", "2")
    wrong = extracted(run, inputs, tmp_path / "w.npz", "--heads", "4")
    np.testing.assert_array_equal(right["attn"], asked["attn"])
    assert wrong["attn"].shape[2] == 4
    assert np.abs(wrong["logits"] - right["logits"]).max() > 1e-3


# -- helpers -----------------------------------------------------------------------------------------------------------
def contexts_of(module: Any) -> Any:
    """What makes contexts: a family's own where states are vectors."""
    return getattr(module, "contexts", contexts)


def features(context: Context) -> np.ndarray:
    one_hot = np.eye(5)[context.actions]
    return np.concatenate([context.states, one_hot, context.rewards[:, None], context.next_states], axis=1)


def write_inputs(path: Path, given: list[Context]) -> Path:
    names = ("states", "actions", "rewards", "next_states", "query_states", "target_actions")
    columns = zip(names, zip(*given, strict=True), strict=True)
    arrays: dict[str, Any] = {f"in_{name}": np.stack(column) for name, column in columns}
    np.savez(path, **arrays)
    return path


def same(found: Arrays, index: int, expected: Expected, tolerance: float) -> None:
    np.testing.assert_allclose(found["attn"][index], expected.attention, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found["logits"][index], expected.logits, rtol=ROUNDING, atol=tolerance)
    if "state_logits" in expected.extras:
        states = expected.extras["state_logits"]
        np.testing.assert_allclose(found["state_logits"][index], states, rtol=ROUNDING, atol=tolerance)
    for number, one in enumerate(expected.extras.get("rounds", [])):
        for kind in ("self", "cross"):
            for layer, weights in enumerate(one[kind]):
                name = f"compress_round{number}_layer{layer}_{kind}"
                np.testing.assert_allclose(found[name][index], weights, rtol=0, atol=tolerance, err_msg=name)
    assert len([name for name in found if name.endswith("layer0_cross")]) == len(expected.extras.get("rounds", []))


def test_the_flows_policy_is_what_its_reference_integrates(tmp_path: Path) -> None:
    """With other settings than the users', and under an edit that changes nothing."""
    run = flow.make_run(tmp_path / "run", seed=3)
    context = contexts(9, 2)
    [sample] = inputs_npz(write_inputs(tmp_path / "x.npz", [context]))
    model = load_model(load_checkpoint(next(run.glob("*.pt"))))
    expected = flow.expected(run, *context).extras["policy"]
    found = model.integrated(sample)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.abs(expected - np.exp(capture(model, sample).attention.logits)).max() > 0.01
    whole = knock_out(model, sample, [0, 3], controls=2)
    assert whole.action_before == int(expected.argmax())
    assert whole.kl > 0


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_step_of_the_flow_is_what_its_reference_sees_in_it(step: int, tmp_path: Path) -> None:
    """Its attention, and the distribution that it ends in; what the model does is the whole flow all the same."""
    run = flow.make_run(tmp_path / "run", seed=3)
    context = contexts(9, 2)
    found = extracted(run, write_inputs(tmp_path / "x.npz", [context]), tmp_path / "y.npz", "--flow-step", str(step))
    extras = flow.expected(run, *context).extras
    assert len(extras["steps"]) == 3
    attention, ends_in = extras["steps"][step - 1]
    np.testing.assert_allclose(found["attn"][0], attention, rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.exp(found["logits"][0]), ends_in, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["policy"][0], extras["policy"], rtol=0, atol=1e-5)
    assert found["tokens"][found["read"]] == "time"
    assert np.abs(attention[:, :, -1] - flow.expected(run, *context).attention[:, :, -1]).max() > 1e-3
