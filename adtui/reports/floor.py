"""The map into files: one moment as a figure, a whole walk as a film."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..files.atomic import write
from ..records.moment import Moment
from .figures.floor import Film, floor_figure
from .figures.png import Press
from .figures.style import DPI

FIGURE, FILM = ".png", ".gif"


def map_name(moment: Moment) -> str:
    """ "map_sample0_layer2_head1_moment79", like the names of the other figures."""
    head = "mean" if moment.head is None else f"head{moment.head}"
    return f"map_sample{moment.sample}_layer{moment.layer}_{head}_moment{moment.number}"


def export_map(
    moment: Moment,
    walk: Callable[[], Iterable[Moment]],
    path: Path,
    title: str,
    *,
    began: bool = False,
    episode: int | None = None,
    provenance: str = "",
) -> tuple[int, Iterator[Path | None]]:
    """How many steps it takes to write `path`, and the steps: `FILM` has every moment of the walk, else this one."""
    if path.suffix == FILM:
        return moment.number + 2, export_film(walk(), path, title, began=began, provenance=provenance)
    return 1, export_floor(moment, path, title, began=began, episode=episode, provenance=provenance)


def export_floor(
    moment: Moment,
    path: Path,
    title: str,
    *,
    began: bool = False,
    episode: int | None = None,
    dpi: float = DPI,
    provenance: str = "",
) -> Iterator[Path]:
    """Write one moment as a PNG.

    Raises:
        ExportError: the file cannot be written.
    """
    figure = floor_figure(moment, title=title, began=began, episode=episode, dpi=dpi)
    yield write(path, Press(title, provenance).png(figure))


def export_film(
    moments: Iterable[Moment], path: Path, title: str, *, began: bool = False, provenance: str = ""
) -> Iterator[Path | None]:
    """Write moments as an animated GIF: None after every frame that is drawn, then the path.

    Raises:
        ExportError: the file cannot be written.
    """
    film = Film(title, provenance)
    for moment in moments:
        film.add(moment, began=began)
        yield None
    yield write(path, film.gif())
