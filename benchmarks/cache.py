"""Return of cells on training tasks beside full context's, for tables of docs/trials.md: no test, no held-out goal.

    python benchmarks/cache.py RUN [--histories 64] [--episodes 40] [--seed 0] CELL …

A cell is a strategy as `adtui compress` takes it; with `@cache` behind it keys and values are dropped, else
transitions, which then stand spread. For each: bytes that an agent holds with its keys and values, mean loss of return
over the last ten episodes with its 95 % interval over histories, heads that hold all (layer.head), and CPU-seconds.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import torch

from adtui.compression.caching import budgets_of, held_in_cache
from adtui.compression.choice import Choice, parse
from adtui.compression.footprint import held
from adtui.compression.sharing import Duo
from adtui.compression.strategies.base import Bools
from adtui.compression.trials.cell import opened
from adtui.compression.trials.closed_loop import returns_and_actions
from adtui.compression.trials.plan import FULL, Plan
from adtui.compression.trials.prepare import Prepared, prepare
from adtui.compression.trials.retrieval import on_training, retrieval_heads
from adtui.histories.goals import with_groups
from adtui.models.model import Model
from adtui.records.arrays import Doubles
from adtui.records.trial import LAST
from adtui.statistics.intervals import over_histories

SUFFIX = "@cache"


def prepared(args: argparse.Namespace, choice: Choice, *, cached: bool) -> Prepared:
    """The run, made ready for a cell."""
    return prepare(
        args.run,
        streams=1,
        episodes=args.episodes,
        seed=args.seed,
        positions="kept" if cached else "spread",
        level="cache" if cached else "transition",
        choices=[choice],
        known=with_groups,
    )


def last_returns(args: argparse.Namespace, cell: str) -> tuple[Doubles, int, Bools | None]:
    """(H,) returns of a cell over the last episodes, bytes that its agent holds, and its retrieval heads."""
    choice, cached = parse(cell.removesuffix(SUFFIX)), cell.endswith(SUFFIX)
    ready = prepared(args, choice, cached=cached)
    plan: Plan = replace(ready.plan, goals=ready.training[: args.histories])
    model: Model = opened(ready.opening)[0]
    budgets = retrieval = None
    if cached:
        if isinstance(choice.shared, Duo):
            retrieval = retrieval_heads(model, plan, choice, on_training(model, plan))
        budgets = budgets_of(model, choice, plan.n_context, retrieval)
    returns, _ = returns_and_actions(model, plan, choice, budgets=budgets)
    if budgets is None:
        bytes_held = held(model, choice, plan.n_context, plan.memory).total
    else:
        bytes_held = held_in_cache(model, choice, plan.n_context, budgets).total
    return returns[:, -LAST:].mean(axis=1), bytes_held, retrieval


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("cells", nargs="+", metavar="CELL")
    parser.add_argument("--histories", type=int, default=64, help="training tasks, a history each")
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    full, bytes_held, _ = last_returns(args, FULL)
    print(f"{FULL}: {bytes_held} B, returns {full.mean():.2f}, {len(full)} histories", flush=True)
    for cell in args.cells:
        start = time.process_time()
        returns, bytes_held, retrieval = last_returns(args, cell)
        loss = over_histories((full - returns)[:, None])
        whole = [] if retrieval is None else [f"{layer}.{head}" for layer, head in np.argwhere(retrieval)]
        said = f"{loss.mean[0]:.2f} [{loss.low[0]:.2f}, {loss.high[0]:.2f}]"
        print(f"{cell}: {bytes_held} B, loses {said} {whole or ''} {time.process_time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
