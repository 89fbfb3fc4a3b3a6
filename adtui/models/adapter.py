"""What users write to open a model of their own: a class with three or four short methods. See docs/adapters.md."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..files.checkpoint import Checkpoint
from ..files.state_dicts import bare_names
from ..records.action_head import DETERMINISTIC, GAUSSIAN, ActionHead
from ..records.errors import CheckpointError
from ..records.layout import QUERY, TOKEN_KINDS, TRANSITION

_MOST = 3
#: (what it is, the transition that it belongs to) of one token; see `Adapter.tokens`.
Token = tuple[str, int | None]


@dataclass(frozen=True)
class Vectors:
    """What states and actions are where they are vectors, of the model's float type.

    Attributes:
        states, actions: numbers of a state, and of an action.
        gaussian: `logits` gives the mean, then the logarithm of the variance, of each number of the action; else the
            numbers alone.
    """

    states: int
    actions: int
    gaussian: bool = True

    @property
    def head(self) -> ActionHead:
        """What is read."""
        return ActionHead(GAUSSIAN if self.gaussian else DETERMINISTIC, self.actions)


@dataclass(frozen=True, eq=False)
class Contexts:
    """B contexts of n transitions each, and the states at which an action is asked for; on the model's device.

    Attributes:
        states, next_states: (B, n, 2) int64 cells.
        actions: (B, n) int64.
        rewards: (B, n) of the model's float type.
        query_states: (B, 2) int64.

    Where the adapter says that they are `Vectors`: states (B, n, S), actions (B, n, D), query_states (B, S), float.
    """

    states: Tensor
    actions: Tensor
    rewards: Tensor
    next_states: Tensor
    query_states: Tensor

    @property
    def count(self) -> int:
        """B."""
        return int(self.query_states.shape[0])

    @property
    def n(self) -> int:
        """n, which may be 0."""
        return int(self.actions.shape[1])

    def times(self, count: int) -> Contexts:
        """All of them, `count` times over."""
        return Contexts(*(part.repeat(count, *[1] * (part.dim() - 1)) for part in self.parts))

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """In the order above."""
        return self.states, self.actions, self.rewards, self.next_states, self.query_states


@dataclass(frozen=True, eq=False)
class AdaptedCheckpoint:
    """A checkpoint file, read as data: nothing in it was executed.

    Attributes:
        path: the file.
        step: the training step.
        config: the run's settings, of the file itself or of the YAML file beside it.
    """

    path: Path
    step: int
    config: Mapping[str, Any]
    _file: Checkpoint

    def state_dict(self, module: nn.Module | None = None, *, place: str | None = None) -> dict[str, Tensor]:
        """The model's weights, float32 on the CPU, without what wrappers put around and before their names.

        Unwrapped are `state_dict`, `model`, `module`, `ema` and any other nesting, Lightning's and accelerate's files,
        safetensors, and the prefixes of DDP, FSDP and torch.compile.

        Args:
            module: take those that have exactly this module's names, wherever they lie and under whatever prefix;
                without it, those of the usual place, with the prefixes that the file gives them.
            place: take those at these keys, such as "ema.model"; with a module also "model.encoder", a prefix behind.

        Raises:
            CheckpointError: none, or several, that fit.
        """
        found = list(self._found())
        if module is None:
            return self._whole(dict(found), place)
        own = module.state_dict().keys()
        parts = [(at, at + prefix, part) for at, weights in found for prefix, part in _parts(weights, own)]
        fitting = {at: part for whole, at, part in parts if place in (None, whole, at)}
        if len(fitting) == 1:
            return next(iter(fitting.values()))
        if not fitting:
            raise self._error("weights with the module's names", _differences(found[0][1], own), "build another module")
        places = " and ".join(at or "the file itself" for at in list(fitting)[:_MOST])
        raise self._error("one set of weights with the module's names", f"those of {places}", "say which by `place`")

    def _whole(self, found: Mapping[str, dict[str, Tensor]], place: str | None) -> dict[str, Tensor]:
        at = self._file.place if place is None else place
        if at not in found:
            raise self._error(f"weights at {place}", self._places(), "name one of these, or leave `place` out")
        return dict(found[at])

    def _found(self) -> Iterator[tuple[str, dict[str, Tensor]]]:
        yield self._file.place, self._file.weights
        for other in self._file.others:
            if bare_names(other.values):
                yield other.place, self._file.taking(other).weights

    def _places(self) -> str:
        places = [self._file.place, *(other.place for other in self._file.others)]
        return ", ".join(at or "the file itself" for at in places[: 2 * _MOST])

    def _error(self, expected: str, found: str, action: str) -> CheckpointError:
        return CheckpointError(self.path, expected=expected, found=found, action=action)


def _parts(weights: Mapping[str, Tensor], own: Any) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """(".prefix" or "", the weights under it) wherever these have exactly the names `own`."""
    first = next(iter(own), "")
    for name in weights:
        if name == first or name.endswith(f".{first}"):
            prefix = name[: len(name) - len(first)]
            part = {key[len(prefix) :]: tensor for key, tensor in weights.items() if key.startswith(prefix)}
            if part.keys() == own:
                yield f".{prefix.rstrip('.')}" if prefix else "", part


def _differences(weights: Mapping[str, Tensor], own: Any) -> str:
    without = [name for name in own if name not in weights][:_MOST]
    beside = [name for name in weights if name not in own][:_MOST]
    parts = [f"none of {', '.join(without)}" if without else "", f"besides {', '.join(beside)}" if beside else ""]
    return " and ".join(part for part in parts if part) or "others"


def adapted(checkpoint: Checkpoint, config: Mapping[str, Any]) -> AdaptedCheckpoint:
    """A checkpoint as an adapter is shown it."""
    plain = replace(checkpoint, config=dict(config))
    return AdaptedCheckpoint(plain.path, plain.step, plain.config, plain)


class Adapter(ABC):
    """How adtui runs a model that it has no code for. Subclass it in a file and give that to `--adapter`.

    One instance is made, without arguments, for an open run. Exceptions of its methods are shown with their line.
    """

    @abstractmethod
    def build(self, checkpoint: AdaptedCheckpoint) -> nn.Module:
        """The model with its weights loaded. It is put into evaluation mode, on the device, without gradients."""

    @abstractmethod
    def batch(self, contexts: Contexts) -> Any:
        """What `logits` gives to the model for these contexts, which all have the same number of transitions."""

    @abstractmethod
    def logits(self, module: nn.Module, batch: Any) -> Tensor:
        """(B, A) the action logits at the query of each context. Attention within is seen, and edited.

        Of `vectors` (B, 2D) means, then logarithms of variances, or (B, D) actions.
        """

    def vectors(self, checkpoint: AdaptedCheckpoint) -> Vectors | None:
        """The sizes of states and actions that are vectors; by default None: states are cells, actions single ones."""
        del checkpoint
        return None

    def tokens(self, n_transitions: int) -> Sequence[Token]:
        """What each token of a context of so many transitions is, in the model's order.

        A token is (kind, transition): kind is "transition", "state", "action", "reward", "query", "query action",
        "latent" or "other"; the transition counts from 0, is `n_transitions` for the query's tokens, and None for those
        that belong to none. By default: one token each, then the query.
        """
        transitions: list[Token] = [(TOKEN_KINDS[TRANSITION], t) for t in range(n_transitions)]
        return [*transitions, (TOKEN_KINDS[QUERY], n_transitions)]

    def read(self, n_transitions: int) -> int:
        """The token at which the logits are read, from 0: by default the last one of the kind "query"."""
        kinds = [kind for kind, _ in self.tokens(n_transitions)]
        return len(kinds) - 1 - kinds[::-1].index(TOKEN_KINDS[QUERY])

    def rounds(self, n_transitions: int) -> Sequence[Sequence[Token]]:
        """What each round of a compressor reads, in the form of `tokens`; by default there is none.

        For models whose latents attend to themselves and then to these tokens. Latents of the round before are among
        them, as ("latent", None).
        """
        del n_transitions
        return ()

    def longest(self, checkpoint: AdaptedCheckpoint) -> int | None:
        """The longest context in transitions: by default one less than the config's `n_transit`; None is not known."""
        told = checkpoint.config.get("n_transit")
        return told - 1 if isinstance(told, int) and not isinstance(told, bool) and told > 1 else None
