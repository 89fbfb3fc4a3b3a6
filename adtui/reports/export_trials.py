"""A report of trials into files: the JSON that `adtui compress --json` prints, and four figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..compression.trials.front import AXES
from ..files.atomic import write
from ..records.provenance import as_text
from ..records.trial import SweepReport
from .document import dumps
from .figures.png import Press
from .figures.style import DPI, print_style
from .figures.trials import pareto_figure, returns_figure
from .trials import title_of

FILES = ("report.json", "pareto.png", "pareto_bytes.png", "pareto_time.png", "returns.png")


def export_report(report: SweepReport, directory: Path, *, dpi: float = DPI) -> Iterator[Path]:
    """Write FILES; yields each path when its file is whole. The same report gives the same bytes.

    Raises:
        ExportError: a file cannot be written.
    """
    document, *figures, returns = (directory / name for name in FILES)
    yield write(document, dumps(report.to_json()).encode("ascii"))
    about = report.about
    press = Press(title_of(about), as_text(about.get("provenance")))
    with print_style():
        for path, axis in zip(figures, AXES, strict=True):
            yield write(path, press.png(pareto_figure(report, axis, dpi=dpi)))
        yield write(returns, press.png(returns_figure(report, dpi=dpi)))
