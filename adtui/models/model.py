"""A loaded model, ready to run on samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..records.action_head import ActionHead
from ..records.arrays import Doubles, Floats
from ..records.errors import ConfigError
from ..records.layout import Layout
from ..records.run import CompressorInfo
from ..records.run_settings import Customs
from ..records.sample import Sample
from ..statistics.distributions import distribution
from .attend import Recorder
from .edit import Edit
from .fitting import check_fits
from .network import Network

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Model:
    """A loaded model, ready to run on samples.

    Attributes:
        family: the family's name.
        network: its network, in evaluation mode, on `device`.
        notes: what was overridden or assumed.
    """

    family: str
    network: Network
    device: torch.device
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """Family and variant in words."""
        parts = (self.family, self.network.variant, "causal" if self.network.causal else "not causal")
        return " · ".join(part for part in parts if part)

    @property
    def n_layer(self) -> int:
        return self.network.n_layer

    @property
    def n_head(self) -> int:
        return self.network.n_head

    @property
    def d_model(self) -> int:
        return self.network.d_model

    @property
    def n_actions(self) -> int:
        return self.network.n_actions

    @property
    def head(self) -> ActionHead:
        """What its outputs say of an action."""
        return self.network.head

    @property
    def vector_size(self) -> int:
        """Numbers of a state that is a vector; 0 where states are cells."""
        return self.network.vector_size

    @property
    def grid_size(self) -> int:
        return self.network.grid_size

    @property
    def sizes(self) -> dict[str, int]:
        """What the weights' shapes tell, by the names of the users' settings."""
        sizes = {"num_actions": self.n_actions}
        if self.head.continuous:
            sizes = {"dim_obs": self.vector_size, "dim_actions": self.head.size}
        if self.network.own_layers:
            sizes |= {"tf_n_layer": self.n_layer, "tf_n_embd": self.d_model}
        if self.network.grid_told and not self.head.continuous:
            sizes["grid_size"] = self.grid_size
        if self.network.n_transit_told is not None:
            sizes["n_transit"] = self.network.n_transit_told
        return sizes

    @property
    def customs(self) -> Customs:
        """What the code that wrote the file tells of the run."""
        return self.network.customs

    @property
    def causal(self) -> bool:
        return self.network.causal

    @property
    def n_context_max(self) -> int:
        return self.network.n_context_max

    @property
    def n_context_usual(self) -> int:
        """The context length to open with."""
        return self.network.n_context_usual

    def context_length(self, asked: int | None) -> int:
        """Transitions of a context: as many as asked, the usual number where nobody asks.

        Raises:
            ConfigError: fewer than one, or more than the model takes.
        """
        if asked is None:
            return self.n_context_usual
        if not 1 <= asked <= self.n_context_max:
            raise ConfigError(
                "--context",
                expected=f"1 to {self.n_context_max} transitions, as this model has positions for",
                found=str(asked),
                action="choose one of these",
            )
        return asked

    @property
    def stride(self) -> int:
        """Contexts begin at multiples of this many steps of their history."""
        return self.network.stride

    @property
    def parameters(self) -> int:
        """Number of weights that take part."""
        return sum(p.numel() for p in self.network.parameters())

    @torch.inference_mode()
    def policy(
        self,
        states: Array,
        actions: Array,
        rewards: Array,
        next_states: Array,
        query_states: Array,
        recorder: Recorder | None = None,
        query_actions: Array | None = None,
        edit: Edit | None = None,
    ) -> Floats:
        """The logits that the model acts by, for a batch of contexts of one length; under a recorder those of its pass.

        The two differ where a flow is integrated: then the first are log-probabilities, and a recorder sees the prior.

        Args:
            states, next_states: (B, n, 2); actions, rewards: (B, n); query_states: (B, 2). Of vectors as in
                `Network.forward`.
            recorder: shown every layer's attention, see `decoder.Recorder`.
            query_actions: (B,), see `Network.forward`.
            edit: an intervention, see `edit.Edit`.

        Returns:
            (B, A) float32 logits, or (B, K) outputs of another head.
        """
        parts = self._tensors(states, actions, rewards, next_states, query_states)
        if recorder is None and query_actions is None:
            logits = self.network.policy_logits(*parts, edit)
        else:
            chosen = None if query_actions is None else self._tensor(query_actions, self._dtype)
            logits = self.network(*parts, recorder, chosen, edit)
        return as_floats(logits)

    def logits(self, samples: Sequence[Sample], recorder: Recorder | None = None) -> Floats:
        """(B, A) action logits at the query of samples that all have the same number of transitions.

        A recorder also sees the token of the action at the query, in models that have one: the action that is known of
        the sample, else the most likely one.

        Raises:
            ModelError: a context is longer than the model's positions, or holds cells or actions it does not know.
        """
        for sample in samples:
            check_fits(self.network, sample)
        if recorder is None and self.network.integrates:
            return self._prior(samples)
        if recorder is None or not self.network.takes_query_action:
            return self.policy(*_batch(samples), recorder)
        return self.policy(*_batch(samples), recorder, self._query_actions(samples))

    def _query_actions(self, samples: Sequence[Sample]) -> Array:
        """(B,) or (B, D) the actions that are known of the samples, else the likeliest, or the mean."""
        if self.head.continuous:
            means = self.policy(*_batch(samples))[:, : self.head.size]
            known = zip(samples, means, strict=True)
            return np.stack([mean if s.target_action is None else np.array(s.target_action) for s, mean in known])
        actions = np.array([-1 if s.target_action is None else s.target_action for s in samples])
        unknown = (actions < 0) | (actions >= self.n_actions)
        if unknown.any():
            actions = np.where(unknown, self.policy(*_batch(samples)).argmax(axis=1), actions)
        return actions

    @torch.inference_mode()
    def _prior(self, samples: Sequence[Sample]) -> Floats:
        """(B, A) logits of the pass that a capture shows, without one."""
        logits = self.network(*self._tensors(*_batch(samples)))
        return as_floats(logits)

    def integrated(self, sample: Sample) -> Floats | None:
        """(A,) probabilities of the actions after the flow; None where the logits tell them."""
        if not self.network.integrates:
            return None
        check_fits(self.network, sample)
        return np.asarray(np.exp(self.policy(*_batch([sample]))[0]), dtype=np.float32)

    def outputs(self, sample: Sample) -> Floats:
        """(K,) what the model acts by at a sample's query, as `policy` gives it.

        Raises:
            ModelError: as `logits`.
        """
        check_fits(self.network, sample)
        found: Floats = self.policy(*_batch([sample]))[0]
        return found

    def chances(self, sample: Sample) -> Doubles:
        """The same as people read it: (A,) probabilities, or what `Chances` has of another head."""
        return distribution(self.head, sample).told(self.outputs(sample))

    def layout(self, sample: Sample) -> Layout:
        """What the tokens of a captured pass over a sample stand for."""
        return self.network.layout(sample.n_context)

    def rounds(self, sample: Sample) -> tuple[Layout, ...]:
        """What each of the compressor's rounds reads; () where the model has none, or the sample fits without."""
        return self.network.round_layouts(sample.n_context)

    def compressor(self, samples: Sequence[Sample]) -> CompressorInfo | None:
        """The compressor and its rounds over these samples; None where the model has none."""
        own = self.network.compressor
        if own is None:
            return None
        rounds = tuple(self.rounds(sample) for sample in samples)
        return CompressorInfo(own.n_layer, own.n_head, own.n_latents, rounds)

    @torch.inference_mode()
    def embeddings(self, states: Array, actions: Array, rewards: Array, next_states: Array) -> Floats:
        """(B, n, d) float32, the transitions as the model embeds them, without positions; several tokens are summed."""
        parts = self._tensors(states, actions, rewards, next_states, states[:, 0] if states.shape[1] else states)
        return as_floats(self.network.embeddings(*parts[:4]))

    @torch.inference_mode()
    def state_logits(self, sample: Sample) -> Floats | None:
        """(n' + 1, A) logits at every visible state token, in families that predict at each; else None."""
        check_fits(self.network, sample)
        logits = self.network.state_logits(*self._tensors(*_batch([sample])))
        return None if logits is None else as_floats(logits[0])

    def _tensors(
        self,
        states: Array,
        actions: Array,
        rewards: Array,
        next_states: Array,
        query_states: Array,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        return (
            self._tensor(states, self._dtype),
            self._tensor(actions, self._dtype),
            self._tensor(rewards, self._float),
            self._tensor(next_states, self._dtype),
            self._tensor(query_states, self._dtype),
        )

    def kinds(self, values: Array) -> Tensor:
        """A tensor of the type that states and actions have, on the weights' device."""
        return self._tensor(values, self._dtype)

    def floats(self, values: Array) -> Tensor:
        """A tensor of the weights' type, on their device."""
        return self._tensor(values, self._float)

    @property
    def _float(self) -> torch.dtype:
        return next(self.network.parameters()).dtype

    @property
    def _dtype(self) -> torch.dtype:
        """Of states and actions."""
        return self._float if self.head.continuous else torch.int64

    def _tensor(self, values: Array, dtype: torch.dtype) -> Tensor:
        return torch.as_tensor(np.require(values, requirements=("C", "W"))).to(device=self.device, dtype=dtype)


def as_floats(values: Tensor) -> Floats:
    """The same numbers in float32, on the CPU."""
    return np.asarray(values.float().cpu().numpy(), dtype=np.float32)


def _batch(samples: Sequence[Sample]) -> tuple[Array, Array, Array, Array, Array]:
    """states, actions, rewards, next states and query states of samples of one length, stacked."""
    return (
        np.stack([s.states for s in samples]),
        np.stack([s.actions for s in samples]),
        np.stack([s.rewards for s in samples]),
        np.stack([s.next_states for s in samples]),
        np.stack([s.query_state for s in samples]),
    )
