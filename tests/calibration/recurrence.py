"""The bundled run with other seeds: which confirmed claims come back in other contexts, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from .null_models import RUN, finished
from .rates import table

Claim = tuple[str, int | None, int | None, str]


def confirmed(contexts: int, seed: int) -> tuple[set[Claim], float]:
    """Kind, place and phase of what is confirmed, and the seconds of processor time from opening to the last test."""
    start = time.process_time()
    session = finished(RUN, contexts, seed)
    return {one.key for one in session.log.insights if one.status == "confirmed"}, time.process_time() - start


def report(contexts: int, seeds: Sequence[int]) -> tuple[str, float]:
    """The table, and the smallest share of one seed's claims that another confirms too."""
    found = {seed: confirmed(contexts, seed) for seed in seeds}
    rows, least = [], 1.0
    for seed, (claims, seconds) in found.items():
        shares = {other: len(claims & found[other][0]) / max(1, len(claims)) for other in seeds if other != seed}
        least = min(least, *shares.values())
        back = [f"{100 * shares[other]:.0f} %" if other in shares else "" for other in seeds]
        rows.append([seed, len(claims), *back, f"{seconds:.0f} s"])
    every = set.intersection(*(claims for claims, _ in found.values()))
    rows.append(["all", len(every), *[""] * len(seeds), ""])
    header = ["seed", "confirmed", *(f"in seed {seed}" for seed in seeds), "processor time"]
    return table(f"The bundled run, {contexts} contexts: claims that come back with another seed", header, rows), least
