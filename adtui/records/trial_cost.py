"""What acting on a shortened context costs, beside acting on a full one: bytes that are kept, and time."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNITS = ("B", "kB", "MB", "GB", "TB")
"""Powers of 1000."""


@dataclass(frozen=True)
class Spread:
    """Times that were taken: their median, and a 95 % interval of it by order statistics; NaN below six of them."""

    median: float
    low: float
    high: float

    def words(self, digits: int = 2) -> str:
        """ "0.31 [0.29, 0.34]", without the interval where it is not known."""
        whole = f"{self.median:.{digits}f}"
        return f"{whole} [{self.low:.{digits}f}, {self.high:.{digits}f}]" if math.isfinite(self.low) else whole


@dataclass(frozen=True)
class Held:
    """Bytes that an agent holds from one step to the next, computed.

    Attributes:
        state: its transitions: states, action, reward, next states, and the number of the episode. Of a cache all that
            is held beside keys and values.
        cache: keys and values of all layers of a pass over these and the query, which a model that appends instead of
            reading its context again would keep beside them; None in code that adtui does not know. Of a cache those
            that heads hold.
    """

    state: int
    cache: int | None

    @property
    def total(self) -> int:
        """Both."""
        return self.state + (self.cache or 0)


@dataclass(frozen=True)
class Alone:
    """One agent that acts in a process of its own, on made-up contexts.

    Attributes:
        n: transitions of the full context.
        kept: of these, how many may stay; n for the full context itself. Of a cache, entries of a head, which heads may
            share otherwise.
        scaled: the model has no positions for so many: it is timed at the same shape, and what it says means nothing.
        held: computed.
        milliseconds: of a step, choosing included; None where none was taken.
        peak: bytes by which the process grew at most while it acted: resident memory on the CPU, else the accelerator's
            allocated one; None where neither can be read.
        why: why it was not timed; "" otherwise.
        weighed: what `held` computes, as the agent's arrays had it after these steps; of a cache alone.
        appends: it is no cell's agent, but the one of `Cost.appended`, measured beside full context.
    """

    n: int
    kept: int
    scaled: bool
    held: Held
    milliseconds: Spread | None
    peak: int | None
    why: str = ""
    weighed: Held | None = None
    appends: bool = False


@dataclass(frozen=True)
class Cost:
    """What a step costs.

    Attributes:
        ratio: time of a step, choosing included, over that of a full-context step; both measured in turn in one process
            on the same contexts, of many agents side by side.
        milliseconds: of such a step, for each of the agents; None in cells of before 0.3.
        held: what an agent holds; likewise.
        peak_memory: bytes of the accelerator at most while it steps; None on the CPU: `alone` has it there.
        alone: in a process of its own, at the context's own length and at longer ones; () where nobody asked.
        appended: as `ratio`, over a step of an agent that appends to its own keys and values and holds a whole context
            in every head; None where transitions are dropped, and in cells of before there was one.
    """

    ratio: Spread
    milliseconds: Spread | None = None
    held: Held | None = None
    peak_memory: int | None = None
    alone: tuple[Alone, ...] = ()
    appended: Spread | None = None

    @property
    def step_ratio(self) -> float:
        """The median of the ratios."""
        return self.ratio.median


def size_words(count: float) -> str:
    """1040 → "1.04 kB", three digits."""
    power = 0
    while count >= 999.5 and power + 1 < len(UNITS):
        count, power = count / 1000, power + 1
    digits = 0 if power == 0 or count >= 99.95 else 1 if count >= 9.995 else 2
    return f"{count:.{digits}f} {UNITS[power]}"
