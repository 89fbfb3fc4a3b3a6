"""The process in which the engine compares runs: `python -m adtui.engine.comparing_process`.

One request in, replies out, then it leaves; it ends with the engine, as trials do.
"""

from __future__ import annotations

from collections.abc import Callable

from ..records.compare_messages import CompareRuns, RunsCompared
from ..records.cores import cores
from ..records.messages import Progress, Reply
from .trials_process import run


def answer(request: CompareRuns, send: Callable[[Reply], None]) -> None:
    """Measure one run after the other, as `adtui compare` does; what cannot be had of one is told in its row."""
    from .compared_runs import candidates  # torch: about two seconds
    from .comparison import Asked, compare, measure

    opened = request.run
    asked = Asked(
        device=opened.device,
        heads=opened.heads,
        adapter=opened.adapter,
        context=opened.context,
        seed=opened.seed,
        samples=opened.samples,
        workers=cores(),
    )
    found, done = candidates(request.paths), []
    for number, one in enumerate(found, 1):

        def show(what: str, count: int, total: int, at: str = f"{number}/{len(found)}") -> None:
            send(Progress(request.id, f"{at} {what}", count, total))

        show("opening", 0, 0)
        done.append(measure(one, number, asked, show))
        send(RunsCompared(request.id, compare(done, asked, len(found) - len(done))))


if __name__ == "__main__":
    run(answer)
