"""What the names of files and directories say: which hold weights, of which step, and which are one run's series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

NUMBERED = re.compile(r"ckpt-([0-9]+)\.pt")
"""The users' own name of a checkpoint, and its step."""
WEIGHTS = re.compile(r".+\.(?:pt|pth|ckpt|safetensors|pth\.tar)|(?:pytorch_)?model.*\.bin", re.IGNORECASE)
"""What other code calls files of weights; of what lies beside them (an optimizer, random states) none is."""
PART = re.compile(r".+-[0-9]{5}-of-[0-9]{5}\..+")
"""One of the files that large models are cut into."""
CHECKPOINTS = ("checkpoints", "checkpoint", "ckpts", "ckpt", "models", "weights", "saved_models")
"""Directories of these names hold checkpoints alone, and have their settings above them."""
_STEPPED = re.compile(r"(?:checkpoint|ckpt|global_step|step|epoch|iter)[-_=]?([0-9]+)")
_BESIDE = re.compile(
    r"(?:resume|optim\w*|scheduler|scaler|sched\w*|rng|random|training_args)(?:[_.-].*)?|.*optim\w*_states",
    re.IGNORECASE,
)
_NEWEST = re.compile(r"(?:.*[_-])?(?:last|latest|final)(?:[_-].*)?", re.IGNORECASE)
_ASIDE = re.compile(r"(?:.*[._-])?(?:best|ema|swa|avg|averaged?)(?:[._-].*)?", re.IGNORECASE)
"""The best so far, and averages: not what training has come to."""
#: A number that is not the seed of a run which is named by its settings.
_NUMBER = re.compile(r"(?<![\d.])(?<!seed)(?<!seed[_=-])\d+(?:\.\d+)?[kM]?(?![a-zA-Z\d])")
_COUNTED = tuple(
    re.compile(rf"(?<![a-z])(?:{word})[=_-]?(\d+[kM]?)(?![.]?\d)", re.IGNORECASE)
    for word in ("(?:global_?)?steps?", "iter(?:ation)?s?|updates?", "epochs?|ep")
)
_ENDS = re.compile(r"(?:^|[-_= ]|[a-z]{3})(?<!seed)(?<!seed[_=-])(\d+[kM]?)$", re.IGNORECASE)
_TIMES = {"k": 1_000, "M": 1_000_000}


def named_step(name: str) -> int | None:
    """The step that a file's name says: what it counts in words, else the number that it ends in; None without one.

    Not the seed, nor a size ("H50"), of a run that is named by its settings.
    """
    stem = _stem(name)
    for pattern in (*_COUNTED, _ENDS):
        if found := pattern.search(stem):
            return _count(found[1])
    return None


def directory_step(name: str) -> int | None:
    """The step of a directory that holds one checkpoint, as `checkpoint-1000`; None of another name."""
    found = _STEPPED.fullmatch(name)
    return int(found[1]) if found else None


def series(files: Sequence[Path]) -> tuple[tuple[int | None, Path], ...]:
    """(step, file) of files of weights, the newest last: the only one, the one that says it is the last, or one series.

    Empty where it cannot be told which of several is the newest: they differ in more than a count, or in their seeds.
    """
    files = [file for file in files if not _BESIDE.fullmatch(_stem(file.name)) and not PART.fullmatch(file.name)]
    files = [file for file in files if not _ASIDE.fullmatch(_stem(file.name))] or files
    last = [file for file in files if _NEWEST.fullmatch(_stem(file.name))]
    if len(last) == 1 or len(files) == 1:
        (file,) = last if len(last) == 1 else files
        return ((named_step(file.name), file),)
    if not files or last or len({_NUMBER.sub("#", file.name) for file in files}) > 1:
        return ()
    numbers = [_NUMBER.findall(_stem(file.name)) for file in files]
    differing = [place for place, found in enumerate(zip(*numbers, strict=True)) if len(set(found)) > 1]
    if len(differing) == 1:
        steps = [_count(found[differing[0]]) for found in numbers]
    else:
        steps = next((told for pattern in _COUNTED if None not in (told := _counted(files, pattern))), [])
    if None in steps or len(set(steps)) < len(files):
        return ()
    return tuple(sorted(zip(steps, files, strict=True), key=lambda one: (one[0] or 0, one[1])))


def _counted(files: Sequence[Path], pattern: re.Pattern[str]) -> list[int | None]:
    found = [pattern.search(_stem(file.name)) for file in files]
    return [None if one is None else _count(one[1]) for one in found]


def _count(text: str) -> int | None:
    """ "10k" is 10 000; a fraction counts nothing."""
    times = _TIMES.get(text[-1], 1)
    digits = text if times == 1 else text[:-1]
    return int(digits) * times if digits.isdecimal() and digits.isascii() and len(digits) < 20 else None


def _stem(name: str) -> str:
    return re.sub(r"\.(?:pth\.tar|\w+)$", "", name, flags=re.IGNORECASE)
