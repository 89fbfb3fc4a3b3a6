"""Where a run's histories lie: where the user says, else in `traj_dir` or in `datasets` near the run or here.

`traj_dir` comes from a file that anyone may have written, so it is followed within the run's project only. A path that
the user types is trusted.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from ..records.errors import HistoryError
from ..records.run_settings import META_WORLD, RunSettings

_PARENTS = 4
_USUAL = "datasets"
TEST = "test"
"""Where DICP's Meta-World code has the histories of test tasks, beside those that models are trained on."""
_HDF5 = (".hdf5", ".h5")
METADATA = ".metadata"
"""AD-eps' file that says which .npz files beside it are which histories."""


def find_histories(settings: RunSettings, run_dir: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The file of the run's histories, or None; and what the user should know when there is none.

    Training code takes `traj_dir` from where it was started, so it is looked for seen from the run, its parents, and
    here; `datasets` likewise. The run comes first: from within another project, the file of the same name there belongs
    to other runs. A file counts when, all links followed, it lies in the run directory, in the directory that holds
    `runs/`, in the current directory, or in a `datasets` beside one of the run's parents.

    Raises:
        ConfigError: settings that cannot make a file's name.
    """
    if settings.alg is None:
        return None, ()
    name = settings.file_name
    bases = _bases(run_dir)
    trees = _trees(run_dir, bases)
    told = os.path.expanduser(settings.traj_dir)
    wanted = told if told.isprintable() else _USUAL
    outside, linked, looked = "", "", False
    for base in bases:
        for directory, part in _places(settings, wanted):
            path = Path(base, directory, part, name)
            if not _inside(os.path.normpath(path), trees):
                outside = outside or str(path.parent)  # not even looked at: that could wake a network drive
                continue
            looked = looked or directory == wanted
            if os.path.isfile(path):
                if _inside(os.path.realpath(path), trees):
                    return path, ()
                linked = linked or str(path.parent)
    unread = linked or ("" if looked else outside)
    return None, (_untrusted(unread),) if unread else ()


def given_histories(path: str | Path, settings: RunSettings) -> Path:
    """The file that the user names, or the one of the expected name in the directory that the user names.

    Raises:
        HistoryError: no such file.
        ConfigError: a directory, and settings that cannot make a file's name.
    """
    path = Path(os.path.expanduser(path))
    if os.path.isfile(path):
        return path
    if not os.path.isdir(path):
        exists = os.path.lexists(path) if "\0" not in str(path) else False
        raise _missing(path, "a file of histories, or its directory", "another kind of file" if exists else "nothing")
    files = _files(path)
    if settings.alg is not None:
        for part in (TEST, "") if settings.env == META_WORLD else ("",):
            if os.path.isfile(path / part / settings.file_name):
                return path / part / settings.file_name
    elif len(files) == 1:
        return path / files[0]
    if not files and len(told := sorted(path.glob(f"*{METADATA}")) or sorted(path.glob(f"*/*{METADATA}"))) == 1:
        return told[0]
    if settings.alg is not None:
        raise _missing(path, f"{settings.file_name} in it", _listed(files))
    raise _missing(path, "one HDF5 file, as the run's config does not name its own (alg)", _listed(files))


def _places(settings: RunSettings, wanted: str) -> list[tuple[str, str]]:
    """Directories that the file may lie in, and parts of them, those of test tasks first."""
    if settings.env != META_WORLD:
        return [(wanted, ""), (_USUAL, "")]
    task = settings.task or ""
    return [(wanted, TEST), (wanted, ""), (_USUAL, f"{task}/{TEST}"), (_USUAL, task), (_USUAL, TEST), (_USUAL, "")]


def _bases(run_dir: Path) -> list[str]:
    """The directories that a relative path may be seen from, all links followed."""
    run = os.path.realpath(run_dir)
    bases = [run, *[str(parent) for parent in list(Path(run).parents)[:_PARENTS]]]
    return [*bases, *_here()]


def _trees(run_dir: Path, bases: list[str]) -> list[str]:
    """The directories within which a path from a config may lead; never the whole file system."""
    run = Path(os.path.realpath(run_dir))
    holders = [str(parent.parent) for parent in list(run.parents)[:_PARENTS] if parent.name == "runs"][:1]
    trees = [str(run), *holders, *_here()]
    return [*trees, *[os.path.join(base, _USUAL) for base in bases]]


def _here() -> Iterator[str]:
    try:
        yield os.path.realpath(os.getcwd())
    except OSError:  # it has been removed
        return


def _inside(path: str, trees: list[str]) -> bool:
    """Whether the path lies in one of the trees. The root, "//" then, holds nothing: it is never a project."""
    return any(path.startswith(tree + os.sep) for tree in trees)


def _untrusted(directory: str) -> str:
    """What to type to read it all the same. Quoted: whoever wrote the config must not write the user's commands."""
    path = shlex.quote(directory) if len(directory) <= 200 else "PATH"
    return f"the run's traj_dir leads outside its project and was not read: if you trust it, add --histories {path}"


def _files(directory: Path) -> list[str]:
    """Names of the HDF5 files in a directory."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [name for name in names if name.endswith(_HDF5) and os.path.isfile(directory / name)]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "") if names else "no HDF5 file"


def _missing(path: Path, expected: str, found: str) -> HistoryError:
    return HistoryError(f"--histories {path}", expected=expected, found=found, action="give the file itself")
