"""A checkpoint and the user's adapter → model: built, surveyed, checked, and its attention listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..files.checkpoint import Checkpoint
from ..records.errors import AdapterError, ModelError
from .adapted import AdaptedNetwork, no_attention
from .adapted_rounds import RoundSizes
from .adapter import Vectors, adapted
from .adapter_checks import check
from .adapter_file import AdapterFile
from .attention_call import CAUSAL, SOFTMAX, hidden_of
from .model import Model
from .recorders import KeysAndValues
from .survey import Site, Survey

FAMILY = "adapted"
LENGTHS = (5, 3)
"""Transitions of the contexts that a model is surveyed with: what changes with the length must be no layer."""
LISTED = 128
"""Transitions, at most, of the context whose attention is listed: a compressor has work to do by then."""
_SEEN_BY = {
    "sdpa": "scaled_dot_product_attention",
    "flex": "FlexAttention",
    "softmax": "softmax and a product; its matrices are kept whole",
}


def adapted_model(checkpoint: Checkpoint, config: Mapping[str, Any], path: str | Path, device: torch.device) -> Model:
    """Run the user's adapter, and hold what it gives to what adtui shows.

    Args:
        config: of the run.
        path: the adapter's file. Its code is run, with all that the user's account may do.

    Raises:
        AdapterError: the file or what it gives cannot be used.
        CheckpointError: the adapter asks for weights that are not there.
    """
    file = AdapterFile(path)
    shown = adapted(checkpoint, config)
    with file.beside():
        module = file.call("build", lambda: file.adapter.build(shown))
    file.check(isinstance(module, nn.Module), "build", "a torch.nn.Module", f"a {type(module).__name__}")
    file.check(any(True for _ in module.parameters()), "build", "a module with weights", "one without")
    longest = file.call("longest", lambda: file.adapter.longest(shown))
    vectors = file.call("vectors", lambda: file.adapter.vectors(shown))
    network = AdaptedNetwork(file, module, _checked_longest(file, longest), _checked_vectors(file, vectors))
    network = network.to(device).eval().requires_grad_(False)
    halves = network.place.dtype in (torch.float16, torch.bfloat16)
    if halves:
        network = network.float()  # as the families' weights are: sums of a capture need the digits
    network.variant = f"{file.name} of {file.path.name}"
    with torch.inference_mode():
        _survey(network)
        seen = network.survey(network.example(min(LISTED, network.longest), 1))
        network.memory = _memory(network)
        told = check(network, network.example(min(LENGTHS[0], network.longest), 2))
    widened = ("the weights are run in float32, as all are here",) if halves else ()
    notes = (*checkpoint.notes, *widened, *_listed(network, seen), *told)
    return Model(FAMILY, network, device, notes)


def _checked_longest(file: AdapterFile, longest: object) -> int:
    if longest is None:
        raise AdapterError(
            f"{file.path.name}, {file.name}.longest",
            expected="how many transitions a context may have, by n_transit in the run's settings",
            found="no such setting",
            action=f"let {file.name} say it: def longest(self, checkpoint): return …",
        )
    ok = isinstance(longest, int) and not isinstance(longest, bool) and longest >= 1
    file.check(ok, "longest", "a number of transitions from 1", f"{longest!r:.40}")
    assert isinstance(longest, int), "checked"
    return longest


def _checked_vectors(file: AdapterFile, vectors: object) -> Vectors | None:
    if vectors is None:
        return None
    file.check(isinstance(vectors, Vectors), "vectors", "an adtui.Vectors, or None", f"a {type(vectors).__name__}")
    assert isinstance(vectors, Vectors), "checked"
    ok = all(type(size) is int and size >= 1 for size in (vectors.states, vectors.actions))
    file.check(ok, "vectors", "sizes from 1", f"{vectors.states!r:.20} and {vectors.actions!r:.20}")
    return vectors


def _survey(network: AdaptedNetwork) -> None:
    """Find the layers, the actions and the mask, by contexts of two lengths; what differs between them is refused."""
    lengths = list(dict.fromkeys(min(length, network.longest) for length in LENGTHS))
    tried = network.plain(network.example(lengths[0], 1))
    if network.vectors is None:
        network.n_actions = int(tried.shape[1])
    first, *others = [network.survey(network.example(n, 2)) for n in lengths]
    N, *shorter = [network.layout(n).n_tokens for n in lengths]
    sites = first.over(N)
    if not any(site.width for site in sites):
        raise no_attention(network.file, first, N)
    for survey, tokens in zip(others, shorter, strict=True):
        if _kinds(survey.over(tokens)) != _kinds(sites):
            raise ModelError(
                f"{network.file.path.name}, {network.file.name}.logits",
                expected=f"the same attention over all tokens for every length of contexts ({len(sites)} times)",
                found=f"{len(survey.over(tokens))} times over {tokens} tokens",
                action="let its forward do the same for every length",
            )
    numbers = iter(range(len(sites)))
    network.sites = tuple(sites)
    network.layers = tuple(next(numbers) if site.width else None for site in sites)
    heads = sorted({site.n_head for site in network.shown})
    if len(heads) > 1:
        raise AdapterError(
            f"{network.file.path.name}, {network.file.name}.logits",
            expected="layers that have the same number of heads",
            found=" and ".join(map(str, heads)),
            action="adtui has no picture for such a model yet",
        )
    ahead = hidden_of(CAUSAL, N, network.place.device)
    network.causal = all(bool((hidden_of(site.look, N, ahead.device) | ~ahead).all()) for site in network.shown)


def _memory(network: AdaptedNetwork) -> RoundSizes | None:
    """The sizes of a compressor, from a context that is long enough for one round; None where there is none."""
    n = min(LISTED, network.longest)
    keys = [one.n_tokens for one in network.round_layouts(n)]
    if not keys:
        return None
    one = network.example(n, 1)
    watch = network.replay(one, KeysAndValues())
    network.watched(one, watch)
    first = network.rounds(watch, keys, n)[0]
    heads, latents = first[0][0].shape[1:3]
    return RoundSizes(len(first), heads, latents)


def _kinds(sites: list[Site]) -> list[tuple[str, int, bool]]:
    return [(site.kind, site.n_head, site.width > 0) for site in sites]


# -- in words ----------------------------------------------------------------------------------------------------------
def _listed(network: AdaptedNetwork, survey: Survey) -> list[str]:
    """What was intercepted, so that nothing on display is only guessed."""
    layers = list(enumerate(network.shown))
    lines = []
    for kind, group in groupby(layers, key=lambda one: (one[1].kind, one[1].n_head)):
        numbers = [number for number, _ in group]
        lines.append(f"{_layers(numbers)}: {kind[1]} heads each, seen by {_SEEN_BY[kind[0]]}")
    if blind := [number for number, site in layers if site.out is None]:
        lines.append(
            f"no projection of the heads' outputs was seen in {_layers(blind)}: "
            "what a token writes is measured before it"
        )
    lines.append(f"{'no' if network.causal else 'some'} layer looks at later tokens, as measured")
    if loose := [site for site in network.sites if not site.width]:
        lines.append(f"{len(loose)} softmaxes over all tokens meet no values: seen, not shown")
    n = min(LISTED, network.longest)
    N = network.layout(n).n_tokens
    shown = {(N, N)}
    if (memory := network.memory) is not None:
        rounds = [one.n_tokens for one in network.round_layouts(n)]
        shown |= {(memory.n_latents, keys) for keys in (memory.n_latents, *rounds)}
        sizes = f"{memory.n_layer} layers × {memory.n_head} heads"
        lines.append(f"a compressor of {sizes}, {len(rounds)} rounds over {n} transitions")
    return lines + _not_shown(survey, shown)


def _not_shown(survey: Survey, shown: set[tuple[int, int]]) -> list[str]:
    """Attention of other forms than what is on display."""
    others = [
        f"{site.queries} queries by {site.keys} keys ({site.kind}, {site.n_head} heads)"
        for site in survey.sites
        if (site.queries, site.keys) not in shown and (site.width or site.kind != SOFTMAX)
    ]
    others += [f"queries shaped {shape} ({kind})" for kind, shape in survey.others]
    counted = [f"{count} × {what}" if count > 1 else what for what, count in Counter(others).items()]
    return [f"attention of another form, seen and not shown: {'; '.join(counted[:6])}"] if counted else []


def _layers(numbers: list[int]) -> str:
    return f"layer {numbers[0]}" if len(numbers) == 1 else f"layers {numbers[0]} to {numbers[-1]}"
