"""The process that opens files: one case after another, each told to the parent before and after."""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from adtui.records.errors import AdtuiError

from . import opening
from .cases import Case, content
from .watch import Watch, limit_memory

GIB = 1 << 30
OPENED, REFUSED = "opened", "refused"
#: Ways to fail; `generator` is a fault of this package itself.
FAILURES = ("traceback", "message", "output", "hang", "memory", "executed", "wrote", "died", "generator")


@dataclass(frozen=True)
class Outcome:
    """What became of a case: OPENED, REFUSED or one of FAILURES, details in words, and the cost."""

    number: int
    result: str
    detail: str
    seconds: float = 0.0
    growth: int = 0


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes that one case may take."""

    seconds: float = 10.0
    memory: int = 2 * GIB


def run(todo: Sequence[Case], seed: int, directory: Path, pipe: int, limits: Limits, loader: str | None) -> None:
    """Open the files of some cases in this process, which should be a fresh fork.

    Lines of JSON go to `pipe`: {"makes": number}, {"opens": number} and outcomes.
    """
    tell = os.fdopen(pipe, "w", buffering=1)
    inside, elsewhere, said = directory / "case", directory / "elsewhere", directory / "said"
    elsewhere.mkdir(exist_ok=True)
    os.chdir(elsewhere)
    output = _redirect(said)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    find_steps = _loader(loader)
    _hurry()
    watch = Watch(elsewhere, inside)
    limit_memory(limits.memory + 2 * GIB)
    for case in todo:
        print(json.dumps({"makes": case.number}), file=tell)
        try:
            opening.place(case.kind, content(case, seed), inside)
        except Exception:
            outcome = Outcome(case.number, "generator", traceback.format_exc())
            print(json.dumps(asdict(outcome)), file=tell)
            continue
        print(json.dumps({"opens": case.number}), file=tell)
        faulthandler.dump_traceback_later(limits.seconds * 0.95, file=output)
        outcome = _open(case, inside, find_steps, watch, limits, output)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(asdict(outcome)), file=tell)
        if outcome.growth > GIB // 4:
            gc.collect()


def _open(case: Case, inside: Path, find_steps: opening.Opening, watch: Watch, limits: Limits, output: int) -> Outcome:
    """Every step on the case's file. Written to be read in a traceback: what comes after it is the program."""
    faults: list[tuple[str, str]] = []
    words: list[str] = []
    opened = False
    os.ftruncate(output, 0)
    watch.begin()
    started = time.monotonic()
    for step in find_steps(case, inside):
        try:
            step()
            opened = True
        except AdtuiError as error:
            words.append(str(error))
            if fault := opening.refusal_fault(error):
                faults.append(("message", f"{fault}: {str(error)[:3000]!r}"))
        except BaseException:
            faults.append(("traceback", traceback.format_exc()))
    seconds = time.monotonic() - started
    growth = watch.growth()
    watch.end()
    sys.stdout.flush()
    sys.stderr.flush()
    if size := os.lseek(output, 0, os.SEEK_END):
        faults.append(("output", os.pread(output, min(size, 3000), 0).decode(errors="replace")))
    if growth > limits.memory:
        faults.append(("memory", f"{growth / GIB:.1f} GiB"))
    faults += [("executed", what) for what in watch.executed] + [("wrote", what) for what in watch.wrote]
    if faults:
        detail = "\n".join(f"[{kind}] {text}" for kind, text in faults)
        return Outcome(case.number, min((kind for kind, _ in faults), key=_RANK.index), detail, seconds, growth)
    return Outcome(case.number, OPENED if opened else REFUSED, "\n".join(words), seconds, growth)


_RANK = ("executed", "wrote", "memory", "traceback", "message", "output")


def _redirect(said: Path) -> int:
    """Both standard streams into a file, below Python, so that C libraries are heard too."""
    output = os.open(said, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    faulthandler.enable(output)
    return output


def _loader(name: str | None) -> opening.Opening:
    """`opening.steps`, or "module:function" instead: how the campaign's own tests plant a bad loader."""
    if name is None:
        return opening.steps
    module, _, function = name.partition(":")
    found: opening.Opening = getattr(importlib.import_module(module), function)
    return found


def _hurry() -> None:
    """No pauses before a damaged file is read again; every warning counts, not only the first of its place."""
    from adtui.files import checkpoint

    checkpoint._RETRY_SECONDS = (0.0,) * len(checkpoint._RETRY_SECONDS)  # type: ignore[assignment]
    warnings.simplefilter("always")
