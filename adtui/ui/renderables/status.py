"""The status line: the most important fields first, whole fields dropped from the right where the line is narrow.

Progress stays in any case; a name that is too long beside it is shortened.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from ...records.plain import to_ascii
from ...records.run import RunInfo
from .readout import separator

BAR = 12
"""Cells of the progress bar."""
FASTEST = 1000
"""A second; what goes faster, as what is found in a cache, is over before its pace can be read."""
LEAST = 6
"""Cells of a shortened name that still tell it."""


def progress_bar(done: int, total: int, width: int = BAR, utf8: bool = True) -> str:
    """A bar of `width` cells, in eighths of a cell where UTF-8 allows."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    if not utf8:
        full = int(share * width)
        return "#" * full + "-" * (width - full)
    eighths = int(share * width * 8)
    bar = "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")
    return bar.ljust(width, "░")


def progress_text(done: int, total: int, what: str, rate: float = 0.0, note: str = "", utf8: bool = True) -> str:
    """ "attention ██████░░░░░░ 3/5", the pace where known, and the note; "opening …" while the total is not."""
    if total <= 0:
        return to_ascii(f"{what} …", unless=utf8)
    of_use = 0 < rate < FASTEST
    pace = "" if not of_use else f" {rate:.3g}/s" if rate >= 0.5 else f" {1 / rate:.0f} s each"
    text = f"{what} {progress_bar(done, total, utf8=utf8)} {done}/{total}{pace}"
    return f"{text}, {to_ascii(note, unless=utf8)}" if note else text


def shortened_progress(done: int, total: int, what: str, rate: float, note: str, width: int, utf8: bool = True) -> str:
    """The longest of the whole text, that without its note, and the mere count that leaves room for a name."""
    texts = [progress_text(done, total, what, rate, note, utf8), progress_text(done, total, what, rate, "", utf8)]
    return next(
        (text for text in texts if cell_len(text) <= width - LEAST), f"{what} {done}/{total}" if total else what
    )


def status_line(
    run: RunInfo | None,
    sample: int | None,
    progress: str,
    width: int,
    message: str = "",
    utf8: bool = True,
) -> str:
    """One line of at most `width` cells.

    Args:
        run: None until a run is open.
        sample: index of the sample on display.
        progress: from `progress_text`, "" while nothing runs.
        message: what to say instead of the run while there is none ("starting the engine").
        utf8: ASCII only when False.
    """
    dot = separator(utf8)
    first = [message or "no run"] if run is None else [run.name, f"step {run.step}"]
    rest: list[str] = []
    if run is not None:
        if sample is not None:
            label = f": {run.samples[sample].label}" if sample < len(run.samples) else ""
            rest.append(f"s{sample} of {len(run.samples)}{label}")
        rest += [run.device, run.family, run.source]
    if not progress or cell_len(progress) > width:
        return _joined([*first, *rest], dot, width) or first[0][:width]
    # A long path must not hide that something moves: what is open is said in the room beside the progress.
    room = width - cell_len(f"{dot}{progress}")
    about = _joined(first, dot, room) or _shortened(first[0], room, to_ascii("…", unless=utf8))
    return _joined([f"{about}{dot}{progress}" if about else progress, *rest], dot, width)


def _joined(fields: Sequence[str], dot: str, width: int) -> str:
    """The first fields, as many as fit."""
    line = ""
    for field in fields:
        longer = f"{line}{dot}{field}" if line else field
        if cell_len(longer) > width:
            break
        line = longer
    return line


def _shortened(text: str, width: int, left_out: str) -> str:
    """Its first word and its end, which tells paths apart; nothing where that would say nothing."""
    verb, space, rest = text.partition(" ")
    head = f"{verb}{space}{left_out}" if rest else left_out
    tail = width - cell_len(head)
    return f"{head}{text[-tail:]}" if tail >= LEAST else ""
