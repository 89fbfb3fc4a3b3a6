"""Figures and reports, a file a step. What is slow to import is imported when something is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.errors import EngineError
from ..records.map_messages import ExportMoment
from ..records.messages import ExportAll, Exported, ExportView, Progress, Reply
from ..records.run import MoreSamples
from ..records.side_messages import ExportPair
from ..records.trial_messages import ExportSweep
from .bounds import check_head
from .job import Clock, Steps
from .sides import Sides

if TYPE_CHECKING:
    from .session import Session

Send = Callable[[Reply], None]
Opened = Callable[[], "Session"]
"""Gives the open session. Raises EngineError while there is none."""


Single = ExportView | ExportMoment | ExportSweep | ExportPair


def export(request: Single, opened: Opened, sides: Sides, send: Send) -> Steps:
    """What is on display, as figures or a report."""
    match request:
        case ExportView():
            return export_view(opened, request, send)
        case ExportMoment():
            return export_moment(opened, request, send)
        case ExportSweep():
            return export_sweep(request, send)
        case ExportPair():
            return export_pair(sides, request, send)


def export_view(opened: Opened, request: ExportView, send: Send) -> Steps:
    """The figures of one head, or of the mean over heads."""
    session = opened()
    check_head(session.info, request.layer, request.head)
    yield from _measured(session)
    from ..reports.export import export_head  # matplotlib

    paths = export_head(
        session.exhibit(look=request.look),
        Path(request.directory),
        sample=request.sample,
        layer=request.layer,
        head=request.head,
    )
    yield from _write(request, 1, paths, send)


def export_all(opened: Opened, request: ExportAll, send: Send, add: Callable[[MoreSamples], None]) -> Steps:
    """Every figure of the run; contexts that it needs and that are not there yet are made, and `add` is told."""
    session = opened()
    for more in session.grow(session.begun):
        if more is not None:
            add(more)
        yield
    yield from _measured(session)
    from ..reports.export import export_all as figures  # matplotlib

    exhibit = session.exhibit(count=session.begun)
    yield from _write(request, exhibit.count, figures(exhibit, Path(request.directory)), send)


def export_moment(opened: Opened, request: ExportMoment, send: Send) -> Steps:
    """The map as a figure, or the walk up to it as a film."""
    session, asked = opened(), request.moment
    now = session.walks.moment(asked)
    if now.size is None:
        raise EngineError(
            "the map",
            expected="a world whose states are cells of a room",
            found="states that are none",
            action="export the figures of the heads instead",
        )
    from ..reports.floor import FIGURE, FILM, export_map, map_name  # matplotlib

    path = Path(request.directory) / "map" / f"{map_name(now)}{FILM if request.film else FIGURE}"
    total, paths = export_map(
        now,
        lambda: session.walks.film(asked),
        path,
        session.title,
        began=request.began,
        episode=request.episode,
        provenance=session.provenance("map").text,
    )
    yield from _write(request, total, paths, send)


def export_sweep(request: ExportSweep, send: Send) -> Steps:
    """The report of compression trials, and its figures."""
    from ..reports.export_trials import FILES, export_report  # matplotlib

    yield from _write(request, len(FILES), export_report(request.report, Path(request.directory)), send)


def export_pair(sides: Sides, request: ExportPair, send: Send) -> Steps:
    """Two heads side by side, and their difference."""
    pair = sides.figure(request)
    from ..reports.pair import export_pair as figures  # matplotlib

    yield from _write(request, 1, figures(pair, Path(request.directory)), send)


def _measured(session: Session) -> Steps:
    """An export may be asked for before the analysis has ended; the analysis still tells its insights."""
    for _ in session.measure_all():
        yield


def _write(request: Single | ExportAll, total: int, paths: Iterable[Path | None], send: Send) -> Steps:
    """Send how far it is after every step; a step that wrote no file gives None."""
    clock, written = Clock(), []
    send(Progress(request.id, "export", 0, total))
    for done, path in enumerate(paths, 1):
        written += [] if path is None else [str(path)]
        send(Progress(request.id, "export", done, total, clock.rate(done)))
        yield
    common = os.path.commonpath([Path(path).parent for path in written]) if written else request.directory
    send(Exported(request.id, str(Path(common).resolve()), tuple(written)))
