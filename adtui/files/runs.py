"""A path, or `runs/latest`, to a run and its checkpoints. No torch here: opening a path must cost nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..records.errors import RunError
from .below import directories_below
from .beside import config_beside
from .checkpoint_names import CHECKPOINTS, NUMBERED, PART, WEIGHTS, directory_step, series

#: The step of a checkpoint file whose name does not say it.
UNKNOWN_STEP = -1
#: Directories within a run, or within its parent, that hold the checkpoints.
_INNER = ("runs", *CHECKPOINTS, "lightning_logs")
_DEMO = "try `adtui demo`"


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
        name: the directory's own name, also when it was reached through the symlink `latest`; of one that holds
            checkpoints alone, that of the directory above.
        directory: the run directory, resolved.
        checkpoints: (step, file) in order of step; at least one. A file that was given directly stands alone.
        config_path: the file of settings beside the newest checkpoint, see `beside`, or None.
        follows: whether checkpoints that training adds later belong to it; False for a file given directly.
    """

    name: str
    directory: Path
    checkpoints: tuple[tuple[int, Path], ...]
    config_path: Path | None = None
    follows: bool = True

    @property
    def latest(self) -> Path:
        """The checkpoint with the largest step."""
        return self.checkpoints[-1][1]

    @property
    def step(self) -> int:
        """Step of the latest checkpoint, UNKNOWN_STEP when its name does not say."""
        return self.checkpoints[-1][0]

    def newest_step(self) -> int:
        """The largest step on disk now; training may have gone on since this run was opened."""
        newest = self._newest()
        return newest[0] if newest else UNKNOWN_STEP

    def fingerprint(self) -> tuple[int, int, int]:
        """(step, mtime in ns, size in bytes) of the newest checkpoint on disk now; zeros after it has gone.

        It changes when a checkpoint is added or rewritten: cheap enough to poll.
        """
        newest = self._newest()
        try:
            status = newest[1].stat() if newest else None
        except OSError:
            status = None
        return (newest[0], status.st_mtime_ns, status.st_size) if newest and status else (UNKNOWN_STEP, 0, 0)

    def _newest(self) -> tuple[int, Path] | None:
        if not self.follows:
            return self.checkpoints[-1]
        found = _readable_checkpoints(self.directory)
        return found[-1] if found else None


def find_run(path: str | Path) -> Run:
    """The run at a checkpoint file, a run directory, `runs/latest`, or a `runs/` directory that holds one run.

    `runs/latest` is followed when it is a symlink; where it does not exist, it means the newest run in `runs/`.

    Raises:
        RunError: nothing there, no checkpoint there, or several runs to choose from.
    """
    path = Path(path)
    try:
        return _find(path)
    except (OSError, RuntimeError, ValueError) as error:  # a parent that may not be entered, links in a circle, a NUL
        found = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise RunError(
            path, expected="a run directory or a checkpoint", found=found, action="check the path and its permissions"
        ) from None


def _find(path: Path) -> Run:
    if path.is_file():
        return _run_of_file(path)
    if path.is_dir():
        return _run_of_directory(path)
    if path.exists():
        raise RunError(path, expected="a directory or a checkpoint", found="a device or a pipe", action="give a file")
    if path.name == "latest" and path.parent.is_dir():
        runs = list_runs(path.parent)
        if runs:
            return runs[0]
        raise _no_runs(path.parent)
    raise RunError(
        path,
        expected="a run directory or a checkpoint",
        found="a broken link" if path.is_symlink() else "nothing",
        action=f"check the path, or {_DEMO}",
    )


def awaits_checkpoint(path: str | Path) -> bool:
    """Whether this is a directory without any weights yet: training may have just begun."""
    try:
        return os.path.isdir(path) and not any(WEIGHTS.fullmatch(name) for name in os.listdir(path))
    except OSError:
        return False


def runs_to_choose(directory: str | Path) -> tuple[Run, ...]:
    """`list_runs`; where there is none, and the directory is no run itself, those further down."""
    runs, place = list_runs(directory), Path(directory)
    return runs or (() if _readable_checkpoints(place) else _inner(place) or _further_down(place))


def list_runs(directory: str | Path) -> tuple[Run, ...]:
    """The runs directly under `directory`, the newest first; of one name each is called by its path. Or none.

    Raises:
        RunError: the directory cannot be read.
    """
    names, seen = dict[str, Run](), set[str]()
    for child in _children(Path(directory)):
        # os.path, here and below: unlike pathlib's, its tests are False where an entry may not be looked at.
        if not os.path.isdir(child) or (real := os.path.realpath(child)) in seen:
            continue
        for place in (child, *(child / name for name in CHECKPOINTS)):  # a directory of their own
            if os.path.isdir(place) and (found := _readable_checkpoints(place)):
                names[child.name] = _run(place, found)
                seen.add(real)
                break
    return _told_apart(names)


def _told_apart(runs: Mapping[str, Run], most: int = 1) -> tuple[Run, ...]:
    """The newest first; where more than `most` have one name, each has its key as its own."""
    times = Counter(run.name for run in runs.values())
    named = (replace(run, name=key) if times[run.name] > most else run for key, run in runs.items())
    return tuple(sorted(named, key=lambda run: (_modified(run.latest), run.name), reverse=True))


def _run_of_file(path: Path) -> Run:
    match = NUMBERED.fullmatch(path.name)
    step = int(match[1]) if match else UNKNOWN_STEP
    # The last part stays unresolved: a link such as `best.pt` is what the user asked for.
    return _run(path.parent, ((step, path.parent.resolve() / path.name),), follows=False)


def _run_of_directory(directory: Path) -> Run:
    found = _numbered(directory) or _in_directories(directory)
    if found:  # beside directories of checkpoints, a file of weights is what training came to
        return _run(directory, _checkpoints(directory))
    runs = list_runs(directory)
    if not runs and (found := _otherwise_named(directory)):
        return _run(directory, found)
    runs = runs or _inner(directory) or _further_down(directory)
    if len(runs) == 1:
        return runs[0]
    if runs:
        names = ", ".join(run.name for run in runs[:5]) + (", …" if len(runs) > 5 else "")
        raise RunError(directory, expected="one run", found=f"{len(runs)}: {names}", action="name one of them")
    raise _no_checkpoints(directory)


def _inner(directory: Path) -> tuple[Run, ...]:
    """The runs in the directories that usually hold them."""
    for inner in [directory / name for name in _INNER]:
        if os.path.isdir(inner):
            own = _readable_checkpoints(inner)
            if runs := (_run(inner, own),) if own else list_runs(inner):
                return runs
    return ()


def _further_down(directory: Path) -> tuple[Run, ...]:
    """The runs in directories of directories, as Hydra has them by date and time."""
    found: dict[Path, Run] = {}
    for child in directories_below(directory):
        with suppress(RunError):
            found |= {run.directory: run for run in list_runs(child)}
    paths = {os.path.relpath(place, directory.resolve()): run for place, run in found.items()}
    return _told_apart(paths, most=0 if len(paths) > 1 else 1)  # who shall name one of several is told where it is


def _no_checkpoints(directory: Path) -> RunError:
    names = sorted(child.name for child in _children(directory))
    weights = [name for name in names if WEIGHTS.fullmatch(name)]
    if weights and all(PART.fullmatch(name) for name in weights):
        return RunError(
            directory,
            expected="a checkpoint in one file",
            found=f"{len(weights)} parts of one: {', '.join(weights[:2])}",
            action="put them together: torch.save(model.state_dict(), PATH) of the model loaded from them",
        )
    if weights:
        return RunError(
            directory,
            expected="checkpoints named ckpt-<step>.pt",
            found=", ".join(weights[:3]),
            action="give the checkpoint file itself",
        )
    if directory.name == "runs":
        return _no_runs(directory)
    found = f"{len(names)} other entries, such as {names[0]}" if names else "an empty directory"
    return RunError(
        directory,
        expected="checkpoints named ckpt-<step>.pt",
        found=found,
        action=f"give a run directory, or wait for its first checkpoint, or {_DEMO}",
    )


def _no_runs(directory: Path) -> RunError:
    return RunError(
        directory, expected="runs with checkpoints ckpt-<step>.pt", found="none", action=f"train a model, or {_DEMO}"
    )


def _run(directory: Path, checkpoints: tuple[tuple[int, Path], ...], *, follows: bool = True) -> Run:
    directory = directory.resolve()
    name = directory.parent.name if directory.name in CHECKPOINTS else directory.name
    return Run(name, directory, checkpoints, config_beside(checkpoints[-1][1].parent), follows)


def _checkpoints(directory: Path) -> tuple[tuple[int, Path], ...]:
    return _numbered(directory) or _otherwise_named(directory) or _in_directories(directory)


def _otherwise_named(directory: Path) -> tuple[tuple[int, Path], ...]:
    """(step, file) as other code names them, see `checkpoint_names.series`."""
    files = [child for child in _children(directory.resolve()) if WEIGHTS.fullmatch(child.name)]
    found = series([child for child in files if os.path.isfile(child)])
    whole = directory_step(directory.name)
    unsaid = UNKNOWN_STEP if whole is None else whole
    return tuple((unsaid if step is None else step, file) for step, file in found)


def _in_directories(directory: Path) -> tuple[tuple[int, Path], ...]:
    """(step, file) where each checkpoint has a directory of its own, named by its step, with one file of weights."""
    found = []
    for child in _children(directory.resolve()):
        step = directory_step(child.name)
        if step is None or not os.path.isdir(child):
            continue
        try:
            files = _otherwise_named(child)
        except RunError:  # it may not be looked into: that hides no other
            continue
        found += [(step, files[0][1])] if len(files) == 1 else []
    return tuple(sorted(found))


def _numbered(directory: Path) -> tuple[tuple[int, Path], ...]:
    """(step, file) in order of the integer step: as text, ckpt-9000.pt would come after ckpt-10000.pt."""
    directory = directory.resolve()
    return tuple(
        sorted(
            (int(match[1]), child)
            for child in _children(directory)
            if (match := NUMBERED.fullmatch(child.name)) and os.path.isfile(child)
        )
    )


def _readable_checkpoints(directory: Path) -> tuple[tuple[int, Path], ...]:
    """As `_checkpoints`, but none where the directory cannot be read: that must not keep other runs from opening."""
    try:
        return _checkpoints(directory)
    except RunError:
        return ()


def _children(directory: Path) -> Iterator[Path]:
    try:
        yield from directory.iterdir()
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise RunError(
            directory, expected="a readable directory", found=found, action="check the path and its permissions"
        ) from None


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
