"""What kvpress keeps of a cache, `kvpress.npz`: a small model's queries, keys and values, and a mask by press.

    PYTHONPATH=tests python tests/golden/kvpress_file.py [DIRECTORY]

makes it anew; that needs kvpress 0.5.5 and transformers 5.2.0, in an environment of their own. The model is a Llama of
transformers with weights from a seeded generator and without rotation, since the families whose caches are held have
learned positions. A file holds, of L layers, H heads, n tokens and K entries

    q, k, v (L, H, n, d_h)   float32, of one context
    kept/NAME (L, H, n)      True where an entry stays, for each of PRESSES
    budgets (…, 5)           n, K, L, beta and a layer's budget by PyramidKV, with a window of 1
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

HERE = Path(__file__).parent
LAYERS, HEADS, N, WIDTH, SINKS, WINDOW = 3, 4, 64, 8, 4, 16
SHORT, LONG = 16, 32
"""K: below twice the window of queries, and twice."""
BETA = 4
RETRIEVAL = ((True, False, False, False), (False, True, True, False), (False, False, False, False))
PRESSES = {
    "key-difference:16": SHORT,
    "key-difference:32": LONG,
    "expected-attention:16": SHORT,
    "expected-attention:32": LONG,
    "observation-window:32": LONG,
    "heavy-hitters:16": SHORT,
    "layer-attention:16": SHORT,
    "sink-recent:16": SHORT,
    "key-difference:16:shared=ada": SHORT,
    "key-difference:16:shared=ada:floor=0.9": SHORT,
    "observation-window:32:shared=ada:floor=0.5": LONG,
    "layer-attention:16:shared=ada": SHORT,
    "expected-attention:16:shared=ada": SHORT,
    "key-difference:16:shared=pyramid:beta=4": SHORT,
    "sink-recent:16:shared=duo": SHORT,
}
"""As adtui names them → K."""

Mask = NDArray[np.bool_]


class Unturned(torch.nn.Module):
    """A rotary embedding that turns nothing."""

    def forward(self, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, positions, d_h) cosines and sines."""
        shape = 1, position_ids.shape[-1], WIDTH
        return torch.ones(shape, dtype=x.dtype), torch.zeros(shape, dtype=x.dtype)


def model(attention: str) -> Any:
    """The same weights by any of transformers' ways to attend."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    sizes = LlamaConfig(
        vocab_size=N,
        hidden_size=HEADS * WIDTH,
        intermediate_size=16,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        initializer_range=0.4,
    )
    made: Any = LlamaForCausalLM(sizes).eval()
    made.set_attn_implementation(attention)
    made.model.rotary_emb = Unturned()
    return made


def presses() -> dict[str, tuple[Any, str]]:
    """Names of PRESSES → the press, and how the model has to attend for it."""
    import kvpress

    class Observed(kvpress.ObservedAttentionPress):  # type: ignore[misc]
        """With H2O's newest half, which kvpress leaves out."""

        def score(self, *args: Any) -> torch.Tensor:
            found: torch.Tensor = super().score(*args)
            found[..., -SHORT // 2 :] = found.max() + 1
            return found

    class Pyramid(kvpress.PyramidKVPress):  # type: ignore[misc]
        """PyramidKV's budgets, KeyDiff's scores."""

        def score(self, *args: Any) -> torch.Tensor:
            found: torch.Tensor = kvpress.KeyDiffPress().score(*args)
            return found

    class Duo(kvpress.DuoAttentionPress):  # type: ignore[misc]
        """With heads that are told, not found."""

        def post_init_from_model(self, _: Any) -> None:
            self.sink_size, self.recent_size = SINKS, SHORT - SINKS
            self.streaming_mask = ~torch.tensor(RETRIEVAL)

    def dropped(name: str) -> float:
        return 1 - PRESSES[name] / N

    def snap(name: str) -> Any:
        return kvpress.SnapKVPress(dropped(name), window_size=WINDOW, kernel_size=5)

    short = dropped("key-difference:16")
    difference, expected = kvpress.KeyDiffPress, kvpress.ExpectedAttentionPress
    return {
        "key-difference:16": (difference(short), "sdpa"),
        "key-difference:32": (difference(dropped("key-difference:32")), "sdpa"),
        "expected-attention:16": (expected(short, n_sink=SINKS), "sdpa"),
        "expected-attention:32": (expected(dropped("expected-attention:32"), n_sink=SINKS), "sdpa"),
        "observation-window:32": (snap("observation-window:32"), "sdpa"),
        "heavy-hitters:16": (Observed(short), "eager"),
        "layer-attention:16": (kvpress.TOVAPress(short), "sdpa"),
        "sink-recent:16": (kvpress.StreamingLLMPress(short, n_sink=SINKS), "sdpa"),
        "key-difference:16:shared=ada": (kvpress.AdaKVPress(difference(short)), "sdpa"),
        "key-difference:16:shared=ada:floor=0.9": (kvpress.AdaKVPress(difference(short), alpha_safeguard=0.9), "sdpa"),
        "observation-window:32:shared=ada:floor=0.5": (
            kvpress.AdaKVPress(snap("observation-window:32"), alpha_safeguard=0.5),
            "sdpa",
        ),
        "layer-attention:16:shared=ada": (kvpress.AdaKVPress(kvpress.TOVAPress(short)), "sdpa"),
        "expected-attention:16:shared=ada": (kvpress.AdaKVPress(expected(short, n_sink=SINKS)), "sdpa"),
        "key-difference:16:shared=pyramid:beta=4": (Pyramid(short, window_size=1, beta=BETA), "sdpa"),
        "sink-recent:16:shared=duo": (Duo(1 - np.mean(RETRIEVAL)), "sdpa"),
    }


@contextlib.contextmanager
def listening(made: Any, heard: list[dict[str, torch.Tensor]]) -> Iterator[None]:
    """Each layer's queries, keys and values (1, H, n, d_h), by the model's own projections."""

    def hear(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        del args, output
        tokens = kwargs["hidden_states"]
        heads = 1, tokens.shape[1], HEADS, WIDTH
        named = {"q": module.q_proj, "k": module.k_proj, "v": module.v_proj}
        heard.append({name: project(tokens).view(heads).transpose(1, 2) for name, project in named.items()})

    hooks = [layer.self_attn.register_forward_hook(hear, with_kwargs=True) for layer in made.model.layers]
    yield
    for hook in hooks:
        hook.remove()


def _kept(module: Any, keys: torch.Tensor, held: torch.Tensor) -> Mask:
    """(H, n) what stays: marked as dropped in the module, or found again among what the cache holds."""
    if getattr(module, "masked_key_indices", None) is not None:
        found = np.ones((HEADS, N), np.bool_)
        found[module.masked_key_indices[1].numpy(), module.masked_key_indices[2].numpy()] = False
        module.masked_key_indices = None
        return found
    apart = (keys[0, :, :, None] - held[0, :, None]).abs().amax(-1)
    same: Mask = (apart < 1e-3).any(-1).numpy()  # two ways to attend round otherwise
    assert same.sum() == held.shape[1] * held.shape[2], "keys are told apart by what they are"
    return same


@torch.no_grad()
def made() -> dict[str, NDArray[Any]]:
    """The arrays of the file."""
    from transformers import DynamicCache

    models = {way: model(way) for way in ("sdpa", "eager")}
    tokens = torch.randperm(N, generator=torch.Generator().manual_seed(1))[None]  # no two keys are alike
    heard: list[dict[str, torch.Tensor]] = []
    with listening(models["sdpa"], heard):
        models["sdpa"](tokens)
    found: dict[str, NDArray[Any]] = {name: torch.cat([one[name] for one in heard]).numpy() for name in "qkv"}
    for name, (press, way) in presses().items():
        cache: Any = DynamicCache()
        with press(models[way]):
            models[way](tokens, past_key_values=cache, output_attentions=way == "eager")
        layers = zip(models[way].model.layers, heard, cache.layers, strict=True)
        found[f"kept/{name}"] = np.stack([_kept(layer.self_attn, one["k"], held.keys) for layer, one, held in layers])
    return found | {"budgets": _budgets()}


def _budgets() -> NDArray[np.int64]:
    """(…, 5) where kvpress's line is neither cut at a context's length nor given up for an even share."""
    from types import SimpleNamespace

    import kvpress

    rows = []
    for n, K, layers, beta in ((64, 16, 3, 4), (64, 16, 4, 16), (100, 20, 5, 2), (79, 20, 4, 20), (119, 60, 4, 20)):
        press = kvpress.PyramidKVPress(1 - K / n, window_size=1, beta=beta)
        for layer in range(layers):
            module = SimpleNamespace(config=SimpleNamespace(num_hidden_layers=layers), layer_idx=layer)
            rows.append((n, K, layers, beta, press.get_layer_budget(module, n)))
    return np.array(rows, np.int64)


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    np.savez_compressed(where / "kvpress.npz", **made())  # type: ignore[arg-type]
