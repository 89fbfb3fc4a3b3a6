"""What an adapted model has to show when it is opened: that what is captured and edited is what it computes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..records.errors import AdapterError
from ..records.layout import Layout
from .adapted import AdaptedNetwork
from .adapter import Contexts
from .attend import BLOCK_ROWS, Wants
from .edit import Edit
from .recorders import HeadsRecorder

TOLERANCE = 1e-3
"""Of logits, relative to their size: as `opening.LOGIT_TOLERANCE`."""
SMALL = 1e-6
"""A weight that should be 0."""
ROUNDING = 1e-5
"""What logits may change by with nothing being done to them, relative to their size."""


class _Sums(HeadsRecorder):
    """What each head's keys receive, all rows together."""

    wants: Wants = "sums"
    block_rows = BLOCK_ROWS

    def __init__(self) -> None:
        self.received: list[Tensor] = []

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        """Only the sums are looked at."""
        del layer, q, k, v, out_weight

    def sums(self, layer: int, received: Tensor, entropy: Tensor) -> None:
        del layer, entropy
        self.received.append(received)


def check(network: AdaptedNetwork, contexts: Contexts) -> tuple[str, ...]:
    """Hold the network to what every capture and knock-out rests on.

    Args:
        contexts: two or more.

    Returns:
        What the user should know.

    Raises:
        AdapterError: a context's logits hang on the others in its batch, or change with capture or with an edit that
            hides nothing; rows do not sum to 1; a hidden key is attended to; the logits are read at another token.
    """
    plain = network.plain(contexts)
    one = Contexts(*(part[:1] for part in contexts.parts))
    _same(network, plain[:1], network.plain(one), "logits of a context that do not hang on the others in its batch")
    sums = _Sums()
    captured = network.watched(contexts, network.replay(contexts, sums))
    _same(network, plain, captured, "equal logits with and without capture")
    N = network.layout(contexts.n).n_tokens
    gap = max(float((received.sum(-1) - N).abs().max()) for received in sums.received)
    _hold(network, gap <= TOLERANCE * N, "rows of attention that sum to 1", f"rows that are off by {gap / N:.3g}")
    _check_edits(network, contexts, plain)
    return _check_read(network, one, network.layout(contexts.n))


def _check_edits(network: AdaptedNetwork, contexts: Contexts, plain: Tensor) -> None:
    N = network.layout(contexts.n).n_tokens
    hidden = torch.zeros(contexts.count, N, dtype=torch.bool, device=plain.device)
    nothing = network.watched(contexts, network.replay(contexts, edit=Edit(hidden)))
    _same(network, plain, nothing, "equal logits with and without an edit that hides nothing")
    hidden[:, 0] = True
    watch = network.replay(contexts, edit=Edit(hidden))
    watch.checking = True
    network.watched(contexts, watch)
    _hold(network, watch.unseen <= SMALL, "no attention to a hidden token", f"a weight of {watch.unseen:.3g}")
    _hold(
        network,
        watch.gap <= TOLERANCE,
        "outputs that are weights times values",
        f"some that are off by {watch.gap:.3g}",
    )


def _check_read(network: AdaptedNetwork, one: Contexts, layout: Layout) -> tuple[str, ...]:
    """Whether the logits hang on what the last layer gives at the token that they are said to be read at, alone."""
    N = layout.n_tokens
    many = one.times(N)
    watch = network.replay(many)
    watch.silenced = torch.eye(N, dtype=torch.bool, device=one.rewards.device)
    heard = network.watched(many, network.replay(many))
    change = (network.watched(many, watch) - heard).abs().amax(-1)
    read = np.flatnonzero((change > ROUNDING * max(1.0, float(heard.abs().max()))).cpu().numpy()).tolist()
    if len(read) == 1 and read[0] != layout.read:
        raise AdapterError(
            f"{network.file.path.name}, {network.file.name}.read",
            expected=f"logits that are read at token {layout.read}",
            found=f"logits that hang on the last layer at token {read[0]} alone, of {N}",
            action="let `read` give that token, or `tokens` say that it is the query",
        )
    if read == [layout.read]:
        return ()
    if not read:
        return ("the logits do not hang on what the last layer's heads give",)
    return (f"the logits are read at several tokens; the query row is that of token {layout.read} of {N}",)


def _same(network: AdaptedNetwork, first: Tensor, second: Tensor, expected: str) -> None:
    gap = float((first - second).abs().max())
    size = max(1.0, float(first.abs().max()))
    _hold(network, gap <= TOLERANCE * size, expected, f"a difference of {gap:.3g}")


def _hold(network: AdaptedNetwork, ok: bool, expected: str, found: str) -> None:
    if not ok:
        raise AdapterError(
            f"{network.file.path.name}, {network.file.name}",
            expected=expected,
            found=found,
            action="its attention cannot be trusted: run it in evaluation mode, one context like another",
        )
