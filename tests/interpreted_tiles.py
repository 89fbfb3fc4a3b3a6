"""Triton's kernels in its interpreter, beside the portable route in float64: a line of JSON for each case.

A program, since the interpreter is chosen when Triton is imported:

    TRITON_INTERPRET=1 python tests/interpreted_tiles.py
"""

from __future__ import annotations

import itertools
import json
import warnings

import torch

from adtui.models import tiles
from adtui.models.attend import portable

SIZES = ((1, 8, 4), (65, 7, 2), (130, 24, 1), (64, 16, 4))
"""Tokens, numbers of a head, heads of keys for four of queries."""


def main() -> None:
    warnings.simplefilter("ignore", RuntimeWarning)  # the interpreter's, of what `where` leaves out
    for (n, width, groups), causal, spread in itertools.product(SIZES, (True, False), (0.0, 1.0, 10.0)):
        generator = torch.Generator().manual_seed(0)
        q, k, v = (torch.randn(2, n, h, width, generator=generator).transpose(1, 2) for h in (4, groups, groups))
        q, k = q * spread, k * spread
        expected = portable(q.double(), k.double(), v.double(), causal=causal)
        found = tiles.measure(q, k, v, causal, True)
        gaps = [
            float(((one.double() - other).abs() / (2e-4 + 1e-4 * other.abs())).max())
            for one, other in zip(found, expected, strict=True)
        ]
        alone = tiles.measure(q, k, v, causal, False)
        same = torch.equal(alone[1], found[1]) and torch.equal(alone[2], found[2]) and alone[0].shape[2] == 0
        case = [n, width, groups, causal, spread]
        print(json.dumps({"case": case, "gaps": gaps, "least": float(found[2].min()), "same": same}))


if __name__ == "__main__":
    main()
