"""What the explorer shows: sample, layer, head or the mean over heads, and the query row. Pure values, pure moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..records import RunInfo, Sample

LAST = -1


@dataclass(frozen=True)
class Selection:
    """Indices count from 0, as in the figures' file names.

    Attributes:
        head: the head that the sheet highlights; it stays while `mean` shows the mean over heads.
        query: token index of the query row on display; LAST (-1) is the sample's own query token, whatever its length.
    """

    sample: int = 0
    layer: int = 0
    head: int = 0
    mean: bool = False
    query: int = LAST

    @property
    def shown_head(self) -> int | None:
        """The head that requests name: None is the mean over heads."""
        return None if self.mean else self.head

    @property
    def where(self) -> str:
        """ "L2H3", or "L2 mean"."""
        return f"L{self.layer} mean" if self.mean else f"L{self.layer}H{self.head}"

    def row(self, sample: Sample) -> int:
        """The query row as a token index from 0."""
        return sample.n_tokens - 1 if self.query == LAST else min(self.query, sample.n_tokens - 1)

    def clamped(self, run: RunInfo) -> Selection:
        """The nearest selection that exists in this run: a reload keeps what it can."""
        sample = _clamp(self.sample, len(run.samples))
        query = self.query
        if query >= run.samples[sample].n_tokens - 1:
            query = LAST
        return replace(
            self,
            sample=sample,
            layer=_clamp(self.layer, run.n_layer),
            head=_clamp(self.head, run.n_head),
            query=query,
        )

    def moved(self, run: RunInfo, layers: int = 0, heads: int = 0, samples: int = 0) -> Selection:
        """Step through layers, heads and samples. Stepping to another head leaves the mean over heads."""
        return replace(
            self,
            layer=self.layer + layers,
            head=self.head + heads,
            sample=self.sample + samples,
            mean=self.mean and heads == 0,
        ).clamped(run)

    def rows_moved(self, run: RunInfo, rows: int) -> Selection:
        """Step through query rows, staying within the sample."""
        sample = run.samples[self.sample]
        return replace(self, query=max(0, self.row(sample) + rows)).clamped(run)

    def episodes_moved(self, run: RunInfo, episodes: int) -> Selection:
        """Step to the first token of an earlier episode, or of a later one; past the last episode, to the query."""
        sample = run.samples[self.sample]
        row = self.row(sample)
        starts = [int(start) for start in sample.episode_starts]
        if episodes < 0:
            target = max((start for start in starts if start < row), default=0)
        else:
            target = min((start for start in starts if start > row), default=sample.n_tokens - 1)
        return replace(self, query=target).clamped(run)


def _clamp(index: int, count: int) -> int:
    return max(0, min(index, count - 1))
