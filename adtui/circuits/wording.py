"""What may be said of a search and its test, in one or two sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ..records.circuit import PathSet, Share, named


def sentence_of(
    path: Sequence[PathSet], size: int | None, test: Share | None, looked: Sequence[Share], why: str, held_out: str
) -> str:
    """The verdict.

    Args:
        size, test: see `CircuitReport`.
        looked: what was measured to choose a size.
        why: no return could be measured; "" where it could.
        held_out: what to call the goals of the test.
    """
    total = len(path[0].heads)
    if why:
        return f"Not certified: no return could be measured ({why}); the divergence of actions is all there is."
    if size is None or test is None:
        faults = next((one.faults for one in looked if one.faults), ())
        return (
            f"Not certified: no set of fewer than {total} heads passed on the goals to choose on ({'; '.join(faults)})."
        )
    heads = next(one.heads for one in path if len(one.heads) == size)
    data = f"{test.histories} histories on {test.goals} {held_out}, paired, the interval over goals"
    what = f"{size} of {total} heads ({named(heads)}), the others mean-ablated,"
    if not test.passed:
        found = "; ".join(test.faults)
        return f"Not certified: {what} passed where the size was chosen, but not in the test: {found} ({data})."
    share = test.share.percent
    return (
        f"Certified: {what} keep {share} of the full model's return ({data}; least {100 * test.least:g} %). "
        "It is the smallest set found by floating elimination and bisection; that there is no smaller one is not shown."
    )
