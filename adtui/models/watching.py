"""What is done about intercepted attention in captures and under edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ..records.errors import ModelError
from .attend import Recorder, measured
from .attention_call import (
    CAUSAL,
    FULL,
    Call,
    Look,
    as_queries,
    hidden_of,
    is_look,
    look_of_scores,
    masked,
    weights_of,
)
from .edit import Edit
from .survey import Site

ROW_TOLERANCE = 1e-3
_SUBJECT = "the adapted model"


Aside = tuple[int, int, Tensor]
"""(queries, keys, weights (B, H, queries, keys)) of attention of another form than over all tokens."""


@dataclass
class Replay:
    """A pass that is recorded or edited.

    Attributes:
        batch: contexts in it.
        sites: the model's attention over all tokens in order of a pass, as its survey found it.
        layers: the layer's number of each of them; None of those that are none.
        n_tokens: of a context.
        causal: whether the model is.
        recorder, edit: see `network.Network.forward`; edits here are of as many rows as there are contexts.
        silenced: (B, N) bool, tokens at which the last layer's heads give nothing.
        aside: where attention of another form is kept, in order; None keeps none.
        checking: note what follows.
        unseen: the largest weight of what the edit hides, so far.
        gap: how far an output is from its weights times its values, at most, so far.
    """

    batch: int
    sites: tuple[Site, ...]
    layers: tuple[int | None, ...]
    n_tokens: int
    causal: bool
    recorder: Recorder | None = None
    edit: Edit | None = None
    silenced: Tensor | None = None
    aside: list[Aside] | None = None
    checking: bool = False
    unseen: float = 0.0
    gap: float = 0.0
    _seen: int = field(default=0, init=False)
    _layer: int | None = field(default=None, init=False)

    # -- what the interception tells -----------------------------------------------------------------------------------
    def dot_product(self, call: Call, plain: Callable[[], Tensor]) -> Tensor:
        _, queries, keys = call.sizes
        if (queries, keys) != (self.n_tokens, self.n_tokens):
            if self.aside is not None:
                self.aside.append((queries, keys, weights_of(call.scores)))
            return plain()
        layer = self._next()
        if layer is None:
            return plain()
        if self.edit is not None:
            return self._edited(layer, call, plain)
        if self.recorder is not None:
            self._check_look(layer, call.look)
            return self._recorded(layer, call, plain, self.recorder)
        return self._after(layer, plain())

    def softmax(self, scores: Tensor) -> Tensor | None:
        self._layer = None
        if tuple(scores.shape[2:]) != (self.n_tokens, self.n_tokens):
            return None
        self._layer = layer = self._next()
        if layer is None:
            return None
        if self.recorder is not None:
            self._check_look(layer, look_of_scores(scores))
        shown = self._shown(layer, scores)
        return None if shown is None else scores.masked_fill(~shown | masked(scores), float("-inf"))

    def product(self, weights: Tensor, values: Tensor) -> Tensor | None:
        layer, self._layer = self._layer, None
        if layer is None:
            if self.aside is not None:
                self.aside.append((*weights.shape[2:], weights))
            return None
        if self.recorder is not None:
            self._record_whole(layer, weights, values, self.recorder)
        if self.edit is None:
            return None if self.silenced is None else self._after(layer, weights @ values)
        shown = self._shown(layer, weights)
        if shown is not None and self.checking:
            self._note_unseen(weights, shown)
        _, values = self.edit.shown(layer, values, values)
        return self._after(layer, weights @ values)

    def projected(self, outputs: Tensor, weight: Tensor) -> None:
        """Known from the survey."""

    def other(self, kind: str, shape: tuple[int, ...]) -> None:
        """Left as it is."""

    def finish(self) -> None:
        """Raise ModelError where the pass had less attention than the survey found."""
        if self._seen != len(self.sites):
            raise another_number(self.n_tokens, len(self.sites), str(self._seen))

    # -- counting ------------------------------------------------------------------------------------------------------
    def _next(self) -> int | None:
        if self._seen == len(self.sites):
            raise another_number(self.n_tokens, len(self.sites), "more")
        self._seen += 1
        return self.layers[self._seen - 1]

    def _check_look(self, layer: int, look: Look) -> None:
        """Whoever reads the rows of a causal model takes for granted that nothing is seen ahead."""
        if not self.causal or is_look(look, CAUSAL):
            return
        hidden = hidden_of(look, self.n_tokens, torch.device("cpu") if isinstance(look, str) else look.device)
        if not bool(hidden[torch.triu_indices(self.n_tokens, self.n_tokens, 1).unbind()].all()):
            raise ModelError(
                _SUBJECT,
                expected="attention that looks at no later token, as when it was opened",
                found=f"layer {layer} looking ahead over {self.n_tokens} tokens",
                action="let its mask be of one kind for every length of contexts",
            )

    # -- recording -----------------------------------------------------------------------------------------------------
    def _recorded(self, layer: int, call: Call, plain: Callable[[], Tensor], recorder: Recorder) -> Tensor:
        if recorder.wants == "keys":
            recorder.heads(layer, call.queries, call.k, call.v, self._out(layer, call.v))
            return plain()
        if not (call.plain and is_look(call.look, CAUSAL if self.causal else FULL)):
            weights = weights_of(call.scores).to(call.v.dtype)
            self._record_whole(layer, weights, call.v, recorder)
            return weights @ call.v if recorder.wants == "sums" else plain()
        q = call.queries
        recorder.heads(layer, q, call.k, call.v, self._out(layer, call.v))
        if recorder.wants != "sums":
            return plain()
        out, received, entropy = measured(q, call.k, call.v, causal=self.causal, limit=recorder.block_rows)
        recorder.sums(layer, received, entropy)
        return out

    def _record_whole(self, layer: int, weights: Tensor, values: Tensor, recorder: Recorder) -> None:
        """Of an attention whose matrix is needed: as queries and keys that give it."""
        gap = float((weights.float().sum(-1) - 1).abs().max())
        if not gap <= ROW_TOLERANCE:
            raise ModelError(
                _SUBJECT,
                expected="rows of attention that sum to 1",
                found=f"rows of layer {layer} whose sum is off by {gap:.3g}",
                action="let the softmax's weights go into the product with the values as they are",
            )
        if recorder.wants == "keys":  # no keys are seen: `Network.can_ablate` lets nobody put others in their place
            recorder.heads(layer, values, values, values, self._out(layer, values))
            return
        recorder.heads(layer, *as_queries(weights), values, self._out(layer, values))
        if recorder.wants == "sums":
            wide = weights.double()
            recorder.sums(layer, wide.sum(2), torch.special.entr(wide).sum(-1))

    def _out(self, layer: int, values: Tensor) -> Tensor:
        """The projection of the heads' outputs; what each head gives by itself where none was seen."""
        out = self.sites[self.layers.index(layer)].out
        if out is None:
            return torch.eye(values.shape[1] * values.shape[3], dtype=values.dtype, device=values.device)
        return out

    # -- editing -------------------------------------------------------------------------------------------------------
    def _shown(self, layer: int, x: Tensor) -> Tensor | None:
        """(B, 1 or H, N, N) bool, True where the edit lets a query see a key; None where it hides nothing here."""
        if self.edit is None:
            return None
        whole = torch.ones(self.n_tokens, self.n_tokens, dtype=torch.bool, device=x.device)
        return self.edit.mask(layer, x.shape[1], whole)

    def _edited(self, layer: int, call: Call, plain: Callable[[], Tensor]) -> Tensor:
        assert self.edit is not None, "asked for by an edit"
        shown = self._shown(layer, call.q)
        k, v = self.edit.shown(layer, call.k, call.v)
        if shown is None and k is call.k and v is call.v:
            return self._after(layer, plain())
        call = replace(call, k=k, v=v)
        y = call.attended(shown)
        if shown is not None and self.checking:
            weights = weights_of(call.scores.masked_fill(~shown, float("-inf"))).to(y.dtype)
            self._note_unseen(weights, shown)
            self.gap = max(self.gap, float((weights @ v - y).abs().max()))
        return self._after(layer, y)

    def _note_unseen(self, weights: Tensor, shown: Tensor) -> None:
        self.unseen = max(self.unseen, float(weights.masked_fill(shown, 0.0).abs().max()))

    def _after(self, layer: int, y: Tensor) -> Tensor:
        """Heads' outputs (B, H, N, d_v) as the edit leaves them."""
        edit = self.edit
        if edit is not None and (muted := [head for at, head in edit.muted if at == layer]):
            y = y.clone()
            y[:, muted] = 0
        if edit is not None and edit.ablated is not None:
            kept = torch.as_tensor(edit.ablated.kept[:, layer], device=y.device)[:, None, :, None, None]
            by_set = y.reshape(len(kept), -1, *y.shape[1:])
            y = torch.where(kept, by_set, edit.ablated.means[layer]).flatten(0, 1)
        if self.silenced is not None and layer == max(one for one in self.layers if one is not None):
            y = y.masked_fill(self.silenced[:, None, :, None], 0.0)
        return y


def another_number(n_tokens: int, expected: int, found: str) -> ModelError:
    """A pass with more or less attention over all tokens than the survey found: it cannot be said which is which."""
    return ModelError(
        _SUBJECT,
        expected=f"attention over all {n_tokens} tokens {expected} times in a pass, as at opening",
        found=found,
        action="let its forward do the same for every batch and every length of contexts",
    )
