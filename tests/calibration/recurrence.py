"""The bundled run with other seeds: which confirmed claims come back in other contexts, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from .null_models import RUN, finished
from .rates import table

Claim = tuple[str, int | None, int | None, str]


Shares = Mapping[Claim, float]
"""What is confirmed → the share of redraws of its contexts in which it is again."""
SURE = (0.0, 0.5, 0.7, 0.9)
"""Where claims are divided by their share."""


def confirmed(contexts: int, seed: int) -> tuple[Shares, float]:
    """What is confirmed, and the seconds of processor time from opening to the last redraw."""
    start = time.process_time()
    session = finished(RUN, contexts, seed)
    for _ in session.redraws():
        pass
    shares = {one.key: one.recurs for one in session.log.insights if one.status == "confirmed"}
    return shares, time.process_time() - start


def report(contexts: int, seeds: Sequence[int]) -> tuple[str, float]:
    """The tables, and the smallest share of one seed's claims that another confirms too."""
    found = {seed: confirmed(contexts, seed) for seed in seeds}
    rows, least = [], 1.0
    for seed, (claims, seconds) in found.items():
        shares = {other: _back(claims, found[other][0]) for other in seeds if other != seed}
        least = min(least, *shares.values())
        back = [f"{100 * shares[other]:.0f} %" if other in shares else "" for other in seeds]
        rows.append([seed, len(claims), *back, f"{seconds:.0f} s"])
    every = set.intersection(*(set(claims) for claims, _ in found.values()))
    rows.append(["all", len(every), *[""] * len(seeds), ""])
    header = ["seed", "confirmed", *(f"in seed {seed}" for seed in seeds), "processor time"]
    first = table(f"The bundled run, {contexts} contexts: claims that come back with another seed", header, rows)
    return f"{first}\n\n{foretold([claims for claims, _ in found.values()])}", least


def foretold(seeds: Sequence[Shares]) -> str:
    """Whether claims come back as often as the redraws of their contexts say: by share, then for those above it."""
    pairs = [(mine, other) for mine in seeds for other in seeds if other is not mine]
    rows = []
    for low, high in pairwise((*SURE, 1.01)):
        back = [(share, key in other) for mine, other in pairs for key, share in mine.items() if low <= share < high]
        sure = [_back([key for key, share in mine.items() if share >= low], other) for mine, other in pairs]
        said, came = (f"{100 * sum(one[i] for one in back) / max(1, len(back)):.0f} %" for i in (0, 1))
        met = f"{sum(one >= 0.9 for one in sure)} of {len(sure)}"
        mean = f"{100 * sum(sure) / len(sure):.0f} %"
        rows.append([f"{100 * low:.0f} %", len(back), said, came, mean, f"{100 * min(sure):.0f} %", met])
    header = ["redraws from", "claims × seeds", "foretold", "came back", "all from here", "worst pair", "pairs of 90 %"]
    return table("What is foretold by redraws, and what comes back", header, rows)


def _back(claims: Collection[Claim], other: Collection[Claim]) -> float:
    return sum(one in other for one in claims) / max(1, len(claims))
