"""A user's model as a network like our own: their code runs, its attention is seen and edited from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..records.ablation import RESAMPLED
from ..records.action_head import ActionHead
from ..records.errors import AdapterError, ModelError
from ..records.layout import LATENT, Layout
from .ablation import Ablation
from .adapted_rounds import Round, RoundSizes, in_rounds
from .adapter import Contexts, Vectors
from .adapter_file import AdapterFile
from .adapter_tokens import rounds_of, tokens_of
from .attend import Recorder
from .attention_call import CAUSAL, FULL, SOFTMAX, Look, hidden_of
from .edit import Edit
from .interception import intercepted
from .network import Network
from .survey import Site, Survey
from .watching import Replay, another_number

SETS_AT_ONCE = 4096
"""Tokens in a pass with several sets of heads, at most, or one set's."""
MASKS_KEPT = 8


class AdaptedNetwork(Network):
    """A user's module behind their adapter.

    Args:
        module: as `build` gave it.
        longest: see `Adapter.longest`.
        vectors: see `Adapter.vectors`.

    Attributes:
        sites: the module's attention over all tokens, in order; set by `adapted_model` when the model was surveyed.
        layers: the layer's number of each site; None of a softmax whose weights meet no values.
        memory: the sizes of its compressor; None where the adapter tells of none.
    """

    grid_told = False
    own_layers = False

    def __init__(self, file: AdapterFile, module: nn.Module, longest: int, vectors: Vectors | None = None) -> None:
        nn.Module.__init__(self)  # not Network's: the layers are the user's, there is no decoder of ours
        self.module = module
        self.file, self.longest = file, longest
        self.vectors, self.grid_size, self.n_actions = vectors, 0, 0
        if vectors is not None:
            self.n_actions, self.vector_size = vectors.actions, vectors.states
        self.causal = True
        self.sites: tuple[Site, ...] = ()
        self.layers: tuple[int | None, ...] = ()
        self.memory: RoundSizes | None = None
        self._layouts: dict[int, Layout] = {}
        self._masks: dict[int, Tensor | None] = {}

    # -- sizes ---------------------------------------------------------------------------------------------------------
    @property
    def shown(self) -> list[Site]:
        """The layers."""
        return [site for site, layer in zip(self.sites, self.layers, strict=True) if layer is not None]

    @property
    def head(self) -> ActionHead:
        return super().head if self.vectors is None else self.vectors.head

    @property
    def n_layer(self) -> int:
        return len(self.shown)

    @property
    def n_head(self) -> int:
        return self.shown[0].n_head

    @property
    def d_model(self) -> int:
        """The width of a layer's heads together."""
        return self.n_head * self.shown[0].width

    @property
    def n_context_max(self) -> int:
        return self.longest

    @property
    def keeps_positions(self) -> bool:
        return False

    def can_ablate(self, way: str, layer: int | None) -> bool:
        """Resampling a layer needs its keys, which a softmax does not show; the whole model gets other inputs."""
        return way != RESAMPLED or layer is None or self.shown[layer].kind != SOFTMAX

    @property
    def compressor(self) -> RoundSizes | None:
        return self.memory

    def layout(self, n: int) -> Layout:
        if n not in self._layouts:
            self._layouts[n] = tokens_of(self.file, n)
        return self._layouts[n]

    def round_layouts(self, n: int) -> tuple[Layout, ...]:
        return rounds_of(self.file, n)

    def mask(self, n: int) -> Tensor | None:
        if n not in self._masks:
            while len(self._masks) >= MASKS_KEPT:
                self._masks.pop(next(iter(self._masks)))
            self._masks[n] = self._mask(n)
        return self._masks[n]

    def _mask(self, n: int) -> Tensor | None:
        """From a pass over contexts of this length: what no layer shows. None where that is what `causal` says."""
        N = self.layout(n).n_tokens
        sites = self.survey(self.example(n, 1)).over(N)
        if len(sites) != len(self.sites):
            raise another_number(N, len(self.sites), str(len(sites)))
        looks = [site.look for site, layer in zip(sites, self.layers, strict=True) if layer is not None]
        plainly: Look = CAUSAL if self.causal else FULL
        if all(isinstance(look, str) and look == plainly for look in looks):
            return None  # and no matrix is made
        device = self.place.device
        hidden = torch.stack([hidden_of(look, N, device) for look in looks]).all(0)
        plain = hidden_of(plainly, N, device)
        return None if torch.equal(hidden, plain) else ~hidden

    @property
    def place(self) -> Tensor:
        """A weight: its device and type are the model's."""
        return next(self.module.parameters())

    def example(self, n: int, count: int) -> Contexts:
        """Contexts to try the model with."""
        if self.vectors is None:
            return example(n, self.n_actions, count, self.place)
        return example_vectors(n, self.vectors, count, self.place)

    # -- passes --------------------------------------------------------------------------------------------------------
    def forward(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        next_states: Tensor,
        query_states: Tensor,
        recorder: Recorder | None = None,
        query_actions: Tensor | None = None,
        edit: Edit | None = None,
    ) -> Tensor:
        del query_actions
        contexts = Contexts(states, actions, rewards, next_states, query_states)
        if edit is None and recorder is None:
            return self.plain(contexts)
        if edit is None or edit.ablated is None:
            variants = 1 if edit is None or edit.hidden is None else len(edit.hidden)
            contexts = contexts.times(variants) if variants > contexts.count else contexts
            return self.watched(contexts, self.replay(contexts, recorder, edit))
        means, kept = edit.ablated.means, edit.ablated.kept
        size = max(1, SETS_AT_ONCE // (contexts.count * self.layout(contexts.n).n_tokens))
        found = []
        for first in range(0, len(kept), size):
            part = kept[first : first + size]
            many = contexts.times(len(part))
            found.append(self.watched(many, self.replay(many, recorder, replace(edit, ablated=Ablation(means, part)))))
        return torch.cat(found)

    def replay(self, contexts: Contexts, recorder: Recorder | None = None, edit: Edit | None = None) -> Replay:
        """What watches a pass over these contexts."""
        N = self.layout(contexts.n).n_tokens
        return Replay(contexts.count, self.sites, self.layers, N, self.causal, recorder, edit)

    def watched(self, contexts: Contexts, watch: Replay) -> Tensor:
        """The logits of a pass under a watch."""
        recorder, n = watch.recorder, contexts.n
        keys = [one.n_tokens for one in self.round_layouts(n)] if contexts.count == 1 and recorder is not None else []
        watch.aside = [] if keys else None
        out = self._run(contexts, watch)
        watch.finish()
        if keys and recorder is not None:
            for number, layers in enumerate(self.rounds(watch, keys, n)):
                for layer, (own, cross) in enumerate(layers):
                    recorder.compressed(number, layer, own, cross)
        return out

    def rounds(self, watch: Replay, keys: Sequence[int], n: int) -> list[Round]:
        """What a compressor's rounds attended to in a pass over one context of n transitions."""
        latents = int((self.layout(n).kind == LATENT).sum())
        return in_rounds(f"{self.file.path.name}, {self.file.name}", watch.aside or (), keys, latents)

    def survey(self, contexts: Contexts) -> Survey:
        """What attention there is in a pass."""
        found = Survey(contexts.count)
        self._run(contexts, found)
        return found

    def plain(self, contexts: Contexts) -> Tensor:
        """The logits, nothing being watched."""
        return self._run(contexts, None)

    def _run(self, contexts: Contexts, watch: Any) -> Tensor:
        """The user's two methods, and a look at what comes of them: the one place where a policy's form is known."""
        adapter, call = self.file.adapter, self.file.call
        about = f"{contexts.count} contexts of {contexts.n} transitions"
        batch = call("batch", lambda: adapter.batch(contexts), about)

        def run() -> Any:
            if watch is None:
                return adapter.logits(self.module, batch)
            with intercepted(watch):
                return adapter.logits(self.module, batch)

        logits = call("logits", run, about)
        kind = type(logits).__name__
        shape = f"a tensor of shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"a {kind}"
        known = self.head.outputs  # 0 while it is not
        width = known or "actions"
        ok = isinstance(logits, Tensor) and logits.dim() == 2 and len(logits) == contexts.count
        ok = ok and logits.shape[1] >= 1 and logits.shape[1] in (known, known or logits.shape[1])
        self.file.check(ok, "logits", f"a tensor of shape ({contexts.count}, {width})", shape)
        finite = logits.is_floating_point() and bool(torch.isfinite(logits).all())
        self.file.check(finite, "logits", "finite numbers", "others")
        found: Tensor = logits.detach().float()
        return found

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        """Raises ModelError: they are in the user's code. `own_layers` tells before."""
        del states, actions, rewards, next_states
        raise ModelError(
            f"adapter {self.file.name}",
            expected="a strategy that needs no embeddings of transitions",
            found="one that does, which only families that adtui knows can give",
            action="choose another strategy",
        )


def example(n: int, n_actions: int, count: int, like: Tensor) -> Contexts:
    """Contexts to try a model with: a few cells near the corner, every action in turn, a reward now and then.

    Args:
        n_actions: 0 while it is not known: action 0 alone.
        like: on the device and of the type that they are to have.
    """
    device = like.device
    which, t = torch.arange(count, device=device)[:, None], torch.arange(n + 1, device=device)[None]
    cells = torch.stack([(t * (which + 1) + which) % 2, (t // 2 + which) % 2], dim=-1)
    actions = (t * (which + 2) + which) % max(1, n_actions)
    rewards = ((t + which) % 4 == 3).to(like.dtype)
    return Contexts(cells[:, :-1], actions[:, :-1], rewards[:, :-1], cells[:, 1:], cells[:, -1])


def example_vectors(n: int, vectors: Vectors, count: int, like: Tensor) -> Contexts:
    """The same of vectors: each number goes to and fro, at a pace of its own."""
    which, t = (
        torch.arange(count, device=like.device)[:, None, None],
        torch.arange(n + 1, device=like.device)[None, :, None],
    )
    rewards = ((t + which)[..., 0] % 4 == 3).to(like.dtype)

    def waves(size: int, pace: float) -> Tensor:
        number = torch.arange(size, device=like.device)
        return torch.sin(pace * (t + 1) * (number + 1) + which).to(like.dtype)

    states, actions = waves(vectors.states, 0.3), waves(vectors.actions, 0.7)
    return Contexts(states[:, :-1], actions[:, :-1], rewards[:, :-1], states[:, 1:], states[:, -1])


def no_attention(file: AdapterFile, survey: Survey, n_tokens: int) -> AdapterError:
    """Why a model has no layers to show."""
    seen = sorted({(one.queries, one.keys) for one in survey.sites if one.width or one.kind != SOFTMAX})
    loose = len([one for one in survey.over(n_tokens) if not one.width])
    where = f"{file.path.name}, {file.name}"
    if seen:
        return AdapterError(
            f"{where}.tokens",
            expected=f"attention over {n_tokens} tokens, as `tokens` says",
            found=", ".join(f"{q} tokens" if q == k else f"{q} queries by {k} keys" for q, k in seen[:4]),
            action="let `tokens` list what the model attends to",
        )
    found = f"softmaxes over {n_tokens} tokens whose weights meet no values in a product" if loose else "none"
    if survey.others:
        found = f"attention of queries shaped {survey.others[0][1]}"
    return AdapterError(
        f"{where}.logits",
        expected=f"attention over {n_tokens} tokens for the whole batch, by scaled_dot_product_attention, "
        "FlexAttention, or a softmax whose weights multiply values",
        found=found,
        action="compute it by one of these, for all contexts of a batch at once",
    )
