"""The progress bar of the commands that take a while: on stderr, with the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


def bar() -> Progress:
    """A bar for one or more tasks; `note` is a field that a task may set.

    It fits 80 columns and vanishes when the work ends. Without a terminal nothing is drawn.
    """
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def bars(words: Mapping[str, str] | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each name that is reported, as (name, done, total).

    Args:
        words: what a name is shown as, where that is something else.
    """
    tasks: dict[str, TaskID] = {}
    with bar() as progress:

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task((words or {}).get(name, name), total=total, note="")
            progress.update(tasks[name], completed=done)

        yield show
