"""Which of a checkpoint's weights are the model's: training code wraps, prefixes and averages them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from torch import Tensor

from ..files.checkpoint import Checkpoint
from ..files.checkpoint_names import PART
from ..files.state_dicts import MODEL, StateDict, bare_names
from ..records.errors import CheckpointError
from .foreign import foreign

Families = Sequence[Any]
#: Copies of a model that follow it: averages of its weights, targets, teachers.
_COPIES = re.compile(
    r"(^|[._])(ema|swa|avg|averaged?|shadow|target|teacher|polyak|old|best|prev|previous|initial|ref|reference)([._]|$)"
)
_PARTS, _MOST_PREFIXES = 3, 64
NOT_READ = "open a checkpoint of a family in the README's table, or say how it is run: --adapter, docs/adapters.md"


@dataclass(frozen=True, eq=False)
class _Option:
    """Weights of known families: where they lie, under which prefix of their names, of which families."""

    source: StateDict | None
    place: str
    prefix: str
    families: tuple[Any, ...]

    @property
    def label(self) -> str:
        return ".".join(part for part in (self.place, self.prefix.rstrip(".")) if part) or "the file itself"


def choose(checkpoint: Checkpoint, families: Families) -> tuple[Checkpoint, Any]:
    """The checkpoint with the weights of one model under their own names, and the family that they are of.

    Several are as bad as none, since a guess would load silently; but a model goes before averages of it.

    Args:
        families: the modules of all families.

    Raises:
        CheckpointError: no known family, or more than one.
    """
    path = str(checkpoint.path)
    options = [*_options(families, None, checkpoint.place, checkpoint.weights)]
    for other in checkpoint.others:
        options += _options(families, other, other.place, bare_names(other.values))
    if not options:
        raise _unknown(path, checkpoint, _names(families))
    option = _single(path, options)
    if len(option.families) > 1:
        raise CheckpointError(
            path,
            expected=f"the weights of one family ({_names(families)})",
            found=f"those of {len(option.families)}: {' and '.join(family.NAME for family in option.families)}",
            action="save one model's state_dict by itself",
        )
    taken = checkpoint if option.source is None else checkpoint.taking(option.source)
    weights = {name[len(option.prefix) :]: t for name, t in taken.weights.items() if name.startswith(option.prefix)}
    notes = (*checkpoint.notes, *_told(option, options, len(taken.weights) - len(weights)))
    return replace(taken, weights=weights, notes=notes), option.families[0]


def _options(
    families: Families, source: StateDict | None, place: str, weights: Mapping[str, Tensor]
) -> Iterator[_Option]:
    """The whole, where a family knows it; else the parts under a prefix that one knows."""
    if known := _recognised(families, weights):
        yield _Option(source, place, "", known)
        return
    for prefix in _prefixes(weights):
        part = {name[len(prefix) :]: tensor for name, tensor in weights.items() if name.startswith(prefix)}
        if known := _recognised(families, part):
            yield _Option(source, place, prefix, known)


def _recognised(families: Families, weights: Mapping[str, Tensor]) -> tuple[Any, ...]:
    return tuple(family for family in families if family.recognise(weights))


def _prefixes(weights: Mapping[str, Tensor]) -> list[str]:
    names = [name.split(".")[:-1] for name in weights]
    # What all names begin with is no deeper than one part.
    shared = len(list(takewhile(lambda parts: len(set(parts)) == 1, zip(*names, strict=False))))
    found: dict[str, None] = {}
    for whole in names:
        parts = whole[: shared + _PARTS]
        found |= dict.fromkeys(".".join(parts[:count]) + "." for count in range(1, len(parts) + 1))
        if len(found) > _MOST_PREFIXES:
            break
    return sorted(found, key=len)


def _single(path: str, options: list[_Option]) -> _Option:
    """The one to take: what users' code calls the model, or the only one that is no copy."""
    if options[0].place == MODEL and options[0].prefix == "":
        return options[0]
    originals = [option for option in options if not _COPIES.search(option.label.lower())]
    if len(options) == 1 or len(originals) == 1:
        return options[0] if len(options) == 1 else originals[0]
    raise CheckpointError(
        path,
        expected="the weights of one model",
        found=f"those of {len(options)}: {' and '.join(option.label for option in options[:4])}",
        action="save the one to look at by itself: torch.save({'model': its state_dict, 'config': …}, PATH)",
    )


def _told(option: _Option, options: list[_Option], left_out: int) -> Iterator[str]:
    """What the user should know of the choice."""
    others = [other.label for other in options if other is not option]
    if others:
        yield f"the weights of {option.label} are shown; the file also has those of {', '.join(others[:3])}"
    elif option.place not in ("", MODEL) or option.prefix:
        yield f"the weights are those of {option.label}"
    if left_out:
        yield f"{left_out} weights beside {option.label} were left out"


def _unknown(path: str, checkpoint: Checkpoint, names: str) -> CheckpointError:
    candidates = [checkpoint.weights, *[bare_names(other.values) for other in checkpoint.others]]
    named = next((words for weights in candidates if (words := _named(weights))), None)
    if PART.fullmatch(checkpoint.path.name):
        together = "put the parts together: torch.save(model.state_dict(), PATH) of the model loaded from them"
        raise CheckpointError(path, expected="a whole checkpoint", found="one of its parts", action=together)
    some = ", ".join(name[:60] for name in list(checkpoint.weights)[:3]) or "no weights"
    return CheckpointError(
        path,
        expected=f"the weights of a family that adtui knows ({names})",
        found=named or f"{len(checkpoint.weights)} keys such as {some}",
        action=NOT_READ
        if named
        else "give a checkpoint saved by Algorithm Distillation training, or an adapter: docs/adapters.md",
    )


def _named(weights: Mapping[str, Tensor]) -> str | None:
    """What the weights are of, also under a prefix of all their names."""
    while weights:
        if words := foreign(weights):
            return words
        first = {name.partition(".")[0] for name in weights}
        if len(first) > 1 or not all("." in name for name in weights):
            return None
        weights = {name.partition(".")[2]: tensor for name, tensor in weights.items()}
    return None


def _names(families: Families) -> str:
    return ", ".join(family.NAME for family in families)
