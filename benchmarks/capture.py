"""Ratios of capture and of other ways to get attention to the plain forward pass, measured in turn in one process.

    python benchmarks/capture.py [--quick] [--rounds 7] [--threads 2] [--spread 1.0]

The floor is the plain pass of the same model by `scaled_dot_product_attention`. Ours: `statistics` is all that
`attention.Attention` lists, `capture` keeps queries and keys for views as well, both by torch alone and by the kernel
(a dash where `adtui doctor --build-kernel` was not run); `query row` is the cheapest pass. The others give weights
only, no statistics: `need_weights` runs torch's encoder with its attention modules asked for weights, `re-run` runs
torch's encoder and then every layer's attention again for its weights, as the AD code's script does, and `HF eager` is
transformers' GPT-2 with `output_attentions`. They hold (heads, N, N) floats of a layer, HF of all layers; where that
would not fit in half the free memory there is a dash.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from adtui.attention.capture import capture, measure, query_row
from adtui.models import kernel
from adtui.models.decoder import DecoderShape
from adtui.models.families.encoder import Encoder
from adtui.models.model import Model
from adtui.records.sample import Sample

TOKENS = (240, 1024, 4096, 16384)
QUICK = (240, 1024)


@dataclass(frozen=True)
class Size:
    """layers × heads × d_model, and the target ratios from 1024 tokens on."""

    n_layer: int
    n_head: int
    d_model: int
    target: float

    def __str__(self) -> str:
        return f"{self.n_layer} layers × {self.n_head} heads × {self.d_model}"


SIZES = (Size(4, 4, 64, 1.3), Size(8, 8, 256, 1.3))
KERNEL_TARGET, QUERY_ROW_TARGET = 1.0, 1.05


def random_sample(n_tokens: int) -> Sample:
    """A context of random transitions that, with the query, makes so many tokens."""
    rng, n = np.random.default_rng(n_tokens), n_tokens - 1
    return Sample(
        label="random",
        states=rng.integers(0, 9, (n, 2)),
        actions=rng.integers(0, 5, n),
        rewards=(rng.random(n) < 0.1).astype(np.float32),
        next_states=rng.integers(0, 9, (n, 2)),
        query_state=rng.integers(0, 9, 2),
        episode=np.arange(n_tokens) // 20,
        step=np.arange(n_tokens) % 20,
    )


def random_model(size: Size, n_tokens: int, spread: float) -> Model:
    """A pre-norm encoder. `spread` scales queries and keys: scores and sharpness grow with its square."""
    torch.manual_seed(0)
    d = size.d_model
    network = Encoder(DecoderShape(d, size.n_layer, size.n_head, 4 * d, True), n_tokens, grid_size=9, n_actions=5)
    nn.init.normal_(network.pos_embedding, std=0.5)
    blocks: Any = network.decoder.blocks
    for block in blocks:
        nn.init.normal_(block.attention.qkv.weight, std=d**-0.5)
        block.attention.qkv.weight.data[: 2 * d] *= spread
    return Model("encoder", network.eval().requires_grad_(False), torch.device("cpu"))


def torch_encoder(size: Size) -> nn.TransformerEncoder:
    """torch's encoder of the same sizes."""
    layer = nn.TransformerEncoderLayer(
        size.d_model, size.n_head, 4 * size.d_model, 0.0, "gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, size.n_layer, enable_nested_tensor=False).eval().requires_grad_(False)


def need_weights(encoder: nn.TransformerEncoder, x: Tensor, mask: Tensor) -> None:
    """One pass in which every layer's attention module gives its weights too."""
    for layer in encoder.layers:
        seen = layer.norm1(x)
        y, _ = layer.self_attn(
            seen, seen, seen, attn_mask=mask, is_causal=True, need_weights=True, average_attn_weights=False
        )
        x = x + y
        x = x + layer.linear2(layer.activation(layer.linear1(layer.norm2(x))))


def run_again(encoder: nn.TransformerEncoder, x: Tensor, mask: Tensor) -> None:
    """Each layer as it is, and its attention once more for the weights."""
    for layer in encoder.layers:
        seen = layer.norm1(x)
        layer.self_attn(seen, seen, seen, attn_mask=mask, need_weights=True, average_attn_weights=False)
        x = layer(x, src_mask=mask, is_causal=True)


def eager_gpt2(size: Size, n_tokens: int) -> Callable[[], object] | None:
    """transformers' GPT-2 that returns every layer's attention; None where transformers is not installed."""
    try:
        from transformers import GPT2Config, GPT2Model
    except ImportError:
        return None
    settings: dict[str, Any] = {"n_embd": size.d_model, "n_layer": size.n_layer, "n_head": size.n_head}
    settings |= {"attn_implementation": "eager"}
    config = GPT2Config(**settings, vocab_size=8, n_positions=n_tokens)
    model, x = GPT2Model(config).eval().requires_grad_(False), torch.randn(1, n_tokens, size.d_model)
    return lambda: model(inputs_embeds=x, output_attentions=True, use_cache=False)


def by(chosen: kernel.Kernel | None, run: Callable[[], object]) -> Callable[[], object]:
    """`run` with this kernel, or with none, whether one was built or not."""

    def chosen_run() -> None:
        with patch.object(kernel, "kernel", lambda: chosen):
            run()

    return chosen_run


def variants(size: Size, n_tokens: int, spread: float) -> dict[str, Callable[[], object] | None]:
    """What is measured, by name; None where it would not fit."""
    model, sample = random_model(size, n_tokens, spread), random_sample(n_tokens)
    encoder, x = torch_encoder(size), torch.randn(1, n_tokens, size.d_model)
    layer_bytes = 4 * size.n_head * n_tokens**2
    room = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    built = kernel.kernel()
    found: dict[str, Callable[[], object] | None] = {
        "floor": lambda: model.logits([sample]),
        "query row": lambda: query_row(model, sample),
        "statistics": by(None, lambda: measure(model, sample)),
        "capture": by(None, lambda: capture(model, sample)),
        "statistics, kernel": None if built is None else by(built, lambda: measure(model, sample)),
        "capture, kernel": None if built is None else by(built, lambda: capture(model, sample)),
        "need_weights": None,
        "re-run": None,
        "HF eager": None,
    }
    if 4 * layer_bytes < room:
        mask = nn.Transformer.generate_square_subsequent_mask(n_tokens)
        found["need_weights"] = lambda: need_weights(encoder, x, mask)
        found["re-run"] = lambda: run_again(encoder, x, mask)
    if (size.n_layer + 3) * layer_bytes < room:
        found["HF eager"] = eager_gpt2(size, n_tokens)
    return found


def seconds(run: Callable[[], object]) -> float:
    """By the clock; on one thread of the processor's time, which other work on the machine does not add to."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    run()
    return clock() - start


@torch.inference_mode()
def compare(size: Size, n_tokens: int, rounds: int, spread: float) -> dict[str, tuple[float, float] | None]:
    """Median seconds, and the median over rounds of the ratio to the floor of the same round."""
    runs = variants(size, n_tokens, spread)
    for run in runs.values():
        if run is not None:
            run()  # outside the measurement: first touch of memory, choice of kernels
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            if run is not None:
                times[name].append(seconds(run))
    floor = times["floor"]
    return {
        name: (statistics.median(own), statistics.median(a / b for a, b in zip(own, floor, strict=True)))
        if own
        else None
        for name, own in times.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="capture against the plain pass and against other ways")
    parser.add_argument("--quick", action="store_true", help=f"only {QUICK} tokens")
    parser.add_argument("--tokens", type=int, nargs="+", default=None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--spread", type=float, default=1.0, help="scale of queries and keys; 1 is a flat model")
    args = parser.parse_args()
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, median of ratios over rounds")
    for size in SIZES:
        print(
            f"\n{size} (targets from 1024 tokens on: statistics {size.target}, by the kernel {KERNEL_TARGET}, "
            f"query row {QUERY_ROW_TARGET})"
        )
        for n_tokens in args.tokens or (QUICK if args.quick else TOKENS):
            rounds = args.rounds if n_tokens <= 4096 else max(3, args.rounds // 2)
            found = compare(size, n_tokens, rounds, args.spread)
            floor = found.pop("floor")
            assert floor is not None
            ratios = "  ".join(f"{name} {'—' if one is None else f'{one[1]:.2f}'}" for name, one in found.items())
            print(f"N {n_tokens:>5}  floor {floor[0] * 1e3:8.1f} ms  {ratios}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
