"""The part of a matrix that the heatmap shows: pure values, pure moves. None is the whole matrix."""

from __future__ import annotations

from ...records.attention import Window

Span = tuple[int, int]
"""First position and end of one side of a window."""


def clamped(window: Window | None, n: int) -> Window | None:
    """The nearest window of the same size within n × n positions."""
    if window is None:
        return None
    return _joined([_within(side[0], _size(side), n) for side in _sides(window, n)], n)


def zoomed_in(window: Window | None, at: tuple[int, int], pixels: tuple[int, int], n: int) -> Window | None:
    """Half as many queries and keys, those around `at`; no fewer than there are pixels for one weight each.

    Args:
        at: (query, key), which keeps its place on the screen.
        pixels: (rows, cols) that the pane can show.
    """
    sides = _sides(window, n)
    sizes = [max(_size(side) // 2, min(_size(side), most)) for side, most in zip(sides, pixels, strict=True)]
    return _joined([_scaled(*each, n) for each in zip(sides, at, sizes, strict=True)], n)


def zoomed_out(window: Window | None, at: tuple[int, int], n: int) -> Window | None:
    """Twice as many queries and keys."""
    return _joined(
        [_scaled(side, here, 2 * _size(side), n) for side, here in zip(_sides(window, n), at, strict=True)], n
    )


def moved_to(window: Window | None, query: int, key: int, n: int) -> Window | None:
    """The window that has this weight: moved on by a third of its size, or as far as it takes; unmoved where it has."""
    return _joined([_reaching(side, at, n) for side, at in zip(_sides(window, n), (query, key), strict=True)], n)


def label(window: Window) -> str:
    """ "q512–767 k0–255", the last ones included."""
    return f"q{window[0]}–{window[1] - 1} k{window[2]}–{window[3] - 1}"


def _sides(window: Window | None, n: int) -> tuple[Span, Span]:
    return ((0, n), (0, n)) if window is None else (window[:2], window[2:])


def _joined(sides: list[Span], n: int) -> Window | None:
    down, across = sides
    return None if down == across == (0, n) else (*down, *across)


def _size(side: Span) -> int:
    return side[1] - side[0]


def _within(first: int, size: int, n: int) -> Span:
    size = min(size, n)
    first = max(0, min(first, n - size))
    return first, first + size


def _scaled(side: Span, at: int, size: int, n: int) -> Span:
    at = max(side[0], min(at, side[1] - 1))
    return _within(at - (at - side[0]) * size // _size(side), size, n)


def _reaching(side: Span, at: int, n: int) -> Span:
    size = _size(side)
    step = max(1, size // 3)
    if side[0] <= at < side[1]:
        return side
    if side[0] - step <= at < side[1] + step:
        return _within(side[0] + (step if at >= side[1] else -step), size, n)
    return _within(at - size // 2, size, n)
