"""What the screen of the training run shows: a checkpoint, a head, a measure. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass

from ...records.timeline import SHOWN, Timeline


@dataclass
class TimelineState:
    """Kept while the run is open.

    Attributes:
        step: of the checkpoint under the cursor.
        head: (layer, head).
        measure: one of `timeline.SHOWN`.
        found: what is known, None before anything is.
    """

    step: int
    head: tuple[int, int]
    measure: str = next(iter(SHOWN))
    found: Timeline | None = None

    @property
    def at(self) -> int:
        """Index of the checkpoint under the cursor, or of the newest before it."""
        steps = [] if self.found is None else [point.step for point in self.found.points]
        return max(0, sum(step <= self.step for step in steps) - 1)

    def go(self, by: int) -> None:
        """So many checkpoints on."""
        if self.found is not None and self.found.points:
            points = self.found.points
            self.step = points[max(0, min(self.at + by, len(points) - 1))].step

    def tenth(self) -> int:
        """Checkpoints of a tenth of the run."""
        return 1 if self.found is None else max(1, len(self.found.points) // 10)

    def move(self, layers: int, heads: int) -> None:
        """Another head."""
        if self.found is not None and self.found.points:
            shape = self.found.points[-1].effects[self.measure].mean.shape
            layer, head = self.head
            self.head = max(0, min(layer + layers, shape[0] - 1)), max(0, min(head + heads, shape[1] - 1))

    def next_measure(self) -> None:
        """Another measure."""
        names = list(SHOWN)
        self.measure = names[(names.index(self.measure) + 1) % len(names)]
