"""An opened run → its timeline, one checkpoint after another, so that whoever drives it can show and stop it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..models.model import Model
from ..records.errors import AdtuiError, ModelError
from ..records.timeline import Point, Timeline
from .emergence import coarse_to_fine, emergences, spread
from .measuring import heads, returns
from .opening import Opened
from .store import Identity


@dataclass
class Timelines:
    """What is known of a run's checkpoints so far.

    Attributes:
        points: by file name.
        left_out: file name → why it cannot be measured.
        done, total: checkpoints whose heads are known or cannot be, and returns that are; of how many.
    """

    opened: Opened
    points: dict[str, Point] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    done: int = 0
    total: int = 0

    def run(self) -> Generator[Point | None, None, None]:
        """Take from the cache what is there and measure the rest: heads of every checkpoint first, then returns at
        some; both coarsely over the whole run first. Yields points that are new or have more in them, and None after a
        small step."""
        files = [path for _, path in self.opened.run.checkpoints]
        order = coarse_to_fine(len(files))
        some = spread(len(files), self.opened.options.returns) if self.opened.plan is not None else frozenset()
        self.done, self.total = 0, len(files) + len(some)
        if not self.opened.options.fresh:
            for path in files:
                if (known := self.opened.store.known(path)) is not None:
                    self.points[path.name] = known
        for index in order:
            path = files[index]
            if path.name not in self.points:
                yield from self._measure(path)
            self.done += 1
            yield self.points.get(path.name)
        for index in order:
            if index in some:
                yield from self._roll_out(files[index])
                self.done += 1
                yield self.points.get(files[index].name)

    def _measure(self, path: Path) -> Iterator[None]:
        try:
            before = Identity.of(path)
            model = self._load(path)
            found = yield from heads(model, self.opened.found.samples)
            point = Point(_step(self.opened, path), path.name, found)
            changed = Identity.of(path) != before
        except (AdtuiError, OSError) as error:
            self.left_out[path.name] = _why(error)
            return
        self.points[path.name] = point
        if not changed:
            self.opened.store.keep(point, before)

    def _roll_out(self, path: Path) -> Iterator[None]:
        point, plan = self.points.get(path.name), self.opened.plan
        if point is None or point.returns is not None or plan is None:
            return
        try:
            before = Identity.of(path)
            model = self._load(path)
            found = yield from returns(model, plan)
            same = Identity.of(path) == before
        except (AdtuiError, OSError) as error:
            self.left_out[path.name] = f"{_why(error)} (its return)"
            return
        self.points[path.name] = replace(point, returns=found)
        if same:
            self.opened.store.keep(self.points[path.name], before)

    def _load(self, path: Path) -> Model:
        model, first = self.opened.load(path), self.opened.model
        if (model.n_layer, model.n_head) != (first.n_layer, first.n_head):
            raise ModelError(
                path,
                expected=f"{first.n_layer} layers of {first.n_head} heads, as the run's others",
                found=f"{model.n_layer} of {model.n_head}",
                action="leave it out",
            )
        return model

    def timeline(self) -> Timeline:
        """All that is known now."""
        opened = self.opened
        points = tuple(self.points[path.name] for _, path in opened.run.checkpoints if path.name in self.points)
        missing = [f"{name}: {why}" for name, why in self.left_out.items()]
        if waiting := len(opened.run.checkpoints) - len(points) - len(self._unmeasured()):
            missing.append(f"{waiting} of {len(opened.run.checkpoints)} checkpoints are not measured yet")
        notes = [*opened.about["notes"], *opened.store.damaged]
        if opened.store.lost:
            notes.append(f"not kept for the next call: {opened.store.lost}")
        about = {**opened.about, "notes": notes}
        return Timeline(about, points, emergences(points), opened.random, opened.optimal, tuple(missing))

    def _unmeasured(self) -> list[str]:
        return [name for name in self.left_out if name not in self.points]


def _step(opened: Opened, path: Path) -> int:
    return next(step for step, one in opened.run.checkpoints if one == path)


def _why(error: AdtuiError | OSError) -> str:
    if isinstance(error, AdtuiError):
        return f"expected {error.expected}, found {error.found}"
    return error.strerror or type(error).__name__
