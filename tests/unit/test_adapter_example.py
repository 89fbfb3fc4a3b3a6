"""The adapter of docs/adapters.md, pasted into a file, over models that compute attention in every way that is seen."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from adapters import models
from checkpoints import save_checkpoint, settings
from references import contexts
from torch import Tensor, nn

from adtui.attention.capture import capture
from adtui.attention.knock_outs import knock_out, mute
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.sample import Sample
from adtui.statistics.divergence import divergence

DOCUMENT = Path(__file__).parents[2] / "docs" / "adapters.md"
SIZES = {"d_model": 16, "n_layer": 2, "n_head": 2}
N = 9
Open = Callable[[type[nn.Module]], Model]


def example() -> str:
    """The first whole class in the document."""
    [found] = [one for one in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S) if "import" in one]
    return str(found)


def test_it_is_under_forty_lines() -> None:
    assert len(example().splitlines()) < 40


@pytest.fixture
def open_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a model of a class through the example, with weights that do not depend on how its attention is written."""
    (tmp_path / "my_adapter.py").write_text(example(), encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))

    def opened(made: type[nn.Module]) -> Model:
        module = ModuleType("my_model")  # the users' training code, which lies beside it
        module.MyModel = made  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "my_model", module)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            model = made(**SIZES)
            for parameter in model.parameters():
                parameter.data += 0.3 * torch.randn_like(parameter)
        path = save_checkpoint(tmp_path / "ckpt-5.pt", model.state_dict(), settings(n_transit=16) | SIZES)
        return load_model(load_checkpoint(path), device="cpu", adapter=tmp_path / "my_adapter.py")

    return opened


def my_model(way: str) -> type[nn.Module]:
    return type("MyModel", (models.MyModel,), {"way": way})


def sample(n: int = N) -> Sample:
    walk, time = contexts(n, 4), np.arange(n + 1)
    rewards = walk.rewards.astype(np.float32)
    return Sample("walk", walk.states, walk.actions, rewards, walk.next_states, walk.query_state, time // 4, time % 4)


#: Ways that compute the same numbers, and the one that is held to a formula.
SAME = {
    "sdpa": (
        *("masked sdpa", "added sdpa", "scaled sdpa", "matmul", "bmm", "flex"),
        *("einsum", "einsum turned", "einsum with dots"),
    ),
    "grouped": ("grouped sdpa",),
    "biased": ("biased sdpa", "biased flex"),
    "windowed": ("windowed sdpa",),
    "both sides": ("both sides sdpa",),
}


@pytest.mark.parametrize(("first", "way"), [(first, way) for first, ways in SAME.items() for way in ways])
def test_however_it_is_written_it_shows_and_bears_the_same(open_model: Open, first: str, way: str) -> None:
    one, other = open_model(my_model(first)), open_model(my_model(way))
    same(one, other)


def same(one: Model, other: Model) -> None:
    """Attention, its statistics, and knock-outs of two models."""
    assert one.causal == other.causal
    own, found = capture(one, sample()), capture(other, sample())
    for layer in range(2):
        np.testing.assert_allclose(found.heads.matrices(layer), own.heads.matrices(layer), rtol=0, atol=1e-5)
    for name in ("query_row", "row_entropy", "received", "value_norm", "logits"):
        expected = getattr(own.attention, name)
        np.testing.assert_allclose(getattr(found.attention, name), expected, rtol=1e-5, atol=1e-5, err_msg=name)
    for seen in (own, found):
        assert (seen.heads.mask is None) == (own.heads.mask is None)
        np.testing.assert_array_equal(seen.heads.visible(N, "tokens"), own.heads.visible(N, "tokens"))
    for where in (None, (0, 1), (1, None)):
        first, second = (knock_out(model, sample(), [2, 7], where=where, controls=3) for model in (one, other))
        assert second.kl == pytest.approx(first.kl, abs=1e-5)
        np.testing.assert_allclose(second.control_kl, first.control_kl, rtol=0, atol=1e-5)
    assert mute(other, sample(), 0, 1).kl == pytest.approx(mute(one, sample(), 0, 1).kl, abs=1e-5)


# -- against formulas that know nothing of adtui -----------------------------------------------------------------------
def expected(model: Model, way: str, hide: tuple[int, ...] = ()) -> tuple[list[Any], Any]:
    """Attention of each layer, and logits, by the formula, with keys hidden from every token but themselves."""
    net: Any = model.network.module
    walk = sample()
    features = np.concatenate(
        [walk.states, np.eye(5)[walk.actions], walk.rewards[:, None], walk.next_states], axis=1
    )  # fmt: skip
    query = torch.from_numpy(np.asarray(walk.query_state)).float()
    with torch.no_grad():
        x = torch.cat([net.embed(torch.from_numpy(features).float()), net.query(query)[None]])
        attention = []
        for layer in net.layers:
            q, k, v = (part.view(N + 1, 2, 8).transpose(0, 1) for part in layer.qkv(x).chunk(3, dim=-1))
            allowed = torch.ones(N + 1, N + 1, dtype=torch.bool)
            if way in ("sdpa", "biased"):
                allowed = allowed.tril()
            if way == "windowed":
                allowed = models.nearby(q[None])
            allowed = allowed.clone()
            for key in hide:
                allowed[:, key] &= torch.arange(N + 1) == key
            added = models.slopes(q[None]) if way == "biased" else 0
            weights = (q @ k.mT / 8**0.5 + added).masked_fill(~allowed, float("-inf")).softmax(-1)
            attention.append(weights.numpy())
            x = layer.norm1(x + layer.out((weights @ v).transpose(0, 1).reshape(N + 1, 16)))
            x = layer.norm2(x + layer.contract(torch.relu(layer.expand(x))))
        return attention, net.act(x[-1]).numpy()


@pytest.mark.parametrize("way", ["sdpa", "biased", "windowed", "both sides"])
def test_it_is_what_the_formula_says(open_model: Open, way: str) -> None:
    model = open_model(my_model(way))
    assert model.causal == (way != "both sides")
    seen = capture(model, sample())
    attention, logits = expected(model, way)
    for layer, weights in enumerate(attention):
        np.testing.assert_allclose(seen.heads.matrices(layer), weights, rtol=0, atol=1e-5)
    np.testing.assert_allclose(seen.attention.logits, logits, rtol=0, atol=1e-5)
    _, hidden = expected(model, way, hide=(6, 8))
    found = knock_out(model, sample(), [6, 8], controls=0)
    both = np.stack([logits, hidden])
    assert found.kl == pytest.approx(float(divergence(both[0], both)[1]), abs=1e-5)
    assert found.kl > 1e-6


@pytest.mark.parametrize(("way", "width"), [("sdpa", 8), ("added sdpa", 8), ("matmul", N + 1), ("biased sdpa", N + 1)])
def test_matrices_are_kept_only_where_queries_and_keys_do_not_say_all(open_model: Open, way: str, width: int) -> None:
    seen = capture(open_model(my_model(way)), sample())
    assert [tuple(keys.shape) for keys in seen.heads.keys] == [(2, N + 1, width)] * 2


def test_a_window_is_known_and_counted(open_model: Open) -> None:
    """What a window hides is no key that was seen and left alone."""
    seen = capture(open_model(my_model("windowed sdpa")), sample())
    assert seen.heads.visible(N, "tokens").tolist() == [False] * 7 + [True] * 3
    assert seen.attention.even is not None
    sums = np.stack([seen.heads.matrices(layer).sum(1) for layer in range(2)])
    counts = [3] * 8 + [2, 1]
    np.testing.assert_allclose(seen.attention.received, sums / counts, rtol=0, atol=1e-5)


# -- other people's layers ---------------------------------------------------------------------------------------------
class Torchs(models.MyModel):
    """`nn.TransformerEncoder`, with the names and weights of the others."""

    def __init__(self, d_model: int, n_layer: int, n_head: int) -> None:
        super().__init__(d_model, n_layer, n_head)
        self.n_head = n_head

    @property
    def own(self) -> list[Any]:
        return list(self.layers)

    def forward(self, transitions: Tensor, query: Tensor) -> Tensor:
        x = torch.cat([self.embed(transitions), self.query(query)[:, None]], dim=1)
        layers = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(16, self.n_head, 32, 0.0, batch_first=True), 2, enable_nested_tensor=False
        ).eval()
        for layer, own in zip(layers.layers, self.own, strict=True):
            pairs = {"linear1": own.expand, "linear2": own.contract, "norm1": own.norm1, "norm2": own.norm2}
            pairs["self_attn.out_proj"] = own.out
            weights = {f"{name}.{key}": value for name, one in pairs.items() for key, value in one.state_dict().items()}
            weights |= {"self_attn.in_proj_weight": own.qkv.weight, "self_attn.in_proj_bias": own.qkv.bias}
            layer.load_state_dict(weights)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        logits: Tensor = self.act(layers(x, mask=mask)[:, -1])
        return logits


def test_torchs_own_encoder(open_model: Open) -> None:
    """Which takes a fused path of its own when nobody looks."""
    same(open_model(my_model("sdpa")), open_model(Torchs))


class HuggingFace(nn.Module):
    attention = "sdpa"

    def __init__(self, d_model: int, n_layer: int, n_head: int) -> None:
        super().__init__()
        self.embed, self.query, self.act = nn.Linear(10, d_model), nn.Linear(2, d_model), nn.Linear(d_model, 5)
        how = {"attn_implementation": self.attention, "bos_token_id": None, "eos_token_id": None}
        self.body = self.make(d_model, n_layer, how)

    def make(self, d_model: int, n_layer: int, how: dict[str, Any]) -> nn.Module:
        from transformers import GPT2Config, GPT2Model  # seconds, which not every worker need wait

        return GPT2Model(GPT2Config(vocab_size=2, n_positions=32, n_embd=d_model, n_layer=n_layer, n_head=2, **how))

    def forward(self, transitions: Tensor, query: Tensor) -> Tensor:
        x = torch.cat([self.embed(transitions), self.query(query)[:, None]], dim=1)
        out: Any = self.body(inputs_embeds=x, output_attentions=self.attention == "eager")
        logits: Tensor = self.act(out.last_hidden_state[:, -1])
        self.told = out.attentions
        return logits


def test_hugging_faces_gpt2_both_ways(open_model: Open) -> None:
    eager = open_model(type("MyModel", (HuggingFace,), {"attention": "eager"}))
    same(eager, open_model(HuggingFace))
    seen, net = capture(eager, sample()), eager.network.module
    eager.logits([sample()])
    for layer, told in enumerate(net.told):  # type: ignore[union-attr, arg-type]
        np.testing.assert_allclose(seen.heads.matrices(layer), told[0].numpy(), rtol=0, atol=1e-6)


class Grouped(HuggingFace):
    """Rotary positions, two keys' heads for four queries', a window of four tokens."""

    def make(self, d_model: int, n_layer: int, how: dict[str, Any]) -> nn.Module:
        from transformers import MistralConfig, MistralModel

        sizes: dict[str, Any] = {
            "hidden_size": d_model,
            "num_hidden_layers": n_layer,
            "intermediate_size": 24,
            "vocab_size": 2,
        }
        heads: dict[str, Any] = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "sliding_window": 4}
        return MistralModel(MistralConfig(**sizes, **heads, **how))


def test_hugging_faces_mistral_both_ways(open_model: Open) -> None:
    eager = open_model(type("MyModel", (Grouped,), {"attention": "eager"}))
    assert (eager.n_head, eager.d_model) == (4, 16)
    same(eager, open_model(Grouped))
    seen, net = capture(eager, sample()), eager.network.module
    eager.logits([sample()])
    for layer, told in enumerate(net.told):  # type: ignore[union-attr, arg-type]
        np.testing.assert_allclose(seen.heads.matrices(layer), told[0].numpy(), rtol=0, atol=1e-6)
    assert seen.heads.visible(N, "tokens").tolist() == [False] * 6 + [True] * 4


def test_layers_that_give_their_weights(open_model: Open) -> None:
    """`nn.MultiheadAttention` with need_weights multiplies and normalises by itself."""

    class Asked(Torchs):
        def forward(self, transitions: Tensor, query: Tensor) -> Tensor:
            x = torch.cat([self.embed(transitions), self.query(query)[:, None]], dim=1)
            for own in self.own:
                heads = nn.MultiheadAttention(16, self.n_head, batch_first=True).eval()
                weights = {"in_proj_weight": own.qkv.weight, "in_proj_bias": own.qkv.bias}
                heads.load_state_dict(
                    {**weights, "out_proj.weight": own.out.weight, "out_proj.bias": own.out.bias}
                )  # fmt: skip
                mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
                x = own.norm1(x + heads(x, x, x, attn_mask=mask, need_weights=True)[0])
                x = own.norm2(x + own.contract(torch.relu(own.expand(x))))
            logits: Tensor = self.act(x[:, -1])
            return logits

    same(open_model(my_model("sdpa")), open_model(Asked))
