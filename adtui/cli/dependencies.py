"""The packages that adtui's own metadata asks for, and what of them is here. Nothing is imported but that metadata.

What `pyproject.toml` names is looked for, so that a list of it needs to be kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Dependency:
    """One package that is asked for.

    Attributes:
        name: as it is asked for.
        wanted: the versions that will do, "<3,>=2.6", or "" for all.
        version: the one that is installed, or "".
        extra: of adtui, for which alone it is needed, or "".
    """

    name: str
    wanted: str
    version: str
    extra: str = ""

    @property
    def fits(self) -> bool:
        """Whether a version that will do is installed."""
        wanted = Requirement(f"x{self.wanted}").specifier
        return bool(self.version) and wanted.contains(self.version, prereleases=True)


def dependencies(distribution: str = "adtui") -> tuple[Dependency, ...]:
    """All that an installed distribution asks for on this Python and system, those of its extras behind them.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    extras = metadata.metadata(distribution).get_all("Provides-Extra") or []
    return tuple(
        Dependency(needed.name, str(needed.specifier), _version(needed.name), extra)
        for extra in ("", *extras)
        for needed in _asked(distribution, extra)
    )


def _asked(distribution: str, extra: str) -> Iterator[Requirement]:
    """What it asks for without extras, or what one extra adds; with the extras of those, as `dask[distributed]`."""
    for line in metadata.requires(distribution) or ():
        needed = Requirement(line)
        marker = needed.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if always if not extra else not always and marker is not None and marker.evaluate({"extra": extra}):
            yield needed
            if _version(needed.name):
                for more in sorted(needed.extras):
                    yield from _asked(needed.name, more)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
