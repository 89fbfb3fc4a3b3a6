"""Case number → one file, the same for a seed on every machine and in every order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from . import archives, checkpoint_files, damage, hdf5_files, npz_files, pickles, yaml_files
from .originals import originals

KINDS = ("checkpoint", "yaml", "hdf5", "npz")
SUFFIX = {"checkpoint": ".pt", "yaml": ".yaml", "hdf5": ".hdf5", "npz": ".npz"}
_HEAVY = 2
"""How often in a round a family comes that reaches deeper than damaged bytes do."""


@dataclass(frozen=True)
class Case:
    """A file to open.

    Attributes:
        number: of the case; with the campaign's seed it says everything.
        kind: what the program takes the file for.
        family: how it was made.
    """

    number: int
    kind: str
    family: str


def _structured(kind: str) -> dict[str, Callable[[Random], bytes]]:
    if kind == "checkpoint":
        return {**checkpoint_files.FAMILIES, **pickles.FAMILIES, "zip": archives.checkpoint}
    if kind == "yaml":
        return yaml_files.FAMILIES
    if kind == "hdf5":
        return hdf5_files.FAMILIES
    return {**npz_files.FAMILIES, "zip": archives.inputs}


def _round() -> tuple[tuple[str, str], ...]:
    """(kind, family) of a round of cases, the kinds mixed so that any stretch of numbers has all of them."""
    pairs = []
    for kind in KINDS:
        shares = dict.fromkeys(damage.OPERATIONS, 1) | dict.fromkeys(_structured(kind), _HEAVY)
        pairs += [(kind, family) for family, share in shares.items() for _ in range(share)]
    Random(0).shuffle(pairs)
    return tuple(pairs)


ROUND = _round()


def case(number: int) -> Case:
    """The kind and family of case `number`; they do not depend on the seed."""
    kind, family = ROUND[number % len(ROUND)]
    return Case(number, kind, family)


def cases(kind: str | None = None, families: frozenset[str] = frozenset()) -> Iterator[Case]:
    """All cases in order, those of one kind or some families only where asked; without an end."""
    number = 0
    while True:
        found = case(number)
        if kind in (None, found.kind) and (not families or found.family in families):
            yield found
        number += 1


def content(case: Case, seed: int) -> bytes:
    """The bytes of a case's file."""
    rng = Random(f"{seed}/{case.number}")
    structured = _structured(case.kind)
    if case.family in structured:
        return structured[case.family](rng)
    good = good_files(case.kind)
    everything = [file for kind in KINDS for file in good_files(kind)]
    others = good if rng.random() < 0.5 else everything
    return damage.OPERATIONS[case.family](rng, rng.choice(good), others)


def good_files(kind: str) -> tuple[bytes, ...]:
    """The undamaged files of a kind."""
    files = originals()
    return {
        "checkpoint": files.checkpoints,
        "yaml": files.yaml,
        "hdf5": (files.histories,),
        "npz": (files.inputs,),
    }[kind]


def digest(chosen: Iterator[Case], seed: int) -> str:
    """SHA-256 over the files of some cases: equal ones are equal byte for byte."""
    total = hashlib.sha256()
    for case in chosen:
        total.update(hashlib.sha256(content(case, seed)).digest())
    return total.hexdigest()
