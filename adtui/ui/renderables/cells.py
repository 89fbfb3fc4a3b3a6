"""Finished cells as a table, in as many columns as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.style import Style
from rich.text import Text

from ...records.levels import at_level
from ...records.plain import to_ascii_cells
from ...records.trial import EVENLY, LAST, Trial, TrialCell
from ...records.trial_cost import size_words
from .scroll import first_line

HEAD, SELECTED, BEST = Style(bold=True), Style(reverse=True), Style(bold=True)
FULL_NAME = "full context"
Column = tuple[str, int, Callable[[Trial], str]]
WITH_INTERVAL = 19
"""Width of a return with its interval."""


def cells_lines(
    trials: Sequence[Trial],
    width: int,
    height: int,
    *,
    letters: dict[str, str],
    selected: TrialCell | None = None,
    recommended: Sequence[TrialCell] = (),
    utf8: bool = True,
) -> list[Text]:
    """A header, then a line per cell; those around the selected one where not all fit.

    Args:
        letters: strategy → its letter in the picture.
        selected, recommended: what is recommended has a star.
    """
    if not trials or height < 2:
        return []
    names = [f"{letters.get(t.cell.strategy, ' ')} {short(t)}" for t in trials]
    wide = max(len(name) for name in ("  cell", *names)) + 1
    columns = _fitting(_columns(trials, brief=width - wide <= WITH_INTERVAL), width - wide)
    head = "  cell".ljust(wide) + "".join(f" {name:>{size}}" for name, size, _ in columns)
    place = next((at for at, trial in enumerate(trials) if trial.cell == selected), 0)
    first = first_line(place, height - 1, len(trials))
    lines = [Text(head[:width], HEAD, no_wrap=True, end="")]
    for trial, name in list(zip(trials, names, strict=True))[first : first + height - 1]:
        best = trial.cell in recommended
        star = "★" if best else " "
        values = "".join(f" {show(trial):>{size}}" for _, size, show in columns)
        row = (name.ljust(wide - 1) + star + values)[:width].ljust(width)
        row = to_ascii_cells(row, unless=utf8)
        style = SELECTED if trial.cell == selected else BEST if best else Style()
        lines.append(Text(row, style, no_wrap=True, end=""))
    return lines


def short(trial: Trial) -> str:
    """The cell's name without parameters, which the lab leaves at their defaults, and its level if it is a cache's."""
    cell = trial.cell
    if cell.budget is None:
        return FULL_NAME
    shared = "" if cell.shared == EVENLY else f", {cell.shared.partition(':')[0]}"
    return at_level(f"{cell.strategy}:{cell.budget}{shared}", cell.level)


def _columns(trials: Sequence[Trial], *, brief: bool) -> list[Column]:
    """The most telling first; `brief` leaves the interval out."""
    loops = [trial.closed_loop for trial in trials if trial.closed_loop is not None]
    last = min(LAST, len(loops[0].episodes)) if loops else LAST
    memory: list[Column] = [("memory", 7, _memory)] if any(t.cost and t.cost.peak_memory for t in trials) else []
    appended: list[Column] = [("append", 6, _appended)] if any(t.cost and t.cost.appended for t in trials) else []
    return [
        ("return", 6, _mean) if brief else (f"return, last {last}", WITH_INTERVAL, _return),
        ("agree", 5, lambda trial: _open(trial, "agreement", "{:.0%}")),
        ("KL", 5, lambda trial: _open(trial, "kl", "{:.3f}")),
        ("p95", 5, lambda trial: _open(trial, "kl_p95", "{:.2f}")),
        ("P>full", 6, _improvement),
        ("time", 5, lambda trial: "–" if trial.cost is None else f"{trial.cost.step_ratio:.2f}"),
        *appended,
        ("holds", 7, lambda trial: _held(trial, "state")),
        ("K, V", 7, lambda trial: _held(trial, "cache")),
        *memory,
    ]


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    found: list[Column] = []
    for column in columns:
        width -= column[1] + 1
        if width < 0:
            break
        found.append(column)
    return found


def _mean(trial: Trial) -> str:
    return "–" if trial.closed_loop is None else f"{trial.closed_loop.last.mean:.2f}"


def _return(trial: Trial) -> str:
    if trial.closed_loop is None:
        return "–"
    last = trial.closed_loop.last
    return f"{last.mean:.2f} [{last.low:.2f},{last.high:.2f}]"


def _open(trial: Trial, name: str, form: str) -> str:
    if trial.open_loop is None:
        return "–"
    mean: float = getattr(trial.open_loop.strata["all"], name).mean
    return form.format(mean) if mean == mean else "–"


def _improvement(trial: Trial) -> str:
    return "–" if trial.closed_loop is None else f"{trial.closed_loop.improvement.mean:.2f}"


def _appended(trial: Trial) -> str:
    found = None if trial.cost is None else trial.cost.appended
    return "–" if found is None else f"{found.median:.2f}"


def _held(trial: Trial, part: str) -> str:
    held = None if trial.cost is None else trial.cost.held
    count: int | None = None if held is None else getattr(held, part)
    return "–" if count is None else size_words(count)


def _memory(trial: Trial) -> str:
    peak = None if trial.cost is None else trial.cost.peak_memory
    return "–" if peak is None else size_words(peak)
