"""Paths → runs that can be set side by side, each with the settings that it was trained with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..files.checkpoint import load_checkpoint
from ..files.runs import Run, find_run, runs_to_choose
from ..files.yaml import load_yaml
from ..records.comparison import shown
from ..records.errors import AdtuiError, ConfigError, RunError


@dataclass(frozen=True)
class Candidate:
    """A run that may be compared.

    Attributes:
        label: its name, told from the others'.
        path: what to open: a checkpoint file.
        run: None where the path leads to none.
        config: the settings of its training by dotted names, from the checkpoint, else from the file beside it.
        why: why it cannot be read, "" where it can.
    """

    label: str
    path: Path
    run: Run | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def text(self) -> str:
        """What a filter looks in: the label, and `name=value` of every setting."""
        return " ".join([self.label, *(f"{name}={shown(value)}" for name, value in self.config.items())])


def candidates(paths: Sequence[str], *, once: bool = True) -> list[Candidate]:
    """The runs at these paths, each checkpoint once if asked for; of a directory of runs, all of them.

    Raises:
        RunError: a path leads nowhere.
    """
    found: list[Candidate] = []
    seen: set[str] = set()
    for path in paths:
        for one in _at(path):
            if (real := os.path.realpath(one.path)) not in seen or not once:
                seen.add(real)
                found.append(_with_config(one))
    return _told_apart(found)


def chosen(found: Sequence[Candidate], text: str) -> list[Candidate]:
    """Those whose name or settings have `text` in them, whatever the case.

    Raises:
        ConfigError: none has.
    """
    kept = [one for one in found if text.lower() in one.text.lower()]
    if not kept:
        names = ", ".join(one.label for one in found[:3]) + (", …" if len(found) > 3 else "")
        raise ConfigError(
            "--filter",
            expected="text of a run's name, or name=value of a setting such as n_transit=80",
            found=f"{text}, which none of {names} has",
            action="try another",
        )
    return kept


def run_of(one: Candidate) -> Run:
    """Its run.

    Raises:
        RunError: it has none that can be read.
    """
    if one.run is None or one.why:
        raise RunError(one.label, expected="a run to compare", found=one.why, action="give another")
    return one.run


def reason(error: AdtuiError) -> str:
    """What an error says, without the path that its row shows already."""
    return f"{error.subject.rpartition('/')[2]}: expected {error.expected}, found {error.found}; {error.action}"


def _told_apart(found: Sequence[Candidate]) -> list[Candidate]:
    """Runs of one name by as much of their paths as it takes; the same checkpoint twice keeps its name."""
    labels = [one.label for one in found]
    together = {label: {one.path for one in found if one.label == label} for label in labels}
    return [
        one if len(together[one.label]) == 1 else replace(one, label=_tail(one.path, together[one.label]))
        for one in found
    ]


def _tail(path: Path, others: Iterable[Path]) -> str:
    """The last parts of a path, as few as no other path has."""
    for count in range(2, len(path.parts)):
        if sum(other.parts[-count:] == path.parts[-count:] for other in others) == 1:
            return "/".join(path.parts[-count:])
    return str(path)


def _at(path: str) -> Iterator[Candidate]:
    if not os.path.exists(path):
        find_run(path)  # runs/latest may mean the newest run; else it says what is wrong
    try:
        yield _of(find_run(path))
    except RunError as error:
        runs = runs_to_choose(path) if os.path.isdir(path) else ()
        if runs:
            yield from map(_of, sorted(runs, key=lambda run: run.name))
        else:
            yield Candidate(Path(path).name or path, Path(path), why=reason(error))


def _of(run: Run) -> Candidate:
    return Candidate(run.name if run.follows else f"{run.name}/{run.latest.name}", run.latest, run)


def _with_config(one: Candidate) -> Candidate:
    """With the settings of its training; a file that cannot be read says why."""
    if one.run is None:
        return one
    try:
        checkpoint = load_checkpoint(one.path)
        beside = {} if one.run.config_path is None else load_yaml(one.run.config_path)
    except AdtuiError as error:
        return replace(one, why=reason(error))
    config = {**beside, **checkpoint.config}
    return replace(one, config=dict(_flat(config, config)))


def _flat(config: Mapping[str, Any], top: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names; what also stands at the top, where it is read, is not named twice."""
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, top, f"{before}{name}.")
        elif not before or name not in top or top[name] != value:
            yield f"{before}{name}", value
