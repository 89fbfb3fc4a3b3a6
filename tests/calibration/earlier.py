"""The rule that stood here before, kept to be measured beside the present one.

Controls were drawn from the transitions that were not named, an insight's number was ln(KL / mean KL of the controls),
averaged within histories, and its bootstrap interval had to lie on one side of 0; confirmations, not refutations, were
corrected for their number by a t-test.
"""

from __future__ import annotations

import numpy as np

from adtui.insights.confirmation import FLOOR
from adtui.records.arrays import Doubles
from adtui.statistics.intervals import LOG_LIMIT, over_histories

CONTROLS = 16


def earlier(kl: Doubles) -> tuple[bool, bool]:
    """Whether one test by itself was confirmed, and refuted.

    Args:
        kl: (C, 1 + R) the named set's KL, then its controls', in contexts of C histories.
    """
    ratios = np.log(np.maximum(kl[:, 0], FLOOR) / np.maximum(kl[:, 1:].mean(axis=1), FLOOR))
    found = over_histories(np.clip(ratios, -LOG_LIMIT, LOG_LIMIT)[:, None])
    return bool(found.low[0] > 0), bool(found.high[0] < 0)
